/** Coins that access lists tell of: what they brought rests on a balance before, and on no one's word alone. */
import { expect, test } from 'vitest'
import type { BlockRef, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { createLocalChain } from '../../src/core/chain/local-chain.ts'
import { nativeAssetId } from '../../src/core/money/asset.ts'
import { type ChainFaultKind, ChainSourceError } from '../../src/errors.ts'
import { findInternal } from '../../src/operations/find-internal.ts'
import { sampleAddress, sampleHash } from '../support/fixtures.ts'

const CHAIN_ID = 31_337
const [OURS, PAYER] = [sampleAddress(1), sampleAddress(2)]
const refAt = (number: number): BlockRef => {
  return {
    number,
    hash: sampleHash(number),
    parentHash: sampleHash(number - 1),
    timestampS: number,
  }
}
const SETTINGS = {
  chainId: CHAIN_ID,
  assets: [{ id: nativeAssetId(CHAIN_ID), chainId: CHAIN_ID, token: null }],
  nativeMode: 'bal',
} as unknown as ChainSettings
const BLOCK: VerifiedBlock = {
  ref: refAt(7),
  proofLevel: 2,
  transactions: [
    { hash: sampleHash(70), index: 0, from: PAYER, to: PAYER, valueUnits: 0n, succeeded: true },
  ],
  logs: [],
}

/** The list says that the address had 25 after the first transaction. */
async function find(before: () => Promise<bigint | null>) {
  const warnings: string[] = []
  const deps = {
    store: { findDepositAddresses: async () => [{ address: OURS }] },
    logger: { warn: (_: object, text: string) => warnings.push(text) },
    metrics: { count() {} },
    native: {
      getBalanceChanges: async () => [
        { address: OURS, changes: [{ index: 1, balanceUnits: 25n }] },
      ],
      getAgreedBalance: (ref: BlockRef) => {
        expect(ref).toEqual(refAt(6))
        return before()
      },
    },
  } as never
  const chain = createLocalChain(CHAIN_ID, [refAt(6)])
  const { signal } = new AbortController()
  const found = await findInternal(deps, {
    settings: SETTINGS,
    before: chain,
    blocks: [BLOCK],
    signal,
  })
  return { found: found.map(({ to, amountUnits }) => [to, amountUnits]), warnings }
}

const fail = (kind: ChainFaultKind) => async () => {
  throw new ChainSourceError(kind, 'node:1 and node:2 differ')
}

test('what came is what the address has more than before, as all nodes have it', async () => {
  expect(await find(async () => 20n)).toEqual({ found: [[OURS, 5n]], warnings: [] })
  expect(await find(async () => 25n)).toEqual({ found: [], warnings: [] })
})

test('where nodes differ about the balance before, the sweep of balances decides', async () => {
  const { found, warnings } = await find(fail('inconsistent'))
  expect(found).toEqual([])
  expect(warnings.join()).toContain('left to the balances')
})

test('where no node has that state, too; a node that is away ends the turn', async () => {
  expect((await find(async () => null)).found).toEqual([])
  expect((await find(fail('not_there'))).found).toEqual([])
  await expect(find(fail('unreachable'))).rejects.toMatchObject({ kind: 'unreachable' })
})
