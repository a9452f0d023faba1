import { describe, expect, test } from 'vitest'
import {
  type AccountKey,
  deriveDepositAddress,
  deriveSponsorAddress,
  parseAccountKey,
} from '../../src/core/keys/deposit-address.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import { planSweep } from '../../src/operations/plan-sweep.ts'
import type { SweepChain } from '../../src/ports/sweep-chain.ts'
import { accountXpub } from '../support/account-keys.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'

const account = (parseAccountKey(TEST_XPUB) as { key: AccountKey }).key
const COIN: Asset = {
  id: nativeAssetId(1),
  chainId: 1,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}
const TOKEN: Address = `0x${'70'.repeat(20)}`
const DOLLAR: Asset = {
  ...COIN,
  id: tokenAssetId(1, TOKEN),
  token: TOKEN,
  symbol: 'USDC',
  decimals: 6,
}
const FUNDED = deriveDepositAddress(account, 4)

/** One address has a coin, all others have nothing. */
const chain: Pick<SweepChain, 'chainId' | 'getHead' | 'suggestFees' | 'readAccounts'> = {
  chainId: 1,
  getHead: async () => ({ number: 7, hash: `0x${'00'.repeat(32)}` }),
  suggestFees: async () => ({
    maxFeePerGasUnits: 10n,
    maxPriorityFeePerGasUnits: 1n,
    extraPerTransactionUnits: 0n,
  }),
  readAccounts: async (addresses, tokens) =>
    addresses.map((address) => ({
      address,
      nonce: 0,
      code: '0x',
      nativeUnits: address === FUNDED ? 10n ** 18n : 0n,
      // Nobody knows what it holds.
      tokenUnits: tokens.map(() => null),
    })),
}

/** The same, and the address with a coin sent so many transactions. */
function withNonce(nonce: number): SweepChain {
  const readAccounts: SweepChain['readAccounts'] = async (...asked) => {
    const states = await chain.readAccounts(...asked)
    return states.map((state) => (state.address === FUNDED ? { ...state, nonce } : state))
  }
  return { ...chain, readAccounts } as SweepChain
}

const plan = (
  destination: Address,
  assets: readonly Asset[] = [COIN],
  { sponsorAccount, nonce = 0 }: { sponsorAccount?: AccountKey; nonce?: number } = {},
) =>
  planSweep(
    { chain: withNonce(nonce) },
    {
      account,
      destination,
      method: 'delegate',
      clear: true,
      sponsorIndex: 0,
      assets,
      lastIndex: 20,
      minUnits: new Map(),
      signal: new AbortController().signal,
      ...(sponsorAccount && { sponsorAccount }),
    },
  )

describe('the treasury of a plan', () => {
  test.each([
    ['the sponsor', deriveSponsorAddress(account, 0)],
    ['an address with money', FUNDED],
    ['an empty address', deriveDepositAddress(account, 20)],
  ])('is not %s', async (_name, destination) => {
    await expect(plan(destination)).rejects.toThrow(/^--to: is the sponsor or a deposit address/)
  })

  test('is any other', async () => {
    const facts = await plan(`0x${'7e'.repeat(20)}`)
    expect(facts.entries.map(({ index }) => index)).toEqual([4])
  })
})

test('a token that does not answer is not counted as zero: the plan is refused and says what to do', async () => {
  const treasury: Address = `0x${'7e'.repeat(20)}`
  await expect(plan(treasury, [COIN, DOLLAR])).rejects.toThrow(
    /USDC \(eip155:1\/erc20:0x70.*\) does not say what 0x.* holds.*--without USDC/,
  )
})

describe('authorizations signed ahead', () => {
  const treasury: Address = `0x${'7e'.repeat(20)}`
  const other = parseAccountKey(accountXpub(1)) as { key: AccountKey }

  test('collect from addresses that sent nothing yet; the sponsor is that of other words', async () => {
    const facts = await plan(treasury, [COIN], { sponsorAccount: other.key })
    expect(facts.entries.map(({ index }) => index)).toEqual([4])
    expect(facts.sponsor.address).toBe(deriveSponsorAddress(other.key, 0))
    expect(facts.fingerprint).toBe(account.fingerprint)
  })

  test('leave and list an address that sent something: its nonce is not the signed one', async () => {
    const facts = await plan(treasury, [COIN], { sponsorAccount: other.key, nonce: 2 })
    expect(facts.entries).toEqual([])
    expect(facts.skipped).toMatchObject([{ index: 4, reason: 'method' }])
    expect((await plan(treasury, [COIN], { nonce: 2 })).entries).toHaveLength(1)
  })
})
