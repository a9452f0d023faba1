/** Which branch our chain may follow, what of it is final, and when it may halt. */
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import type { CommitView } from './invariants.ts'
import type { CommittedChain, Ledger } from './ledger.ts'
import { BLOCK_TIME_S } from './setting.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

/** A branch that is not longer than ours was shown for a block time before it is followed. */
export function checkBranch(
  { chainId, connected, disconnected }: NonNullable<ChangeSet['chain']>,
  tipBefore: number,
  view: CommitView,
): void {
  const tip = connected.at(-1)
  if (tip === undefined || disconnected.length === 0 || tip.number > tipBefore) return
  const shownMs = view.shownForMs(chainId, tip.hash)
  demand(
    shownMs >= BLOCK_TIME_S * 1_000,
    'claim',
    () => `a branch up to ${tip.number} replaced ours up to ${tipBefore} after ${shownMs} ms`,
  )
}

/**
 * I7: final is what the node called final, on our chain; it never falls, and no reorg reaches below.
 * What is safe may fall with its branch, and is on our chain.
 */
export function checkFinal(
  ledger: Ledger,
  { chainId, disconnected }: NonNullable<ChangeSet['chain']>,
  before: Hash | null,
  view: CommitView,
): void {
  const truth = view.chains.get(chainId) as SimulatedChain
  const { blocks, final, safe } = ledger.chains.get(chainId) as CommittedChain
  const isSafeOurs = safe === null || blocks.get(heightOf(truth, safe)) === safe
  demand(isSafeOurs, 'final', () => `safe block ${safe} is not on our chain`)
  const heightBefore = heightOf(truth, before)
  const lowest = disconnected.at(-1)?.number ?? Number.POSITIVE_INFINITY
  demand(lowest > heightBefore, 'final', () => `block ${lowest} was final, and left our chain`)
  const height = heightOf(truth, final)
  demand(height >= heightBefore, 'final', () => `final fell from ${heightBefore} to ${height}`)
  if (final === null) return
  demand(blocks.get(height) === final, 'final', () => `final block ${final} is not on our chain`)
  const isCalled = view.calledFinal(chainId).has(final)
  demand(isCalled, 'final', () => `no node called block ${height} ${final} final`)
}

/**
 * A chain halts only for a branch that leaves ours below the floor, or where the node called another
 * block final than ours; and moves nothing with it.
 */
export function checkHalt(ledger: Ledger, chainId: number, view: CommitView): void {
  const { blocks, tip, final } = ledger.chains.get(chainId) as CommittedChain
  const truth = view.chains.get(chainId) as SimulatedChain
  const ancestors = truth.tips().map((other) => {
    let number = tip
    while (number >= 0 && !isOn(truth, other, number, blocks.get(number))) number -= 1
    return number
  })
  const lowest = Math.min(...ancestors)
  const floor = Math.max(tip - view.maxReorgBlocks, heightOf(truth, final))
  const isContradicted = [...view.calledFinal(chainId)].some((hash) => {
    const height = heightOf(truth, hash)
    return height <= tip && blocks.get(height) !== hash
  })
  demand(
    lowest < floor || isContradicted,
    'halt',
    () => `halted at floor ${floor}, no branch forks below ${lowest}, no other block is final`,
  )
}

function heightOf(truth: SimulatedChain, hash: Hash | null): number {
  return hash === null ? -1 : (truth.getBlock(hash) as SimulatedBlock).ref.number
}

function isOn(truth: SimulatedChain, tip: Hash, number: number, hash: Hash | undefined): boolean {
  return hash !== undefined && truth.ancestorAt(tip, number)?.ref.hash === hash
}
