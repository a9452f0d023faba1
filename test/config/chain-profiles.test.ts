import { getAddress } from 'viem/utils'
import { describe, expect, test } from 'vitest'
import { CHAIN_PROFILES } from '../../src/config/chain-profiles.ts'
import { judgeToken } from '../../src/config/judge-text.ts'
import { parse, places, USDC } from './parse.ts'

const NODE = 'https://node.example/key'
const profiles = [...CHAIN_PROFILES].map(([id, profile]) => ({ id, ...profile }))
const enabled = (...ids: (number | string)[]) =>
  Object.fromEntries(ids.map((id) => [`QUITTANCE_RPC_${id}`, NODE]))
const base = (fields: object) => parse({ chains: { 8453: fields } }, enabled(8453)).chains[0]!

/** Symbol and decimals of every token, written down once more by hand, from the issuers' pages. */
const DECIMALS: Readonly<Record<string, string>> = {
  1: 'USDC 6, USDT 6, DAI 18, EURC 6',
  10: 'USDC 6, USDT 6, USDT0 6, DAI 18, USDC.e 6',
  56: 'USDT 18, USDC 18, DAI 18',
  97: 'USDT 18, USDC 18',
  100: 'USDC.e 6',
  137: 'USDC 6, USDT 6, DAI 18, USDC.e 6',
  8453: 'USDC 6, EURC 6, DAI 18, USDbC 6',
  10200: '',
  42161: 'USDC 6, USDT 6, DAI 18, USDC.e 6',
  43113: 'USDC 6, EURC 6',
  43114: 'USDC 6, USDT 6, EURC 6, USDC.e 6, USDT.e 6, DAI.e 18',
  80002: 'USDC 6',
  84532: 'USDC 6, EURC 6',
  421614: 'USDC 6',
  11155111: 'USDC 6, EURC 6',
  11155420: 'USDC 6',
}

describe('every profile', () => {
  test.each(profiles)('$id: its node alone is enough', ({ id, settings, genesisHash }) => {
    const [chain, ...others] = parse(null, enabled(id)).chains
    expect(others).toEqual([])
    expect(chain).toMatchObject({
      chainId: Number(id),
      name: settings.name,
      networkName: settings.network_name,
      test: false,
      testnet: settings.testnet,
      rpcUrls: [NODE],
      genesisHash,
      blockTimeMs: settings.block_time_ms,
      pollIntervalMs: settings.poll_interval_ms,
    })
    expect(genesisHash).toMatch(/^0x[0-9a-f]{64}$/)
    // The native coin is taken unless it is switched off.
    expect(chain!.assets[0]).toMatchObject({ token: null, decimals: 18 })
  })

  test.each(profiles)('$id: PA-29 decimals of its tokens', ({ id, settings }) => {
    const told = settings.tokens.map(({ symbol, decimals }) => `${symbol} ${decimals}`)
    expect(told.join(', ')).toBe(DECIMALS[id])
  })

  test.each(profiles)('$id: contracts are checksummed, real and listed once', ({ settings }) => {
    const { tokens } = settings
    for (const { address } of tokens) {
      expect(address).toBe(getAddress(address.toLowerCase()))
      // Neither an alias of the native coin nor the emitter of its logs.
      expect(judgeToken(address)).toBeNull()
    }
    const keys = tokens.flatMap(({ address, symbol }) => [address.toLowerCase(), symbol])
    expect(new Set(keys).size).toBe(keys.length)
  })

  test.each(profiles)('$id: is polled at least every two seconds', ({ settings }) => {
    expect(settings.poll_interval_ms).toBeLessThanOrEqual(2_000)
  })

  test.each(profiles)('$id: a tag that is asked for is followed', ({ settings }) => {
    const rules = settings.finality.map(({ confirmations }) => confirmations)
    const asksForTag = rules.some((rule) => typeof rule === 'string')
    expect(settings.finalized_tag).toBe(asksForTag ? 'on' : 'off')
  })

  test.each(profiles)(
    '$id: has a cap exactly where orders count before they are final',
    ({ settings }) => {
      const countsEarly = settings.finality.some(
        ({ confirmations }) => confirmations !== 'finalized',
      )
      const isCapped = countsEarly && settings.finalized_tag === 'on'
      expect(settings.finality_cap).toBe(isCapped ? '10000 USD' : false)
    },
  )

  // biome-ignore format: a table reads better in rows
  const STUCK_S: Readonly<Record<string, number>> = {
    1: 1_500, 10: 2_400, 56: 60, 97: 60, 100: 600, 137: 120, 8453: 2_400, 10200: 600,
    42161: 2_400, 80002: 120, 84532: 2_400, 421614: 2_400, 11155111: 1_500, 11155420: 2_400,
  }

  test.each(profiles)(
    'CR-13 $id: a tag is stuck after the time of its chain',
    ({ id, settings }) => {
      expect(settings.finality_stuck_s).toBe(
        settings.finalized_tag === 'on' ? STUCK_S[id] : undefined,
      )
    },
  )

  test('`safe` is asked of rollups alone', () => {
    const asking = profiles.filter(({ settings }) =>
      settings.finality.some(({ confirmations }) => confirmations === 'safe'),
    )
    const rollups = ['10', '8453', '42161', '84532', '421614', '11155420']
    expect(asking.map(({ id }) => id)).toEqual(rollups)
  })

  test('the table has them all', () => {
    expect(Object.keys(DECIMALS)).toEqual(profiles.map(({ id }) => id))
  })

  test('names of networks differ: a shopper chooses by them', () => {
    const names = profiles.flatMap(({ settings }) => [settings.network_name])
    expect(new Set(names).size).toBe(profiles.length)
  })

  test('test networks say so', () => {
    for (const { settings } of profiles) {
      expect(/test network/.test(settings.network_name)).toBe(settings.testnet)
    }
  })

  test('genesis blocks differ, but for the two networks of Avalanche', () => {
    const byHash = Map.groupBy(profiles, ({ genesisHash }) => genesisHash)
    const shared = [...byHash.values()].filter((list) => list.length > 1)
    expect(shared.map((list) => list.map(({ id }) => id))).toEqual([['43113', '43114']])
  })
})

