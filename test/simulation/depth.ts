/** How deep a payment is, judged anew: by blocks on top of it, or by what the node has called final. */
import type { FinalityRule } from '../../src/core/chain/finality.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'

/** Where our chain stands: its tip, the last final and the last safe block; null while unknown. */
export type Standing = {
  readonly tip: Hash
  readonly final: Hash | null
  readonly safe: Hash | null
}

/** The highest block of our chain that is as deep as the rule asks; undefined while there is none. */
export function deepestBlock(
  chain: SimulatedChain,
  rule: FinalityRule,
  { tip, final, safe }: Standing,
): SimulatedBlock | undefined {
  switch (rule.kind) {
    case 'depth': {
      const { number } = (chain.getBlock(tip) as SimulatedBlock).ref
      return chain.ancestorAt(tip, number - rule.confirmations + 1)
    }
    case 'finalized':
      if (rule.plusBlocks + rule.plusS > 0) break
      return final === null ? undefined : chain.getBlock(final)
    case 'safe': {
      if (rule.plusBlocks + rule.plusS > 0) break
      // What is final is safe as well.
      const marks = [safe, final].flatMap((hash) => (hash === null ? [] : [chain.getBlock(hash)]))
      return marks.reduce<SimulatedBlock | undefined>(
        (best, mark) => ((mark?.ref.number ?? -1) > (best?.ref.number ?? -1) ? mark : best),
        undefined,
      )
    }
    default:
  }
  throw new Error(`no history asks for ${JSON.stringify(rule)}`)
}

export function isDeep(
  chain: SimulatedChain,
  rule: FinalityRule,
  standing: Standing,
  blockNumber: number,
): boolean {
  const block = deepestBlock(chain, rule, standing)
  return block !== undefined && blockNumber <= block.ref.number
}

/** Time of the block that is as deep as asked; -1 when there is none. */
export function observedMs(
  chain: SimulatedChain | undefined,
  rule: FinalityRule,
  standing: Standing,
): number {
  const block = chain === undefined ? undefined : deepestBlock(chain, rule, standing)
  return block === undefined ? -1 : block.ref.timestampS * 1_000
}

/** A node's word alone is not enough for less than finality, where there is such a thing. */
export function ruleFor(
  asked: FinalityRule,
  { proofLevel }: Pick<SimulatedBlock, 'proofLevel'>,
  followsTag: boolean,
): FinalityRule {
  const isWeak = followsTag && proofLevel < 2 && asked.kind !== 'finalized'
  return isWeak ? { kind: 'finalized', plusBlocks: 0, plusS: 0 } : asked
}
