/**
 * What an address sent of a token, and where something came to it, by the logs of a range. Finds and
 * proves nothing: a node can leave out a log.
 */
import { TRANSFER_TOPIC } from '../../core/chain/log-words.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import type {
  ArrivalQuestion,
  BalanceQuestion,
  BlockPlace,
  TokenArrival,
} from '../../ports/chain-source.ts'
import { readHash, readQuantity } from './decode-answers.ts'
import type { RpcAnswer, RpcCall } from './json-rpc-client.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'
import { assertHeld, headerCall } from './read-token-balances.ts'

const LOGS = 'eth_getLogs'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** Ranges a node may be asked for at a time. Where it takes shorter ones only, nobody waits. */
const MAX_RANGES = 64

/** Which of the two parties of a transfer is asked for: its place among the topics. */
type Side = 'sender' | 'recipient'
const TOPIC_OF: Readonly<Record<Side, 1 | 2>> = { sender: 1, recipient: 2 }

type TransferQuery = {
  readonly tokens: readonly Address[]
  readonly parties: readonly Address[]
  readonly side: Side
  readonly fromNumber: number
  readonly block: BlockPlace
}

type TransferLog = {
  readonly block: BlockPlace
  readonly logIndex: number
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
  const { token, holder, block } = question
  const query = { tokens: [token], parties: [holder], side: 'sender', fromNumber, block } as const
  const logs = await readTransfers(node, query, signal)
  return logs.reduce((sum, { topics, sender, recipient, data }) => {
    if (topics !== 3 || recipient === sender) return sum
    return typeof data === 'string' && WORD.test(data) ? sum + BigInt(data) : sum
  }, 0n)
}

/** As the port says. */
export async function readTokenArrivals(
  node: EvmNode,
  { holders, ...question }: ArrivalQuestion,
  signal: AbortSignal,
): Promise<TokenArrival[]> {
  const query = { ...question, parties: holders, side: 'recipient' } as const
  const holderOf = new Map(holders.map((holder) => [partyTopic(holder), holder]))
  const logs = await readTransfers(node, query, signal)
  return logs.map(({ block, logIndex, recipient }) => {
    return { block, logIndex, holder: holderOf.get(recipient as string) as Address }
  })
}

/** A range that the node refuses is asked for in halves. */
async function readTransfers(
  node: EvmNode,
  query: TransferQuery,
  signal: AbortSignal,
): Promise<TransferLog[]> {
  const { fromNumber, block } = query
  let ranges = 0
  const read = async (from: number, to: number): Promise<TransferLog[]> => {
    ranges += 1
    if (ranges > MAX_RANGES) {
      const text = `${node.client.name} takes too short ranges of logs to read ${fromNumber}..`
      throw new ChainSourceError('capacity', text)
    }
    const calls = [headerCall(block.number), logsCall(query, from, to)]
    const [header, logs] = (await node.client.batch(calls, signal)) as [RpcAnswer, RpcAnswer]
    assertHeld(node, block, header)
    if (logs.kind === 'refused' && from < to) {
      const middle = from + Math.floor((to - from) / 2)
      return [...(await read(from, middle)), ...(await read(middle + 1, to))]
    }
    return decodeTransfers(requireResult(node.client, LOGS, logs), query, from, to)
  }
  return read(fromNumber, block.number)
}

function logsCall({ tokens, parties, side }: TransferQuery, from: number, to: number): RpcCall {
  const party = oneOrList(parties.map(partyTopic))
  const topics = side === 'sender' ? [TRANSFER_TOPIC, party] : [TRANSFER_TOPIC, null, party]
  const [fromBlock, toBlock] = [toQuantity(from), toQuantity(to)]
  return { method: LOGS, params: [{ address: oneOrList(tokens), topics, fromBlock, toBlock }] }
}

function oneOrList<T>(list: readonly T[]): T | readonly T[] {
  const [first] = list
  return list.length === 1 && first !== undefined ? first : list
}

function partyTopic(holder: string): string {
  return `0x${holder.slice(2).padStart(64, '0')}`
}

/** What was not asked for is a fault, and nothing of the answer counts. */
function decodeTransfers(
  value: unknown,
  { tokens, parties, side }: TransferQuery,
  from: number,
  to: number,
): TransferLog[] {
  if (!Array.isArray(value)) throw malformed('the result is no list')
  const [ofTokens, ofParties] = [new Set<string>(tokens), new Set(parties.map(partyTopic))]
  const seen = new Set<string>()
  return value.map((item: unknown): TransferLog => {
    if (typeof item !== 'object' || item === null) throw malformed('a log is no object')
    const { address, topics, data, ...rest } = item as Record<string, unknown>
    const number = readQuantity(rest.blockNumber, LOGS, 'the height of a log')
    const hash: Hash = readHash(rest.blockHash, LOGS, 'the block of a log')
    const logIndex = readQuantity(rest.logIndex, LOGS, 'the index of a log')
    const place = `${number}/${logIndex}`
    if (typeof address !== 'string' || !ofTokens.has(address.toLowerCase())) {
      throw malformed('a log of another contract')
    }
    if (
      !Array.isArray(topics) ||
      topics[0] !== TRANSFER_TOPIC ||
      !ofParties.has(topics[TOPIC_OF[side]])
    ) {
      throw malformed('a log that was not asked for')
    }
    if (number < from || number > to) throw malformed('a log of another range')
    if (seen.has(place)) throw malformed('one log twice')
    seen.add(place)
    const [, sender, recipient] = topics as unknown[]
    return { block: { number, hash }, logIndex, sender, recipient, topics: topics.length, data }
  })
}

function malformed(what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${LOGS}: ${what}`)
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
