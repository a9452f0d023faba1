/**
 * Observe: native coins that calls within transactions brought to our addresses, by the traces or
 * access lists of the blocks that come next. No header commits to a trace, so each one counts only as
 * far as the balance of the address rose in that very block; to an access list a header commits. What
 * is left out here the sweep of balances finds.
 */
import { extractNetCredits } from '../core/chain/balance-changes.ts'
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import { extractFrames, fitsBlock } from '../core/chain/call-frames.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { LocalChain } from '../core/chain/local-chain.ts'
import { readNativeCoin } from '../core/chain/native-coin.ts'
import { type NativeMode, nativeReadingOf } from '../core/chain/native-mode.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { Address } from '../core/money/asset.ts'
import { type ChainFaultKind, ChainSourceError } from '../errors.ts'
import type { NativeSource } from '../ports/native-source.ts'
import type { Deps } from './deps.ts'

type FindDeps = Pick<Deps, 'store' | 'logger' | 'metrics'> & { readonly native?: NativeSource }

export type FindRequest = {
  readonly settings: ChainSettings
  /** Our chain before these blocks. */
  readonly before: LocalChain
  readonly blocks: readonly VerifiedBlock[]
  readonly signal: AbortSignal
}

/** Empty in modes that look elsewhere, and where no node of the chain serves what is asked. */
export async function findInternal(deps: FindDeps, request: FindRequest): Promise<Transfer[]> {
  const { settings, before, blocks } = request
  const takesCoin = settings.assets.some(({ token }) => token === null)
  const find = FINDERS[settings.nativeMode]
  if (find === undefined || !takesCoin || deps.native === undefined) return []
  const { native } = deps
  const refs = new Map([...before.blocks, ...blocks.map(({ ref }) => ref)].map((r) => [r.hash, r]))
  const found: Transfer[] = []
  for (const block of blocks) {
    const parent = refs.get(block.ref.parentHash)
    if (parent === undefined || !mayHoldCalls(settings, block)) continue
    found.push(
      ...(await findOrLeave(deps, request, block, () =>
        find(deps, native, request, block, parent),
      )),
    )
  }
  return found
}

/** Faults of the moment: the turn is taken again, and nothing is lost. */
const PASSING: ReadonlySet<ChainFaultKind> = new Set(['unreachable', 'capacity', 'wrong_chain'])

/**
 * What cannot be had or believed of a block must not hold up the chain: balances tell of the same
 * coins, if not of who sent them.
 */
async function findOrLeave(
  { logger, metrics }: FindDeps,
  { settings }: FindRequest,
  { ref }: VerifiedBlock,
  find: () => Promise<Transfer[]>,
): Promise<Transfer[]> {
  try {
    return await find()
  } catch (error) {
    if (!(error instanceof ChainSourceError) || PASSING.has(error.kind)) throw error
    const { kind, message } = error
    metrics.count('chain_faults_total', { chain: String(settings.chainId), kind })
    const fields = { chain_id: settings.chainId, block: ref.number, hash: ref.hash, kind }
    logger.warn(fields, `calls of a block are left to the balances: ${message}`)
    return []
  }
}

/** A block that carries EIP-7708 logs counts by them alone; one where nothing ran has no calls. */
function mayHoldCalls({ chainId, nativeMode }: ChainSettings, block: VerifiedBlock): boolean {
  if (!block.transactions.some(({ succeeded }) => succeeded)) return false
  return !readNativeCoin(block, chainId, nativeReadingOf(chainId, nativeMode)).byLogs
}

