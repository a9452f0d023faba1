/**
 * Balances of many addresses right after one block, in one call. The call is code that is never
 * deployed: it returns the height, the chain id and the parent's hash it ran under, then the
 * balances, so that the answer itself says which block was read. A node that ignores the block it
 * was asked for, or answers for `latest`, is thus found out.
 *
 *     NUMBER | CHAINID | BLOCKHASH(NUMBER - 1) | balance | balance | ...       32 bytes each
 *
 * Of two blocks with the same parent the answer cannot tell which was read: the pin by hash
 * (EIP-1898) does that. Multicall3 would answer the same on the chains where it is deployed.
 */
import { assert } from '../../core/assert.ts'
import type { BlockRef } from '../../core/chain/block.ts'
import type { Address } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'

/**
 * The answer is the code of a contract that is about to be made, of 24,576 bytes at most (EIP-170):
 * 765 words beside the context. Some nodes also bound the calldata; 500 is well below both.
 */
export const BALANCES_PER_CALL = 500

const CALL = 'eth_call'
const BALANCE = 'eth_getBalance'
const UINT256 = /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/
const WORD_CHARS = 64
const CONTEXT_WORDS = 3
/** PUSH1 0, MSTORE of NUMBER, CHAINID and the hash of the block before. */
const CONTEXT_CODE = '43600052466020526001430340604052'
const PUSH2 = '61'
const PUSH20 = '73'
const BALANCE_MSTORE = '31'
const MSTORE = '52'

/** Null when the node runs no such code: other rules of creation, a bound on gas, no pin by hash. */
export async function callBalances(
  node: EvmNode,
  chainId: number,
  ref: BlockRef,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<readonly bigint[] | null> {
  assert(addresses.length <= BALANCES_PER_CALL, 'the caller splits what one call cannot hold')
  const params = [{ data: encodeCode(addresses) }, { blockHash: ref.hash }]
  const answer = await node.client.call(CALL, params, signal)
  if (answer.kind === 'unsupported' || answer.kind === 'refused') return null
  const value = requireResult(node.client, CALL, answer)
  const words = readWords(value, CONTEXT_WORDS + addresses.length)
  if (words === null) {
    if (value === '0x') return null
    throw new ChainSourceError('malformed', `${CALL}: the result is not the balances asked for`)
  }
  const [number, chain, parent] = words as [bigint, bigint, bigint]
  const isThisBlock =
    number === BigInt(ref.number) && chain === BigInt(chainId) && parent === BigInt(ref.parentHash)
  if (!isThisBlock) {
    const text = `${node.client.name} read balances at block ${number}, not at ${ref.number} ${ref.hash}`
    throw new ChainSourceError('inconsistent', text)
  }
  return words.slice(CONTEXT_WORDS)
}

/**
 * One by one, for nodes that run no such code. The block is pinned by its hash; without a context in
 * the answer this rests on the node's word. Null when the node takes no pin.
 */
export async function askBalances(
  node: EvmNode,
  ref: BlockRef,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<readonly bigint[] | null> {
  const calls = addresses.map((address) => {
    return { method: BALANCE, params: [address, { blockHash: ref.hash }] }
  })
  const answers = await node.client.batch(calls, signal)
  if (answers.some(({ kind }) => kind === 'unsupported' || kind === 'refused')) return null
  return answers.map((answer) => {
    const value = requireResult(node.client, BALANCE, answer)
    if (typeof value === 'string' && UINT256.test(value)) return BigInt(value)
    throw new ChainSourceError('malformed', `${BALANCE}: the result is no number`)
  })
}

function encodeCode(addresses: readonly Address[]): string {
  const balances = addresses.map((address, index) => {
    const at = (CONTEXT_WORDS + index) * 32
    return PUSH20 + address.slice(2) + BALANCE_MSTORE + PUSH2 + hex16(at) + MSTORE
  })
  const size = (CONTEXT_WORDS + addresses.length) * 32
  // RETURN(0, size)
  return `0x${CONTEXT_CODE}${balances.join('')}${PUSH2}${hex16(size)}6000f3`
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0')
}

function readWords(value: unknown, count: number): bigint[] | null {
  if (typeof value !== 'string' || value.length !== 2 + count * WORD_CHARS) return null
  if (!/^0x[0-9a-f]*$/i.test(value)) return null
  return Array.from({ length: count }, (_, index) => {
    const start = 2 + index * WORD_CHARS
    return BigInt(`0x${value.slice(start, start + WORD_CHARS)}`)
  })
}
