/**
 * Logs find, receipts prove: which blocks of a turn may hold something for us, by one query for the
 * logs of all of them. Those are read whole and proven like any block; the others are taken as they
 * are, without content. What a node cuts out of its answers the blooms of the headers show.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { TRANSFER_TOPIC } from '../core/chain/log-words.ts'
import type { Address, Hash } from '../core/money/asset.ts'
import { HOUR_MS } from '../core/time.ts'
import type { SweepCursor, SweepGroup } from '../ports/balance-store.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { BlockSighting, LogSource } from '../ports/log-source.ts'
import type { Deps } from './deps.ts'

type FindDeps = Pick<Deps, 'store' | 'clock' | 'logger' | 'metrics'> & {
  readonly source: ChainSource
  readonly logs: LogSource
}

/** Addresses of orders loaded at once. */
const PAGE = 1_000
/** Finished orders are looked for so long after their deadline. */
const RECENT_MS = HOUR_MS
const ACTIVE_GROUPS: readonly SweepGroup[] = ['unfinished', 'recent']

/** All of these blocks, in their order. Rejects as `getBlock` does. */
export async function findBlocks(
  deps: FindDeps,
  settings: ChainSettings,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<VerifiedBlock[]> {
  const sightings = await deps.logs.readSightings(refs, signal)
  const matched = await findMatched(deps, settings, sightings)
  const isMatched = new Set(matched)
  const doubted = sightings.filter((one) => one.isDoubtful && !isMatched.has(one))
  const rest = sightings.filter((one) => !one.isDoubtful && !isMatched.has(one))
  const suspected = await findSuspected(deps, settings, rest)
  countRead(deps, settings, { match: matched, doubt: doubted, bloom: suspected })
  const read = await readSightings(deps, [...matched, ...doubted, ...suspected], signal)
  if (isCut(deps, settings, [...matched, ...suspected], read)) {
    // Who leaves out one log may have left out others, for addresses that nobody watches closely.
    const others = rest.filter((one) => one.bloom !== null && !read.has(one.ref.hash))
    countRead(deps, settings, { doubt: others })
    for (const [hash, block] of await readSightings(deps, others, signal)) read.set(hash, block)
  }
  return refs.map((ref) => {
    return read.get(ref.hash) ?? { ref, proofLevel: 0, transactions: [], logs: [] }
  })
}

async function findMatched(
  { store }: FindDeps,
  { chainId }: ChainSettings,
  sightings: readonly BlockSighting[],
): Promise<BlockSighting[]> {
  const partiesOf = ({ logs, payees }: BlockSighting) => [
    ...payees,
    ...logs.flatMap(({ from, to }) => [from ?? [], to ?? []].flat()),
  ]
  // A block that comes back holds what it held, whatever is listed of it now.
  const hashes = sightings.map(({ ref }) => ref.hash)
  const held = await store.findPaymentsInBlocks(chainId, hashes)
  const known = new Set(held.map(({ observation }) => observation.blockHash))
  const candidates = [...new Set(sightings.flatMap(partiesOf))]
  const isAsked = candidates.length > 0
  const deposits = isAsked ? await store.findDepositAddresses(candidates) : []
  const refunds = isAsked ? await store.findRefundsTo(chainId, candidates) : []
  const ours = new Set([
    ...deposits.map(({ address }) => address),
    ...refunds.map(({ destination }) => destination),
  ])
  return sightings.filter((one) => {
    return known.has(one.ref.hash) || partiesOf(one).some((address) => ours.has(address))
  })
}

/** Blocks whose bloom speaks of an order's address, and whose logs, as listed, do not. */
async function findSuspected(
  deps: FindDeps,
  settings: ChainSettings,
  sightings: readonly BlockSighting[],
): Promise<BlockSighting[]> {
  const open = sightings.filter(({ bloom }) => bloom !== null)
  if (open.length === 0) return []
  return deps.logs.findInBlooms(open, await loadActive(deps, settings))
}

async function loadActive(
  { store, clock }: FindDeps,
  { chainId, assets }: ChainSettings,
): Promise<Address[]> {
  const active = new Set<Address>()
  const sinceMs = clock.nowMs() - RECENT_MS
  for (const { id: assetId } of assets) {
    for (const group of ACTIVE_GROUPS) {
      let after: SweepCursor | null = null
      do {
        const query = { chainId, assetId, group, sinceMs, after, limit: PAGE }
        const page = await store.findSweepTargets(query)
        for (const { deposit } of page.targets) active.add(deposit.address)
        after = page.cursor
      } while (after !== null)
    }
  }
  return [...active]
}

async function readSightings(
  { source }: FindDeps,
  sightings: readonly BlockSighting[],
  signal: AbortSignal,
): Promise<Map<Hash, VerifiedBlock>> {
  const refs = sightings.map(({ ref }) => ref)
  const blocks = await source.getBlocks(refs, signal)
  return new Map(blocks.map((block) => [block.ref.hash, block]))
}

/** Whether a block, read whole, has Transfer logs that the query did not list. Told and counted. */
function isCut(
  { metrics, logger }: FindDeps,
  { chainId }: ChainSettings,
  sightings: readonly BlockSighting[],
  read: ReadonlyMap<Hash, VerifiedBlock>,
): boolean {
  const cut = sightings.filter(({ ref, logs }) => {
    const listed = new Set(logs.map(({ index }) => index))
    const all = (read.get(ref.hash)?.logs ?? []).filter(
      ({ topics }) => topics[0] === TRANSFER_TOPIC,
    )
    return all.some(({ index }) => !listed.has(index))
  })
  for (const { ref } of cut) {
    metrics.count('logs_inconsistent_total', { chain: String(chainId) })
    const fields = { chain_id: chainId, block: ref.number, hash: ref.hash }
    logger.error(fields, 'ALARM: a node left logs of this block out of its answer')
  }
  return cut.length > 0
}

type ReadReason = 'match' | 'bloom' | 'doubt'

function countRead(
  { metrics }: FindDeps,
  { chainId }: ChainSettings,
  counts: Partial<Record<ReadReason, readonly BlockSighting[]>>,
): void {
  for (const [reason, { length }] of Object.entries(counts)) {
    if (length === 0) continue
    metrics.count('logs_blocks_read_total', { chain: String(chainId), reason }, length)
  }
}
