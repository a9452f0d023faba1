/** Whole blocks of one chain: read, held against their headers, and refused where that fails. */
import type { BlockRef, VerifiedBlock } from '../../core/chain/block.ts'
import type { ProofSwitches } from '../../core/chain/chain-settings.ts'
import type { WatchedContent } from '../../core/chain/watched-content.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Metrics } from '../../ports/metrics.ts'
import { createContractTable } from './contract-table.ts'
import { loadKeccak } from './keccak.ts'
import type { EvmNode } from './node.ts'
import { type BlockReading, readBlock, readBlocks } from './read-block.ts'
import { createDeskRoom } from './reading-desk.ts'
import { createProofReporter } from './report-proof.ts'

export type ReadingSettings = {
  readonly chainId: number
  readonly watched: WatchedContent
  /** Blocks come without transfers among strangers (`watched.isStranger`). Default: false. */
  readonly leavesOutStrangers?: boolean
  readonly proofs: ProofSwitches
  /** Transaction types that stand outside roots and bloom. */
  readonly excludedTxTypes?: readonly number[]
  readonly metrics?: Metrics
  readonly logger: Logger
}

/** Reads blocks from one node, and holds them to `proofs` (doubt-proofs.ts). */
export type BlockReader = {
  read(
    node: EvmNode,
    ref: BlockRef,
    signal: AbortSignal,
    proofs: ProofSwitches,
  ): Promise<VerifiedBlock>
  /** Several in two requests, and the bytes that their answers took. All or none. */
  readTogether(
    node: EvmNode,
    refs: readonly BlockRef[],
    signal: AbortSignal,
    proofs: ProofSwitches,
  ): Promise<{ readonly blocks: readonly VerifiedBlock[]; readonly bytes: number }>
}

const NO_METRICS: Metrics = { count() {} }

export function createBlockReader(settings: ReadingSettings): BlockReader {
  const { chainId, watched, excludedTxTypes = [], logger, metrics = NO_METRICS } = settings
  const { native, isOwnSender = () => false } = watched
  const isStranger = settings.leavesOutStrangers === true ? watched.isStranger : undefined
  const contracts = createContractTable(watched.contracts)
  const reporter = createProofReporter({ chainId, logger, metrics })
  const room = createDeskRoom()
  const atDesk = async <T>(
    proofs: ProofSwitches,
    work: (reading: BlockReading) => Promise<T>,
  ): Promise<T> => {
    const keccak = await loadKeccak()
    const told = { contracts, native, isOwnSender, isStranger }
    const terms = { ...told, proofs, excludedTxTypes, keccak }
    const desk = room.borrow()
    try {
      return await work({ terms, desk, logger })
    } finally {
      room.giveBack(desk)
    }
  }
  return {
    read: (node, ref, signal, proofs) =>
      atDesk(proofs, async (reading) => {
        const judged = await readBlock(node, reading, ref, signal)
        return reporter.accept(node.client.name, judged, proofs)
      }),
    readTogether: (node, refs, signal, proofs) =>
      atDesk(proofs, async (reading) => {
        const { blocks, bytes } = await readBlocks(node, reading, refs, signal)
        const { name } = node.client
        return { blocks: blocks.map((one) => reporter.accept(name, one, proofs)), bytes }
      }),
  }
}
