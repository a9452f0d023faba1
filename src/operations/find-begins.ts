/** From where the coins of each address are compared: a balance that was accounted for, to the unit. */
import type { BlockRef } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { KnownBalance } from '../core/chain/known-balance.ts'
import { blockAt, type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import type { Address } from '../core/money/asset.ts'
import { ChainSourceError } from '../errors.ts'
import type { SweepTarget } from '../ports/balance-store.ts'
import type { NativeSource } from '../ports/native-source.ts'
import { countSweep, tellUnknownBegin } from './report-sweep.ts'
import type { SyncDeps } from './sync-chain.ts'

/** What a comparison of balances has at hand. */
export type Comparing = {
  readonly deps: SyncDeps & { readonly native: NativeSource }
  readonly settings: ChainSettings
  readonly chain: LocalChain
  readonly tip: BlockRef
  /** Addresses of which this round could not tell. Filled on the way. */
  readonly leftOut: Set<Address>
  readonly signal: AbortSignal
}

/**
 * From where each address is compared: what was known, or what it had when it was given out. Null
 * where nodes do not agree on that, which is asked again by the next round.
 */
export async function findBegins(
  comparing: Comparing,
  targets: readonly SweepTarget[],
  balances: readonly bigint[],
): Promise<(KnownBalance | null)[]> {
  const { settings, chain, tip } = comparing
  const { chainId } = settings
  const refs = await Promise.all(targets.map((target) => findBeginBlock(comparing, target)))
  const missing = targets.flatMap(({ deposit }, index) => {
    const ref = refs[index]
    return ref === 'known' || ref === null || ref === undefined
      ? []
      : [{ ref, address: deposit.address }]
  })
  const read = new Map<Address, bigint>()
  for (const group of Map.groupBy(missing, ({ ref }) => ref.hash).values()) {
    const addresses = group.map(({ address }) => address)
    const ref = group[0]?.ref as BlockRef
    const units = ref.hash === tip.hash ? null : await readOldBalances(comparing, ref, addresses)
    for (const [index, address] of addresses.entries()) {
      const found = units?.[index]
      if (found !== undefined) read.set(address, found)
    }
  }
  const begins: (KnownBalance | null)[] = []
  for (const [index, { deposit, known, credits }] of targets.entries()) {
    const { address } = deposit
    const ref = refs[index]
    if (ref === 'known') {
      begins.push(known)
      continue
    }
    const units = read.get(address)
    const isRead = ref !== null && ref !== undefined && units !== undefined
    const block = isRead ? ref : tip
    const told = isRead ? units : (balances[index] as bigint)
    const isUntouched = told === 0n && !isKnownToHold(known, credits, block)
    const balanceUnits = isUntouched ? 0n : await agreeOnBegin(comparing, address, block)
    const begin = balanceUnits === null ? null : { chainId, address, block, balanceUnits }
    begins.push(begin)
    if (begin !== null && !isRead && ref?.hash !== tip.hash) {
      tellUnknownBegin(comparing, begin, sumCredits(credits, chain))
    }
  }
  return begins
}

/** Whether something came before this block: who tells of nothing then may credit it a second time. */
function isKnownToHold(
  known: KnownBalance | null,
  credits: SweepTarget['credits'],
  { number }: BlockRef,
): boolean {
  return (
    (known?.balanceUnits ?? 0n) > 0n || credits.some(({ blockNumber }) => blockNumber <= number)
  )
}

/**
 * Coins of before are never counted: one node that made them up would hold back what comes later, for
 * ever. An address that was given out just now has none, so that this costs nothing as a rule.
 */
async function agreeOnBegin(
  comparing: Comparing,
  address: Address,
  block: BlockRef,
): Promise<bigint | null> {
  const { deps, leftOut, signal } = comparing
  const agreed = await readOrLeave(comparing, address, () =>
    deps.native.getAgreedBalance(block, address, signal),
  )
  if (agreed === null) leftOut.add(address)
  return agreed
}

/**
 * `known` where the last balance is of a block of ours; else the block it went on from, or the one
 * in which the address was given out. Null when that is out of reach.
 */
async function findBeginBlock(
  { deps, chain }: Comparing,
  { deposit, known }: SweepTarget,
): Promise<BlockRef | 'known' | null> {
  const from = known?.block ?? deposit.issued?.tips[chain.chainId]
  if (from === undefined) return null
  const held = blockAt(chain, from.number)
  const isBelow = from.number < (chain.blocks[0] as BlockRef).number
  if (known !== null && (held?.hash === from.hash || isBelow)) return 'known'
  if (held?.hash === from.hash) return held
  const hash = from.hash as BlockRef['hash']
  const ancestor = await deps.store.findCanonicalAncestor(chain.chainId, hash)
  return ancestor === null ? null : blockAt(chain, ancestor.number)
}

/** Null where the states of this block are out of reach. */
async function readOldBalances(
  { deps, signal }: Comparing,
  ref: BlockRef,
  addresses: readonly Address[],
): Promise<readonly bigint[] | null> {
  try {
    return await deps.native.getBalances(ref, addresses, signal)
  } catch (error) {
    if (error instanceof ChainSourceError && error.kind === 'not_there') return null
    throw error
  }
}

/** One address that cannot be told about must not hold up the others: the next round tries again. */
export async function readOrLeave<T>(
  comparing: Comparing,
  address: Address,
  read: () => Promise<T>,
): Promise<T | null> {
  const { deps, settings, leftOut, signal } = comparing
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof ChainSourceError)) throw error
    signal.throwIfAborted()
    const { kind, message } = error
    leftOut.add(address)
    countSweep(comparing, kind)
    const fields = { chain_id: settings.chainId, address, kind }
    if (kind === 'inconsistent') deps.logger.error(fields, `ALARM: ${message}; nothing is credited`)
    else deps.logger.warn(fields, `a balance rose, and why is not known yet: ${message}`)
    return null
  }
}

function sumCredits(credits: SweepTarget['credits'], chain: LocalChain): bigint {
  const tip = tipOf(chain).number
  return credits
    .filter(({ blockNumber }) => blockNumber <= tip)
    .reduce((total, { amountUnits }) => total + amountUnits, 0n)
}
