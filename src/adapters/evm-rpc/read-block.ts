/**
 * A block and its receipts from one node, both by block hash, so that a reorg between the two
 * requests gives "not there" or a mixture that is refused, and never a wrong block. What is read is
 * held against the header: its hash, the roots of transactions and receipts, the bloom of the logs.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import { ChainSourceError } from '../../errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { drive, finish, requireBytes, writeAgain } from './answer-bytes.ts'
import { createCursor } from './json-cursor.ts'
import type { RawAnswer } from './json-rpc-client.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode, ReceiptsForm } from './node.ts'
import { type BlockPart, readBlockJson, readHeaderJson } from './read-block-json.ts'
import {
  beginReceipts,
  beginWithBloom,
  needsBloom,
  type ReceiptReading,
  readReceipt,
  readReceiptsJson,
} from './read-receipts-json.ts'
import { clearItems, type ReadingDesk, type ReadingTerms } from './reading-desk.ts'
import { type JudgedBlock, judgeBlock } from './verify-block.ts'

const BLOCK_METHOD = 'eth_getBlockByHash'
const RECEIPTS_METHOD = 'eth_getBlockReceipts'
const RECEIPT_METHOD = 'eth_getTransactionReceipt'

/** JSON-RPC 2.0: the node has the method and does not take parameters of this form. */
const INVALID_PARAMS = -32602

export type BlockReading = {
  readonly terms: ReadingTerms
  readonly desk: ReadingDesk
  readonly logger: Logger
}

/**
 * The whole block under `ref`, and what was proven of it. Two requests one after the other: together
 * they would save a round trip, and cost a receipts call for every empty block.
 */
export async function readBlock(
  node: EvmNode,
  reading: BlockReading,
  ref: BlockRef,
  signal: AbortSignal,
): Promise<JudgedBlock> {
  const { terms, desk } = reading
  const part = await readLightBlock(node, reading, ref, signal)
  clearItems(desk)
  const begun = beginReceipts(ref, part, terms, desk)
  if (!hasTransactions(part)) return judgeBlock(begun)
  return judgeBlock(await readReceipts(node, reading, part, begun, signal))
}

/** Blocks that were read together, and how large the answers were. */
export type BlocksRead = { readonly blocks: readonly JudgedBlock[]; readonly bytes: number }

/**
 * The whole blocks under `refs` in two requests. One fault refuses all of them; a form of asking for
 * receipts that the node does not take is such a fault, and is not remembered.
 */
