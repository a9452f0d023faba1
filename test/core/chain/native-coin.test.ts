import { describe, expect, test } from 'vitest'
import type { BlockLog, BlockTransaction } from '../../../src/core/chain/block.ts'
import {
  NATIVE_LOG_EMITTER,
  type NativeReading,
  POLYGON_COIN,
  readNativeCoin,
} from '../../../src/core/chain/native-coin.ts'
import { chooseNativeMode, nativeReadingOf } from '../../../src/core/chain/native-mode.ts'
import { extractTransfers } from '../../../src/core/chain/transfer.ts'
import type { Address } from '../../../src/core/money/asset.ts'

const PAYER: Address = `0x${'11'.repeat(20)}`
const SHOP: Address = `0x${'22'.repeat(20)}`
const WALLET: Address = `0x${'33'.repeat(20)}`
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const POLYGON_TRANSFER = '0xe6497e3ee548a3372136af2fcb0696db31fc6cf20260707645068bd3fe97f3c4'
const POLYGON_FEE = '0x4dfe1bbbcf077ddc3e01291eea2d5c70c2b422b415d95645b9adcfd678cb1d63'

const BLOCK = {
  number: 7,
  hash: `0x${'0b'.repeat(32)}`,
  parentHash: `0x${'0a'.repeat(32)}`,
  timestampS: 1_700_000_000,
} as const

const topic = (address: string) => `0x${'0'.repeat(24)}${address.slice(2)}`
const word = (value: bigint) => value.toString(16).padStart(64, '0')
const hashOf = (index: number) => `0x${String(index).padStart(64, '0')}` as const

function log(index: number, parts: Partial<BlockLog> & { units?: bigint } = {}): BlockLog {
  const { units = 5n, ...replaced } = parts
  return {
    index,
    transactionIndex: 0,
    transactionHash: hashOf(0),
    address: NATIVE_LOG_EMITTER,
    topics: [TRANSFER, topic(WALLET), topic(SHOP)],
    data: `0x${word(units)}`,
    ...replaced,
  }
}

function polygonLog(index: number, from: Address, to: Address, units: bigint): BlockLog {
  return log(index, {
    address: POLYGON_COIN,
    topics: [POLYGON_TRANSFER, topic(POLYGON_COIN), topic(from), topic(to)],
    data: `0x${word(units)}${word(1n).repeat(4)}`,
  })
}

function pay(index: number, parts: Partial<BlockTransaction> = {}): BlockTransaction {
  const common = { hash: hashOf(index), index, from: PAYER, valueUnits: 5n, succeeded: true }
  return { ...common, to: SHOP, ...parts }
}

function read(reading: NativeReading, transactions: BlockTransaction[], logs: BlockLog[]) {
  return readNativeCoin({ ref: BLOCK, proofLevel: 0, transactions, logs }, 1, reading)
}

const ROOT_LOG = log(0, { topics: [TRANSFER, topic(PAYER), topic(SHOP)] })

