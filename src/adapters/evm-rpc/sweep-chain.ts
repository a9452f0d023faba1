/** The node of a chain for the tools that move money out: balances in, signed transactions on. */

import { ADDRESS_TOPIC, TRANSFER_TOPIC, WORD } from '../../core/chain/log-words.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import type { SweepFees } from '../../core/sweep/sweep-plan.ts'
import { ChainSourceError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type {
  AccountState,
  Receipt,
  SendResult,
  SweepChain,
  TokenTransfer,
} from '../../ports/sweep-chain.ts'
import { decodeHeader, readHash, readQuantity } from './decode-answers.ts'
import { createJsonRpcClient, type JsonRpcClient, requireResult } from './json-rpc-client.ts'

export type SweepChainSettings = {
  readonly chainId: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock
}

const TIMEOUT_MS = 30_000
/** What a base fee may rise to while a plan is carried to the signer and back: doubled five times. */
const BASE_FEE_HEADROOM = 2n
/** `balanceOf(address)`, `transfer(address,uint256)`: ERC-20. */
const BALANCE_OF = '0x70a08231'
const TRANSFER = '0xa9059cbb'
/** The data fee oracle of OP-stack chains, `getL1FeeUpperBound(uint256)` of its Fjord form. */
const OP_FEE_ORACLE: Address = '0x420000000000000000000000000000000000000f'
const L1_FEE_UPPER_BOUND = '0xf1c7a58b'
/** Bytes of the largest transaction that one address sends by itself. */
const OWN_TRANSACTION_BYTES = 200n
const KNOWN = /already known|known transaction|already imported/i
const NONCE_USED = /nonce too low|nonce is too low|old nonce/i

export function createSweepChain({ chainId, url, headers, clock }: SweepChainSettings): SweepChain {
  const client = createJsonRpcClient({ url, headers, clock, timeoutMs: TIMEOUT_MS })
  return {
    chainId,
    getHead: (signal) => getHead(client, chainId, signal),
    readAccounts: (addresses, tokens, blockNumber, signal) =>
      readAccounts(client, addresses, tokens, blockNumber, signal),
    suggestFees: (signal) => suggestFees(client, signal),
    getReceipts: (hashes, signal) => getReceipts(client, hashes, signal),
    send: (raw, signal) => send(client, raw, signal),
    async findTransferFault({ token, from, to, units }, signal) {
      const data = TRANSFER + toWord(to) + toWord(`0x${units.toString(16)}`)
      const answer = await client.call('eth_call', [{ from, to: token, data }, 'latest'], signal)
      if (answer.kind === 'result') {
        return answer.value === `0x${'0'.repeat(64)}` ? 'the token answers false' : null
      }
      return answer.message
    },
  }
}

async function getHead(client: JsonRpcClient, chainId: number, signal: AbortSignal) {
  const calls = [
    { method: 'eth_chainId', params: [] },
    { method: 'eth_getBlockByNumber', params: ['latest', false] },
  ]
  const [id, head] = await client.batch(calls, signal)
  const shown = readQuantity(requireResult(client, 'eth_chainId', id!), 'eth_chainId', 'the id')
  if (shown !== chainId) {
    throw new ChainSourceError('wrong_chain', `${client.name} is on chain ${shown}, not ${chainId}`)
  }
  const method = 'eth_getBlockByNumber'
  const { number, hash } = decodeHeader(requireResult(client, method, head!), method)
  return { number, hash }
}

async function readAccounts(
  client: JsonRpcClient,
  addresses: readonly Address[],
  tokens: readonly Address[],
  blockNumber: number,
  signal: AbortSignal,
): Promise<AccountState[]> {
  const block = `0x${blockNumber.toString(16)}`
  const calls = addresses.flatMap((address) => [
    { method: 'eth_getTransactionCount', params: [address, block] },
    { method: 'eth_getCode', params: [address, block] },
    { method: 'eth_getBalance', params: [address, block] },
    ...tokens.map((token) => ({
      method: 'eth_call',
      params: [{ to: token, data: BALANCE_OF + toWord(address) }, block],
    })),
  ])
  const answers = await client.batch(calls, signal)
  const each = 3 + tokens.length
  return addresses.map((address, i) => {
    const [nonce, code, native, ...held] = answers.slice(i * each, (i + 1) * each)
    return {
      address,
      nonce: readQuantity(requireResult(client, 'nonce', nonce!), 'nonce', 'the nonce'),
      code: readText(requireResult(client, 'eth_getCode', code!), 'eth_getCode'),
      nativeUnits: BigInt(readText(requireResult(client, 'balance', native!), 'balance')),
      tokenUnits: held.map((answer) => {
        const value = answer.kind === 'result' ? answer.value : null
        return typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value) ? BigInt(value) : null
      }),
    }
  })
}

