/**
 * What addresses have of a token, and what they sent away: the cross-check of Transfer events. Each
 * question is pinned to a block: by hash (EIP-1898) where the node takes it, else by height, with the
 * header of that height read before and after in the same request.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import { ChainSourceError } from '../../errors.ts'
import type { BalanceQuestion } from '../../ports/chain-source.ts'
import { decodeHeader, readQuantity } from './decode-answers.ts'
import type { RpcAnswer, RpcCall } from './json-rpc-client.ts'
import { requireResult } from './json-rpc-client.ts'
import { isRevert } from './judge-rpc-error.ts'
import type { EvmNode } from './node.ts'

const CALL = 'eth_call'
const LOGS = 'eth_getLogs'
const BY_NUMBER = 'eth_getBlockByNumber'
/** `balanceOf(address)`, ERC-20. */
const BALANCE_OF = '0x70a08231'
/** keccak256("Transfer(address,address,uint256)"), EIP-20. */
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** JSON-RPC 2.0: the node has the method and does not take parameters of this form. */
const INVALID_PARAMS = -32602
/** Ranges a node may be asked for one outflow. Where it takes shorter ones only, nobody waits. */
const MAX_RANGES = 64

type Pin = BalanceQuestion['block']

/** As the port says; a node that does not have the state of a block says null for it. */
export async function readTokenBalances(
  node: EvmNode,
  questions: readonly BalanceQuestion[],
  signal: AbortSignal,
): Promise<(bigint | null)[]> {
  if (!node.callsByHash) return readByNumber(node, questions, signal)
  const calls = questions.map((one) => balanceCall(one, { blockHash: one.block.hash }))
  const answers = await node.client.batch(calls, signal)
  if (!answers.some(isFormRefused)) return answers.map(readBalance)
  node.callsByHash = false
  return readByNumber(node, questions, signal)
}

async function readByNumber(
  node: EvmNode,
  questions: readonly BalanceQuestion[],
  signal: AbortSignal,
): Promise<(bigint | null)[]> {
  const pins = [...new Map(questions.map(({ block }) => [block.number, block])).values()]
  const headers = pins.map(({ number }) => headerCall(number))
  const calls = questions.map((one) => balanceCall(one, toQuantity(one.block.number)))
  const answers = await node.client.batch([...headers, ...calls, ...headers], signal)
  const before = answers.slice(0, pins.length)
  const after = answers.slice(pins.length + calls.length)
  for (const [place, pin] of pins.entries()) {
    assertHeld(node, pin, before[place] as RpcAnswer)
    assertHeld(node, pin, after[place] as RpcAnswer)
  }
  return answers.slice(pins.length, pins.length + calls.length).map(readBalance)
}

function balanceCall({ token, holder }: BalanceQuestion, block: unknown): RpcCall {
  const data = `${BALANCE_OF}${holder.slice(2).padStart(64, '0')}`
  return { method: CALL, params: [{ to: token, data }, block] }
}

function headerCall(number: number): RpcCall {
  return { method: BY_NUMBER, params: [toQuantity(number), false] }
}

function isFormRefused(answer: RpcAnswer): boolean {
  return answer.kind === 'refused' && answer.code === INVALID_PARAMS
}

/** A contract that reverts or answers no word has nothing; a node that says no is not asked again. */
function readBalance(answer: RpcAnswer): bigint | null {
  if (answer.kind === 'refused') return isRevert(answer) ? 0n : null
  if (answer.kind !== 'result' || typeof answer.value !== 'string') return null
  return WORD.test(answer.value) ? BigInt(answer.value) : 0n
}

/** As the port says. A range that the node refuses is asked for in halves. */
export async function readTokenOutflow(
  node: EvmNode,
  question: BalanceQuestion,
  fromNumber: number,
  signal: AbortSignal,
): Promise<bigint> {
  let ranges = 0
  const read = async (from: number, to: number): Promise<bigint> => {
    ranges += 1
    if (ranges > MAX_RANGES) {
      const text = `${node.client.name} takes too short ranges of logs to read ${fromNumber}..`
      throw new ChainSourceError('capacity', text)
    }
    const calls = [headerCall(question.block.number), logsCall(question, from, to)]
    const [header, logs] = (await node.client.batch(calls, signal)) as [RpcAnswer, RpcAnswer]
    assertHeld(node, question.block, header)
    if (logs.kind === 'refused' && from < to) {
      const middle = from + Math.floor((to - from) / 2)
      return (await read(from, middle)) + (await read(middle + 1, to))
    }
    return sumOutflow(requireResult(node.client, LOGS, logs), question, from, to)
  }
  return read(fromNumber, question.block.number)
}

function logsCall({ token, holder }: BalanceQuestion, from: number, to: number): RpcCall {
  const topics = [TRANSFER_TOPIC, senderTopic(holder)]
  const filter = { address: token, topics, fromBlock: toQuantity(from), toBlock: toQuantity(to) }
  return { method: LOGS, params: [filter] }
}

function senderTopic(holder: string): string {
  return `0x${holder.slice(2).padStart(64, '0')}`
}

/** An empty range means something only where the node holds the block it ends in. */
function assertHeld(node: EvmNode, pin: Pin, answer: RpcAnswer): void {
  const value = requireResult(node.client, BY_NUMBER, answer)
  const header: BlockRef | null = value === null ? null : decodeHeader(value, BY_NUMBER)
  if (header?.hash === pin.hash) return
  const text = `${node.client.name} does not have block ${pin.number} ${pin.hash}`
  throw new ChainSourceError('not_there', text)
}

/** Transfers to oneself move nothing. What was not asked for is a fault, not an outflow. */
function sumOutflow(value: unknown, question: BalanceQuestion, from: number, to: number): bigint {
  if (!Array.isArray(value)) throw malformed('the result is no list')
  const sender = senderTopic(question.holder)
  const seen = new Set<string>()
  return value.reduce((sum: bigint, item: unknown) => {
    if (typeof item !== 'object' || item === null) throw malformed('a log is no object')
    const { address, topics, data, blockNumber, logIndex } = item as Record<string, unknown>
    const number = readQuantity(blockNumber, LOGS, 'the height of a log')
    const place = `${number}/${readQuantity(logIndex, LOGS, 'the index of a log')}`
    if (typeof address !== 'string' || address.toLowerCase() !== question.token) {
      throw malformed('a log of another contract')
    }
    if (!Array.isArray(topics) || topics[0] !== TRANSFER_TOPIC || topics[1] !== sender) {
      throw malformed('a log that was not asked for')
    }
    if (number < from || number > to) throw malformed('a log of another range')
    if (seen.has(place)) throw malformed('one log twice')
    seen.add(place)
    if (topics.length !== 3 || topics[2] === sender) return sum
    return typeof data === 'string' && WORD.test(data) ? sum + BigInt(data) : sum
  }, 0n)
}

function malformed(what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${LOGS}: ${what}`)
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
