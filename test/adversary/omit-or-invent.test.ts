/**
 * No node can make the gateway miss a payment, see one that was not made, or see another one: what
 * `getBlock` returns as proven under a true hash credits exactly what the true block does.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extractTransfers } from '../../src/core/chain/transfer.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import { never } from '../adapters/evm-rpc/support.ts'
import { describeTransfers, sealEveryKind } from '../support/sealed-blocks/every-kind.ts'
import { FORKS, type Fork, type SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import { connectTo, type Liar, refOf, startLiar, WATCHED } from './liar.ts'
import { tellLies } from './tell-lies.ts'

/** Every lie about a block of today, each third about one of tomorrow, of others each tenth. */
const STRIDES: Partial<Record<Fork, number>> = { prague: 1, amsterdam: 3 }
const STRIDE = 10
/** Fewer would mean that whole kinds of lies are no longer told. */
const MIN_LIES = 9_000
const TIMEOUT_MS = 300_000

describe.each(FORKS)('a block of %s', (fork) => {
  let truth: SealedBlock
  let liar: Liar
  let source: ChainSource

  beforeAll(async () => {
    truth = await sealEveryKind(fork)
    liar = await startLiar(truth)
    source = connectTo(liar)
  })
  afterAll(() => liar.stop())

  test('told as it is: every payment, and nothing else, proven', async () => {
    const block = await source.getBlock(refOf(truth), never())
    expect(block.proofLevel).toBe(2)
    const found = extractTransfers(block, WATCHED).transfers
    const moved = found.map(({ from, to, amountUnits }) => ({ from, to, amountUnits }))
    expect(moved).toEqual(describeTransfers())
  })

  test.each([
    ['all at once', false],
    ['one by one', true],
  ])(
    'lied about at every position, receipts %s: nothing is believed',
    async (_form, oneByOne) => {
      liar.oneByOne = oneByOne
      const stride = oneByOne ? STRIDE : (STRIDES[fork] ?? STRIDE)
      const { believed, lies, harmless, unproven } = await tellLies(truth, liar, source, stride)
      expect(believed).toEqual([])
      expect(lies).toBeGreaterThan(MIN_LIES / stride)
      // Else nobody would have read what was told, or all of it would have been refused unread.
      expect(harmless).toBeGreaterThan(0)
      expect(unproven).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})
