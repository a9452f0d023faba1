/**
 * Which head several nodes agree on: the highest block that at least two of them have. A node that
 * is behind the others disagrees with nobody; one that has another hash at the same height does.
 * Hashes link, so agreement on one block is agreement on everything below it. Where the heads are
 * equal, or one is the parent of the other, they say so themselves and nothing more is asked.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import type { Hash } from '../../core/money/asset.ts'

/** A node and the head it shows. `Node` is opaque here: it is asked, and named in the result. */
export type Voter<Node> = { readonly node: Node; readonly head: BlockRef }

/** Headers a node has at these heights, in this order; null where it has none or cannot say. */
export type AskHeaders<Node> = (
  node: Node,
  numbers: readonly number[],
) => Promise<readonly (BlockRef | null)[]>

export type Agreement<Node> = {
  /** Null when no two nodes have a block in common within the depth that is looked at. */
  readonly head: BlockRef | null
  /** The nodes that are known to have it. */
  readonly holders: readonly Node[]
  /** Lowest height at which they have different blocks and no majority; null when there is none. */
  readonly conflictAt: number | null
  /** Nodes that have another block at a height where a majority agrees. */
  readonly dissenters: readonly Node[]
}

/** Heights below a conflict that are asked for in one request, each twice as deep as the last. */
const PROBES = 12
/** Heights between the last two probes that are asked for in one request. */
const REFINEMENTS = 16

/** What is known of each node's chain, so that nothing is asked twice in one poll. */
type Ballot<Node> = {
  readonly voters: readonly Voter<Node>[]
  readonly ask: AskHeaders<Node>
  readonly isAgreed: (hash: Hash) => boolean
  /** By height; null where a node has no block or cannot say. */
  readonly known: Map<Node, Map<number, Known | null>>
}

/** The hash of a block, and the rest of its header unless a child told the hash. */
type Known = { readonly hash: Hash; readonly ref: BlockRef | null }

type Vote<Node> = { readonly hash: Hash; readonly voters: readonly Voter<Node>[] }

/**
 * Two or more voters. Asks little: nothing where tips agree, one header per poll for a laggard.
 * `isAgreed` knows blocks that were agreed on before: a head that is one of them only lags.
 */
export async function agreeOnHead<Node>(
  voters: readonly Voter<Node>[],
  ask: AskHeaders<Node>,
  isAgreed: (hash: Hash) => boolean,
): Promise<Agreement<Node>> {
  const ballot: Ballot<Node> = { voters, ask, isAgreed, known: new Map() }
  for (const { node, head } of voters) note(ballot, node, head)
  const shown = voters.map(({ head }) => head.number).toSorted((a, b) => b - a)
  let conflictAt: number | null = null
  for (const height of new Set(shown.slice(1))) {
    const votes = await countVotes(ballot, height)
    const majority = findMajority(votes)
    if (majority === null) {
      if (votes.length > 1) conflictAt = height
      continue
    }
    const dissenters = await findDissenters(ballot, height, majority, votes)
    // Fewer than those who contradict them, though higher: no majority after all.
    if (dissenters.length >= majority.voters.length) {
      conflictAt = height
      continue
    }
    return describe(ballot, height, majority, conflictAt, dissenters)
  }
  return findCommonBlock(ballot, Math.min(...shown), conflictAt)
}

async function describe<Node>(
  ballot: Ballot<Node>,
  height: number,
  majority: Vote<Node>,
  conflictAt: number | null,
  dissenters: readonly Node[],
): Promise<Agreement<Node>> {
  const holders = majority.voters.map(({ node }) => node)
  for (const { node } of majority.voters) {
    const ref = ballot.known.get(node)?.get(height)?.ref ?? null
    if (ref !== null) return { head: ref, holders, conflictAt, dissenters }
  }
  // Known from the parent hash of a head alone: the rest of the header is asked for.
  for (const node of holders) {
    const [header = null] = await ballot.ask(node, [height])
    if (header?.hash === majority.hash) return { head: header, holders, conflictAt, dissenters }
  }
  return { head: null, holders: [], conflictAt, dissenters }
}

/** Those who have another block at the height, and lower ones who are on another branch. */
async function findDissenters<Node>(
  ballot: Ballot<Node>,
  height: number,
  majority: Vote<Node>,
  votes: readonly Vote<Node>[],
): Promise<Node[]> {
  const dissenters = votes
    .filter((vote) => vote !== majority)
    .flatMap((vote) => vote.voters.map(({ node }) => node))
  const [first] = majority.voters as [Voter<Node>]
  for (const { node, head } of ballot.voters) {
    if (head.number >= height || ballot.isAgreed(head.hash)) continue
    const below = await hashAt(ballot, first, head.number)
    if (below !== null && below !== head.hash) dissenters.push(node)
  }
  return dissenters
}

