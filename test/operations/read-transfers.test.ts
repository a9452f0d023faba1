import { secp256k1 } from '@noble/curves/secp256k1'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex } from '@noble/hashes/utils'
import { describe, expect, test } from 'vitest'
import type { BlockTransaction, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { TRANSFER_TOPIC } from '../../src/core/chain/log-words.ts'
import { NATIVE_LOG_EMITTER } from '../../src/core/chain/native-coin.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { proveSenders, readTransfers } from '../../src/operations/read-transfers.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  sampleAddress,
  sampleBlock,
  sampleHash,
} from '../support/fixtures.ts'

const SETTINGS = { chainId: SAMPLE_CHAIN_ID, assets: [SAMPLE_COIN], nativeMode: 'direct' }
const SHOP = sampleAddress(1)
const STRANGER = sampleAddress(57)

/** The address of a key, and what it signs. */
function signer(n: number) {
  const key = new Uint8Array(32).fill(n)
  const point = secp256k1.getPublicKey(key, false)
  const address: Address = `0x${bytesToHex(keccak_256(point.subarray(1)).slice(-20))}`
  const digest = keccak_256(Uint8Array.of(n))
  const { r, s, recovery } = secp256k1.sign(digest, key)
  return { address, signing: { digest, r, s, isOdd: recovery === 1 } }
}

const PAYER = signer(7)

function transaction(index: number, parts: Partial<BlockTransaction>): BlockTransaction {
  const hash = sampleHash(900 + index)
  const common = { hash, index, from: PAYER.address, to: SHOP, valueUnits: 5n, succeeded: true }
  return { ...common, signing: PAYER.signing, ...parts }
}

function blockOf(...transactions: readonly BlockTransaction[]): VerifiedBlock {
  return { ref: sampleBlock(10), proofLevel: 2, transactions, logs: [] }
}

function read(block: VerifiedBlock, ours: readonly Address[], settings: object = {}) {
  const alarms: string[] = []
  const log = () => {}
  const deps = {
    metrics: { count: log },
    logger: {
      debug: log,
      info: log,
      warn: log,
      error: (_: unknown, text: string) => void alarms.push(text),
    },
  }
  const chain = { ...SETTINGS, ...settings } as unknown as ChainSettings
  const told = readTransfers(deps, chain, [block])
  const transfers = proveSenders(deps, chain, [block], told, (to) => ours.includes(to))
  return { transfers, alarms }
}

describe('CR-17 who signed is the sender of coins, whomever the node names', () => {
  test('the payer of a match is the one who signed', () => {
    const block = blockOf(transaction(0, { from: STRANGER }), transaction(1, {}))
    const { transfers, alarms } = read(block, [SHOP])
    expect(transfers.map(({ from }) => from)).toEqual([PAYER.address, PAYER.address])
    expect(alarms).toHaveLength(1)
  })

  test('what an account sent to itself is no payment', () => {
    const to = PAYER.address
    const { transfers, alarms } = read(blockOf(transaction(0, { from: STRANGER, to })), [to])
    expect([transfers, alarms.length]).toEqual([[], 1])
  })

  test('of others, and where no signature was read, the node is believed', () => {
    const { signing: _, ...unsigned } = transaction(1, { from: STRANGER })
    const other = transaction(0, { from: STRANGER, to: sampleAddress(2) })
    const { transfers, alarms } = read(blockOf(other, unsigned), [SHOP])
    expect(transfers.map(({ from }) => from)).toEqual([STRANGER, STRANGER])
    expect(alarms).toEqual([])
  })

  test('one false sender does not hide the coins that logs tell of', () => {
    const topicOf = (address: Address) => `0x${address.slice(2).padStart(64, '0')}`
    const logOf = (index: number, from: Address, to: Address) => ({
      index,
      transactionIndex: 0,
      transactionHash: sampleHash(900),
      address: NATIVE_LOG_EMITTER,
      topics: [TRANSFER_TOPIC, topicOf(from), topicOf(to)],
      data: `0x${'5'.padStart(64, '0')}`,
    })
    const contract = sampleAddress(3)
    const value = transaction(0, { from: STRANGER, to: contract })
    const logs = [logOf(0, PAYER.address, contract), logOf(1, contract, SHOP)]
    const block = { ...blockOf(value), logs }
    const { transfers, alarms } = read(block, [SHOP], { nativeMode: 'logs' })
    expect(transfers.map(({ place, from, to }) => [place, from, to])).toEqual([
      ['tx:0', PAYER.address, contract],
      ['log:1', contract, SHOP],
    ])
    expect(alarms).toEqual(['ALARM: a node names another sender of coins than the one who signed'])
  })
})
