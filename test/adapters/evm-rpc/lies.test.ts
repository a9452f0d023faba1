/** A sample of what test/adversary does at length, quick enough for every check. */
import { numberToHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import { fuzzNode } from '../../adversary/fuzz-node.ts'
import { connectTo, type Liar, readCredits, refOf, startLiar, tell } from '../../adversary/liar.ts'
import type { Told } from '../../adversary/lies-about-a-block.ts'
import { tellLies } from '../../adversary/tell-lies.ts'
import {
  computeBloom,
  computeReceiptsRoot,
  type Json,
} from '../../support/sealed-blocks/encode-block.ts'
import { sealEveryKind, shopAddress, TOKEN } from '../../support/sealed-blocks/every-kind.ts'
import {
  addressOfKey,
  type SealedBlock,
  transferLog,
} from '../../support/sealed-blocks/seal-block.ts'
import { catchFault, never } from './support.ts'

let truth: SealedBlock
let liar: Liar
beforeAll(async () => {
  truth = await sealEveryKind('prague')
  liar = await startLiar(truth)
})
afterAll(() => liar.stop())

test('every 41st lie about a block: nothing is believed', async () => {
  const { believed, lies } = await tellLies(truth, liar, connectTo(liar), 41)
  expect(believed).toEqual([])
  expect(lies).toBeGreaterThan(200)
})

test('300 spoilt answers: no crash, no payment lost, invented or changed', async () => {
  const { failures, refused } = await fuzzNode(truth, liar, {
    blockShare: 0.7,
    count: 300,
    seed: 1,
  })
  expect(failures).toEqual([])
  expect(refused).toBeGreaterThan(30)
})

test('an answer nested deeper than a stack is refused like any other nonsense', async () => {
  liar.told = tell(truth)
  liar.oneByOne = true
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  liar.spoil = (text) => text.replaceAll('"logs":[]', `"logs":[],"x":${deep}`)
  const fault = await catchFault(connectTo(liar).getBlock(refOf(truth), never()))
  expect(fault.kind).toBe('malformed')
  liar.spoil = null
  liar.oneByOne = false
})

describe('a block of which nothing can be proven', () => {
  let honest: Liar
  beforeAll(async () => {
    honest = await startLiar(truth)
  })
  afterAll(() => honest.stop())

  /** The receipts lie, and their root cannot be held against a header that lacks a field. */
  const beUnprovable = (told: Told): Told => {
    const [receipt] = told.receipts as [Json]
    const place = { transactionHash: receipt.transactionHash, transactionIndex: '0x0' }
    const block = { blockHash: truth.hash, blockNumber: truth.block.number }
    const invented = transferLog(TOKEN, addressOfKey(5), shopAddress(1), 10n ** 10n)
    for (const { logs } of told.receipts) {
      for (const log of logs) log.logIndex = numberToHex(Number(log.logIndex) + 1)
    }
    receipt.logs = [{ ...invented, ...place, ...block, logIndex: '0x0', removed: false }]
    receipt.logsBloom = computeBloom(receipt.logs)
    told.block.receiptsRoot = computeReceiptsRoot(told.receipts)
    told.block.logsBloom = computeBloom(told.receipts.flatMap(({ logs }) => logs))
    delete told.block.stateRoot
    return told
  }

  test('is asked for at the next node, which proves it', async () => {
    liar.told = beUnprovable(tell(truth))
    honest.told = tell(truth)
    const alone = await readCredits(connectTo(liar), refOf(truth))
    expect(alone?.proofLevel).toBe(0)
    const urls = [liar.url, honest.url]
    const together = await readCredits(connectTo(liar, { urls }), refOf(truth))
    expect(together).toEqual(await readCredits(connectTo(honest), refOf(truth)))
    expect(together?.proofLevel).toBe(2)
    expect(together?.credits.length).toBe((alone?.credits.length ?? 0) - 1)
  })

  test('stands as unproven where no node has better, and where proofs are only looked at', async () => {
    liar.told = beUnprovable(tell(truth))
    honest.told = beUnprovable(tell(truth))
    const urls = [liar.url, honest.url]
    expect((await readCredits(connectTo(liar, { urls }), refOf(truth)))?.proofLevel).toBe(0)
    honest.told = tell(truth)
    const proofs = setAllProofs('observe')
    const looked = await readCredits(connectTo(liar, { urls, proofs }), refOf(truth))
    expect(looked?.proofLevel).toBe(0)
  })
})