/** The highest block that a majority has below a conflict. */
async function findCommonBlock<Node>(
  ballot: Ballot<Node>,
  below: number,
  conflictAt: number | null,
): Promise<Agreement<Node>> {
  /** Lowest height known to be in conflict, and the next candidates under it. */
  let conflict = below
  let heights = planProbes(below)
  let found: { height: number; majority: Vote<Node> } | null = null
  while (heights.length > 0) {
    await askAll(ballot, heights)
    for (const height of heights) {
      const majority = findMajority(await countVotes(ballot, height))
      if (majority !== null) {
        found = { height, majority }
        break
      }
      conflict = Math.min(conflict, height)
    }
    heights = found === null ? [] : planRefinements(found.height, conflict)
  }
  if (found === null) return { head: null, holders: [], conflictAt, dissenters: [] }
  const at = conflictAt === null ? null : Math.min(conflictAt, conflict)
  return describe(ballot, found.height, found.majority, at, [])
}

/** Descending: 1, 2, 4, ... below. The first is mostly answered by the parents of the heads. */
function planProbes(below: number): number[] {
  return Array.from({ length: PROBES }, (_, i) => below - 2 ** i).filter((height) => height >= 0)
}

/** Descending heights between what is agreed and what is in conflict. */
function planRefinements(agreed: number, conflict: number): number[] {
  const gap = conflict - agreed - 1
  const step = Math.max(1, Math.ceil(gap / REFINEMENTS))
  const heights: number[] = []
  for (let height = conflict - 1; height > agreed; height -= step) heights.push(height)
  return heights
}

async function countVotes<Node>(ballot: Ballot<Node>, height: number): Promise<Vote<Node>[]> {
  const votes = new Map<Hash, Voter<Node>[]>()
  for (const voter of ballot.voters) {
    const hash = await hashAt(ballot, voter, height)
    if (hash === null) continue
    votes.set(hash, [...(votes.get(hash) ?? []), voter])
  }
  return [...votes].map(([hash, voters]) => ({ hash, voters }))
}

/** At least two, and more than any others. */
function findMajority<Node>(votes: readonly Vote<Node>[]): Vote<Node> | null {
  const [most, next] = votes.toSorted((a, b) => b.voters.length - a.voters.length)
  if (most === undefined || most.voters.length < 2) return null
  return next !== undefined && next.voters.length === most.voters.length ? null : most
}

/** The hash a voter has at a height; null above its head, and when it cannot say. */
async function hashAt<Node>(
  ballot: Ballot<Node>,
  voter: Voter<Node>,
  height: number,
): Promise<Hash | null> {
  if (height > voter.head.number) return null
  if (!isKnown(ballot, voter.node, height)) await askFor(ballot, voter, [height])
  return ballot.known.get(voter.node)?.get(height)?.hash ?? null
}

/** All at once what the first of these heights does not settle by itself. */
async function askAll<Node>(ballot: Ballot<Node>, heights: readonly number[]): Promise<void> {
  const [first] = heights as [number]
  if (findMajority(await countVotes(ballot, first)) !== null) return
  await Promise.all(
    ballot.voters.map((voter) => {
      const numbers = heights.filter(
        (height) => height < voter.head.number && !isKnown(ballot, voter.node, height),
      )
      return numbers.length === 0 ? undefined : askFor(ballot, voter, numbers)
    }),
  )
}

async function askFor<Node>(
  ballot: Ballot<Node>,
  { node }: Voter<Node>,
  numbers: readonly number[],
): Promise<void> {
  const headers = await ballot.ask(node, numbers)
  for (const [i, number] of numbers.entries()) {
    const header = headers[i] ?? null
    if (header === null) blocksOf(ballot, node).set(number, null)
    else note(ballot, node, header)
  }
}

function note<Node>(ballot: Ballot<Node>, node: Node, header: BlockRef): void {
  const blocks = blocksOf(ballot, node)
  blocks.set(header.number, { hash: header.hash, ref: header })
  if (header.number > 0 && !blocks.has(header.number - 1)) {
    blocks.set(header.number - 1, { hash: header.parentHash, ref: null })
  }
}

function blocksOf<Node>({ known }: Ballot<Node>, node: Node): Map<number, Known | null> {
  const blocks = known.get(node) ?? new Map<number, Known | null>()
  known.set(node, blocks)
  return blocks
}

function isKnown<Node>({ known }: Ballot<Node>, node: Node, height: number): boolean {
  return known.get(node)?.has(height) ?? false
}
