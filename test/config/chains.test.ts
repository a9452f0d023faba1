import { describe, expect, test } from 'vitest'
import { depthRule, tagRule } from '../../src/core/chain/finality.ts'
import { LOCAL_CHAIN, parse, places, refusal, USDC, withChain } from './parse.ts'

const HERE = '/chains/31337'

const chainOf = (fields: object) => parse(withChain(fields)).chains[0]!
const token = (fields: object = {}) => ({ address: USDC, symbol: 'USDC', decimals: 6, ...fields })

describe('defaults', () => {
  test('of a test chain', () => {
    expect(chainOf({})).toMatchObject({
      name: 'Chain 31337',
      pollIntervalMs: 250,
      blockTimeMs: 250,
      maxReorgBlocks: 300,
      finality: [{ upTo: null, rule: depthRule(5) }],
      assets: [{ symbol: 'ETH', decimals: 18, token: null }],
    })
    expect(chainOf({ poll_interval_ms: 1_000 }).blockTimeMs).toBe(1_000)
  })

  test('of any other chain', () => {
    expect(chainOf({ test: false })).toMatchObject({
      pollIntervalMs: 2_000,
      blockTimeMs: 12_000,
      maxReorgBlocks: 300,
      finality: [{ upTo: null, rule: depthRule(12) }],
    })
  })

  test('of the native coin, field by field; false disables it', () => {
    expect(chainOf({ native: { symbol: 'POL' } }).assets).toMatchObject([
      { symbol: 'POL', decimals: 18 },
    ])
    const assets = chainOf({ native: false, tokens: [token()] }).assets
    expect(assets.map((asset) => asset.symbol)).toEqual(['USDC'])
  })
})

test('chains come ascending by id', () => {
  const chains = { 137: LOCAL_CHAIN, 9007199254740991: LOCAL_CHAIN, 1: LOCAL_CHAIN }
  const ids = parse({ chains }).chains.map((chain) => chain.chainId)
  expect(ids).toEqual([1, 137, 9007199254740991])
})

test.each(['0', '01', '-1', '1.5', '0x1', 'mainnet', '9007199254740992', '99999999999999999'])(
  'the chain id %s is refused',
  (id) => {
    expect(places({ chains: { [id]: LOCAL_CHAIN } })).toEqual([`/chains/${id}`])
  },
)

test.each<[string, readonly unknown[], readonly unknown[]]>([
  ['name', ['Base', 'BNB Chain', 'Ä'], ['', ' x', 'a\nb', 'x'.repeat(41), '\u202ex', 5]],
  ['test', [true, false], ['true', 1, null]],
  ['poll_interval_ms', [50, 60_000], [49, 60_001, 99.5, '250']],
  ['block_time_ms', [10, 600_000], [9, 600_001, '1']],
  ['max_reorg_blocks', [5, 10_000], [4, 10_001, 0, -1]],
  ['native', [{}, { symbol: 'X', decimals: 0 }], [true, null, 'ETH', []]],
  ['finalized_tag', ['off', 'on'], [true, 'safe']],
  ['native_mode', ['auto', 'direct', 'logs', 'trace', 'bal', 'delta'], ['on', 'Delta', '']],
  ['detection', ['receipts', 'logs'], ['traces', '', true]],
  ['rpc_headers', [{}, { Authorization: 'Bearer x' }], [[], 'x', null]],
  ['own_senders', [[], [USDC]], ['x', null, {}]],
  ['dust_units', ['0', '1', 0, 10_000, '1000000000000000000'], ['', '01', '1.5', '0x1', -1, null]],
])('%s', (field, right, wrong) => {
  for (const value of right) parse(withChain({ [field]: value }))
  for (const value of wrong)
    expect(places(withChain({ [field]: value }))).toEqual([`${HERE}/${field}`])
})

test('detection by logs does not go with modes that look into every block', () => {
  const byLogs = (fields: object) => withChain({ detection: 'logs', ...fields })
  for (const native_mode of ['trace', 'bal']) {
    expect(places(byLogs({ native_mode }))).toEqual([`${HERE}/detection`])
    expect(chainOf({ native_mode, detection: 'receipts' }).nativeMode).toBe(native_mode)
    const alone = { detection: 'logs', native_mode, native: false, tokens: [token()] }
    expect(chainOf(alone).detection).toBe('logs')
  }
  const arbitrum = { chains: { 42161: { ...LOCAL_CHAIN, detection: 'logs' } } }
  expect(refusal(arbitrum).message).toContain('"trace"')
  expect(chainOf({}).detection).toBe('receipts')
  expect(chainOf({ detection: 'logs' }).detection).toBe('logs')
})

