import { encodeAbiParameters, encodeEventTopics, erc20Abi } from 'viem'
import { describe, expect, test } from 'vitest'
import type { BlockLog, BlockTransaction } from '../../../src/core/chain/block.ts'
import type { NativeReading } from '../../../src/core/chain/native-coin.ts'
import { extractTransfers } from '../../../src/core/chain/transfer.ts'
import type { Address } from '../../../src/core/money/asset.ts'

const CHAIN_ID = 31337
const TOKEN: Address = `0x${'aa'.repeat(20)}`
const UNLISTED: Address = `0x${'bb'.repeat(20)}`
const PAYER: Address = `0x${'11'.repeat(20)}`
const SHOP: Address = `0x${'22'.repeat(20)}`
const MOST = 2n ** 256n - 1n

const BLOCK = {
  number: 7,
  hash: `0x${'0b'.repeat(32)}`,
  parentHash: `0x${'0a'.repeat(32)}`,
  timestampS: 1_700_000_000,
} as const

/** The log of a plain Transfer as an independent encoder writes it, with parts replaced. */
function transferLog(
  parts: Partial<BlockLog> & { value?: bigint; from?: Address; to?: Address } = {},
): BlockLog {
  const { value = 1_000n, from = PAYER, to = SHOP, ...replaced } = parts
  const topics = encodeEventTopics({ abi: erc20Abi, eventName: 'Transfer', args: { from, to } })
  return {
    index: 0,
    transactionIndex: 0,
    transactionHash: `0x${'0c'.repeat(32)}`,
    address: TOKEN,
    topics: topics as string[],
    data: encodeAbiParameters([{ type: 'uint256' }], [value]),
    ...replaced,
  }
}

const PLAIN = transferLog()
const [SIGNATURE, FROM_TOPIC, TO_TOPIC] = PLAIN.topics as [string, string, string]

function valueTransaction(parts: Partial<BlockTransaction> = {}): BlockTransaction {
  return {
    hash: `0x${'0d'.repeat(32)}`,
    index: 3,
    from: PAYER,
    to: SHOP,
    valueUnits: 5n,
    succeeded: true,
    ...parts,
  }
}

function extract(logs: BlockLog[], transactions: BlockTransaction[] = [], native = true) {
  const reading: NativeReading = native ? 'value-or-logs' : 'none'
  const watched = { chainId: CHAIN_ID, tokens: new Set([TOKEN]), native: reading }
  return extractTransfers({ ref: BLOCK, proofLevel: 2, transactions, logs }, watched)
}

