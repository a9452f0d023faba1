/** Reads answers of a node as the chain source does, without a node. */
import { keccak_256 } from '@noble/hashes/sha3'
import { createContractTable } from '../../../src/adapters/evm-rpc/contract-table.ts'
import { createCursor, expectEnd } from '../../../src/adapters/evm-rpc/json-cursor.ts'
import { readBlockJson } from '../../../src/adapters/evm-rpc/read-block-json.ts'
import {
  beginWithBloom,
  readReceiptsJson,
} from '../../../src/adapters/evm-rpc/read-receipts-json.ts'
import {
  clearItems,
  createDesk,
  type ReadingTerms,
} from '../../../src/adapters/evm-rpc/reading-desk.ts'
import { type JudgedBlock, judgeBlock } from '../../../src/adapters/evm-rpc/verify-block.ts'
import type { BlockRef } from '../../../src/core/chain/block.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { Address } from '../../../src/core/money/asset.ts'

/** The method that stands in complaints. */
export const METHOD = 'eth_method'

const desk = createDesk()

/** noble's keccak: another one than the gateway's. */
export function createTerms(
  contracts: readonly Address[],
  overrides: Partial<ReadingTerms> = {},
): ReadingTerms {
  return {
    contracts: createContractTable(new Set(contracts)),
    native: true,
    isOwnSender: () => false,
    proofs: setAllProofs('on'),
    excludedTxTypes: [],
    keccak: keccak_256,
    ...overrides,
  }
}

/** Both answers as text, or as values that are written as JSON. The bloom is held against its logs. */
export function readAnswers(
  ref: BlockRef,
  answers: { readonly block: unknown; readonly receipts: unknown },
  terms: ReadingTerms,
): JudgedBlock {
  const block = open(answers.block)
  const part = run(readBlockJson(block, ref, terms, desk))
  expectEnd(block)
  clearItems(desk)
  const reading = beginWithBloom(ref, part, terms, desk)
  const receipts = open(answers.receipts)
  run(readReceiptsJson(receipts, reading))
  expectEnd(receipts)
  return judgeBlock(reading)
}

function open(answer: unknown) {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
  return createCursor(Buffer.from(text), METHOD)
}

function run<Result>(reader: Generator<void, Result>): Result {
  for (let step = reader.next(); ; step = reader.next()) if (step.done === true) return step.value
}