describe('rpc', () => {
  test('is needed, here or by its variable', () => {
    const { rpc: _, ...withoutNodes } = LOCAL_CHAIN
    const file = { chains: { 31337: withoutNodes } }
    expect(places(file)).toEqual([`${HERE}/rpc`])
    expect(places({ chains: { 31337: { ...withoutNodes, zz: 1 } } })).toEqual([
      `${HERE}/rpc`,
      `${HERE}/zz`,
    ])
    const config = parse(file, { QUITTANCE_RPC_31337: 'http://a:1, https://b/key' })
    expect(config.chains[0]?.rpcUrls).toEqual(['http://a:1', 'https://b/key'])
  })

  test('of the variable wins', () => {
    const config = parse(withChain({}), { QUITTANCE_RPC_31337: 'http://b:2' })
    expect(config.chains[0]?.rpcUrls).toEqual(['http://b:2'])
  })

  test.each([
    'ws://x',
    'x:80',
    'http:/x',
    'http://',
    'file:///etc/passwd',
    'http://a b',
    'http://x/#y',
  ])('%j is refused by its place', (url) => {
    const good = 'http://127.0.0.1:1'
    expect(places(withChain({ rpc: [url] }))).toEqual([`${HERE}/rpc/0`])
    const refused = refusal(withChain({}), { QUITTANCE_RPC_31337: `${good},${url}` })
    expect(refused.message).toContain('QUITTANCE_RPC_31337: entry 2: ')
  })

  test('is a list without repetition, of one to ten', () => {
    expect(places(withChain({ rpc: [] }))).toEqual([`${HERE}/rpc`])
    expect(places(withChain({ rpc: 'http://x' }))).toEqual([`${HERE}/rpc`])
    expect(places(withChain({ rpc: ['http://x', 'http://x'] }))).toEqual([`${HERE}/rpc/1`])
    const many = Array.from({ length: 11 }, (_, index) => `http://x:${index + 1}`)
    expect(places(withChain({ rpc: many }))).toEqual([`${HERE}/rpc`])
  })

  test('of a chain that is neither described nor known is refused, and why', () => {
    const refused = refusal(withChain({}), { QUITTANCE_RPC_5: 'https://user:pw@node' })
    expect(refused.message).toContain('QUITTANCE_RPC_5: chain 5 has no built-in profile')
    expect(refused.message).toContain('/chains/5')
    expect(refused.message).not.toContain('pw')
    expect(places(null, { QUITTANCE_RPC_X: 'http://x' })).toEqual(['QUITTANCE_RPC_X'])
    expect(places(null, { QUITTANCE_RPC_01: 'http://x' })).toEqual(['QUITTANCE_RPC_01'])
  })

  test('headers are plain, and not those the gateway writes', () => {
    const wrong = { 'Content-Length': '1', 'a b': 'x', 'x-a': 'a\r\nHost: b', 'x-b': '' }
    for (const [name, value] of Object.entries(wrong)) {
      expect(places(withChain({ rpc_headers: { [name]: value } }))).toEqual([
        `${HERE}/rpc_headers/${name}`,
      ])
    }
    expect(places(withChain({ rpc_headers: { 'x-a': '1', 'X-A': '2' } }))).toHaveLength(1)
  })
})

