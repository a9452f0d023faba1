/**
 * What reading a block needs beside the block: terms, and buffers that are used again. One desk reads
 * one block at a time; a source keeps a few.
 */
import type { ProofSwitches } from '../../core/chain/chain-settings.ts'
import type { WatchedContent } from '../../core/chain/watched-content.ts'
import type { Address } from '../../core/money/asset.ts'
import type { BlockProof } from '../../core/proof/block-proof.ts'
import { createSeenEntries, type SeenEntries } from '../../core/proof/logs-bloom.ts'
import { createRlpSink, type RlpSink } from '../../core/proof/rlp-sink.ts'
import { createTrieItems, type Keccak, type TrieItems } from '../../core/proof/trie-root.ts'
import { type AnswerRoom, createAnswerRoom } from './answer-room.ts'
import type { ContractTable } from './contract-table.ts'

export type ReadingTerms = {
  readonly contracts: ContractTable
  readonly native: boolean
  /** As sender of value they must have signed: what they send is no payment. */
  isOwnSender(address: Address): boolean
  /** Nobody here has the address of these digits: transfers of tokens to it are left out. */
  readonly isStranger?: WatchedContent['isStranger']
  readonly proofs: ProofSwitches
  readonly excludedTxTypes: readonly number[]
  readonly keccak: Keccak
}

export type ReadingDesk = {
  /** Transactions or receipts, whichever is read. */
  readonly items: TrieItems
  /** Lists of a transaction, headers, what was signed. */
  readonly scratch: RlpSink
  readonly seen: SeenEntries
  /** Where answers stand while they are read. What is read of them holds none of their bytes. */
  readonly answers: AnswerRoom
}

/** Most blocks fit; larger ones let the buffer grow. */
const ITEM_BYTES = 256 * 1024
const SCRATCH_BYTES = 16 * 1024
/** A buffer that one huge block left is not kept for the small ones. */
const KEPT_BYTES = 4 * 1024 * 1024

export function createDesk(seen: SeenEntries = createSeenEntries()): ReadingDesk {
  const items = createTrieItems(createRlpSink(ITEM_BYTES))
  return { items, scratch: createRlpSink(SCRATCH_BYTES), seen, answers: createAnswerRoom() }
}

/** Clears the desk for the next list of items. */
export function clearItems({ items }: ReadingDesk): void {
  items.count = 0
  items.sink.end = 0
}

export type DeskRoom = { borrow(): ReadingDesk; giveBack(desk: ReadingDesk): void }

/** Desks for the blocks that are read at the same time. */
export function createDeskRoom(): DeskRoom {
  const seen = createSeenEntries()
  const free: ReadingDesk[] = []
  return {
    borrow: () => free.pop() ?? createDesk(seen),
    giveBack(desk) {
      desk.answers.clear()
      if (desk.items.sink.bytes.length + desk.scratch.bytes.length <= KEPT_BYTES) free.push(desk)
    },
  }
}

/** Whether the terms ask for this proof at all. */
export function isAsked({ proofs }: ReadingTerms, name: keyof BlockProof): boolean {
  return proofs[name] !== 'off'
}
