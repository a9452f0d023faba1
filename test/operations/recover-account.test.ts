import { describe, expect, test } from 'vitest'
import {
  type AccountKey,
  deriveSponsorAddress,
  parseAccountKey,
} from '../../src/core/keys/deposit-address.ts'
import { deriveAddressRange } from '../../src/core/keys/derive-addresses.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { recoverAccount } from '../../src/operations/recover-account.ts'
import type { SweepChain } from '../../src/ports/sweep-chain.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'

const account = (parseAccountKey(TEST_XPUB) as { key: AccountKey }).key
const addresses = deriveAddressRange(
  account,
  Array.from({ length: 600 }, (_, index) => index),
)
const TOKEN: Address = `0x${'70'.repeat(20)}`

type Account = { units?: bigint; tokens?: bigint | null; nonce?: number }

/** A chain on which these addresses, by index, are something. */
function chainOf(
  chainId: number,
  accounts: Readonly<Record<number, Account>>,
  options: {
    coin?: boolean
    faults?: Error[]
    everyone?: Account
    internal?: Readonly<Record<number, Account>>
  } = {},
) {
  const byAddress = new Map(
    Object.entries(accounts).map(([index, one]) => [addresses[Number(index)] as Address, one]),
  )
  for (const [index, one] of Object.entries(options.internal ?? {})) {
    byAddress.set(deriveSponsorAddress(account, Number(index)), one)
  }
  const faults = options.faults ?? []
  const chain: Pick<SweepChain, 'chainId' | 'getHead' | 'readAccounts'> = {
    chainId,
    getHead: async () => ({ number: 7, hash: `0x${'00'.repeat(32)}` }),
    async readAccounts(asked, tokens, blockNumber) {
      const fault = faults.shift()
      if (fault !== undefined) throw fault
      expect(blockNumber).toBe(7)
      return asked.map((address) => {
        const one = byAddress.get(address) ?? options.everyone ?? {}
        return {
          address,
          nonce: one.nonce ?? 0,
          code: '0x',
          nativeUnits: one.units ?? 0n,
          tokenUnits: tokens.map(() => (one.tokens === undefined ? 0n : one.tokens)),
        }
      })
    },
  }
  const coin = { id: nativeAssetId(chainId), chainId, token: null, symbol: 'ETH', decimals: 18 }
  const token = {
    id: tokenAssetId(chainId, TOKEN),
    chainId,
    token: TOKEN,
    symbol: 'T',
    decimals: 6,
  }
  const assets: Asset[] = options.coin === false ? [token] : [coin, token]
  return { chain: chain as SweepChain, assets }
}

async function recover(chains: ReturnType<typeof chainOf>[], gap: number, endIndex = 600) {
  const told: number[] = []
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  const recovery = await recoverAccount(
    { chains, pause },
    {
      account,
      gap,
      endIndex,
      signal: new AbortController().signal,
      onFound: ({ index }) => told.push(index),
      onProgress: () => {},
    },
  )
  return { ...recovery, told, pauses, indexes: recovery.found.map(({ index }) => index) }
}

describe('SW-14 recovering an account', () => {
  test('goes on until the gap, counted from the last address in use', async () => {
    const chain = chainOf(1, { 0: { units: 5n }, 100: { tokens: 3n }, 201: { units: 1n } })
    const at100 = await recover([chain], 100)
    expect(at100).toMatchObject({ indexes: [0, 100], scanned: 201, lastUsedIndex: 100 })
    const at101 = await recover([chain], 101)
    expect(at101).toMatchObject({ indexes: [0, 100, 201], scanned: 303, lastUsedIndex: 201 })
    expect(at101.told).toEqual([0, 100, 201])
    expect(at101.found[1]).toMatchObject({
      path: "m/44'/60'/0'/0/100",
      address: addresses[100],
      balances: [{ units: 3n, asset: { symbol: 'T' } }],
    })
  })

  test('an empty address that sent something is in use; so is one with coins not accepted', async () => {
    const emptied = chainOf(
      1,
      { 90: { nonce: 1 }, 180: { units: 9n }, 270: { tokens: 1n } },
      {
        coin: false,
      },
    )
    const recovery = await recover([emptied], 100)
    expect(recovery).toMatchObject({ indexes: [270], lastUsedIndex: 270 })
  })

  test('use on one chain keeps the search alive on all, and balances are of each chain', async () => {
    const one = chainOf(1, { 40: { units: 1n }, 120: { tokens: 2n } })
    const other = chainOf(10, { 80: { nonce: 3 }, 120: { units: 4n } })
    const recovery = await recover([one, other], 50)
    expect(recovery.indexes).toEqual([40, 120])
    expect(recovery.found[1]?.balances.map(({ asset, units }) => [asset.chainId, units])).toEqual([
      [1, 2n],
      [10, 4n],
    ])
  })

  test('the last index to look at is kept to, and nothing found is nothing', async () => {
    const chain = chainOf(1, { 30: { units: 1n } })
    expect(await recover([chain], 500, 30)).toMatchObject({
      indexes: [],
      scanned: 30,
      lastUsedIndex: null,
    })
    expect((await recover([chain], 500, 31)).indexes).toEqual([30])
  })

  test('what lies at the sponsor and the payer is found too', async () => {
    const chain = chainOf(1, { 7: { units: 1n } }, { internal: { 1: { tokens: 9n } } })
    const { found } = await recover([chain], 20)
    expect(found.map(({ path }) => path)).toEqual(["m/44'/60'/0'/1/1", "m/44'/60'/0'/0/7"])
    expect(found[0]?.balances).toMatchObject([{ units: 9n, asset: { symbol: 'T' } }])
  })

  test('a token that does not answer is told, not counted as empty', async () => {
    const mute = chainOf(1, { 3: { units: 1n } }, { everyone: { tokens: null } })
    const { unread } = await recover([mute], 10)
    // 14 deposit addresses (0 to 13) less the one that answers, and five of the internal chain.
    expect([...unread]).toEqual([[tokenAssetId(1, TOKEN), 18]])
  })

  test('a node that is away for a moment is asked again; one that stays away ends the search', async () => {
    const busy = new ChainSourceError('capacity', 'slow down', { retryAfterMs: 70 })
    const away = new ChainSourceError('unreachable', 'no answer')
    const found = await recover([chainOf(1, { 3: { units: 1n } }, { faults: [busy, away] })], 10)
    expect(found).toMatchObject({ indexes: [3], pauses: [70, 1_000] })
    const gone = chainOf(1, { 3: { units: 1n } }, { faults: Array(6).fill(away) })
    await expect(recover([gone], 10)).rejects.toBe(away)
    const wrong = new ChainSourceError('wrong_chain', 'another chain')
    const other = chainOf(1, {}, { faults: [wrong] })
    await expect(recover([other], 10)).rejects.toBe(wrong)
  })
})
