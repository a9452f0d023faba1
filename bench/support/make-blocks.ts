/**
 * Blocks as a node would answer them, one ERC-20 transfer per transaction. Hashes are random where
 * nobody computes them: links, counts, places and identities are those of a real chain.
 */
import { randomBytes } from 'node:crypto'

export type PlannedTransfer = {
  readonly to: `0x${string}`
  readonly units: bigint
}

export type ChainPlan = {
  readonly token: `0x${string}`
  readonly decimalsOf: Readonly<Record<string, number>>
  /** Transfers of each new block, in order. */
  readonly blocks: readonly (readonly PlannedTransfer[])[]
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
}

const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const NO_HASH = `0x${'0'.repeat(64)}`
const BLOOM = `0x${'0'.repeat(512)}`
const GAS_PER_TRANSFER = 52_000

export function makeBlock(
  number: number,
  parentHash: string | null,
  transfers: readonly PlannedTransfer[],
  plan: ChainPlan,
): RenderedBlock {
  const hash = randomHash()
  const place = { blockHash: hash, blockNumber: quantity(number) }
  const header = {
    ...place,
    hash,
    number: quantity(number),
    parentHash: parentHash ?? NO_HASH,
    timestamp: quantity(plan.genesisS + number * plan.blockTimeS),
    transactionsRoot: transfers.length === 0 ? EMPTY_ROOT : randomHash(),
    ...renderOtherHeaderFields(transfers.length),
  }
  const senders = transfers.map(() => randomHex(20))
  const hashes = transfers.map(randomHash)
  const transactions = transfers.map((transfer, index) => ({
    ...place,
    hash: hashes[index],
    transactionIndex: quantity(index),
    from: senders[index],
    to: plan.token,
    value: '0x0',
    input: `0xa9059cbb${word(transfer.to)}${word(quantity(transfer.units))}`,
    ...renderOtherTransactionFields(number),
  }))
  const receipts = transfers.map((transfer, index) => {
    const identity = {
      ...place,
      transactionHash: hashes[index],
      transactionIndex: quantity(index),
    }
    const log = {
      ...identity,
      address: plan.token,
      topics: [TRANSFER_TOPIC, `0x${word(senders[index] as string)}`, `0x${word(transfer.to)}`],
      data: `0x${word(quantity(transfer.units))}`,
      blockTimestamp: header.timestamp,
      logIndex: quantity(index),
      removed: false,
    }
    return {
      ...identity,
      type: '0x2',
      status: '0x1',
      cumulativeGasUsed: quantity(GAS_PER_TRANSFER * (index + 1)),
      gasUsed: quantity(GAS_PER_TRANSFER),
      effectiveGasPrice: '0x3b9aca07',
      from: senders[index],
      to: plan.token,
      contractAddress: null,
      logsBloom: BLOOM,
      logs: [log],
    }
  })
  return {
    hash,
    header: toBytes({ ...header, transactions: hashes }),
    whole: toBytes({ ...header, transactions }),
    receipts: toBytes(receipts),
  }
}

function renderOtherHeaderFields(transfers: number) {
  return {
    sha3Uncles: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
    miner: randomHex(20),
    stateRoot: randomHash(),
    receiptsRoot: transfers === 0 ? EMPTY_ROOT : randomHash(),
    logsBloom: BLOOM,
    difficulty: '0x0',
    gasLimit: '0x1c9c380',
    gasUsed: quantity(GAS_PER_TRANSFER * transfers),
    extraData: '0x',
    mixHash: randomHash(),
    nonce: '0x0000000000000000',
    baseFeePerGas: '0x7',
    withdrawalsRoot: EMPTY_ROOT,
    withdrawals: [],
    uncles: [],
    size: '0x3e8',
  }
}

function renderOtherTransactionFields(number: number) {
  return {
    type: '0x2',
    chainId: '0x7a69',
    nonce: quantity(number),
    gas: quantity(GAS_PER_TRANSFER * 2),
    gasPrice: '0x3b9aca07',
    maxFeePerGas: '0x77359400',
    maxPriorityFeePerGas: '0x3b9aca00',
    accessList: [],
    r: randomHash(),
    s: randomHash(),
    v: '0x1',
    yParity: '0x1',
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

export function randomHex(bytes: number): `0x${string}` {
  return `0x${randomBytes(bytes).toString('hex')}`
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
