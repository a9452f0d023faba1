import { describe, expect, test } from 'vitest'
import { recogniseSecret } from '../../src/config/recognise-secret.ts'
import { describeConfig } from '../../src/config.ts'
import {
  API_KEY,
  DEEP_XPUB,
  HEX_KEY,
  LOCAL_CHAIN,
  MNEMONIC,
  parse,
  refusal,
  USDC,
  withChain,
  XPRV,
  XPUB,
} from './parse.ts'

const SECRETS = {
  'an xprv': XPRV,
  'an xprv cut short': XPRV.slice(0, 80),
  'an xprv with a wrong checksum': `${XPRV.slice(0, -1)}1`,
  'a zprv': `z${XPRV.slice(1)}`,
  'a key in hex': HEX_KEY,
  'a key in hex with prefix': `0x${HEX_KEY.toUpperCase()}`,
  'a mnemonic': MNEMONIC,
  'a long mnemonic': `${MNEMONIC} ${MNEMONIC}`,
  'a mnemonic with commas': MNEMONIC.replaceAll(' ', ', '),
}

const VARIABLES = [
  'QUITTANCE_XPUB',
  'QUITTANCE_DATABASE',
  'QUITTANCE_HOST',
  'QUITTANCE_PORT',
  'QUITTANCE_PUBLIC_URL',
  'QUITTANCE_API_KEY',
  'QUITTANCE_WEBHOOK_ALLOWED_HOSTS',
  'QUITTANCE_WEBHOOK_SCHEDULE',
  'QUITTANCE_STATE_DIR',
  'QUITTANCE_SECRET_KEY_FILE',
  'QUITTANCE_LOG_LEVEL',
  'QUITTANCE_CONFIG',
  'QUITTANCE_RPC_31337',
  'QUITTANCE_MISSPELT',
]

/** Files with the secret in one place each. */
const PLACES: Record<string, (secret: string) => unknown> = {
  xpub: (secret) => ({ xpub: secret }),
  database: (secret) => ({ database: `sqlite:${secret}` }),
  'state directory': (secret) => ({ state_dir: secret }),
  'chain name': (secret) => withChain({ name: secret }),
  'list of nodes': (secret) => withChain({ rpc: [secret] }),
  header: (secret) => withChain({ rpc_headers: { 'x-key': secret } }),
  'token symbol': (secret) =>
    withChain({ tokens: [{ address: USDC, symbol: secret, decimals: 6 }] }),
  'token address': (secret) =>
    withChain({ tokens: [{ address: secret, symbol: 'A', decimals: 6 }] }),
  price: (secret) => ({ rates: { sources: [{ kind: 'fixed', prices: { 'ETH/USD': secret } }] } }),
  kind: (secret) => ({ rates: { sources: [{ kind: secret }] } }),
  schema: (secret) => ({ $schema: secret }),
  'unknown field': (secret) => ({ private_key: secret }),
  'unknown inner field': (secret) => withChain({ sweep: { keys: [secret] } }),
  'name of a field': (secret) => ({ [secret]: true }),
  'chain id': (secret) => ({ chains: { [secret]: LOCAL_CHAIN } }),
  'words of a list': (secret) => ({ webhooks: { allowed_hosts: secret.split(' ') } }),
}

/** Nothing of the secret longer than a word of it may be in what is thrown. */
function expectSilent(secret: string, thrown: Error & { faults?: unknown }): void {
  const told = JSON.stringify([thrown.message, thrown.faults, String(thrown.stack), thrown.cause])
  expect(told).not.toContain(secret)
  expect(told).not.toContain(secret.slice(4, 30))
  expect(told.toLowerCase()).not.toContain(secret.slice(-20).toLowerCase())
}

describe.each(Object.entries(SECRETS))('%s', (_, secret) => {
  test.each(VARIABLES)('is refused in %s', (variable) => {
    const refused = refusal(withChain({}), { [variable]: secret })
    expect(refused.message).toContain(variable)
    expectSilent(secret, refused)
  })

  test.each(Object.entries(PLACES))('is refused in the file: %s', (_place, write) => {
    expectSilent(secret, refusal(write(secret)))
  })

  test('is not repeated by a fault of the JSON text', () => {
    expectSilent(secret, refusal(`{ "port": ${secret} }`))
    expectSilent(secret, refusal(`{ "${secret}": 1, "${secret}": 2 }`))
    expectSilent(secret, refusal(`{ "port": "${secret} }`))
    expectSilent(secret, refusal(`${secret}`))
  })
})

