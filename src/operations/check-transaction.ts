/**
 * One transaction against the chain, for a shopper who says to have paid or an operator who looks
 * for money. When its block is on our chain and holds a payment that was missed, the block is
 * settled again by the normal path; nothing else is ever changed.
 */
import type { BlockRef } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { countConfirmations } from '../core/chain/confirmations.ts'
import { blockAt, followFinality, type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import type { Address, Hash } from '../core/money/asset.ts'
import { isMadeBy, isUnattributed } from '../core/payment/attribution.ts'
import type { Payment } from '../core/payment/payment.ts'
import { ChainSourceError, GatewayError } from '../errors.ts'
import type { ChainSource, TransactionSighting } from '../ports/chain-source.ts'
import type { NativeSource } from '../ports/native-source.ts'
import { attributeBlock } from './attribute-block.ts'
import type { Deps } from './deps.ts'
import { settleAgain } from './settle-again.ts'

/** Nodes of a chain; null where it is not configured. */
export type ChainNodes = { readonly source: ChainSource; readonly native?: NativeSource }

export type CheckTransactionDeps = Omit<Deps, 'accounts' | 'rates' | 'indexes' | 'vault'> & {
  readonly nodesOf: (chainId: number) => ChainNodes | null
}

export type TransactionQuestion = {
  readonly txHash: Hash
  /** Asked in this order, until one knows it. */
  readonly chainIds: readonly number[]
  /** Only payments to this address are told; null tells all to addresses of ours. */
  readonly address: Address | null
  readonly signal: AbortSignal
}

/**
 * `found`: it pays the address (or one of ours). `pending`: not in a block of our chain yet.
 * `unknown`: no node has it. `failed`: mined, and moved nothing. `elsewhere`: it pays somebody else.
 */
export type TransactionCheck = {
  readonly result: 'found' | 'pending' | 'unknown' | 'failed' | 'elsewhere'
  readonly chainId: number | null
  readonly blockNumber: number | null
  readonly confirmations: number
  readonly payments: readonly Payment[]
}

/** The watcher may write at the same moment; then it is looked at anew. */
const TRIES = 5
/** Blocks to find an old one in. Older ones are compared with the node's chain by height. */
const RING_BLOCKS = 3_000

/** Rejects with `chain_unavailable` when no node answers or the chain was never watched. */
export async function checkTransaction(
  deps: CheckTransactionDeps,
  question: TransactionQuestion,
): Promise<TransactionCheck> {
  for (const chainId of question.chainIds) {
    const settings = deps.chains.get(chainId)
    const nodes = deps.nodesOf(chainId)
    if (settings === undefined || nodes === null) continue
    const found = await onChain(deps, question, settings, nodes)
    if (found.result !== 'unknown') return found
  }
  return tell('unknown', null)
}

async function onChain(
  deps: CheckTransactionDeps,
  question: TransactionQuestion,
  settings: ChainSettings,
  nodes: ChainNodes,
): Promise<TransactionCheck> {
  const { chainId } = settings
  try {
    const sighting = await nodes.source.getTransaction(question.txHash, question.signal)
    switch (sighting.kind) {
      case 'unknown':
      case 'pending':
        return tell(sighting.kind, chainId)
      case 'failed':
        return tell('failed', chainId, sighting.block.number)
      case 'mined':
        return await lookInBlock(deps, question, settings, nodes, sighting)
    }
  } catch (error) {
    if (!(error instanceof ChainSourceError)) throw error
    throw new GatewayError('chain_unavailable', 'The chain cannot be asked right now; try again.', {
      retryable: true,
      cause: error,
    })
  }
}

async function lookInBlock(
  deps: CheckTransactionDeps,
  question: TransactionQuestion,
  settings: ChainSettings,
  nodes: ChainNodes,
  sighting: Extract<TransactionSighting, { kind: 'mined' }>,
): Promise<TransactionCheck> {
  const { chainId } = settings
  const { block, touched } = sighting
  let isRead = false
  for (let tries = 0; tries < TRIES; tries++) {
    const stored = await deps.store.loadChain(chainId, RING_BLOCKS)
    if (stored === null || stored.haltReason !== null) {
      throw new GatewayError('chain_unavailable', 'The chain is not followed right now.')
    }
    const chain = followFinality(stored.chain, settings)
    const ref = await findOnChain(nodes, chain, block, question.signal)
    if (ref === null) return tell('pending', chainId)
    const held = await findPayments(deps, question, chainId, block.hash)
    const depth = countConfirmations(tipOf(chain), block.number)
    const made = held.filter((payment) => isMadeBy(payment, question.txHash))
    if (made.length > 0) return { ...tell('found', chainId, block.number, depth), payments: made }
    if (await attributeHeld(deps, question, nodes, held)) continue
    // Traces alone show who gets coins that contracts send.
    const mayPay = settings.nativeMode === 'trace' || paysOurs(question, touched)
    if (!mayPay || isRead) return tell('elsewhere', chainId, block.number, depth)
    const whole = await nodes.source.getBlock(ref, question.signal)
    const parent = await nodes.source.getHeaderByHash(ref.parentHash, question.signal)
    const { result } = await settleAgain(
      { ...deps, ...nodes },
      { settings, chain, blocks: [whole], parent, signal: question.signal },
    )
    isRead = result === 'committed'
  }
  throw new GatewayError('storage_unavailable', 'The chain is moving right now; try again.', {
    retryable: true,
  })
}

function paysOurs({ address }: TransactionQuestion, touched: readonly Address[]): boolean {
  return address === null ? touched.length > 0 : touched.includes(address)
}

/** Null while our chain does not hold the block. Below what we hold the node's chain decides. */
async function findOnChain(
  { source }: ChainNodes,
  chain: LocalChain,
  { number, hash }: { readonly number: number; readonly hash: Hash },
  signal: AbortSignal,
): Promise<BlockRef | null> {
  const held = blockAt(chain, number)
  if (held !== null) return held.hash === hash ? held : null
  if (number > tipOf(chain).number) return null
  const header = await source.getHeaderByNumber(number, signal)
  return header?.hash === hash ? header : null
}

async function findPayments(
  { store }: CheckTransactionDeps,
  { address }: TransactionQuestion,
  chainId: number,
  blockHash: Hash,
): Promise<Payment[]> {
  const there = await store.findPaymentsInBlocks(chainId, [blockHash])
  return there.filter(({ observation }) => address === null || observation.to === address)
}

/**
 * What only a balance told of may be this very transaction. True when calls told something: it is to be
 * looked at anew.
 */
async function attributeHeld(
  deps: CheckTransactionDeps,
  { signal }: TransactionQuestion,
  { source, native }: ChainNodes,
  held: readonly Payment[],
): Promise<boolean> {
  const payments = held.filter((one) => one.position !== 'orphaned' && isUnattributed(one))
  const [first] = payments
  if (native === undefined || first === undefined) return false
  const { chainId, blockHash } = first.observation
  try {
    const block = { chainId, blockHash, payments, signal }
    const outcome = await attributeBlock({ ...deps, source, native }, block)
    return outcome === 'explained' || outcome === 'conflict'
  } catch (error) {
    // Who sent them stays unknown for now; nothing else depends on it.
    if (!(error instanceof ChainSourceError)) throw error
    return false
  }
}

function tell(
  result: TransactionCheck['result'],
  chainId: number | null,
  blockNumber: number | null = null,
  confirmations = 0,
): TransactionCheck {
  return { result, chainId, blockNumber, confirmations, payments: [] }
}
