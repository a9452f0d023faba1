/**
 * A block and its receipts from one node, both by block hash, so that a reorg between the two
 * requests gives "not there" or a mixture that the verifier refuses, and never a wrong block.
 */
import type { BlockRef, VerifiedBlock } from '../../core/chain/block.ts'
import { ChainSourceError } from '../../errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { NodeBlock, NodeReceipt } from './decode-answers.ts'
import { decodeBlock, decodeReceipt, decodeReceipts } from './decode-answers.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode, ReceiptsForm } from './node.ts'
import { verifyBlock } from './verify-block.ts'

const BLOCK_METHOD = 'eth_getBlockByHash'
const RECEIPTS_METHOD = 'eth_getBlockReceipts'
const RECEIPT_METHOD = 'eth_getTransactionReceipt'

/** JSON-RPC 2.0: the node has the method and does not take parameters of this form. */
const INVALID_PARAMS = -32602

/**
 * The whole block under `ref`. Two requests one after the other: together they would save a round
 * trip, and cost a receipts call for every empty block and one answer of twice the size in memory.
 */
export async function readBlock(
  node: EvmNode,
  logger: Logger,
  ref: BlockRef,
  signal: AbortSignal,
): Promise<VerifiedBlock> {
  const { client } = node
  const answer = await client.call(BLOCK_METHOD, [ref.hash, true], signal)
  const value = requireResult(client, BLOCK_METHOD, answer)
  if (value === null) throw notThere(node, ref, 'block')
  const block = decodeBlock(value, BLOCK_METHOD)
  const receipts =
    block.transactions.length === 0 ? [] : await readReceipts(node, logger, ref, block, signal)
  return verifyBlock(ref, block, receipts)
}

/** Falls from one form of asking to the next and remembers on the node what it takes. */
async function readReceipts(
  node: EvmNode,
  logger: Logger,
  ref: BlockRef,
  block: NodeBlock,
  signal: AbortSignal,
): Promise<NodeReceipt[]> {
  const { client } = node
  while (node.receiptsForm !== 'one_by_one') {
    const form = node.receiptsForm
    const parameter = form === 'by_hash' ? ref.hash : { blockHash: ref.hash }
    const answer = await client.call(RECEIPTS_METHOD, [parameter], signal)
    const refusedForm = answer.kind === 'refused' && answer.code === INVALID_PARAMS
    if (answer.kind === 'unsupported' || refusedForm) {
      node.receiptsForm = planNextForm(form, answer.kind === 'unsupported')
      logger.info({ node: client.name, form: node.receiptsForm }, 'receipts: next form of asking')
      continue
    }
    const value = requireResult(client, RECEIPTS_METHOD, answer)
    if (value === null) throw notThere(node, ref, 'receipts of block')
    return decodeReceipts(value, ref.hash, RECEIPTS_METHOD)
  }
  return readReceiptsOneByOne(node, ref, block, signal)
}

function planNextForm(form: ReceiptsForm, unsupported: boolean): ReceiptsForm {
  return form === 'by_hash' && !unsupported ? 'by_hash_object' : 'one_by_one'
}

async function readReceiptsOneByOne(
  node: EvmNode,
  ref: BlockRef,
  block: NodeBlock,
  signal: AbortSignal,
): Promise<NodeReceipt[]> {
  const { client } = node
  const calls = block.transactions.map(({ hash }) => ({ method: RECEIPT_METHOD, params: [hash] }))
  const answers = await client.batch(calls, signal)
  return answers.map((answer) => {
    const value = requireResult(client, RECEIPT_METHOD, answer)
    if (value === null) throw notThere(node, ref, 'a receipt of block')
    return decodeReceipt(value, ref.hash, RECEIPT_METHOD)
  })
}

function notThere(node: EvmNode, ref: BlockRef, what: string): ChainSourceError {
  const text = `${node.client.name} does not have ${what} ${ref.number} ${ref.hash}`
  return new ChainSourceError('not_there', text)
}
