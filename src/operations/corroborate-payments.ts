/**
 * Money in a block of which only one node's word speaks, where several nodes are there to be asked: it
 * counts when two of them have the same transfers in that block, and waits while they have not. Where
 * blocks are expected to prove, another look is taken instead (audit-payments.ts).
 */
import type { BlockRef, ProofLevel, VerifiedBlock } from '../core/chain/block.ts'
import { type ChainSettings, expectsProof } from '../core/chain/chain-settings.ts'
import { extractTransfers, type Transfer, watchedAssetsOf } from '../core/chain/transfer.ts'
import type { Hash } from '../core/money/asset.ts'
import type { Payment } from '../core/payment/payment.ts'
import { ChainSourceError } from '../errors.ts'
import type { BlockTestimony, ChainSource } from '../ports/chain-source.ts'
import { type AuditVerdict, isInBlock } from './audit-payments.ts'
import type { Deps } from './deps.ts'
import { PROVEN_LEVEL } from './find-unproven.ts'

export type CorroborateDeps = Pick<Deps, 'store' | 'logger' | 'metrics'> & {
  readonly source: Pick<ChainSource, 'getBlockOfEach' | 'describeProviders'>
}

export type CorroborateRequest = {
  /** As deep as asked after this turn, not confirmed yet. */
  readonly due: readonly Payment[]
  /** Read in this turn: the store does not have them yet. */
  readonly blocks: readonly VerifiedBlock[]
  readonly signal: AbortSignal
}

export type Corroboration = {
  /** By payment id. What is not named may count. */
  readonly verdicts: ReadonlyMap<string, AuditVerdict>
  /** Blocks of which two nodes have the same transfers: their level rises to 1. */
  readonly corroborated: ReadonlySet<Hash>
}

/** One node says so; nothing else speaks for the content. */
const SINGLE_LEVEL = 0
/** Nodes that must say the same. */
const WITNESSES = 2
/** Blocks asked for in one turn, of every node; the others wait for the next. */
const BLOCKS_PER_TURN = 8

export async function corroboratePayments(
  deps: CorroborateDeps,
  settings: ChainSettings,
  { due, blocks, signal }: CorroborateRequest,
): Promise<Corroboration> {
  const verdicts = new Map<string, AuditVerdict>()
  const corroborated = new Set<Hash>()
  const told = due.filter(({ observation, dust }) => !dust && isInBlock(observation))
  if (told.length === 0 || expectsProof(settings.proofs)) return { verdicts, corroborated }
  if (deps.source.describeProviders().length < WITNESSES) return { verdicts, corroborated }
  const byBlock = Map.groupBy(told, ({ observation }) => observation.blockHash)
  const weak = await findSingle(deps, settings.chainId, [...byBlock.keys()], blocks)
  for (const [place, ref] of weak.entries()) {
    const payments = byBlock.get(ref.hash) ?? []
    const close = (closed: readonly Payment[], verdict: AuditVerdict): void => {
      for (const { observation } of closed) verdicts.set(observation.id, verdict)
    }
    if (place >= BLOCKS_PER_TURN) close(payments, 'open')
    else {
      const outcome = await hearWitnesses(deps, settings, ref, payments, signal)
      close(outcome.refuted, 'refuted')
      close(outcome.open, 'open')
      if (outcome.isCorroborated) corroborated.add(ref.hash)
    }
  }
  const labels = { chain: String(settings.chainId) }
  if (corroborated.size > 0) {
    deps.metrics.count('blocks_corroborated_total', labels, corroborated.size)
  }
  return { verdicts, corroborated }
}

/** Those of these blocks that one reading of one node is all there is of. */
async function findSingle(
  { store }: CorroborateDeps,
  chainId: number,
  hashes: readonly Hash[],
  blocks: readonly VerifiedBlock[],
): Promise<BlockRef[]> {
  const levels = new Map<Hash, { readonly ref: BlockRef; readonly proofLevel: ProofLevel | null }>()
  for (const kept of await store.findBlocks(chainId, hashes)) levels.set(kept.ref.hash, kept)
  for (const block of blocks) {
    const before = levels.get(block.ref.hash)?.proofLevel ?? block.proofLevel
    const proofLevel = before < block.proofLevel ? before : block.proofLevel
    levels.set(block.ref.hash, { ref: block.ref, proofLevel })
  }
  return hashes.flatMap((hash) => {
    const block = levels.get(hash)
    return block?.proofLevel === SINGLE_LEVEL ? [block.ref] : []
  })
}