/** Twice the base fee and the node's tip (EIP-1559); on rollups the data fee of one transaction. */
async function suggestFees(client: JsonRpcClient, signal: AbortSignal): Promise<SweepFees> {
  const size = OWN_TRANSACTION_BYTES.toString(16)
  const oracle = { to: OP_FEE_ORACLE, data: L1_FEE_UPPER_BOUND + toWord(`0x${size}`) }
  const [block, tip, dataFee] = await client.batch(
    [
      { method: 'eth_getBlockByNumber', params: ['latest', false] },
      { method: 'eth_maxPriorityFeePerGas', params: [] },
      { method: 'eth_call', params: [oracle, 'latest'] },
    ],
    signal,
  )
  const header = requireResult(client, 'eth_getBlockByNumber', block!) as Record<string, unknown>
  const base = header.baseFeePerGas
  if (typeof base !== 'string') {
    throw new ChainSourceError('malformed', `${client.name} shows no base fee (EIP-1559)`)
  }
  const priority = tip!.kind === 'result' ? BigInt(readText(tip!.value, 'tip')) : 1_000_000_000n
  const extra = dataFee!.kind === 'result' ? readText(dataFee!.value, 'eth_call') : '0x'
  return {
    maxFeePerGasUnits: BigInt(base) * BASE_FEE_HEADROOM + priority,
    maxPriorityFeePerGasUnits: priority,
    extraPerTransactionUnits: /^0x[0-9a-f]{64}$/i.test(extra) ? BigInt(extra) : 0n,
  }
}

async function getReceipts(
  client: JsonRpcClient,
  hashes: readonly Hash[],
  signal: AbortSignal,
): Promise<(Receipt | null)[]> {
  const method = 'eth_getTransactionReceipt'
  const answers = await client.batch(
    hashes.map((hash) => ({ method, params: [hash] })),
    signal,
  )
  return answers.map((answer, i) => {
    const value = requireResult(client, method, answer) as Record<string, unknown> | null
    if (value === null) return null
    if (readHash(value.transactionHash, method, 'transactionHash') !== hashes[i]) {
      throw new ChainSourceError('inconsistent', `${client.name} sent another receipt`)
    }
    return {
      blockNumber: readQuantity(value.blockNumber, method, 'blockNumber'),
      succeeded: value.status === '0x1',
      gasUsed: BigInt(readText(value.gasUsed, method)),
      transfers: Array.isArray(value.logs) ? value.logs.flatMap(readTransfer) : [],
    }
  })
}

/** A log as a movement of tokens; nothing where it is another. */
function readTransfer(log: Record<string, unknown>): TokenTransfer[] {
  const { address, topics, data } = log
  const [kind, from, to, ...more] = Array.isArray(topics) ? topics : []
  const isTransfer =
    kind === TRANSFER_TOPIC &&
    more.length === 0 &&
    ADDRESS_TOPIC.test(from) &&
    ADDRESS_TOPIC.test(to) &&
    typeof data === 'string' &&
    WORD.test(data) &&
    typeof address === 'string'
  if (!isTransfer) return []
  const toAddress = (topic: string) => `0x${topic.slice(26)}` as Address
  const token = address.toLowerCase() as Address
  return [{ token, from: toAddress(from), to: toAddress(to), units: BigInt(data) }]
}

async function send(
  client: JsonRpcClient,
  raw: `0x${string}`,
  signal: AbortSignal,
): Promise<SendResult> {
  const answer = await client.call('eth_sendRawTransaction', [raw], signal)
  if (answer.kind === 'result') return { kind: 'sent' }
  if (NONCE_USED.test(answer.message)) return { kind: 'nonce_used' }
  return KNOWN.test(answer.message)
    ? { kind: 'known' }
    : { kind: 'refused', reason: answer.message }
}

function toWord(hex: string): string {
  return hex.slice(2).padStart(64, '0')
}

function readText(value: unknown, method: string): string {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value)) return value
  throw new ChainSourceError('malformed', `${method}: the result is not hex`)
}
