/**
 * Sends signed transactions, phase by phase. All it knows of earlier runs it learns from the chain, so
 * that a run after a crash, or after the end, goes on where things stand.
 */

import type { Hash } from '../core/money/asset.ts'
import type { SendableTransaction } from '../core/sweep/signed-file.ts'
import { GatewayError } from '../errors.ts'
import type { Receipt, SweepChain } from '../ports/sweep-chain.ts'

export type BroadcastDeps = {
  readonly chain: SweepChain
  /** Waits between two looks at the chain. */
  readonly pause: (signal: AbortSignal) => Promise<void>
}

export type BroadcastRequest = {
  /** Of a signed file of any kind. */
  readonly signed: {
    readonly chainId: number
    readonly transactions: readonly SendableTransaction[]
  }
  /** Looks at the chain without a new receipt before giving up. */
  readonly patience: number
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, all: number) => void
}

export type SentTransaction = SendableTransaction & {
  readonly outcome:
    | { readonly kind: 'mined'; readonly receipt: Receipt }
    /** The node took it and no block has it yet. Running again goes on. */
    | { readonly kind: 'pending' }
    /** Never to be mined as it is: refused, or its nonce was used by another transaction. */
    | { readonly kind: 'refused'; readonly reason: string }
    /** Waits for a phase before it that did not end. */
    | { readonly kind: 'waiting' }
}

/** Shown only where no block has the transaction itself. */
const NONCE_USED = 'its nonce was used by another transaction'
/** Transactions asked for in one request. */
const RECEIPTS_PER_CALL = 100

/** The outcome of each transaction, in the order of the file. */
export async function broadcastSweep(
  deps: BroadcastDeps,
  { signed, patience, signal, onProgress }: BroadcastRequest,
): Promise<SentTransaction[]> {
  if (deps.chain.chainId !== signed.chainId) {
    throw new GatewayError('not_acceptable_state', `The file is for chain ${signed.chainId}.`)
  }
  await deps.chain.getHead(signal)
  const sent: SentTransaction[] = []
  const phases = [...Map.groupBy(signed.transactions, ({ phase }) => phase)].sort(
    ([a], [b]) => a - b,
  )
  let isBlocked = false
  for (const [, transactions] of phases) {
    if (isBlocked) {
      for (const one of transactions) sent.push({ ...one, outcome: { kind: 'waiting' } })
      continue
    }
    const done = await sendPhase(deps, transactions, patience, signal, (mined) =>
      onProgress?.(sent.length + mined, signed.transactions.length),
    )
    sent.push(...done)
    // A collection whose top-ups or deployment did not happen would only burn gas.
    isBlocked = done.every(({ outcome }) => outcome.kind !== 'mined')
  }
  return sent
}

async function sendPhase(
  { chain, pause }: BroadcastDeps,
  transactions: readonly SendableTransaction[],
  patience: number,
  signal: AbortSignal,
  onMined: (count: number) => void,
): Promise<SentTransaction[]> {
  const refusals = new Map<Hash, string>()
  let receipts = await readReceipts(chain, transactions, signal)
  for (const [i, { raw, hash }] of transactions.entries()) {
    if (receipts[i] !== null) continue
    const result = await chain.send(raw, signal)
    if (result.kind === 'refused') refusals.set(hash, result.reason)
    if (result.kind === 'nonce_used') refusals.set(hash, NONCE_USED)
  }
  const isOpen = ({ hash }: SendableTransaction, i: number) =>
    receipts[i] === null && !refusals.has(hash)
  let idle = 0
  let open = transactions.length
  while (idle < patience) {
    receipts = await readReceipts(chain, transactions, signal)
    onMined(receipts.filter((receipt) => receipt !== null).length)
    const left = transactions.filter(isOpen).length
    if (left === 0) break
    idle = left < open ? 0 : idle + 1
    open = left
    await pause(signal)
  }
  return transactions.map((one, i) => {
    const receipt = receipts[i] ?? null
    const reason = refusals.get(one.hash)
    if (receipt !== null) return { ...one, outcome: { kind: 'mined', receipt } }
    if (reason !== undefined) return { ...one, outcome: { kind: 'refused', reason } }
    return { ...one, outcome: { kind: 'pending' } }
  })
}

async function readReceipts(
  chain: SweepChain,
  transactions: readonly SendableTransaction[],
  signal: AbortSignal,
): Promise<(Receipt | null)[]> {
  const receipts: (Receipt | null)[] = []
  for (let from = 0; from < transactions.length; from += RECEIPTS_PER_CALL) {
    const part = transactions.slice(from, from + RECEIPTS_PER_CALL)
    receipts.push(
      ...(await chain.getReceipts(
        part.map(({ hash }) => hash),
        signal,
      )),
    )
  }
  return receipts
}
