/** Value and fees of the transactions that one address sent in a block. */
import type { BlockRef } from '../../core/chain/block.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import { readHash } from './decode-answers.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'

const BLOCK = 'eth_getBlockByHash'
const RECEIPT = 'eth_getTransactionReceipt'

type Fields = Readonly<Record<string, unknown>>
type Sent = { readonly hash: Hash; readonly to: unknown; readonly valueUnits: bigint }

const UINT256 = /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/

/**
 * Gas at its effective price, the blob fee (EIP-4844), and what rollups charge for the chain below
 * (`l1Fee`, OP Stack) are fees.
 */
export async function readSpentUnits(
  node: EvmNode,
  ref: BlockRef,
  address: Address,
  signal: AbortSignal,
): Promise<bigint> {
  const found = await node.client.call(BLOCK, [ref.hash, true], signal)
  const value = requireResult(node.client, BLOCK, found)
  if (value === null || typeof value !== 'object') throw notThere(node, ref)
  const sent = readSent(node, value as Fields, ref, address)
  const calls = sent.map(({ hash }) => ({ method: RECEIPT, params: [hash] }))
  const answers = calls.length === 0 ? [] : await node.client.batch(calls, signal)
  let spentUnits = 0n
  for (const [index, { hash, to, valueUnits }] of sent.entries()) {
    const receipt = requireResult(node.client, RECEIPT, answers[index]!)
    if (receipt === null || typeof receipt !== 'object') throw notThere(node, ref)
    const fields = receipt as Fields
    if (fields.transactionHash !== hash || fields.blockHash !== ref.hash) {
      const text = `${node.client.name} sent a receipt of another block or transaction`
      throw new ChainSourceError('inconsistent', text)
    }
    const gasUnits = readUnits(fields.gasUsed) * readUnits(fields.effectiveGasPrice)
    const blobUnits =
      readUnits(fields.blobGasUsed ?? '0x0') * readUnits(fields.blobGasPrice ?? '0x0')
    spentUnits += gasUnits + blobUnits + readUnits(fields.l1Fee ?? '0x0')
    if (fields.status === '0x1' && to !== address) spentUnits += valueUnits
  }
  return spentUnits
}

function readSent(node: EvmNode, block: Fields, ref: BlockRef, address: Address): Sent[] {
  const { hash, transactions } = block
  if (hash !== ref.hash || !Array.isArray(transactions)) {
    throw new ChainSourceError('inconsistent', `${node.client.name} sent another block`)
  }
  return (transactions as Fields[])
    .filter(({ from }) => lower(from) === address)
    .map((sent) => ({
      hash: readHash(sent.hash, BLOCK, 'transactions[].hash'),
      to: lower(sent.to),
      valueUnits: readUnits(sent.value),
    }))
}

function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}

function readUnits(value: unknown): bigint {
  if (typeof value === 'string' && UINT256.test(value)) return BigInt(value)
  throw new ChainSourceError('malformed', `${RECEIPT}: a fee is no number`)
}

function notThere(node: EvmNode, ref: BlockRef): ChainSourceError {
  return new ChainSourceError('not_there', `${node.client.name} does not have block ${ref.hash}`)
}
