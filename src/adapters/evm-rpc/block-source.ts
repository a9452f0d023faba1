/** Whole blocks from whichever node serves them, one by one or, to catch up, several in a request. */
import type { BlockRef, VerifiedBlock } from '../../core/chain/block.ts'
import { expectsProof } from '../../core/chain/chain-settings.ts'
import type { Hash } from '../../core/money/asset.ts'
import { type ChainFaultKind, ChainSourceError } from '../../errors.ts'
import type { ChainSource } from '../../ports/chain-source.ts'
import type { BlockReader } from './block-reader.ts'
import type { ProofDoubt } from './doubt-proofs.ts'
import { inFlight } from './in-flight.ts'
import type { EvmNode } from './node.ts'
import type { Unit } from './node-pool.ts'

/** Groups read at the same time: while one is parsed the others are on their way. */
const GROUPS_IN_FLIGHT = 3
/** Blocks of a group, when they are small; larger ones come alone. */
const MAX_BLOCKS = 8
/** What the two answers of a group should not exceed together. */
const GROUP_BYTES = 1024 * 1024
/** The level of a block that its own header proves. */
const SEALED = 2
/** What each of these blocks, asked for alone, may not have at another node. */
const ABOUT_CONTENT: readonly ChainFaultKind[] = [
  'malformed',
  'inconsistent',
  'disproven',
  'not_there',
]

export type BlockSourceParts = {
  readonly reader: BlockReader
  readonly doubt: ProofDoubt
  readonly onNode: <T>(signal: AbortSignal, unit: Unit<T>) => Promise<T>
  /** Hashes that two nodes or more have. */
  readonly agreed: ReadonlySet<Hash>
}

/** Reads and judges; who is asked, and again, is the pool's affair (node-pool.ts). */
export function createBlockSource(
  parts: BlockSourceParts,
): Pick<ChainSource, 'getBlock' | 'getBlocks'> {
  const { reader, doubt, onNode, agreed } = parts
  const size = createGroupSize()
  // A lie that is odd enough proves and disproves nothing: another node may be plain.
  const isGood = ({ proofLevel }: VerifiedBlock) =>
    proofLevel >= SEALED || !expectsProof(doubt.proofs())

  const accept = (block: VerifiedBlock): VerifiedBlock => {
    doubt.noteBlock(block)
    return block.proofLevel === SEALED && agreed.has(block.ref.hash)
      ? { ...block, proofLevel: 3 }
      : block
  }

  async function getBlock(ref: BlockRef, signal: AbortSignal): Promise<VerifiedBlock> {
    const work = async (node: EvmNode, until: AbortSignal) => {
      try {
        return await reader.read(node, ref, until, doubt.proofs())
      } catch (error) {
        if (isDisproven(error)) doubt.noteDisproven(node, ref.hash)
        throw error
      }
    }
    const read = () => onNode(signal, { kind: 'block', work, isThere: isGood })
    const block = await read().catch((error: unknown) => {
      if (!isDisproven(error) || !doubt.lowerIfAllFail(ref.hash)) throw error
      return read()
    })
    return accept(block)
  }

  /** Null where they have to be asked for one by one, which also tells what is wrong with them. */
  async function readGroup(
    refs: readonly BlockRef[],
    signal: AbortSignal,
  ): Promise<readonly VerifiedBlock[] | null> {
    const work = async (node: EvmNode, until: AbortSignal) =>
      node.receiptsForm === 'one_by_one'
        ? null
        : reader.readTogether(node, refs, until, doubt.proofs())
    try {
      const read = await onNode(signal, { kind: 'blocks', work })
      if (read === null || !read.blocks.every(isGood)) return null
      size.note(refs.length, read.bytes)
      return read.blocks.map(accept)
    } catch (error) {
      size.shrink()
      if (error instanceof ChainSourceError && ABOUT_CONTENT.includes(error.kind)) return null
      throw error
    }
  }

  async function getGroup(refs: readonly BlockRef[], signal: AbortSignal) {
    const together = refs.length === 1 ? null : await readGroup(refs, signal)
    if (together !== null) return together
    const blocks: VerifiedBlock[] = []
    for (const ref of refs) blocks.push(await getBlock(ref, signal))
    return blocks
  }

  async function getBlocks(refs: readonly BlockRef[], signal: AbortSignal) {
    const blocks: VerifiedBlock[] = []
    let next = 0
    await inFlight(GROUPS_IN_FLIGHT, () => {
      if (next >= refs.length) return null
      const place = next
      next += size.blocks()
      const some = refs.slice(place, next)
      return async () => {
        const group = await getGroup(some, signal)
        for (const [i, block] of group.entries()) blocks[place + i] = block
      }
    })
    return blocks
  }

  return { getBlock, getBlocks }
}

type GroupSize = {
  /** How many the next group takes. */
  blocks(): number
  note(blocks: number, bytes: number): void
  /** A group failed: smaller ones may pass where a link is slow or an answer limited. */
  shrink(): void
}

/** Small at first: how large the blocks of a chain are is not known. */
function createGroupSize(): GroupSize {
  let bytesPerBlock = GROUP_BYTES / 2
  let most = MAX_BLOCKS
  return {
    blocks: () => Math.max(1, Math.min(most, Math.floor(GROUP_BYTES / bytesPerBlock))),
    note(blocks, bytes) {
      bytesPerBlock = Math.max(1, bytes / blocks)
      most = Math.min(MAX_BLOCKS, most + 1)
    },
    shrink() {
      most = Math.max(1, Math.floor(most / 2))
    },
  }
}

function isDisproven(error: unknown): boolean {
  return error instanceof ChainSourceError && error.kind === 'disproven'
}
