/** The real app on a loopback port, over the memory store, with a chain that says it is ready. */
import { randomBytes } from 'node:crypto'
import { HDKey } from '@scure/bip32'
import { mnemonicToSeedSync } from 'bip39'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createFixedRates } from '../../src/adapters/rates/fixed-rates.ts'
import { createAddressBook } from '../../src/adapters/system/address-book.ts'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { createSystemClock } from '../../src/adapters/system/clock.ts'
import { createVault } from '../../src/adapters/system/vault.ts'
import {
  createDestinationCheck,
  parseAllowedHosts,
} from '../../src/adapters/webhook-http/address-guard.ts'
import { type ChainSettings, setAllProofs } from '../../src/core/chain/chain-settings.ts'
import { depthRule } from '../../src/core/chain/finality.ts'
import { parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import type { Asset } from '../../src/core/money/asset.ts'
import {
  type ApiKeyScope,
  DEFAULT_SETTINGS,
  type StoreAccount,
} from '../../src/core/store-account/store-account.ts'
import { createHttpApp, type HttpDeps } from '../../src/entrypoints/http/http-app.ts'
import { listen } from '../../src/entrypoints/http/server.ts'
import { createApiKey } from '../../src/operations/create-api-key.ts'
import type { TestChain } from '../../src/ports/test-chain.ts'
import { type AnswerCheck, createAnswerCheck } from './documented-answers.ts'
import { SAMPLE_CHAIN_ID, SAMPLE_COIN, SAMPLE_TOKEN, sampleBlock } from './fixtures.ts'

/** The well-known mnemonic of every development node. */
const MNEMONIC = 'test test test test test test test test test test test junk'

export const WALL_CLOCK = createSystemClock()

export const PUBLIC_URL = 'https://pay.example'

/** A second chain, not marked `test`, with one token that looks like the first chain's. */
export const OTHER_CHAIN_ID = 8_453
export const OTHER_TOKEN: Asset = {
  id: `eip155:${OTHER_CHAIN_ID}/erc20:0x833589fcd6edb6e08f4c7c32d4f71b54bda02913`,
  chainId: OTHER_CHAIN_ID,
  token: '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913',
  symbol: 'USDC',
  decimals: 6,
}

export type HttpHarness = Awaited<ReturnType<typeof startHttpHarness>>

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: any
}

export type Ask = {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array
  readonly headers?: Record<string, string>
  /** The key; null for none. The admin key of the first store when absent. */
  readonly key?: string | null
}

export async function startHttpHarness(overrides: Partial<HttpDeps> = {}) {
  const deps = createHttpDeps(overrides)
  const store = createStoreAccount(0)
  const otherStore = createStoreAccount(1)
  await deps.store.commit({ stores: [store, otherStore] })
  await deps.store.commit({
    chain: {
      chainId: SAMPLE_CHAIN_ID,
      expectedTip: null,
      disconnected: [],
      connected: [sampleBlock(10)],
      pruneBelow: 0,
      haltReason: null,
    },
  })
  markReady(deps, SAMPLE_CHAIN_ID)
  markReady(deps, OTHER_CHAIN_ID)
  const makeKey = async (scopes: readonly ApiKeyScope[], storeId = store.id) => {
    const request = { storeId, name: 'test', scopes, expiresAtMs: null, actor: 'test' }
    return (await createApiKey(deps, { ...request, idempotency: null })).key
  }
  const adminKey = await makeKey(['admin'])
  const otherKey = await makeKey(['admin'], otherStore.id)
  const { logger } = deps
  const server = await listen(createHttpApp(deps), { host: '127.0.0.1', port: 0, logger })
  const checkAnswer = createAnswerCheck(await (await fetch(`${server.url}/openapi.json`)).json())
  const ask = (request: Ask) => send(server.url, { key: adminKey, ...request }, checkAnswer)
  return { deps, store, otherStore, makeKey, adminKey, otherKey, url: server.url, ask, server }
}

/** The smallest body that makes an invoice. */
export const INVOICE = { price: { amount: '25.00', currency: 'USD' } }

export async function createInvoice(
  { ask }: Pick<HttpHarness, 'ask'>,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Answer['json']> {
  const answer = await ask({ method: 'POST', path: '/v1/invoices', body: { ...INVOICE, ...body } })
  if (answer.status !== 201) throw new Error(`no invoice: ${answer.text}`)
  return answer.json
}

export async function countInvoices({ deps, store }: HttpHarness): Promise<number> {
  let count = 0
  let before: number | null = null
  do {
    const page = await deps.store.listInvoices({ storeId: store.id }, { limit: 1_000, before })
    count += page.items.length
    before = page.cursor
  } while (before !== null)
  return count
}

export function markReady({ chains }: Pick<HttpDeps, 'chains'>, chainId: number): void {
  chains.setHealth(chainId, { state: 'ok', reason: null, head: 10, cursor: 10, lagS: 1 })
}

/** IN-21: every answer of the suite is as /openapi.json says. */
async function send(url: string, request: Ask, checkAnswer: AnswerCheck): Promise<Answer> {
  const { method = 'GET', path, body, raw, headers = {}, key = null } = request
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const answer = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { body: payload as string }),
  })
  const text = await answer.text()
  const contentType = answer.headers.get('content-type') ?? ''
  const json = /json/.test(contentType) && text !== '' ? JSON.parse(text) : null
  if (method !== 'HEAD') checkAnswer(method, path, { status: answer.status, contentType, json })
  return { status: answer.status, headers: answer.headers, text, json }
}

