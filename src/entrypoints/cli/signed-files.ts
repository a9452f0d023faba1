/** What the commands that move money out have in common: files, the chain, sending what was signed. */
import { readFile, writeFile } from 'node:fs/promises'
import type { ChainConfig, GatewayConfig } from '../../config.ts'
import { type AccountKey, parseAccountKey } from '../../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'
import type { ReadResult } from '../../core/sweep/read-fields.ts'
import { GatewayError } from '../../errors.ts'
import {
  type BroadcastRequest,
  broadcastSweep,
  type SentTransaction,
} from '../../operations/broadcast-sweep.ts'
import type { SweepChain } from '../../ports/sweep-chain.ts'
import type { CliIo } from './cli-io.ts'

/** Not all of it happened: look at the list, plan again for what is left. */
export const EXIT_PARTIAL = 3
/** Looks at the chain, one a poll, without a new receipt before `broadcast` gives up. */
const PATIENCE = 120

/** The nodes of a configured chain as one; main.ts composes them. */
export type SweepChainOf = (chainId: number) => SweepChain

/** Sends a signed file and tells of each transaction; exit code 3 unless all are in blocks. */
export async function broadcastFile(
  io: CliIo,
  chainOf: SweepChainOf,
  path: string,
  read: (value: unknown) => ReadResult<BroadcastRequest['signed']>,
): Promise<void> {
  const signed = await readFileAs(path, read)
  const settings = io.loadConfig().chains.find(({ chainId }) => chainId === signed.chainId)
  const pauseMs = settings?.pollIntervalMs ?? 2_000
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, pauseMs))
  const sent = await broadcastSweep(
    { chain: chainOf(signed.chainId), pause },
    {
      signed,
      patience: PATIENCE,
      signal: new AbortController().signal,
      onProgress: (done, all) => io.warn(`${done} of ${all} in blocks`),
    },
  )
  for (const one of sent) io.print(describeSent(one))
  const isDone = sent.every(({ outcome }) => outcome.kind === 'mined' && outcome.receipt.succeeded)
  if (!isDone) io.setExitCode(EXIT_PARTIAL)
}

function describeSent({ step, hash, from, nonce, outcome }: SentTransaction): string {
  const what = `${step} ${hash} (${toChecksumAddress(from)}, nonce ${nonce})`
  switch (outcome.kind) {
    case 'mined': {
      const { blockNumber, succeeded, gasUsed } = outcome.receipt
      return `${what}: block ${blockNumber}, ${gasUsed} gas${succeeded ? '' : ', REVERTED'}`
    }
    case 'pending':
      return `${what}: sent, in no block yet; run again`
    case 'refused':
      return `${what}: refused: ${outcome.reason}`
    case 'waiting':
      return `${what}: not sent, the step before it did not end`
  }
}

/** A JSON file by its reader; the first field that is not of its form is named. */
export async function readFileAs<Value>(
  path: string,
  read: (value: unknown) => ReadResult<Value>,
): Promise<Value> {
  const text = await readText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('the file', 'is not JSON')
  }
  const result = read(value)
  if (!result.ok) throw refuse(result.field, result.detail)
  return result.value
}

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw refuse('the file', 'cannot be read')
  }
}

/** Creates a file that was not there, for its owner alone. */
export async function createFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  } catch {
    throw refuse('--out', 'is there already, or cannot be written')
  }
}

export function chooseChain({ chains }: GatewayConfig, id: string): ChainConfig {
  const chainId = parseWhole('--chain', id)
  const settings = chains.find((one) => one.chainId === chainId)
  if (settings === undefined) throw refuse('--chain', 'is no chain of the configuration')
  return settings
}

export function chooseAccount(
  stores: readonly { readonly id: string; readonly xpub: string }[],
  id: string | undefined,
): AccountKey {
  const fitting = id === undefined ? stores : stores.filter((store) => store.id === id)
  const [only, ...others] = fitting
  if (only === undefined) throw refuse('--store', 'is not a store of this installation')
  if (others.length > 0) throw refuse('--store', 'is needed: there are several stores')
  const parsed = parseAccountKey(only.xpub)
  if (!parsed.ok) throw new GatewayError('xpub_mismatch', 'The stored account key is not valid.')
  return parsed.key
}

export function parseWhole(option: string, text: string): number {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number.parseInt(text, 10)
  throw refuse(option, 'takes a whole number')
}

export function refuse(field: string, detail: string): GatewayError {
  return new GatewayError('invalid_request', `${field}: ${detail}.`)
}
