/**
 * What an address sent of a token, and where something came to it, by the logs of a range. Finds and
 * proves nothing: a node can leave out a log.
 */
import { TRANSFER_TOPIC } from '../../core/chain/log-words.ts'
import type { Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import type { BalanceQuestion, BlockPlace } from '../../ports/chain-source.ts'
import { readHash, readQuantity } from './decode-answers.ts'
import type { RpcAnswer, RpcCall } from './json-rpc-client.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'
import { assertHeld, headerCall } from './read-token-balances.ts'

const LOGS = 'eth_getLogs'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** Ranges a node may be asked for one address. Where it takes shorter ones only, nobody waits. */
const MAX_RANGES = 64

/** Which of the two parties of a transfer is asked for: its place among the topics. */
type Side = 'sender' | 'recipient'
const TOPIC_OF: Readonly<Record<Side, 1 | 2>> = { sender: 1, recipient: 2 }

type TransferLog = {
  readonly block: BlockPlace
  readonly sender: unknown
  readonly recipient: unknown
  readonly topics: number
  readonly data: unknown
}

/** As the port says. Transfers to oneself move nothing. */
export async function readTokenOutflow(
  node: EvmNode,
  question: BalanceQuestion,
  fromNumber: number,
  signal: AbortSignal,
): Promise<bigint> {
  const logs = await readTransfers(node, question, 'sender', fromNumber, signal)
  return logs.reduce((sum, { topics, sender, recipient, data }) => {
    if (topics !== 3 || recipient === sender) return sum
    return typeof data === 'string' && WORD.test(data) ? sum + BigInt(data) : sum
  }, 0n)
}

/** As the port says: each block once. */
export async function readTokenArrivals(
  node: EvmNode,
  question: BalanceQuestion,
  fromNumber: number,
  signal: AbortSignal,
): Promise<BlockPlace[]> {
  const logs = await readTransfers(node, question, 'recipient', fromNumber, signal)
  return [...new Map(logs.map(({ block }) => [block.number, block])).values()]
}

/** A range that the node refuses is asked for in halves. */
async function readTransfers(
  node: EvmNode,
  question: BalanceQuestion,
  side: Side,
  fromNumber: number,
  signal: AbortSignal,
): Promise<TransferLog[]> {
  let ranges = 0
  const read = async (from: number, to: number): Promise<TransferLog[]> => {
    ranges += 1
    if (ranges > MAX_RANGES) {
      const text = `${node.client.name} takes too short ranges of logs to read ${fromNumber}..`
      throw new ChainSourceError('capacity', text)
    }
    const calls = [headerCall(question.block.number), logsCall(question, side, from, to)]
    const [header, logs] = (await node.client.batch(calls, signal)) as [RpcAnswer, RpcAnswer]
    assertHeld(node, question.block, header)
    if (logs.kind === 'refused' && from < to) {
      const middle = from + Math.floor((to - from) / 2)
      return [...(await read(from, middle)), ...(await read(middle + 1, to))]
    }
    return decodeTransfers(requireResult(node.client, LOGS, logs), question, side, from, to)
  }
  return read(fromNumber, question.block.number)
}

function logsCall(
  { token, holder }: BalanceQuestion,
  side: Side,
  from: number,
  to: number,
): RpcCall {
  const party = partyTopic(holder)
  const topics = side === 'sender' ? [TRANSFER_TOPIC, party] : [TRANSFER_TOPIC, null, party]
  const filter = { address: token, topics, fromBlock: toQuantity(from), toBlock: toQuantity(to) }
  return { method: LOGS, params: [filter] }
}

function partyTopic(holder: string): string {
  return `0x${holder.slice(2).padStart(64, '0')}`
}

/** What was not asked for is a fault, and nothing of the answer counts. */
function decodeTransfers(
  value: unknown,
  { token, holder }: BalanceQuestion,
  side: Side,
  from: number,
  to: number,
): TransferLog[] {
  if (!Array.isArray(value)) throw malformed('the result is no list')
  const party = partyTopic(holder)
  const seen = new Set<string>()
  return value.map((item: unknown): TransferLog => {
    if (typeof item !== 'object' || item === null) throw malformed('a log is no object')
    const { address, topics, data, ...rest } = item as Record<string, unknown>
    const number = readQuantity(rest.blockNumber, LOGS, 'the height of a log')
    const hash: Hash = readHash(rest.blockHash, LOGS, 'the block of a log')
    const place = `${number}/${readQuantity(rest.logIndex, LOGS, 'the index of a log')}`
    if (typeof address !== 'string' || address.toLowerCase() !== token) {
      throw malformed('a log of another contract')
    }
    if (
      !Array.isArray(topics) ||
      topics[0] !== TRANSFER_TOPIC ||
      topics[TOPIC_OF[side]] !== party
    ) {
      throw malformed('a log that was not asked for')
    }
    if (number < from || number > to) throw malformed('a log of another range')
    if (seen.has(place)) throw malformed('one log twice')
    seen.add(place)
    const [, sender, recipient] = topics as unknown[]
    return { block: { number, hash }, sender, recipient, topics: topics.length, data }
  })
}

function malformed(what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${LOGS}: ${what}`)
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
