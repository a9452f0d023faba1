import { expect, test } from 'vitest'
import { tokenAssetId } from '../../src/core/money/asset.ts'
import { verifySweep } from '../../src/operations/verify-sweep.ts'
import type { SweepChain } from '../../src/ports/sweep-chain.ts'
import { sampleAddress, sampleHash } from '../support/fixtures.ts'

const CHAIN_ID = 31_337
const TOKEN = sampleAddress(0xd0)
const SHOP = sampleAddress(3)

/** A chain on which one address holds this much of the token; null: the token does not answer. */
function verifyWith(left: bigint | null) {
  const state = { address: SHOP, nonce: 1, code: '0x', nativeUnits: 0n, tokenUnits: [left] }
  const chain = {
    chainId: CHAIN_ID,
    getHead: async () => ({ number: 9, hash: sampleHash(9) }),
    readAccounts: async () => [state],
    findTransferFault: async () => 'paused',
  } as unknown as SweepChain
  const expected = [{ index: 3, address: SHOP, assetId: tokenAssetId(CHAIN_ID, TOKEN), units: 25n }]
  const sweep = {
    chainId: CHAIN_ID,
    destination: sampleAddress(7),
    planDigest: 'ab'.repeat(32),
    clear: true,
    transactions: [],
    expected,
  }
  return verifySweep({ chain }, { sweep, signal: new AbortController().signal })
}

test.each([
  ['nothing is left', 0n, null],
  ['something younger is left', 5n, null],
  ['all is left', 25n, 'the token refuses the transfer: paused'],
  ['the token does not answer', null, 'the token did not answer: whether it is gone is not known'],
])('SW-13 a collection is judged by balances: %s', async (_name, left, fault) => {
  const { balances } = await verifyWith(left)
  expect(balances).toMatchObject([{ leftUnits: left, fault }])
})
