/**
 * Whether the parts of a block, asked for one after the other, belong together. Between two
 * requests the chain may reorganise or a proxy may switch nodes; a mixture of two blocks would
 * credit money nobody sent, so one field out of place refuses the block as a whole.
 *
 * The checks, in this order: identity, link, counts, contiguity of logs. What they cannot see is a
 * node that leaves out a transaction and its receipt together: that takes the roots of the header.
 */
import type { BlockLog, BlockRef, BlockTransaction, VerifiedBlock } from '../../core/chain/block.ts'
import { ChainSourceError } from '../../errors.ts'
import type { NodeBlock, NodeLog, NodeReceipt, NodeTransaction } from './decode-answers.ts'

/** Root of a trie without entries, keccak256 of the RLP of nothing: that of an empty block. */
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
/** What chains say that compute no such root (zkSync, Tron). */
const NO_ROOT = `0x${'0'.repeat(64)}`

/** The block under `ref`, or a `ChainSourceError` of kind `inconsistent`. Pure. */
export function verifyBlock(
  ref: BlockRef,
  block: NodeBlock,
  receipts: readonly NodeReceipt[],
): VerifiedBlock {
  verifyHeader(ref, block)
  if (receipts.length !== block.transactions.length) {
    const counts = `${receipts.length} receipts for ${block.transactions.length} transactions`
    throw inconsistent(ref, counts)
  }
  const hashes = new Set<string>()
  const transactions: BlockTransaction[] = []
  const logs: BlockLog[] = []
  for (const [index, transaction] of block.transactions.entries()) {
    const receipt = receipts[index]!
    verifyTransaction(ref, transaction, index)
    verifyReceipt(ref, receipt, transaction)
    hashes.add(transaction.hash)
    transactions.push({
      hash: transaction.hash,
      index,
      from: transaction.from,
      to: transaction.to,
      valueUnits: transaction.valueUnits,
      succeeded: receipt.succeeded,
    })
    for (const log of receipt.logs) logs.push(verifyLog(ref, log, transaction, logs.length))
  }
  if (hashes.size !== transactions.length) throw inconsistent(ref, 'one transaction stands twice')
  return { ref, transactions, logs }
}

/** Identity and link of the header, and that a block without transactions says so in its root. */
function verifyHeader(ref: BlockRef, block: NodeBlock): void {
  if (block.number !== ref.number) throw inconsistent(ref, `the node calls it ${block.number}`)
  if (block.hash !== ref.hash) throw inconsistent(ref, `the node sent ${block.hash}`)
  if (block.parentHash !== ref.parentHash) throw inconsistent(ref, 'it has another parent')
  if (block.timestampS !== ref.timestampS) throw inconsistent(ref, 'it has another timestamp')
  const { transactionsRoot: root, transactions } = block
  if (transactions.length === 0 && root !== EMPTY_ROOT && root !== NO_ROOT) {
    throw inconsistent(ref, 'its header commits to transactions and the node sent none')
  }
}

function verifyTransaction(ref: BlockRef, transaction: NodeTransaction, index: number): void {
  if (transaction.blockHash !== ref.hash || transaction.blockNumber !== ref.number) {
    throw inconsistent(ref, `transaction ${index} is of another block`)
  }
  if (transaction.index !== index) {
    throw inconsistent(ref, `transaction ${index} says it is number ${transaction.index}`)
  }
}

function verifyReceipt(ref: BlockRef, receipt: NodeReceipt, transaction: NodeTransaction): void {
  const { index } = transaction
  if (receipt.blockHash !== ref.hash || receipt.blockNumber !== ref.number) {
    throw inconsistent(ref, `receipt ${index} is of another block`)
  }
  if (receipt.transactionHash !== transaction.hash || receipt.transactionIndex !== index) {
    throw inconsistent(ref, `receipt ${index} is of another transaction`)
  }
  if (!receipt.succeeded && receipt.logs.length > 0) {
    throw inconsistent(ref, `receipt ${index} has logs of a failed transaction`)
  }
}

function verifyLog(
  ref: BlockRef,
  log: NodeLog,
  transaction: NodeTransaction,
  index: number,
): BlockLog {
  if (log.blockHash !== ref.hash || log.blockNumber !== ref.number) {
    throw inconsistent(ref, `log ${index} is of another block`)
  }
  if (log.transactionHash !== transaction.hash || log.transactionIndex !== transaction.index) {
    throw inconsistent(ref, `log ${index} is of another transaction`)
  }
  if (log.index !== index) throw inconsistent(ref, `log ${index} says it is number ${log.index}`)
  if (log.removed) throw inconsistent(ref, `log ${index} was removed by a reorg`)
  return {
    index,
    transactionIndex: log.transactionIndex,
    transactionHash: log.transactionHash,
    address: log.address,
    topics: log.topics,
    data: log.data,
  }
}

function inconsistent(ref: BlockRef, what: string): ChainSourceError {
  return new ChainSourceError('inconsistent', `block ${ref.number} ${ref.hash}: ${what}`)
}
