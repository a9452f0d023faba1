/** The latest round of a contract with the read interface of Chainlink's aggregators. */
import type { Address } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import type { FeedReading } from '../../ports/price-feed.ts'
import { type RpcAnswer, requireResult } from './json-rpc-client.ts'
import { isRevert } from './judge-rpc-error.ts'
import type { EvmNode } from './node.ts'

/** `latestRoundData()`, `decimals()`, `description()`. */
const SELECTORS = ['0xfeaf968c', '0x313ce567', '0x7284e416'] as const
const WORD_CHARS = 64
/** More digits than any feed has; a larger number is no count of decimals. */
const MAX_DECIMALS = 36n
const BYTES = /^0x(?:[0-9a-fA-F]{2})*$/
/** Longest description that is read; those of real feeds have some 10 characters. */
const DESCRIPTION_BYTES_MAX = 200
const LATEST_S = BigInt(Number.MAX_SAFE_INTEGER)

/** Null when the contract is none, or answers in another shape. Rejects when the node does not. */
export async function readPriceFeed(
  node: EvmNode,
  address: Address,
  signal: AbortSignal,
): Promise<FeedReading | null> {
  const calls = SELECTORS.map((data) => ({
    method: 'eth_call',
    params: [{ to: address, data }, 'latest'],
  }))
  const answers = await node.client.batch(calls, signal)
  const [round, digits, text] = answers.map((answer) => readWords(node, answer))
  if (round === undefined || round === null || round.length < 5) return null
  const decimals = digits?.[0]
  if (decimals === undefined || BigInt(decimals) > MAX_DECIMALS) return null
  const updatedAtS = BigInt(round[3]!)
  return {
    answer: BigInt.asIntN(256, BigInt(round[1]!)),
    decimals: Number.parseInt(decimals, 16),
    // Beyond any time: still in the future for whoever judges it.
    updatedAtS: Number(updatedAtS > LATEST_S ? LATEST_S : updatedAtS),
    description: text === undefined || text === null ? null : readText(text),
  }
}

/** The answer in words of 32 bytes; null where the chain says that there is nothing to read. */
function readWords(node: EvmNode, answer: RpcAnswer): `0x${string}`[] | null {
  if (answer.kind === 'refused' && isRevert(answer)) return null
  const value = requireResult(node.client, 'eth_call', answer)
  if (typeof value !== 'string' || !BYTES.test(value)) {
    throw new ChainSourceError('malformed', 'eth_call: the result is not bytes of hex')
  }
  const words = value.slice(2).match(/.{64}/g) ?? []
  return words.map((word) => `0x${word}` as const)
}

/** ABI text: offset, length, bytes. Null for anything else. */
function readText(words: readonly `0x${string}`[]): string | null {
  const [offset, length, ...rest] = words
  if (offset === undefined || length === undefined || BigInt(offset) !== 32n) return null
  if (BigInt(length) > DESCRIPTION_BYTES_MAX) return null
  const bytes = Number.parseInt(length, 16)
  const digits = rest.map((word) => word.slice(2)).join('')
  if (digits.length < bytes * 2 || digits.length > bytes * 2 + WORD_CHARS) return null
  return Buffer.from(digits.slice(0, bytes * 2), 'hex').toString('utf8')
}
