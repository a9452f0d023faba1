/**
 * Blocks as a node would answer them: ERC-20 transfers, with true hashes, roots and blooms. The
 * signatures alone are random, since nobody recovers the sender of a call without value.
 */
import { randomBytes } from 'node:crypto'
import {
  bloomOf,
  encodeRlp,
  hashOf,
  mergeBlooms,
  type RlpItem,
  rlpNumber,
  rootOf,
  toHex,
} from './seal-lists.ts'

export type PlannedTransfer = {
  readonly to: `0x${string}`
  readonly units: bigint
}

export type ChainPlan = {
  readonly token: `0x${string}`
  readonly decimalsOf: Readonly<Record<string, number>>
  /** Transfers of each new block, in order. */
  readonly blocks: readonly (readonly PlannedTransfer[])[]
  /** Transfers that one transaction makes. */
  readonly transfersPerTransaction: number
  /** Block time of block zero; the others follow at `blockTimeS`. */
  readonly genesisS: number
  readonly blockTimeS: number
}

/** Results of JSON-RPC calls, as bytes. */
export type RenderedBlock = {
  readonly hash: string
  readonly header: Buffer
  readonly whole: Buffer
  readonly receipts: Buffer
  /** Items of `eth_getLogs`, with a comma between them. */
  readonly logs: Buffer
}

type Log = { readonly address: string; readonly topics: readonly string[]; readonly data: string }
type Signed = { readonly fields: object; readonly raw: Buffer; readonly logs: readonly Log[] }

const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const EMPTY_UNCLES = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const NO_HASH = `0x${'0'.repeat(64)}`
const GAS_PER_TRANSFER = 52_000
const CHAIN_ID = 31_337
const MAX_FEE_WEI = 2_000_000_000
const PRIORITY_FEE_WEI = 1_000_000_000
const GAS_LIMIT = 30_000_000

export function makeBlock(
  number: number,
  parentHash: string | null,
  transfers: readonly PlannedTransfer[],
  plan: ChainPlan,
): RenderedBlock {
  const { transfersPerTransaction: size, token } = plan
  const signed = Array.from({ length: Math.ceil(transfers.length / size) }, (_, index) =>
    signTransfers(token, number, transfers.slice(index * size, (index + 1) * size)),
  )
  const receipts = signed.map(({ logs }, index) => describeReceipt(logs, (index + 1) * size))
  const header = describeHeader(number, parentHash, plan, {
    transactionsRoot: rootOf(signed.map(({ raw }) => raw)),
    receiptsRoot: rootOf(receipts.map(({ raw }) => raw)),
    logsBloom: toHex(mergeBlooms(receipts.map(({ bloom }) => bloom))),
    gasUsed: GAS_PER_TRANSFER * transfers.length,
  })
  const place = { blockHash: header.hash, blockNumber: quantity(number) }
  const hashes = signed.map(({ raw }) => hashOf(raw))
  const where = (index: number) => ({ ...place, transactionIndex: quantity(index) })
  let logIndex = 0
  const rendered = receipts.map(({ fields, logs }, index) => {
    const identity = { ...where(index), transactionHash: hashes[index] }
    return {
      ...fields,
      ...identity,
      logs: logs.map((log) => ({
        ...log,
        ...identity,
        blockTimestamp: header.timestamp,
        logIndex: quantity(logIndex++),
        removed: false,
      })),
    }
  })
  const whole = signed.map(({ fields }, index) => ({
    ...where(index),
    hash: hashes[index],
    ...fields,
  }))
  return {
    hash: header.hash,
    header: toBytes({ ...header, transactions: hashes }),
    whole: toBytes({ ...header, transactions: whole }),
    receipts: toBytes(rendered),
    logs: toBytes(rendered.flatMap(({ logs }) => logs)).subarray(1, -1),
  }
}