describe('EIP-7708', () => {
  test('a block without such a log counts by value', () => {
    const { transfers, byLogs } = read('value-or-logs', [pay(0)], [])
    expect([transfers.length, byLogs]).toEqual([1, false])
    expect(transfers[0]).toMatchObject({ place: 'tx:0', kind: 'native' })
  })

  test('PA-18 the log of a transaction’s own value is that value, once and at its place', () => {
    const byValue = read('value-or-logs', [pay(0)], []).transfers
    const { transfers, byLogs } = read('value-or-logs', [pay(0)], [ROOT_LOG])
    expect(byLogs).toBe(true)
    expect(transfers).toEqual(byValue)
  })

  test('PA-18 a log of a call is an internal transfer with its transaction and payer', () => {
    const transaction = pay(0, { to: WALLET, valueUnits: 0n })
    const { transfers } = read('value-or-logs', [transaction], [log(0)])
    expect(transfers).toEqual([
      {
        chainId: 1,
        block: BLOCK,
        place: 'log:0',
        kind: 'internal',
        assetId: 'eip155:1/slip44:60',
        from: WALLET,
        to: SHOP,
        amountUnits: 5n,
        txHash: hashOf(0),
        logIndex: 0,
      },
    ])
  })

  test('PA-18 the same amount by value and by a call of one transaction are two payments', () => {
    const again = log(1, { topics: [TRANSFER, topic(PAYER), topic(SHOP)] })
    const { transfers } = read('value-or-logs', [pay(0)], [ROOT_LOG, again])
    expect(transfers.map(({ place }) => place)).toEqual(['tx:0', 'log:1'])
  })

  test.each<[string, BlockLog]>([
    ['no log of its value', log(0, { transactionHash: hashOf(9) })],
    ['another amount', log(0, { topics: ROOT_LOG.topics, units: 4n })],
    ['another recipient', log(0, { topics: [TRANSFER, topic(PAYER), topic(WALLET)] })],
  ])('logs are not believed where a transaction has %s: value counts', (_name, odd) => {
    const { transfers, byLogs, isSuspect } = read('value-or-logs', [pay(0)], [odd])
    expect([byLogs, isSuspect]).toEqual([false, true])
    expect(transfers.map(({ place }) => place)).toEqual(['tx:0'])
  })

  test('one log does not stand for two values', () => {
    const twice = [pay(0), pay(1, { hash: hashOf(0) })]
    expect(read('value-or-logs', twice, [ROOT_LOG]).isSuspect).toBe(true)
  })

  test('malformed logs, value zero and transfers to oneself are none', () => {
    const logs = [
      log(0, { topics: [TRANSFER, topic(WALLET)] }),
      log(1, { data: '0x05' }),
      log(2, { topics: [TRANSFER, `0x${'3'.repeat(64)}`, topic(SHOP)] }),
      log(3, { units: 0n }),
      log(4, { topics: [TRANSFER, topic(SHOP), topic(SHOP)] }),
      log(5),
    ]
    const { transfers } = read('value-or-logs', [pay(0, { valueUnits: 0n })], logs)
    expect(transfers.map(({ place }) => place)).toEqual(['log:5'])
  })

  test('PA-18 the emitter is never a token, also when somebody lists it', () => {
    const block = { ref: BLOCK, proofLevel: 0 as const, transactions: [pay(0)], logs: [ROOT_LOG] }
    const tokens = new Set<Address>([NATIVE_LOG_EMITTER])
    const watched = { chainId: 1, tokens, native: 'value-or-logs' as const }
    const { transfers } = extractTransfers(block, watched)
    expect(transfers.map(({ kind }) => kind)).toEqual(['native'])
  })
})

describe('Polygon', () => {
  const READING = nativeReadingOf(137, 'logs')

  test('calls count by LogTransfer, fees do not', () => {
    const fee = { ...polygonLog(1, PAYER, SHOP, 7n) }
    const logs = [
      polygonLog(0, WALLET, SHOP, 5n),
      { ...fee, topics: [POLYGON_FEE, ...fee.topics.slice(1)] },
    ]
    const { transfers } = read(READING, [pay(0, { valueUnits: 0n })], logs)
    expect(transfers).toHaveLength(1)
    expect(transfers[0]).toMatchObject({ kind: 'internal', from: WALLET, amountUnits: 5n })
  })

  test('a transaction without its log: the block counts by value', () => {
    const { transfers, isSuspect } = read(READING, [pay(0)], [])
    expect([transfers.length, isSuspect]).toEqual([1, true])
    const honest = read(READING, [pay(0)], [polygonLog(0, PAYER, SHOP, 5n)])
    expect(honest).toMatchObject({ byLogs: true, isSuspect: false })
    expect(honest.transfers.map(({ place }) => place)).toEqual(['tx:0'])
  })
})

test('the mode that is chosen where none is configured', () => {
  expect([137, 42_161, 1, 31_337].map(chooseNativeMode)).toEqual([
    'logs',
    'trace',
    'delta',
    'delta',
  ])
})

test('in the mode "direct" logs are not looked at', () => {
  const reading = nativeReadingOf(1, 'direct')
  const { transfers } = read(reading, [pay(0)], [ROOT_LOG, log(1)])
  expect(transfers.map(({ place }) => place)).toEqual(['tx:0'])
})