export async function readBlocks(
  node: EvmNode,
  reading: BlockReading,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<BlocksRead> {
  const { terms, desk } = reading
  const { client } = node
  const asked = refs.map(({ hash }) => ({ method: BLOCK_METHOD, params: [hash, true] }))
  const answers = await client.batchRaw(asked, signal, desk.answers)
  const parts: BlockPart[] = []
  for (const [place, ref] of refs.entries()) {
    parts.push(await takeBlock(node, reading, ref, answers[place] as RawAnswer, signal))
  }
  const filled = refs.filter((_, place) => hasTransactions(parts[place] as BlockPart))
  const calls = filled.map((ref) => ({
    method: RECEIPTS_METHOD,
    params: [describeBlock(node.receiptsForm, ref)],
  }))
  const receiptsOf = new Map<BlockRef, RawAnswer>()
  for (const [place, answer] of (await client.batchRaw(calls, signal, desk.answers)).entries()) {
    receiptsOf.set(filled[place] as BlockRef, answer)
  }
  const blocks: JudgedBlock[] = []
  for (const [place, ref] of refs.entries()) {
    clearItems(desk)
    const begun = beginReceipts(ref, parts[place] as BlockPart, terms, desk)
    const answer = receiptsOf.get(ref)
    const isEmpty = answer === undefined
    blocks.push(judgeBlock(isEmpty ? begun : await takeReceipts(node, answer, begun, signal)))
  }
  const bytes = [...answers, ...receiptsOf.values()].reduce((sum, one) => sum + sizeOf(one), 0)
  return { blocks, bytes }
}

function hasTransactions({ transactions }: BlockPart): boolean {
  return transactions.list.length > 0
}

function sizeOf(answer: RawAnswer): number {
  return answer.kind === 'bytes' ? answer.body.length : 0
}

/** A block with its transactions and without receipts, and what was proven of it. */
export async function readLightBlock(
  node: EvmNode,
  reading: BlockReading,
  ref: BlockRef,
  signal: AbortSignal,
): Promise<BlockPart> {
  const params = [ref.hash, true]
  const answer = await node.client.callRaw(BLOCK_METHOD, params, signal, reading.desk.answers)
  return takeBlock(node, reading, ref, answer, signal)
}

async function takeBlock(
  node: EvmNode,
  { terms, desk }: BlockReading,
  ref: BlockRef,
  answer: RawAnswer,
  signal: AbortSignal,
): Promise<BlockPart> {
  const cursor = requireBytes(node, BLOCK_METHOD, answer)
  if (cursor === null) throw notThere(node, ref, 'block')
  const part = await drive(cursor, readBlockJson(cursor, ref, terms, desk), signal)
  finish(answer, cursor)
  return part
}

/** Headers alone, in one request: the bloom of each, and what its hash proves. */
export async function readLightHeaders(
  node: EvmNode,
  { terms, desk }: BlockReading,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<ReturnType<typeof readHeaderJson>[]> {
  const calls = refs.map(({ hash }) => ({ method: BLOCK_METHOD, params: [hash, false] }))
  const answers = await node.client.batchRaw(calls, signal, desk.answers)
  return refs.map((ref, place) => {
    const answer = answers[place] as RawAnswer
    const cursor = requireBytes(node, BLOCK_METHOD, answer)
    if (cursor === null) throw notThere(node, ref, 'block')
    const header = readHeaderJson(cursor, ref, terms, desk)
    finish(answer, cursor)
    return header
  })
}

/** Falls from one form of asking to the next and remembers on the node what it takes. */
async function readReceipts(
  node: EvmNode,
  { logger, desk }: BlockReading,
  part: BlockPart,
  receipts: ReceiptReading,
  signal: AbortSignal,
): Promise<ReceiptReading> {
  const { client } = node
  const { ref } = receipts
  while (node.receiptsForm !== 'one_by_one') {
    const form = node.receiptsForm
    const params = [describeBlock(form, ref)]
    const answer = await client.callRaw(RECEIPTS_METHOD, params, signal, desk.answers)
    const refusedForm = answer.kind === 'refused' && answer.code === INVALID_PARAMS
    if (answer.kind === 'unsupported' || refusedForm) {
      node.receiptsForm = planNextForm(form, answer.kind === 'unsupported')
      logger.info({ node: client.name, form: node.receiptsForm }, 'receipts: next form of asking')
      continue
    }
    return takeReceipts(node, answer, receipts, signal)
  }
  return readReceiptsOneByOne(node, part, receipts, signal)
}

async function takeReceipts(
  node: EvmNode,
  answer: RawAnswer,
  receipts: ReceiptReading,
  signal: AbortSignal,
): Promise<ReceiptReading> {
  const cursor = requireBytes(node, RECEIPTS_METHOD, answer)
  if (cursor === null) throw notThere(node, receipts.ref, 'receipts of block')
  await drive(cursor, readReceiptsJson(cursor, receipts), signal)
  finish(answer, cursor)
  return needsBloom(receipts) ? takeReceipts(node, answer, beginAgain(receipts), signal) : receipts
}

function beginAgain({ ref, part, terms, desk }: ReceiptReading): ReceiptReading {
  clearItems(desk)
  return beginWithBloom(ref, part, terms, desk)
}

function describeBlock(form: ReceiptsForm, { hash }: BlockRef): unknown {
  return form === 'by_hash' ? hash : { blockHash: hash }
}

function planNextForm(form: ReceiptsForm, unsupported: boolean): ReceiptsForm {
  return form === 'by_hash' && !unsupported ? 'by_hash_object' : 'one_by_one'
}

/** For nodes of few transactions (Hardhat): each answer is written out again to be read. */
async function readReceiptsOneByOne(
  node: EvmNode,
  part: BlockPart,
  begun: ReceiptReading,
  signal: AbortSignal,
): Promise<ReceiptReading> {
  const { client } = node
  const receipts = beginAgain(begun)
  const { list } = part.transactions
  const calls = list.map(({ hash }) => ({ method: RECEIPT_METHOD, params: [hash] }))
  const answers = await client.batch(calls, signal)
  for (const answer of answers) {
    const value = requireResult(client, RECEIPT_METHOD, answer)
    if (value === null) throw notThere(node, receipts.ref, 'a receipt of block')
    readReceipt(createCursor(writeAgain(value, RECEIPT_METHOD), RECEIPT_METHOD), receipts)
  }
  return receipts
}

function notThere(node: EvmNode, ref: BlockRef, what: string): ChainSourceError {
  const text = `${node.client.name} does not have ${what} ${ref.number} ${ref.hash}`
  return new ChainSourceError('not_there', text)
}