/** One transaction that makes these transfers, in RLP too (EIP-1559). */
function signTransfers(
  token: string,
  nonce: number,
  transfers: readonly PlannedTransfer[],
): Signed {
  const from = randomHex(20)
  const [first] = transfers as readonly [PlannedTransfer]
  const input = `0xa9059cbb${word(first.to)}${word(quantity(first.units))}`
  const [r, s] = [randomWord(), randomWord()]
  const gas = 2 * GAS_PER_TRANSFER * transfers.length
  const fees = [PRIORITY_FEE_WEI, MAX_FEE_WEI].map(rlpNumber)
  const call: RlpItem[] = [rlpNumber(gas), token, '0x', input, [], '0x01', r, s]
  const list: RlpItem = [rlpNumber(CHAIN_ID), rlpNumber(nonce), ...fees, ...call]
  const fields = {
    from,
    to: token,
    value: '0x0',
    input,
    type: '0x2',
    chainId: quantity(CHAIN_ID),
    nonce: quantity(nonce),
    gas: quantity(gas),
    gasPrice: '0x3b9aca07',
    maxFeePerGas: quantity(MAX_FEE_WEI),
    maxPriorityFeePerGas: quantity(PRIORITY_FEE_WEI),
    accessList: [],
    r,
    s,
    v: '0x1',
    yParity: '0x1',
  }
  const logs = transfers.map(({ to, units }) => ({
    address: token,
    topics: [TRANSFER_TOPIC, `0x${word(from)}`, `0x${word(to)}`],
    data: `0x${word(quantity(units))}`,
  }))
  return { fields, raw: Buffer.concat([Buffer.of(2), encodeRlp(list)]), logs }
}

function describeReceipt(logs: readonly Log[], transfersSoFar: number) {
  const bloom = bloomOf(logs.flatMap(({ address, topics }) => [address, ...topics]))
  const logsBloom = toHex(bloom)
  const gas = GAS_PER_TRANSFER * transfersSoFar
  const list = logs.map(({ address, topics, data }): RlpItem => [address, topics, data])
  const raw = Buffer.concat([Buffer.of(2), encodeRlp(['0x01', rlpNumber(gas), logsBloom, list])])
  const fields = {
    type: '0x2',
    status: '0x1',
    cumulativeGasUsed: quantity(gas),
    gasUsed: quantity(GAS_PER_TRANSFER * logs.length),
    effectiveGasPrice: '0x3b9aca07',
    contractAddress: null,
    logsBloom,
  }
  return { fields, logs, bloom, raw }
}

type Content = {
  readonly transactionsRoot: string
  readonly receiptsRoot: string
  readonly logsBloom: string
  readonly gasUsed: number
}

/** A header of Shanghai, sealed. */
function describeHeader(
  number: number,
  parentHash: string | null,
  { genesisS, blockTimeS }: ChainPlan,
  { gasUsed, ...commitments }: Content,
) {
  const timestampS = genesisS + number * blockTimeS
  const hashes = { parentHash: parentHash ?? NO_HASH, sha3Uncles: EMPTY_UNCLES }
  const state = { miner: randomHex(20), stateRoot: randomHash() }
  const seal = { mixHash: randomHash(), nonce: '0x0000000000000000' }
  const withdrawalsRoot = rootOf([])
  const { transactionsRoot, receiptsRoot, logsBloom } = commitments
  const roots = [transactionsRoot, receiptsRoot, logsBloom]
  const numbers = [0, number, GAS_LIMIT, gasUsed, timestampS].map(rlpNumber)
  const ends = ['0x', seal.mixHash, seal.nonce, '0x07', withdrawalsRoot]
  const list = [...Object.values(hashes), ...Object.values(state), ...roots, ...numbers, ...ends]
  return {
    hash: hashOf(encodeRlp(list)),
    ...hashes,
    ...state,
    ...commitments,
    difficulty: '0x0',
    number: quantity(number),
    gasLimit: quantity(GAS_LIMIT),
    gasUsed: quantity(gasUsed),
    timestamp: quantity(timestampS),
    extraData: '0x',
    ...seal,
    baseFeePerGas: '0x7',
    withdrawalsRoot,
    withdrawals: [],
    uncles: [],
    size: '0x3e8',
  }
}

function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`
}

/** 32 bytes as hex without `0x`. */
function word(hex: string): string {
  return hex.slice(2).padStart(64, '0')
}

function randomHash(): string {
  return randomHex(32)
}

/** 32 bytes without a leading zero, as r and s mostly are. */
function randomWord(): string {
  return `0x1${randomHex(32).slice(3)}`
}

export function randomHex(bytes: number): `0x${string}` {
  return `0x${randomBytes(bytes).toString('hex')}`
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