function createHttpDeps(overrides: Partial<HttpDeps>): HttpDeps {
  const addressBook = createAddressBook()
  return {
    store: createMemoryStore(),
    clock: WALL_CLOCK,
    ids: { randomBytes: (count) => new Uint8Array(randomBytes(count)) },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { count() {} },
    timings: { time() {} },
    chains: createChainDirectory(WALL_CLOCK, [localChain(), otherChain()]),
    rates: createFixedRates({ 'ETH/USD': '2500', 'USDC/USD': '1', 'EUR/USD': '1.1' }),
    addressBook,
    indexes: countIndexes(),
    accounts: createAccounts(addressBook),
    vault: createVault(new Uint8Array(randomBytes(32))),
    publicUrl: PUBLIC_URL,
    invoiceDefaults: { expiresInS: 900, graceS: 0, toleranceBps: 0 },
    rateLimitPerSecond: 100_000,
    keyUses: new Map(),
    cursorKey: new Uint8Array(randomBytes(32)),
    renderMetrics: async () => '# HELP quittance_up test\nquittance_up 1\n',
    testChainOf: (chainId) => (chainId === SAMPLE_CHAIN_ID ? idleTestChain() : null),
    nodesOf: () => null,
    checkDestination: createDestinationCheck({
      allowedHosts: parseAllowedHosts(['127.0.0.1:9999']),
    }),
    version: '0.0.0-test',
    ...overrides,
  }
}

/** The first chain of the harness: USDC and ETH. */
export function localChain(): ChainSettings {
  return {
    chainId: SAMPLE_CHAIN_ID,
    name: 'Local',
    networkName: 'Local',
    test: true,
    testnet: false,
    assets: [SAMPLE_TOKEN, SAMPLE_COIN],
    finality: [{ upTo: null, rule: depthRule(5) }],
    pollIntervalMs: 250,
    blockTimeMs: 1_000,
    maxReorgBlocks: 300,
    verifyBalanceOf: [],
    ownSenders: [],
    dustUnits: new Map(),
    finalizedTag: false,
    proofs: setAllProofs('on'),
    excludedTxTypes: [],
    nativeMode: 'direct',
  }
}

/** The second: a public one with value, with a USDC of its own. */
export function otherChain(): ChainSettings {
  return {
    ...localChain(),
    chainId: OTHER_CHAIN_ID,
    name: 'Base',
    networkName: 'Base (Coinbase)',
    test: false,
    assets: [OTHER_TOKEN],
  }
}

/** Store n with account n of the development mnemonic. */
function createStoreAccount(n: number): StoreAccount {
  const seed = HDKey.fromMasterSeed(mnemonicToSeedSync(MNEMONIC))
  const xpub = seed.derive(`m/44'/60'/${n}'`).publicExtendedKey
  const parsed = parseAccountKey(xpub)
  if (!parsed.ok) throw new Error(parsed.detail)
  return {
    id: `st_${String(n).repeat(26)}`,
    name: `Shop ${n}`,
    xpub,
    fingerprint: parsed.key.fingerprint,
    formerXpubs: [],
    settings: DEFAULT_SETTINGS,
    createdAtMs: Date.now(),
    revision: 1,
  }
}

/** Asked for every request, and parsing a key is curve arithmetic: each is read once, as in production. */
function createAccounts(addressBook: ReturnType<typeof createAddressBook>): HttpDeps['accounts'] {
  const known = new Set<string>()
  return {
    async ensure({ xpub }) {
      if (known.has(xpub)) return
      const parsed = parseAccountKey(xpub)
      if (parsed.ok) addressBook.add(parsed.key)
      known.add(xpub)
    },
  }
}

function countIndexes(): HttpDeps['indexes'] {
  const next = new Map<string, number>()
  const peek = (fingerprint: string) => next.get(fingerprint) ?? 0
  return {
    async reserve(fingerprint) {
      const index = peek(fingerprint)
      next.set(fingerprint, index + 1)
      return index
    },
    peek,
    async open() {},
    close() {},
  }
}

function idleTestChain(): TestChain {
  return {
    pay: async () => `0x${'ab'.repeat(32)}`,
    mine: async (blocks) => 10 + blocks,
    reorg: async () => {},
  }
}
