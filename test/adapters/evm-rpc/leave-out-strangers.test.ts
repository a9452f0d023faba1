/** Transfers among addresses that nobody here has are left out of a block; nothing else ever is. */
import { expect, test } from 'vitest'
import type { BlockLog, VerifiedBlock } from '../../../src/core/chain/block.ts'
import { NATIVE_LOG_EMITTER } from '../../../src/core/chain/native-coin.ts'
import { extractTransfers, type WatchedAssets } from '../../../src/core/chain/transfer.ts'
import type { Address, Hash } from '../../../src/core/money/asset.ts'
import {
  addressOfKey,
  type LogDescription,
  sealBlock,
  TRANSFER_TOPIC,
  transferLog,
} from '../../support/sealed-blocks/seal-block.ts'
import { createTerms, readAnswers } from './read-answers.ts'

const TOKEN = addressOfKey(100)
const OTHER_TOKEN = addressOfKey(101)
const [PAYER, OURS, STRANGER] = [addressOfKey(1), addressOfKey(2), addressOfKey(3)]
const good = transferLog(TOKEN, PAYER, STRANGER, 5n)
const dirty = (topic: string) => `0x1${topic.slice(3)}` as const
const [, from, to] = good.topics as [Hash, Hash, Hash]

const LEFT_OUT: Record<string, LogDescription> = {
  'a transfer to a stranger': good,
  'the same in upper case': transferLog(TOKEN, PAYER, STRANGER.toUpperCase() as Address, 6n),
  'a transfer of nothing': transferLog(TOKEN, PAYER, STRANGER, 0n),
  'a transfer to oneself': transferLog(TOKEN, STRANGER, STRANGER, 7n),
  'a mint to a stranger': transferLog(TOKEN, `0x${'0'.repeat(40)}`, STRANGER, 8n),
}

const KEPT: Record<string, LogDescription> = {
  'a transfer to us': transferLog(TOKEN, PAYER, OURS, 9n),
  'a transfer from us to a stranger': transferLog(TOKEN, OURS, STRANGER, 2n),
  'the same from us in upper case': transferLog(TOKEN, OURS.toUpperCase() as Address, STRANGER, 3n),
  'a transfer of nothing to us': transferLog(TOKEN, PAYER, OURS, 0n),
  'a transfer from us to us': transferLog(TOKEN, OURS, OURS, 1n),
  'another event': { ...good, topics: [dirty(TRANSFER_TOPIC), from, to] },
  'a transfer with four topics': { ...good, topics: [...good.topics, to] },
  'a transfer with two topics': { ...good, topics: [TRANSFER_TOPIC, from] },
  'a recipient that is no address': { ...good, topics: [TRANSFER_TOPIC, from, dirty(to)] },
  'a payer that is no address': { ...good, topics: [TRANSFER_TOPIC, dirty(from), to] },
  'an amount of another length': { ...good, data: `${good.data}00` },
  'a log of the coin itself': transferLog(NATIVE_LOG_EMITTER, PAYER, STRANGER, 3n),
}

const isStranger = (source: Uint8Array, start: number) => {
  const digits = Buffer.from(source.subarray(start, start + 40)).toString('latin1')
  return `0x${digits.toLowerCase()}` !== OURS
}
const ASSETS: WatchedAssets = { chainId: 1, tokens: new Set([TOKEN]), native: 'none' }

async function readBoth(logs: readonly LogDescription[]) {
  const common = { chainId: 1, number: 7, timestampS: 9, parentHash: `0x${'5'.repeat(64)}` as Hash }
  const transactions = logs.map((log) => ({ to: TOKEN, logs: [log] }))
  const { block, receipts } = await sealBlock({ ...common, transactions })
  const ref = {
    number: 7,
    hash: block.hash as Hash,
    parentHash: common.parentHash,
    timestampS: 9,
  }
  const watched = [TOKEN, NATIVE_LOG_EMITTER]
  const read = (terms: ReturnType<typeof createTerms>) =>
    readAnswers(ref, { block, receipts }, terms).block
  return { whole: read(createTerms(watched)), some: read(createTerms(watched, { isStranger })) }
}

const indexesOf = (logs: readonly BlockLog[]) => logs.map(({ index }) => index)
const oursIn = (block: VerifiedBlock) =>
  extractTransfers(block, ASSETS).transfers.filter((one) => [one.from, one.to].includes(OURS))

test('what is for strangers is left out, all else is handed over as it was, and the block proves', async () => {
  const logs = [
    ...Object.values(LEFT_OUT),
    ...Object.values(KEPT),
    transferLog(OTHER_TOKEN, PAYER, OURS, 4n),
  ]
  const { whole, some } = await readBoth(logs)
  expect(whole.leftOut).toBeUndefined()
  expect(whole.logs).toHaveLength(logs.length - 1)
  expect(some.logs).toEqual(whole.logs.slice(Object.keys(LEFT_OUT).length))
  expect(some.proofLevel).toBe(2)
  expect(some.transactions).toEqual(whole.transactions)
})

test.each(Object.entries(KEPT))('%s is kept', async (_, log) => {
  const { whole, some } = await readBoth([good, log])
  expect(indexesOf(whole.logs)).toEqual([0, 1])
  expect(indexesOf(some.logs)).toEqual([1])
})

test('payments, malformed transfers and how many transfers there were come out the same', async () => {
  const { whole, some } = await readBoth([...Object.values(LEFT_OUT), ...Object.values(KEPT)])
  const [all, rest] = [extractTransfers(whole, ASSETS), extractTransfers(some, ASSETS)]
  expect(oursIn(some)).toEqual(oursIn(whole))
  expect(oursIn(some)).toHaveLength(3)
  expect(rest.malformed).toBe(all.malformed)
  expect(rest.transfers.length + (some.leftOut ?? 0)).toBe(all.transfers.length)
})