describe('token transfers', () => {
  test('a plain one is read exactly', () => {
    const { transfers, malformed } = extract([transferLog({ index: 4 })])
    expect(malformed).toBe(0)
    expect(transfers).toEqual([
      {
        chainId: CHAIN_ID,
        block: BLOCK,
        place: 'log:4',
        kind: 'erc20',
        assetId: `eip155:31337/erc20:${TOKEN}`,
        from: PAYER,
        to: SHOP,
        amountUnits: 1_000n,
        txHash: PLAIN.transactionHash,
        logIndex: 4,
      },
    ])
  })

  test('PA-07 the largest uint256 too', () => {
    expect(extract([transferLog({ value: MOST })]).transfers[0]?.amountUnits).toBe(MOST)
  })

  test('a mint comes from the zero address', () => {
    const zero: Address = `0x${'00'.repeat(20)}`
    expect(extract([transferLog({ from: zero })]).transfers[0]?.from).toBe(zero)
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, BlockLog]>([
    ['PA-08 an unlisted contract', transferLog({ address: UNLISTED })],
    ['another event of a listed token', transferLog({ topics: [`0x${'8c'.repeat(32)}`, FROM_TOPIC, TO_TOPIC] })],
    ['an anonymous log', transferLog({ topics: [] })],
    ['PA-14 value zero', transferLog({ value: 0n })],
    ['PA-13 to oneself', transferLog({ from: SHOP })],
  ])('%s is ignored without a word', (_name, log) => {
    expect(extract([log])).toEqual({ transfers: [], malformed: 0, isNativeSuspect: false })
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, Partial<BlockLog>]>([
    ['4 topics (ERC-721)', { topics: [SIGNATURE, FROM_TOPIC, TO_TOPIC, `0x${'00'.repeat(31)}01`], data: '0x' }],
    ['4 topics and an amount', { topics: [SIGNATURE, FROM_TOPIC, TO_TOPIC, TO_TOPIC] }],
    ['no indexed arguments', { topics: [SIGNATURE], data: `0x${'00'.repeat(96)}` }],
    ['one indexed argument', { topics: [SIGNATURE, FROM_TOPIC] }],
    ['64 bytes of data', { data: `${PLAIN.data}${'00'.repeat(32)}` }],
    ['31 bytes of data', { data: PLAIN.data.slice(0, -2) }],
    ['no data', { data: '0x' }],
    ['data that is not hex', { data: `0x${'zz'.repeat(32)}` }],
    ['data in upper case, which no node writes', { data: `0x${'AB'.repeat(32)}` }],
    ['dirty padding before the payer', { topics: [SIGNATURE, `0x01${FROM_TOPIC.slice(4)}`, TO_TOPIC] }],
    ['dirty padding before the recipient', { topics: [SIGNATURE, FROM_TOPIC, `0x${'f'.repeat(24)}${TO_TOPIC.slice(26)}`] }],
    ['a bytes32 recipient', { topics: [SIGNATURE, FROM_TOPIC, `0x${'22'.repeat(32)}`] }],
    ['a short topic', { topics: [SIGNATURE, FROM_TOPIC, SHOP] }],
    ['a topic in upper case', { topics: [SIGNATURE, FROM_TOPIC, `0x${'0'.repeat(24)}${'AB'.repeat(20)}`] }],
  ])('PA-13 %s: counted as malformed, and the block goes on', (_name, parts) => {
    const logs = [transferLog({ index: 0, ...parts }), transferLog({ index: 1 })]
    const { transfers, malformed } = extract(logs)
    expect(malformed).toBe(1)
    expect(transfers.map((transfer) => transfer.place)).toEqual(['log:1'])
  })

  test("an odd log of an unlisted contract is nobody's business", () => {
    expect(extract([transferLog({ address: UNLISTED, data: '0x' })]).malformed).toBe(0)
  })

  test('PA-15 every log of one transaction is a transfer of its own', () => {
    const logs = Array.from({ length: 50 }, (_, index) => transferLog({ index }))
    expect(new Set(extract(logs).transfers.map((transfer) => transfer.place)).size).toBe(50)
  })
})

describe('native transfers', () => {
  test('PA-16 value counts exactly, at its place in the block', () => {
    expect(extract([], [valueTransaction()]).transfers).toEqual([
      {
        chainId: CHAIN_ID,
        block: BLOCK,
        place: 'tx:3',
        kind: 'native',
        assetId: 'eip155:31337/slip44:60',
        from: PAYER,
        to: SHOP,
        amountUnits: 5n,
        txHash: `0x${'0d'.repeat(32)}`,
        logIndex: null,
      },
    ])
  })

  test.each<[string, Partial<BlockTransaction>]>([
    ['PA-09 a failed transaction with value', { succeeded: false }],
    ['a transaction without value', { valueUnits: 0n }],
    ['a contract creation with value', { to: null }],
    ['a transaction to oneself', { from: SHOP }],
  ])('%s moves nothing', (_name, parts) => {
    expect(extract([], [valueTransaction(parts)]).transfers).toEqual([])
  })

  test('are left out where the native coin does not count', () => {
    const { transfers } = extract([PLAIN], [valueTransaction()], false)
    expect(transfers.map((transfer) => transfer.kind)).toEqual(['erc20'])
  })

  test('stand beside token transfers of the same transaction without sharing a place', () => {
    const { transfers } = extract([transferLog({ index: 3 })], [valueTransaction({ index: 3 })])
    expect(transfers.map((transfer) => transfer.place)).toEqual(['tx:3', 'log:3'])
  })
})
