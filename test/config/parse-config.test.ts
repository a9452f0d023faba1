import { describe, expect, test } from 'vitest'
import { parseConfig, readTestVariables } from '../../src/config.ts'
import { API_KEY, LOCAL_CHAIN, parse, places, refusal, USDC, XPUB } from './parse.ts'

test('without file and variables everything has its default', () => {
  expect(parse()).toEqual({
    database: { kind: 'sqlite', path: '/home/user/data/quittance.db', mustExist: false },
    stateDir: '/home/user/data',
    host: '127.0.0.1',
    port: 8080,
    publicUrl: 'http://127.0.0.1:8080',
    xpub: null,
    apiKey: null,
    webhooks: { allowedHosts: [], scheduleMs: null },
    secretKey: null,
    logLevel: 'info',
    chains: [],
    rates: {
      sources: [],
      rules: { maxDeviationBps: 200, minSources: null, maxJumpBps: 5_000, bands: new Map() },
    },
    invoices: { expiresInS: 900, graceS: 0, toleranceBps: 0 },
    alerts: { invoicesPer5Min: 1_000, underpaidPerHour: 20, orphanedPerHour: 5 },
    limits: { requestsPerSecondPerKey: 200 },
  })
})

test('the sample of the interface contract is accepted', () => {
  const config = parse({
    chains: {
      '31337': {
        name: 'Local',
        rpc: ['http://127.0.0.1:8545'],
        test: true,
        poll_interval_ms: 250,
        finality: [{ confirmations: 5 }],
        native: { symbol: 'ETH', decimals: 18 },
        tokens: [{ address: USDC, symbol: 'USDC', decimals: 6, verify_balance: true }],
      },
    },
    rates: { sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500', 'USDC/USD': '1' } }] },
    invoices: { expires_in_s: 900, grace_s: 0, tolerance_bps: 0 },
    limits: { requests_per_second_per_key: 200 },
  })
  const token = { id: `eip155:31337/erc20:${USDC}`, chainId: 31337, token: USDC }
  const native = { id: 'eip155:31337/slip44:60', chainId: 31337, token: null }
  expect(config.chains).toEqual([
    {
      chainId: 31337,
      name: 'Local',
      networkName: 'Local',
      test: true,
      testnet: false,
      assets: [
        { ...native, symbol: 'ETH', decimals: 18 },
        { ...token, symbol: 'USDC', decimals: 6 },
      ],
      finality: [{ upTo: null, rule: { kind: 'depth', confirmations: 5 } }],
      finalityCap: null,
      pollIntervalMs: 250,
      blockTimeMs: 250,
      maxReorgBlocks: 300,
      finalizedTag: false,
      finalityStuckMs: 10_000,
      detection: 'receipts',
      proofs: { headerHash: 'on', transactionsRoot: 'on', receiptsRoot: 'on', bloom: 'on' },
      excludedTxTypes: [],
      nativeMode: 'delta',
      rpcUrls: ['http://127.0.0.1:8545'],
      rpcHeaders: {},
      walletRpc: [],
      genesisHash: null,
      verifyBalanceOf: [token.id],
      ownSenders: [],
      dustUnits: new Map(),
    },
  ])
  expect(config.rates.sources).toEqual([
    { kind: 'fixed', prices: { 'ETH/USD': '2500', 'USDC/USD': '1' } },
  ])
})

/** Variable, name in the file, a right value, the result it gives, wrong values. */
const KNOBS: readonly {
  variable: string
  field: string
  right: string
  inFile?: unknown
  gives: object
  wrong: readonly string[]
}[] = [
  {
    variable: 'QUITTANCE_DATABASE',
    field: 'database',
    right: 'sqlite:/var/lib/q.db',
    gives: {
      database: { kind: 'sqlite', path: '/var/lib/q.db', mustExist: false },
      stateDir: '/var/lib',
    },
    wrong: ['postgres://u:p@h/d', 'postgresql://h/d', 'q.db', 'sqlite:', 'sqlite://q.db'],
  },
  {
    variable: 'QUITTANCE_DATABASE',
    field: 'database',
    right: 'sqlite:q.db',
    gives: {},
    wrong: ['sqlite::memory:', 'sqlite:data/', 'mysql://h/d'],
  },
  {
    variable: 'QUITTANCE_DATABASE_MUST_EXIST',
    field: 'database_must_exist',
    right: 'true',
    inFile: true,
    gives: { database: { kind: 'sqlite', mustExist: true } },
    wrong: ['yes', '1', 'TRUE'],
  },
  {
    variable: 'QUITTANCE_STATE_DIR',
    field: 'state_dir',
    right: '/var/lib/state',
    gives: { stateDir: '/var/lib/state' },
    wrong: ['a\u0007b'],
  },
  {
    variable: 'QUITTANCE_HOST',
    field: 'host',
    right: '::',
    gives: { host: '::', publicUrl: 'http://[::]:8080' },
    wrong: ['[::]', 'a b', 'http://x', '1.2.3', 'x:80', '256.1.1.1'],
  },
  {
    variable: 'QUITTANCE_HOST',
    field: 'host',
    right: 'gateway.internal',
    gives: { host: 'gateway.internal', publicUrl: 'http://gateway.internal:8080' },
    wrong: ['-x', 'a..b'],
  },
  {
    variable: 'QUITTANCE_PORT',
    field: 'port',
    right: '65535',
    inFile: 65_535,
    gives: { port: 65_535, publicUrl: 'http://127.0.0.1:65535' },
    wrong: ['0', '65536', '-1', '80.5', '0x50', '1e3', 'http'],
  },
  {
    variable: 'QUITTANCE_PUBLIC_URL',
    field: 'public_url',
    right: 'https://pay.example/shop/',
    gives: { publicUrl: 'https://pay.example/shop' },
    wrong: [
      'pay.example',
      'ftp://x',
      'javascript:alert(1)',
      'https://u:p@x',
      'https://x/?a',
      'http:x',
    ],
  },
  {
    variable: 'QUITTANCE_XPUB',
    field: 'xpub',
    right: XPUB,
    gives: { xpub: XPUB },
    wrong: [`${XPUB}x`, XPUB.slice(0, -1), `y${XPUB.slice(1)}`, `t${XPUB.slice(1)}`, 'xpub'],
  },
  {
    variable: 'QUITTANCE_WEBHOOK_SCHEDULE',
    field: 'schedule',
    right: '1s,2s,5m',
    gives: { webhooks: { allowedHosts: [], scheduleMs: [0, 1_000, 2_000, 300_000] } },
    wrong: ['1', 'fast', '1s,,2s', '-1s', '31d'],
  },
  {
    variable: 'QUITTANCE_WEBHOOK_ALLOWED_HOSTS',
    field: 'allowed_hosts',
    right: '127.0.0.1:9000, LOCALHOST:80,[::1]:1',
    inFile: ['127.0.0.1:9000', 'LOCALHOST:80', '[::1]:1'],
    gives: {
      webhooks: {
        allowedHosts: [
          { host: '127.0.0.1', port: 9000 },
          { host: 'localhost', port: 80 },
          { host: '[::1]', port: 1 },
        ],
        scheduleMs: null,
      },
    },
    wrong: ['localhost', 'http://x:80', 'x:0', 'x:65536', '*:80', 'a:1,,b:2', '::1:80', 'u@x:80'],
  },
  {
    variable: 'QUITTANCE_LOG_LEVEL',
    field: 'log_level',
    right: 'silent',
    gives: { logLevel: 'silent' },
    wrong: ['loud', 'INFO'],
  },
  {
    variable: 'QUITTANCE_SECRET_KEY_FILE',
    field: 'secret_key_file',
    right: '/run/key',
    gives: { secretKey: { kind: 'file', path: '/run/key' } },
    wrong: ['a\u0000b'],
  },
]

describe.each(KNOBS)('$variable', ({ variable, field, right, inFile = right, gives, wrong }) => {
  const isWebhook = field === 'schedule' || field === 'allowed_hosts'
  const fileWith = (value: unknown) =>
    isWebhook ? { webhooks: { [field]: value } } : { [field]: value }
  const pointer = isWebhook ? `/webhooks/${field}` : `/${field}`

  test('is taken from the environment and from the file', () => {
    expect(parse(null, { [variable]: right })).toMatchObject(gives)
    expect(parse(null, { [variable]: ` ${right}\n` })).toMatchObject(gives)
    expect(parse(fileWith(inFile))).toMatchObject(gives)
  })

  test('wins over the file', () => {
    expect(parse(fileWith(wrong[0]), { [variable]: right })).toMatchObject(gives)
  })

  test.each(wrong)('refuses %j by its name, without repeating it', (value) => {
    const refused = refusal(null, { [variable]: value })
    expect(refused.faults[0]?.pointer).toBe(variable)
    expect(refused.message).toContain(variable)
    if (value.length > 7)
      expect(JSON.stringify([refused.message, refused.faults])).not.toContain(value)
    expect(refusal(fileWith(value)).faults[0]?.pointer).toBe(pointer)
  })

  test('empty is the same as not given; in the file the type counts', () => {
    expect(parse(null, { [variable]: ' ' })).toEqual(parse())
    expect(places(fileWith(null))).toEqual([pointer])
    expect(places(fileWith({}))).toEqual([pointer])
  })
})

test('PostgreSQL is refused as not supported yet, by name', () => {
  const refused = refusal(null, { QUITTANCE_DATABASE: 'postgres://user:hunter2@db/shop' })
  expect(refused.message).toContain('QUITTANCE_DATABASE')
  expect(refused.message).toContain('not supported yet')
  expect(refused.message).not.toContain('hunter2')
  expect(refusal({ database: 'postgres://h/d' }).message).toContain('QUITTANCE_DATABASE')
})

test('relative paths start at the file, without one where the user stands', () => {
  const env = {
    QUITTANCE_DATABASE: 'sqlite:./db/q.db',
    QUITTANCE_STATE_DIR: 'state',
    QUITTANCE_SECRET_KEY_FILE: 'key',
  }
  const paths = (config: ReturnType<typeof parse>) => [
    config.database.path,
    config.stateDir,
    config.secretKey,
  ]
  const file = (path: string) => ({ kind: 'file', path })
  expect(paths(parse(null, env))).toEqual([
    '/home/user/db/q.db',
    '/home/user/state',
    file('/home/user/key'),
  ])
  expect(paths(parse({}, env))).toEqual([
    '/srv/shop/db/q.db',
    '/srv/shop/state',
    file('/srv/shop/key'),
  ])
  const relative = { file: { path: 'conf/q.json', text: '{}' }, env: {}, cwd: '/home/user' }
  expect(parseConfig(relative).database.path).toBe('/home/user/conf/data/quittance.db')
})

test('the API key is taken from the environment alone, in its form', () => {
  expect(parse(null, { QUITTANCE_API_KEY: API_KEY }).apiKey).toBe(API_KEY)
  for (const key of [API_KEY.slice(0, 34), `${API_KEY}!`, `sk_${'a'.repeat(40)}`]) {
    const refused = refusal(null, { QUITTANCE_API_KEY: key })
    expect(refused.faults.map((fault) => fault.pointer)).toEqual(['QUITTANCE_API_KEY'])
    expect(refused.message).not.toContain(key)
  }
  const refused = refusal({ api_key: API_KEY })
  expect(refused.message).toContain('/api_key')
  expect(refused.message).toContain('QUITTANCE_API_KEY')
  expect(refused.message).not.toContain(API_KEY)
})

test('the secret key is 32 bytes, given or in a file, not both', () => {
  const hex = '0f'.repeat(32)
  const base64 = Buffer.alloc(32, 9).toString('base64')
  for (const value of [hex, base64]) {
    const config = parse({ secret_key_file: 'key' }, { QUITTANCE_SECRET_KEY: value })
    expect(config.secretKey).toEqual({ kind: 'value', value })
  }
  expect(places(null, { QUITTANCE_SECRET_KEY: 'short' })).toEqual(['QUITTANCE_SECRET_KEY'])
  expect(places({ secret_key: hex })).toEqual(['/secret_key'])
  const both = { QUITTANCE_SECRET_KEY: hex, QUITTANCE_SECRET_KEY_FILE: 'key' }
  expect(refusal(null, both).message).toContain('QUITTANCE_SECRET_KEY_FILE, not both')
})

test.each([
  ['expires_in_s', 1, 90 * 86_400],
  ['grace_s', 0, 90 * 86_400],
  ['tolerance_bps', 0, 9_999],
])('invoices.%s is %i to %i', (field, min, max) => {
  for (const value of [min, max]) parse({ invoices: { [field]: value } })
  for (const value of [min - 1, max + 1, 1.5, '1', null]) {
    expect(places({ invoices: { [field]: value } })).toEqual([`/invoices/${field}`])
  }
})

test('limits.requests_per_second_per_key is 1 to 100000', () => {
  const limits = (value: number) => ({ limits: { requests_per_second_per_key: value } })
  expect(parse(limits(1)).limits.requestsPerSecondPerKey).toBe(1)
  for (const value of [0, 100_001]) {
    expect(places(limits(value))).toEqual(['/limits/requests_per_second_per_key'])
  }
})

describe('rates', () => {
  const fixed = (prices: object) => ({ rates: { sources: [{ kind: 'fixed', prices }] } })

  test.each(['0', '0.0', '-1', '+1', '1e3', '1,5', '.5', '01', '', ' 1', '١'])(
    'a price of %j is refused, naming the pair',
    (price) => {
      const refused = refusal(fixed({ 'USDC/USD': '1', 'ETH/USD': price }))
      expect(refused.faults.map((fault) => fault.pointer)).toEqual([
        '/rates/sources/0/prices/ETH~1USD',
      ])
      expect(refused.message).toContain('ETH/USD')
    },
  )

  test('a price is text, and every wrong one is named at once', () => {
    const prices = { 'ETH/USD': 2500, 'DAI/USD': '0', 'EURC/EUR': '1' }
    expect(places(fixed(prices))).toEqual([
      '/rates/sources/0/prices/DAI~1USD',
      '/rates/sources/0/prices/ETH~1USD',
    ])
  })

  test.each(['ETH', 'ETH/XXX', 'ETH/usd', '/USD', 'ETH/USD/EUR', 'USD/USD', 'E H/USD'])(
    'the pair %j is refused',
    (pair) => {
      expect(refusal(fixed({ [pair]: '1' })).message).toContain('coin/currency')
    },
  )

  test('a source is an object of a known kind', () => {
    expect(places({ rates: { sources: [{ kind: 'magic' }] } })).toEqual(['/rates/sources/0/kind'])
    expect(places({ rates: { sources: ['fixed'] } })).toEqual(['/rates/sources/0'])
  })
})

describe('names', () => {
  test('unknown ones are refused on every level, all at once', () => {
    const file = {
      databse: 'x',
      webhooks: { allowed: [] },
      chains: {
        31337: { ...LOCAL_CHAIN, confirmations: 3, tokens: [{ address: USDC, symbol: 'A' }] },
      },
      invoices: { expires_in: 900 },
    }
    expect(places(file, { QUITTANCE_XPUBS: 'x', QUITTANCE_CRASH_AT: '3', OTHER: 'x' })).toEqual([
      '/chains/31337/confirmations',
      '/chains/31337/tokens/0/decimals',
      '/databse',
      '/invoices/expires_in',
      '/webhooks/allowed',
      'QUITTANCE_CRASH_AT',
      'QUITTANCE_XPUBS',
    ])
  })

  test('test variables are known to test builds alone, QUITTANCE_CONFIG to all', () => {
    const env = { QUITTANCE_TEST_CLOCK: '1' }
    expect(places(null, env)).toEqual(['QUITTANCE_TEST_CLOCK'])
    parseConfig({ file: null, env, cwd: '/', allowTestVariables: true })
    parse(null, { QUITTANCE_CONFIG: 'quittance.config.json' })
  })

  test('a database check waits for a whole path, and in test builds alone', () => {
    const read = (NODE_ENV: string, path: string) =>
      readTestVariables({ NODE_ENV, QUITTANCE_TEST_DATABASE_CHECK_WAITS_FOR: path })
        .databaseCheckWaitsFor
    expect(read('test', '/var/check-waits')).toBe('/var/check-waits')
    expect(read('test', '')).toBe(null)
    expect(read('production', '/var/check-waits')).toBe(null)
    expect(() => read('test', 'check-waits')).toThrow('must be the whole path of a file')
  })

  test('names of objects in every JavaScript are unknown as well', () => {
    expect(places('{"constructor": 1, "toString": 2}')).toEqual(['/constructor', '/toString'])
    expect(refusal('{"__proto__": {"port": 1}}').message).toContain('"__proto__" is not allowed')
    expect(places(null, { QUITTANCE_: 'x' })).toEqual(['QUITTANCE_'])
  })
})