async function findByFrames(
  deps: FindDeps,
  native: NativeSource,
  { settings, signal }: FindRequest,
  block: VerifiedBlock,
  parent: BlockRef,
): Promise<Transfer[]> {
  const frames = await native.getFrames(block.ref, signal)
  if (frames === null) return []
  if (!fitsBlock(frames, block)) {
    const text = `block ${block.ref.number} ${block.ref.hash}: its traces are of other transactions`
    throw new ChainSourceError('inconsistent', text)
  }
  const transfers = extractFrames(block, settings.chainId, frames)
  const to = [...new Set(transfers.map((transfer) => transfer.to))]
  const ours = to.length === 0 ? [] : await deps.store.findDepositAddresses(to)
  const found: Transfer[] = []
  for (const { address } of ours) {
    const arrived = transfers.filter((transfer) => transfer.to === address)
    const paid = [...block.transactions, ...transfers].some(({ from }) => from === address)
    // What an address spends in the same block is left to the sweep, which accounts for fees too.
    if (paid) continue
    if (await isBacked(deps, native, { settings, block, parent, address, arrived, signal })) {
      found.push(...arrived)
    }
  }
  countFound(deps, settings, 'trace', found)
  return found
}

async function findByChanges(
  deps: FindDeps,
  native: NativeSource,
  { settings, signal }: FindRequest,
  block: VerifiedBlock,
  parent: BlockRef,
): Promise<Transfer[]> {
  const all = await native.getBalanceChanges(block.ref, signal)
  if (all === null) return []
  const changesOf = new Map(all.map((one) => [one.address, one]))
  const ours = await deps.store.findDepositAddresses([...changesOf.keys()])
  const found: Transfer[] = []
  for (const { address } of ours) {
    // The list says what an address had after each transaction; before the first only a state does.
    const beforeUnits = await orNull(() => native.getAgreedBalance(parent, address, signal))
    if (beforeUnits === null) return []
    const changes = changesOf.get(address) ?? { address, changes: [] }
    found.push(...extractNetCredits(block, settings.chainId, changes, beforeUnits))
  }
  countFound(deps, settings, 'access_list', found)
  return found
}

const FINDERS: Partial<Record<NativeMode, typeof findByFrames>> = {
  trace: findByFrames,
  bal: findByChanges,
}

function countFound(
  deps: FindDeps,
  { chainId }: ChainSettings,
  foundBy: string,
  found: readonly Transfer[],
): void {
  const labels = { chain: String(chainId), found_by: foundBy }
  if (found.length > 0) deps.metrics.count('internal_transfers_total', labels, found.length)
}

type Claim = {
  readonly settings: ChainSettings
  readonly block: VerifiedBlock
  readonly parent: BlockRef
  readonly address: Address
  readonly arrived: readonly Transfer[]
  readonly signal: AbortSignal
}

async function isBacked(deps: FindDeps, native: NativeSource, claim: Claim): Promise<boolean> {
  const { settings, block, parent, address, arrived, signal } = claim
  const riseUnits = await readRise(native, block.ref, parent, address, signal)
  if (riseUnits === null) return false
  const direct = readNativeCoin(block, settings.chainId, 'value').transfers
  const claimed = [...arrived, ...direct.filter(({ to }) => to === address)]
  const claimedUnits = claimed.reduce((sum, { amountUnits }) => sum + amountUnits, 0n)
  if (riseUnits >= claimedUnits) return true
  deps.metrics.count('balance_shortfalls_total', { chain: String(settings.chainId) })
  deps.logger.error(
    {
      chain_id: settings.chainId,
      block: block.ref.number,
      hash: block.ref.hash,
      address,
      claimed_units: claimedUnits.toString(),
      rise_units: riseUnits.toString(),
    },
    'ALARM: a trace shows coins that the balance does not; they are not counted',
  )
  return false
}

async function readRise(
  native: NativeSource,
  block: BlockRef,
  parent: BlockRef,
  address: Address,
  signal: AbortSignal,
): Promise<bigint | null> {
  const read = (ref: BlockRef) => orNull(() => native.getAgreedBalance(ref, address, signal))
  const after = await read(block)
  const before = await read(parent)
  return after === null || before === null ? null : after - before
}

/** Null where the state of this block is not served: then nothing of it can be told by balances. */
async function orNull<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ChainSourceError && error.kind === 'not_there') return null
    throw error
  }
}