describe('the file over a profile', () => {
  test('inherits what it does not say', () => {
    const own = parse({ chains: { 8453: { rpc: ['http://127.0.0.1:8545'] } } }).chains[0]
    const known = parse(null, enabled(8453)).chains[0]
    expect(own).toEqual({ ...known, rpcUrls: ['http://127.0.0.1:8545'] })
  })

  test('wins name by name', () => {
    const chain = base({ name: 'Mine', finality: [{ confirmations: 7 }], poll_interval_ms: 500 })
    expect(chain).toMatchObject({
      name: 'Mine',
      networkName: 'Base',
      finality: [{ upTo: null, rule: { kind: 'depth', confirmations: 7 } }],
      pollIntervalMs: 500,
      blockTimeMs: 2_000,
    })
    expect(chain.assets.map(({ symbol }) => symbol)).toContain('EURC')
  })

  test('turns the cap of a profile off, or sets another one', () => {
    expect(base({}).finalityCap).toEqual({ amount: '10000', currency: 'USD' })
    expect(base({ finality_cap: false }).finalityCap).toBeNull()
    expect(base({ finality_cap: '500 EUR' }).finalityCap?.amount).toBe('500')
    expect(base({ test: true }).finalityCap).toBeNull()
  })

  test('a list of tokens replaces the whole list', () => {
    const tokens = [{ address: USDC, symbol: 'USDC', decimals: 6 }]
    const symbols = (fields: object) => base(fields).assets.map(({ token }) => token)
    expect(symbols({ tokens })).toEqual([null, USDC])
    expect(symbols({ tokens: [] })).toEqual([null])
  })

  test('the native coin is overridden field by field, or switched off', () => {
    const polygon = (native: unknown) =>
      parse({ chains: { 137: { native } } }, enabled(137)).chains[0]!.assets[0]
    expect(polygon({ decimals: 9 })).toMatchObject({ symbol: 'POL', decimals: 9 })
    expect(polygon({ symbol: 'MATIC' })).toMatchObject({ symbol: 'MATIC', decimals: 18 })
    expect(polygon(false)?.token).not.toBeNull()
    expect(polygon({})).toMatchObject({ symbol: 'POL' })
  })

  test('proofs are overridden one by one', () => {
    const { proofs } = base({ proofs: { bloom: 'off' } })
    expect(proofs).toEqual({
      headerHash: 'on',
      transactionsRoot: 'on',
      receiptsRoot: 'on',
      bloom: 'off',
    })
  })

  test('its own mistakes are told as ever', () => {
    expect(places({ chains: { 8453: { nam: 'x' } } }, enabled(8453))).toEqual(['/chains/8453/nam'])
    expect(places({ chains: { 8453: 'x' } }, enabled(8453))).toEqual(['/chains/8453'])
    expect(places({ chains: { 8453: {} } })).toEqual(['/chains/8453/rpc'])
    const shallow = { chains: { 8453: { max_reorg_blocks: 5 } } }
    expect(places(shallow, enabled(8453))).toEqual(['/chains/8453/max_reorg_blocks'])
  })

  test('a local stand-in takes its looks alone', () => {
    const tokens = [{ address: USDC, symbol: 'USDC', decimals: 18 }]
    expect(base({ test: true, tokens })).toMatchObject({
      name: 'Base',
      networkName: 'Base',
      test: true,
      testnet: false,
      genesisHash: null,
      finality: [{ upTo: null, rule: { kind: 'depth', confirmations: 5 } }],
      pollIntervalMs: 250,
      maxReorgBlocks: 300,
    })
    expect(base({ test: true }).assets).toMatchObject([{ symbol: 'ETH', token: null }])
  })
})

test('a chain without a profile has its own name for a network, and no genesis', () => {
  const chain = { rpc: [NODE], name: 'Mine' }
  expect(parse({ chains: { 4242: chain } }).chains[0]).toMatchObject({
    networkName: 'Mine',
    genesisHash: null,
  })
  const named = { ...chain, network_name: 'Mine (ERC20)' }
  expect(parse({ chains: { 4242: named } }).chains[0]?.networkName).toBe('Mine (ERC20)')
})
