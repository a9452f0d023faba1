/** Where a transaction stands: its receipt and itself, asked for together. */
import type { Address, Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import type { TransactionSighting } from '../../ports/chain-source.ts'
import { readHash, readQuantity } from './decode-answers.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'

const RECEIPT = 'eth_getTransactionReceipt'
const TRANSACTION = 'eth_getTransactionByHash'
/** keccak256("Transfer(address,address,uint256)"), EIP-20. */
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const TOPIC = /^0x0{24}([0-9a-f]{40})$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i

/** As the port says. What is read here decides nothing about money: the block is read for that. */
export async function readTransaction(
  node: EvmNode,
  hash: Hash,
  signal: AbortSignal,
): Promise<TransactionSighting> {
  const calls = [RECEIPT, TRANSACTION].map((method) => ({ method, params: [hash] }))
  const [receiptAnswer, answer] = await node.client.batch(calls, signal)
  const receipt = requireObject(node, RECEIPT, receiptAnswer)
  if (receipt === null) {
    return { kind: requireObject(node, TRANSACTION, answer) === null ? 'unknown' : 'pending' }
  }
  if (readHash(receipt.transactionHash, RECEIPT, 'transactionHash') !== hash) {
    throw new ChainSourceError('inconsistent', `${node.client.name} sent another receipt`)
  }
  const block = {
    number: readQuantity(receipt.blockNumber, RECEIPT, 'blockNumber'),
    hash: readHash(receipt.blockHash, RECEIPT, 'blockHash'),
  }
  if (receipt.status === '0x0') return { kind: 'failed', block }
  return { kind: 'mined', block, touched: listTouched(receipt) }
}

type Fields = Readonly<Record<string, unknown>>
type Answer = Parameters<typeof requireResult>[2]

function requireObject(node: EvmNode, method: string, answer: Answer | undefined): Fields | null {
  const value = requireResult(node.client, method, answer as Answer)
  if (value === null) return null
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields
  throw new ChainSourceError('malformed', `${method}: the result is no object`)
}

/** Who it was sent to, and who its Transfer logs name. */
function listTouched({ to, logs }: Fields): Address[] {
  const touched = new Set<string>()
  if (typeof to === 'string' && ADDRESS.test(to)) touched.add(to.toLowerCase())
  for (const log of Array.isArray(logs) ? (logs as { topics?: unknown }[]) : []) {
    const topics = Array.isArray(log?.topics) ? (log.topics as unknown[]) : []
    const recipient = topics[0] === TRANSFER_TOPIC ? TOPIC.exec(String(topics[2])) : null
    if (recipient !== null) touched.add(`0x${recipient[1]?.toLowerCase()}`)
  }
  return [...touched] as Address[]
}
