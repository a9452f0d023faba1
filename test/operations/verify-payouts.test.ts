/** Who was paid, judged by what a chain shows; and what may be planned again. */
import { describe, expect, test } from 'vitest'
import type { JournaledPayout } from '../../src/core/payout/payout-plan.ts'
import { verifyPayouts } from '../../src/operations/verify-payouts.ts'
import type { Receipt, SweepChain } from '../../src/ports/sweep-chain.ts'
import { DOLLAR, payoutFacts } from '../support/payout-facts.ts'

const PAYER = payoutFacts().payer.address
const HASH = `0x${'5a'.repeat(32)}` as const
const HEAD = 100
const DEPTH = 5
const [, payout] = payoutFacts().payouts
const paid = { ...payout!, nonce: 6 }
const right = { token: DOLLAR.token!, from: PAYER, to: paid.to, units: paid.units }

type World = {
  receipt: Partial<Receipt> | null
  /** The payer's nonce from this block on is past the payout's. */
  usedSince: number
}

async function verify({ receipt, usedSince }: World) {
  let journal: readonly JournaledPayout[] = [{ ...paid, failed: false }]
  const chain: Pick<SweepChain, 'getHead' | 'readAccounts' | 'getReceipts'> = {
    getHead: async () => ({ number: HEAD, hash: HASH }),
    readAccounts: async ([address], _tokens, block) => {
      const state = { code: '0x', nativeUnits: 0n, tokenUnits: [] }
      return [{ ...state, address: address!, nonce: block >= usedSince ? 7 : 6 }]
    },
    getReceipts: async () => {
      const base = { blockNumber: usedSince, succeeded: true, gasUsed: 1n, transfers: [] }
      return [receipt === null ? null : { ...base, ...receipt }]
    },
  }
  const signed = {
    chainId: 31_337,
    payer: PAYER,
    planDigest: '',
    transactions: [],
    payouts: [{ ...paid, txHash: HASH }],
  }
  const [verified] = await verifyPayouts(
    {
      chain: chain as SweepChain,
      journal: { read: () => journal, write: (_key, written) => (journal = written) },
    },
    { signed, finalDepth: DEPTH, signal: new AbortController().signal },
  )
  const { state, confirmations } = verified!
  return { state, confirmations, released: journal[0]?.failed }
}

const NEVER = HEAD + 1
const DEEP = HEAD - DEPTH

describe('SW-19 a payout', () => {
  test.each<[string, World, object]>([
    [
      'is paid when its token says so',
      { receipt: { transfers: [right] }, usedSince: 99 },
      { state: 'paid', confirmations: 2, released: false },
    ],
    [
      'is odd when less arrived',
      { receipt: { transfers: [{ ...right, units: 1n }] }, usedSince: DEEP },
      { state: 'odd', confirmations: 6, released: false },
    ],
    [
      'is odd when somebody else paid, or another was paid, or with another token',
      {
        receipt: {
          transfers: [
            { ...right, from: paid.to },
            { ...right, to: PAYER },
            { ...right, token: paid.to },
          ],
        },
        usedSince: DEEP,
      },
      { state: 'odd', released: false },
    ],
    [
      'waits while no block has it',
      { receipt: null, usedSince: NEVER },
      { state: 'pending', confirmations: null, released: false },
    ],
    [
      'failed when it reverted, and is not planned again while that block may go',
      { receipt: { succeeded: false }, usedSince: DEEP + 1 },
      { state: 'failed', released: false },
    ],
    [
      'failed for good when it reverted deep enough',
      { receipt: { succeeded: false }, usedSince: DEEP },
      { state: 'failed', released: true },
    ],
    [
      'failed for good when another transaction has its nonce, deep enough',
      { receipt: null, usedSince: DEEP },
      { state: 'failed', released: true },
    ],
    [
      'is not given up while the other transaction may go',
      { receipt: null, usedSince: DEEP + 1 },
      { state: 'failed', released: false },
    ],
  ])('%s', async (_name, world, expected) => {
    expect(await verify(world)).toMatchObject(expected)
  })
})