describe('finality', () => {
  const tiers = (...list: object[]) => withChain({ finality: list })

  test('ascends by value and depth', () => {
    const chain = chainOf({
      finality: [
        { up_to: '100 USD', confirmations: 2 },
        { up_to: '1000.50 USD', confirmations: 12 },
        { confirmations: 64 },
      ],
    })
    expect(chain.finality).toEqual([
      { upTo: { amount: '100', currency: 'USD' }, rule: depthRule(2) },
      { upTo: { amount: '1000.50', currency: 'USD' }, rule: depthRule(12) },
      { upTo: null, rule: depthRule(64) },
    ])
  })

  test.each<[string, object[], string]>([
    ['no tier', [], ''],
    ['a bound at the end', [{ up_to: '1 USD', confirmations: 1 }], '/0/up_to'],
    ['no bound before the end', [{ confirmations: 1 }, { confirmations: 2 }], '/0/up_to'],
    [
      'falling bounds',
      [
        { up_to: '10 USD', confirmations: 1 },
        { up_to: '10.00 USD', confirmations: 2 },
        { confirmations: 3 },
      ],
      '/1/up_to',
    ],
    [
      'mixed currencies',
      [
        { up_to: '10 USD', confirmations: 1 },
        { up_to: '20 EUR', confirmations: 2 },
        { confirmations: 3 },
      ],
      '/1/up_to',
    ],
    [
      'falling depth',
      [{ up_to: '10 USD', confirmations: 9 }, { confirmations: 3 }],
      '/1/confirmations',
    ],
    ['zero depth', [{ confirmations: 0 }], '/0/confirmations'],
    ['half a depth', [{ confirmations: 1.5 }], '/0/confirmations'],
    ['no depth', [{}], '/0/confirmations'],
    ['a tag of another name', [{ confirmations: 'latest' }], '/0/confirmations'],
    ['a count with blocks on top', [{ confirmations: 5, plus_blocks: 1 }], '/0/plus_blocks'],
    ['a count with seconds on top', [{ confirmations: 5, plus_s: 1 }], '/0/plus_s'],
    ['a tag while it is not followed', [{ confirmations: 'finalized' }], '/0/confirmations'],
  ])('%s is refused', (_, list, place) => {
    expect(places(tiers(...list))).toEqual([`${HERE}/finality${place}`])
  })

  test.each(['1000', '1000USD', '0 USD', '-1 USD', '1.234 USD', '10 XXX', '1 JPY x', '1e3 USD'])(
    'the bound %j is refused',
    (bound) => {
      const file = tiers({ up_to: bound, confirmations: 1 }, { confirmations: 2 })
      expect(places(file)).toEqual([`${HERE}/finality/0/up_to`])
    },
  )

  test('finality_cap is an amount; none by default, and where it is false', () => {
    expect(chainOf({ finality_cap: '10000.50 EUR' }).finalityCap).toEqual({
      amount: '10000.50',
      currency: 'EUR',
    })
    expect(chainOf({ finality_cap: false }).finalityCap).toBeNull()
    expect(chainOf({}).finalityCap).toBeNull()
  })

  test.each([true, 10_000, '10000', '10000 XXX', '0 USD', '-1 USD', '1.001 USD', ''])(
    'the cap %j is refused',
    (cap) => {
      expect(places(withChain({ finality_cap: cap }))).toEqual([`${HERE}/finality_cap`])
    },
  )

  test('finality_stuck_s: as the file says, else ten seconds here and twenty minutes elsewhere', () => {
    expect(chainOf({ finality_stuck_s: 5 }).finalityStuckMs).toBe(5_000)
    expect(chainOf({}).finalityStuckMs).toBe(10_000)
    expect(chainOf({ test: false }).finalityStuckMs).toBe(1_200_000)
  })

  test.each([4, 86_401, 0, -1, 7.5, '60', null])('finality_stuck_s of %j is refused', (value) => {
    const file = withChain({ finality_stuck_s: value })
    expect(places(file)).toEqual([`${HERE}/finality_stuck_s`])
  })

  test('tags stand behind counts, and finalized behind safe', () => {
    const chain = chainOf({
      finalized_tag: 'on',
      finality: [
        { up_to: '100 USD', confirmations: 300 },
        { up_to: '1000 USD', confirmations: 'safe', plus_blocks: 4 },
        { up_to: '5000 USD', confirmations: 'finalized' },
        { confirmations: 'finalized', plus_blocks: 32, plus_s: 15 },
      ],
    })
    expect(chain.finalizedTag).toBe(true)
    expect(chain.finality.map(({ rule }) => rule)).toEqual([
      depthRule(300),
      tagRule('safe', { plusBlocks: 4 }),
      tagRule('finalized'),
      tagRule('finalized', { plusBlocks: 32, plusS: 15 }),
    ])
  })

  test.each<[string, object, object]>([
    ['a count after a tag', { confirmations: 'safe' }, { confirmations: 300 }],
    ['safe after finalized', { confirmations: 'finalized' }, { confirmations: 'safe' }],
    [
      'less on top of the same tag',
      { confirmations: 'finalized', plus_s: 60 },
      { confirmations: 'finalized', plus_blocks: 99 },
    ],
  ])('%s is refused', (_, first, second) => {
    const list = [{ up_to: '10 USD', ...first }, second]
    const file = withChain({ finalized_tag: 'on', finality: list })
    expect(places(file)).toEqual([`${HERE}/finality/1/confirmations`])
  })

  test('safe is refused on Ethereum, and the fault says why', () => {
    const fields = {
      finalized_tag: 'on',
      finality: [{ up_to: '1 USD', confirmations: 'safe' }, { confirmations: 'finalized' }],
    }
    expect(places(withChain(fields, 1))).toEqual(['/chains/1/finality/0/confirmations'])
    expect(refusal(withChain(fields, 1)).message).toContain('another thing at each node')
    expect(parse(withChain(fields, 10)).chains).toHaveLength(1)
  })

  test('reaches no deeper than a reorg is followed', () => {
    const file = withChain({ finality: [{ confirmations: 301 }] })
    expect(places(file)).toEqual([`${HERE}/max_reorg_blocks`])
    expect(chainOf({ finality: [{ confirmations: 300 }] }).finality).toHaveLength(1)
  })
})