type Outcome = {
  readonly open: readonly Payment[]
  readonly refuted: readonly Payment[]
  readonly isCorroborated: boolean
}

async function hearWitnesses(
  deps: CorroborateDeps,
  settings: ChainSettings,
  ref: BlockRef,
  payments: readonly Payment[],
  signal: AbortSignal,
): Promise<Outcome> {
  const fields = { chain_id: settings.chainId, block: ref.number, hash: ref.hash }
  try {
    const testimony = await deps.source.getBlockOfEach(ref, signal)
    const outcome = judgeTestimony(testimony, settings, payments)
    if (!testimony.isNew) return outcome
    if (outcome.isContradicted) {
      const verdict = outcome.refuted.length > 0 ? 'refuted' : 'open'
      const labels = { chain: String(settings.chainId), verdict }
      deps.metrics.count('payments_refuted_total', labels, payments.length)
      const ids = payments.map(({ observation }) => observation.id)
      const text = 'nodes have different transfers in one block; its payments wait for a person'
      deps.logger.error({ ...fields, payments: ids }, `ALARM: ${text}`)
    } else if (outcome.open.length > 0) {
      deps.logger.warn(fields, 'no second node has served a block that is not proven: money waits')
    }
    return outcome
  } catch (error) {
    if (!(error instanceof ChainSourceError)) throw error
    signal.throwIfAborted()
    const text = `a block that is not proven was not read again, its payments wait: ${error.message}`
    deps.logger.warn({ ...fields, kind: error.kind }, text)
    return { open: payments, refuted: [], isCorroborated: false }
  }
}

/**
 * What most say, and at least two, is corroborated. One that proves decides alone. Where all other nodes
 * have been gone for long, the one that is there is believed as a node alone is.
 */
export function judgeTestimony(
  { blocks, silent }: Pick<BlockTestimony, 'blocks' | 'silent'>,
  settings: ChainSettings,
  payments: readonly Payment[],
): Outcome & { readonly isContradicted: boolean } {
  const watched = watchedAssetsOf(settings)
  const said = blocks.map((block) => {
    const moves = new Set(extractTransfers(block, watched).transfers.map(describe))
    return { block, moves, text: [...moves].sort().join('\n') }
  })
  const lacking = (moves: ReadonlySet<string>) =>
    payments.filter(({ observation }) => !moves.has(describe(toMove(observation))))
  const proven = said.find(({ block }) => block.proofLevel >= PROVEN_LEVEL)
  if (proven !== undefined) {
    const refuted = lacking(proven.moves)
    return { open: [], refuted, isCorroborated: false, isContradicted: refuted.length > 0 }
  }
  const groups = [...Map.groupBy(said, ({ text }) => text).values()]
  const [most = [], next = []] = groups.sort((a, b) => b.length - a.length)
  const isContradicted = groups.length > 1 || said.some(({ moves }) => lacking(moves).length > 0)
  if (most.length >= WITNESSES && most.length > next.length) {
    const open = lacking(most[0]?.moves ?? new Set())
    return { open, refuted: [], isCorroborated: open.length === 0, isContradicted }
  }
  const isAlone = blocks.length === 1 && silent === 0 && !isContradicted
  return { open: isAlone ? [] : payments, refuted: [], isCorroborated: false, isContradicted }
}

type Move = Pick<Transfer, 'place' | 'assetId' | 'to' | 'amountUnits'>

function toMove({ place, asset, to, amountUnits }: Payment['observation']): Move {
  return { place, assetId: asset.id, to, amountUnits }
}

function describe({ place, assetId, to, amountUnits }: Move): string {
  return `${place} ${assetId} ${to} ${amountUnits}`
}