test('the fault says what was recognised and where', () => {
  expect(refusal(withChain({ name: MNEMONIC.slice(0, 60) })).faults).toMatchObject([
    { pointer: '/chains/31337/name', code: 'invalid_format' },
  ])
  expect(refusal({ host: XPRV }).faults).toMatchObject([
    { pointer: '/host', code: 'extended_private_key' },
  ])
  expect(refusal(null, { QUITTANCE_XPUB: HEX_KEY }).faults).toMatchObject([
    { pointer: 'QUITTANCE_XPUB', code: 'private_key' },
  ])
  expect(refusal(null, { QUITTANCE_HOST: `${HEX_KEY},x` }).faults).toMatchObject([
    { pointer: 'QUITTANCE_HOST', code: 'private_key' },
  ])
  expect(refusal({ webhooks: { allowed_hosts: MNEMONIC.split(' ') } }).faults).toContainEqual(
    expect.objectContaining({ pointer: '/webhooks/allowed_hosts', code: 'mnemonic' }),
  )
})

test('the secret key may be hex, and nothing else of a key', () => {
  const { secretKey } = parse(null, { QUITTANCE_SECRET_KEY: HEX_KEY })
  expect(secretKey).toEqual({ kind: 'value', value: HEX_KEY })
  for (const secret of [XPRV, MNEMONIC]) {
    expectSilent(secret, refusal(null, { QUITTANCE_SECRET_KEY: secret }))
  }
})

test('an account key is taken at its place alone, and of depth 3 alone', () => {
  expectSilent(DEEP_XPUB, refusal(null, { QUITTANCE_XPUB: DEEP_XPUB }))
  expect(refusal(null, { QUITTANCE_XPUB: DEEP_XPUB }).message).toContain('depth is 4')
  for (const key of [XPUB, `y${XPUB.slice(1)}`, `t${XPUB.slice(1)}`]) {
    const refused = refusal(withChain({ rpc_headers: { 'x-key': key } }))
    expect(refused.faults).toMatchObject([{ code: 'extended_public_key' }])
    expectSilent(key, refused)
  }
})

test('a node may be paid for by 64 digits in the path of its URL or as a bearer token', () => {
  parse(withChain({ rpc: [`https://rpc.example/eth/${HEX_KEY}`] }))
  parse(withChain({ rpc_headers: { Authorization: `Bearer ${HEX_KEY}` } }))
})

test('public keys and API keys that hold the letters of a private one are no secrets', () => {
  expect(recogniseSecret(`xpub6DxprvA${'a'.repeat(100)}`)).toBe('extended_public_key')
  expect(recogniseSecret(`qk_xprv${'a'.repeat(39)}`)).toBeNull()
})

test('variables of others are not looked at', () => {
  parse(null, { PRIVATE_KEY: HEX_KEY, MNEMONIC })
})

test('the description for logs holds no secret and no more of a node than its host', () => {
  const config = parse(
    withChain({
      rpc: ['https://user:hunter2@node.example/v2/token123?key=abc', 'http://10.0.0.1:8545'],
      rpc_headers: { Authorization: 'Bearer hunter3' },
      tokens: [{ address: USDC, symbol: 'USDC', decimals: 6 }],
      finality: [{ up_to: '10 USD', confirmations: 1 }, { confirmations: 5 }],
    }),
    { QUITTANCE_XPUB: XPUB, QUITTANCE_API_KEY: API_KEY, QUITTANCE_SECRET_KEY: HEX_KEY },
  )
  const described = describeConfig(config)
  const text = JSON.stringify(described)
  for (const secret of ['hunter2', 'hunter3', 'token123', 'abc"', XPUB, API_KEY, HEX_KEY, 'user']) {
    expect(text).not.toContain(secret)
  }
  expect(described).toMatchObject({
    api_key: 'given',
    secret_key: 'given',
    xpub_fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    chains: [
      {
        chain_id: 31337,
        rpc: ['node.example', '10.0.0.1:8545'],
        rpc_headers: ['Authorization'],
        finality: [{ up_to: '10 USD', confirmations: 1 }, { confirmations: 5 }],
      },
    ],
  })
  expect(describeConfig(parse())).toMatchObject({
    xpub_fingerprint: null,
    api_key: 'none',
    secret_key: 'default file',
  })
})