describe('own senders', () => {
  test('are kept in lower case', () => {
    const chain = chainOf({ own_senders: ['0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d'] })
    expect(chain.ownSenders).toEqual(['0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d'])
  })

  test.each([
    ['no address', ['0x1234'], 0],
    ['a wrong checksum', ['0x8Ac76a51cc950d9822D68b83fE1Ad97B32Cd580d'], 0],
    ['twice the same', [USDC, USDC.toUpperCase().replace('X', 'x')], 1],
  ])('%s is refused', (_, list, place) => {
    expect(places(withChain({ own_senders: list }))).toEqual([`${HERE}/own_senders/${place}`])
  })
})

describe('dust', () => {
  const dustOf = (fields: object) => [...chainOf(fields).dustUnits.values()]

  test('none by default', () => {
    expect(dustOf({ tokens: [token({})] })).toEqual([])
  })

  test('an asset has its own limit, else the one of the chain; zero is none', () => {
    const tokens = [token({ dust_units: '10000' }), token({ address: `0x${'cd'.repeat(20)}` })]
    const native = { dust_units: 1_000 }
    expect(dustOf({ tokens, native })).toEqual([1_000n, 10_000n])
    expect(dustOf({ tokens, native, dust_units: '7' })).toEqual([1_000n, 10_000n, 7n])
    expect(dustOf({ tokens, native: false, dust_units: '7' })).toEqual([10_000n, 7n])
    expect(dustOf({ tokens: [token({ dust_units: '0' })], dust_units: '7' })).toEqual([7n])
  })
})

describe('tokens', () => {
  const tokens = (...list: object[]) => withChain({ tokens: list })
  const CHECKSUM = '0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d'

  test('are taken in any case and kept in lower case, in their order', () => {
    const upper = `0x${'CD'.repeat(20)}`
    const list = [token({ address: CHECKSUM }), token({ address: upper, verify_balance: false })]
    const chain = chainOf({ tokens: list })
    expect(chain.assets.slice(1).map((asset) => asset.token)).toEqual([
      CHECKSUM.toLowerCase(),
      upper.toLowerCase(),
    ])
    expect(chain.verifyBalanceOf).toEqual([`eip155:31337/erc20:${CHECKSUM.toLowerCase()}`])
  })

  test.each([
    ['a wrong checksum', CHECKSUM.replace('8AC', '8Ac')],
    ['too few digits', '0x1234'],
    ['no address', '0x...'],
    ['no prefix', 'ab'.repeat(20)],
    ['the zero address', `0x${'0'.repeat(40)}`],
    ['the emitter of native transfers', `0x${'f'.repeat(39)}e`],
    ['POL as a token', '0x0000000000000000000000000000000000001010'],
    ['CELO as a token', '0x471EcE3750Da237f93B8E339c536989b8978a438'],
    ['the base token of zkSync', '0x000000000000000000000000000000000000800A'],
  ])('%s is refused', (_, address) => {
    expect(places(tokens(token({ address })))).toEqual([`${HERE}/tokens/0/address`])
  })

  test.each<[string, readonly unknown[]]>([
    ['symbol', ['', 'A B', 'x'.repeat(17), 'A/B', 'a\nb', '\u202eCDSU', 5]],
    ['decimals', [-1, 37, 1.5, '6', null]],
    ['verify_balance', ['true', 1, null]],
    ['dust_units', ['-1', 1.5, null]],
  ])('a wrong %s is refused', (field, wrong) => {
    for (const value of wrong) {
      expect(places(tokens(token({ [field]: value })))).toEqual([`${HERE}/tokens/0/${field}`])
    }
  })

  test('a repeated address is refused, whatever its case', () => {
    const list = [token({ address: CHECKSUM }), token({ address: CHECKSUM.toLowerCase() })]
    expect(places(tokens(...list))).toEqual([`${HERE}/tokens/1/address`])
  })

  test('none without a native coin leaves nothing to pay with', () => {
    expect(places(withChain({ native: false }))).toEqual([`${HERE}/tokens`])
  })
})
