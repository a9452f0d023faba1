/**
 * What the tags of the nodes mean for our chain. A tag counts only as far as the block it names is
 * ours, and by the lowest of the nodes that agree; what was final once stays final.
 *
 *     ring   b1 -- b2 -- b3 -- b4 -- b5
 *     nodes  A: b3   B: b2                 -> b2: the lower of two that agree with us
 *            A: b3   B: c3                 -> as before: one against one says nothing
 *            A: c3                         -> contradicted: our chain is not the node's
 *            A: b9 (above), or below ring  -> as before: it cannot be compared yet
 */
import {
  type BlockMark,
  blockAt,
  type FinalityMarks,
  type LocalChain,
  marksOf,
  tipOf,
  toMark,
} from './local-chain.ts'

/** What one node calls final and safe; null where it does not say. */
export type FinalityClaim = {
  /** The node, by `host:port`. */
  readonly provider: string
  readonly finalized: BlockMark | null
  readonly safe: BlockMark | null
}

/** Why the tag does not help right now: large amounts wait. */
export type FinalityFault =
  /** No node says what is final. */
  | 'missing'
  /** It has not moved for long, while the head has. */
  | 'stuck'
  /** Every node shows less than was final before. */
  | 'regressed'
  /** Nodes call different blocks final. */
  | 'disputed'

export type FinalityVerdict =
  | {
      readonly kind: 'accepted'
      readonly marks: FinalityMarks
      readonly fault: Exclude<FinalityFault, 'stuck'> | null
    }
  /** What the nodes call final is not the block we hold there. */
  | { readonly kind: 'contradicted'; readonly mark: BlockMark }

export function judgeFinality(
  chain: LocalChain,
  claims: readonly FinalityClaim[],
): FinalityVerdict {
  const held = marksOf(chain)
  const named = claims.flatMap(({ finalized }) => (finalized === null ? [] : [finalized]))
  const safes = claims.flatMap(({ safe }) => (safe === null ? [] : [safe]))
  const safe = raise(held.safe, lowest(oursOf(chain, safes)))
  const keep = (fault: Exclude<FinalityFault, 'stuck'> | null): FinalityVerdict => {
    return { kind: 'accepted', marks: { safe, finalized: held.finalized }, fault }
  }
  if (named.length === 0) return keep('missing')
  const ours = oursOf(chain, named)
  const others = named.filter((mark) => isOther(chain, mark))
  const above = named.filter((mark) => mark.number > tipOf(chain).number)
  const [contradicting] = others
  if (contradicting !== undefined && others.length > ours.length + above.length) {
    return { kind: 'contradicted', mark: contradicting }
  }
  if (others.length > 0 && others.length >= ours.length) return keep('disputed')
  const highestNamed = Math.max(...named.map(({ number }) => number))
  if (held.finalized !== null && highestNamed < held.finalized.number) return keep('regressed')
  const finalized = raise(held.finalized, lowest(ours))
  const fault = others.length > 0 ? 'disputed' : null
  return { kind: 'accepted', marks: { safe, finalized }, fault }
}

/** Those that name a block we hold, as we hold it. */
function oursOf(chain: LocalChain, marks: readonly BlockMark[]): BlockMark[] {
  return marks.flatMap(({ number, hash }) => {
    const block = blockAt(chain, number)
    return block?.hash === hash ? [toMark(block)] : []
  })
}

function isOther(chain: LocalChain, mark: BlockMark): boolean {
  const block = blockAt(chain, mark.number)
  return block !== null && block.hash !== mark.hash
}

function lowest(marks: readonly BlockMark[]): BlockMark | null {
  return marks.reduce<BlockMark | null>(
    (low, mark) => (low === null || mark.number < low.number ? mark : low),
    null,
  )
}

function raise(held: BlockMark | null, mark: BlockMark | null): BlockMark | null {
  return mark !== null && mark.number > (held?.number ?? -1) ? mark : held
}
