import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { GatewayError } from '../../src/errors.ts'
import type { ProviderHealth } from '../../src/ports/chain-source.ts'
import { SAMPLE_CHAIN_ID } from '../support/fixtures.ts'
import {
  createInvoice,
  type HttpHarness,
  INVOICE,
  markReady,
  OTHER_CHAIN_ID,
  startHttpHarness,
  WALL_CLOCK,
} from '../support/http-harness.ts'

const FINE = { state: 'ok', latencyMs: 12.34, errorShare: 0, errors: {} } as const
const LOST = {
  state: 'open',
  latencyMs: null,
  errorShare: 0.488,
  errors: { unreachable: 3 },
} as const
const NODES: Record<number, ProviderHealth[]> = {
  [SAMPLE_CHAIN_ID]: [
    { name: 'node:8545', head: 10, isOk: true, lastFault: null, ...FINE },
    { name: 'spare:443', head: null, isOk: false, lastFault: 'unreachable', ...LOST },
  ],
}

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness({ providersOf: (chainId) => NODES[chainId] ?? [] })
})
afterAll(() => gateway.server.close())

const open = (path: string, harness = gateway) => harness.ask({ path, key: null })

describe('health', () => {
  test('lives, and tells its metrics', async () => {
    expect((await open('/healthz')).json).toEqual({ status: 'ok', version: '0.0.0-test' })
    const metrics = await open('/metrics')
    expect(metrics.text).toContain('quittance_up 1')
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  })

  test('notes how long answers took, by what was asked, refusals too', async () => {
    const noted: string[] = []
    const time = (name: string, seconds: number, labels: object = {}) => {
      noted.push([name, seconds >= 0 && seconds < 60, ...Object.values(labels)].join(' '))
    }
    const harness = await startHttpHarness({ timings: { time } })
    await harness.ask({ path: '/v1/invoices' })
    await harness.ask({ path: '/v1/invoices', method: 'HEAD' })
    await open('/v1/invoices', harness)
    const invoice = await createInvoice(harness)
    await open(new URL(invoice.checkout_url).pathname, harness)
    for (const path of ['/healthz', '/readyz', '/metrics']) await open(path, harness)
    await harness.server.close()
    const surfaces = ['api_read', 'api_read', 'api_read', 'api_write', 'checkout']
    expect(noted).toEqual(surfaces.map((surface) => `answer_seconds true ${surface}`))
  })

  test('is ready when every chain is', async () => {
    const ready = await open('/readyz')
    expect([ready.status, ready.json.status]).toEqual([200, 'ok'])
    expect(ready.json.chains[0]).toMatchObject({
      chain_id: SAMPLE_CHAIN_ID,
      state: 'ok',
      reason: null,
      head: 10,
      cursor: 10,
      lag_s: 1,
      providers: [
        {
          name: 'node:8545',
          head: 10,
          ok: true,
          last_fault: null,
          state: 'ok',
          latency_ms: 12,
          error_share: 0,
        },
        {
          name: 'spare:443',
          head: null,
          ok: false,
          last_fault: 'unreachable',
          state: 'open',
          latency_ms: null,
          error_share: 0.49,
        },
      ],
    })
    expect(ready.json.chains[1].providers).toEqual([])
    for (const state of ['starting', 'behind', 'halted', 'unreachable'] as const) {
      const health = { state, reason: null, head: null, cursor: null, lagS: null }
      gateway.deps.chains.setHealth(OTHER_CHAIN_ID, health)
      const answer = await open('/readyz')
      const shown = state === 'starting' ? 'behind' : state
      expect([answer.status, answer.json.status, answer.json.chains[1].state]).toEqual([
        503,
        'not_ready',
        shown,
      ])
      expect((await open('/healthz')).status).toBe(200)
    }
    const detail = 'USDC has 6 decimals on the chain, 18 configured'
    gateway.deps.chains.setHealth(OTHER_CHAIN_ID, {
      state: 'unreachable',
      reason: 'wrong_token',
      detail,
      head: null,
      cursor: null,
      lagS: null,
    })
    const { chains } = (await open('/readyz')).json
    expect(chains.map((chain: any) => [chain.state, chain.reason, chain.detail])).toEqual([
      ['ok', null, null],
      ['unreachable', 'wrong_token', detail],
    ])
    markReady(gateway.deps, OTHER_CHAIN_ID)
  })

  test('DU-10 tells what the database runs with, and is not ready when that is not durable', async () => {
    const durable = { journalMode: 'wal', synchronous: 2, foreignKeys: 1, fault: null }
    let database: typeof durable | (Omit<typeof durable, 'fault'> & { fault: string }) = durable
    const harness = await startHttpHarness({ describeDatabase: () => database })
    const shown = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1 }
    const ready = await open('/readyz', harness)
    expect([ready.status, ready.json.status]).toEqual([200, 'ok'])
    expect(ready.json.database).toEqual({ state: 'ok', reason: null, ...shown })
    const fault = 'The database runs with synchronous 1, it must be 2.'
    database = { ...durable, synchronous: 1, fault }
    const unsafe = await open('/readyz', harness)
    expect([unsafe.status, unsafe.json.status]).toEqual([503, 'not_ready'])
    expect(unsafe.json.database).toEqual({
      ...shown,
      state: 'fault',
      reason: fault,
      synchronous: 1,
    })
    await harness.server.close()
  })

  test('without a chain it is not configured, and says what to do', async () => {
    const empty = await startHttpHarness({ chains: createChainDirectory(WALL_CLOCK, []) })
    const answer = await open('/readyz', empty)
    expect([answer.status, answer.json.status]).toEqual([503, 'not_configured'])
    expect(answer.json.detail).toContain('quittance.config.json')
    const order = await empty.ask({ method: 'POST', path: '/v1/invoices', body: INVOICE })
    expect([order.status, order.json.code]).toEqual([503, 'not_configured'])
    await empty.server.close()
  })

  test('a store that fails is 503 for everybody, and nothing of its words', async () => {
    const store = createMemoryStore()
    let works = true
    const fragile = new Proxy(store, {
      get: (target, name: keyof typeof store) =>
        works
          ? target[name]
          : () =>
              Promise.reject(
                new GatewayError('storage_unavailable', 'The storage is not available.'),
              ),
    })
    const harness = await startHttpHarness({ store: fragile })
    works = false
    for (const path of ['/v1/invoices', '/readyz', `/i/${'0'.repeat(26)}`]) {
      const answer = await harness.ask({ path })
      expect([path, answer.status, answer.json.code]).toEqual([path, 503, 'storage_unavailable'])
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    works = true
    expect((await harness.ask({ path: '/v1/invoices' })).status).toBe(200)
    await harness.server.close()
  })
})

describe('rehearsals (IN-29)', () => {
  const post = (path: string, body?: unknown) => gateway.ask({ method: 'POST', path, body })

  test('pay what is outstanding, or what is asked for', async () => {
    const { id, address } = await createInvoice(gateway)
    const path = `/v1/test/invoices/${id}/pay`
    const all = await post(path)
    expect(all.status).toBe(202)
    expect(all.json).toMatchObject({ amount: '25', amount_units: '25000000', to: address })
    const part = await post(path, { amount: '0.5', asset: `eip155:${SAMPLE_CHAIN_ID}/slip44:60` })
    expect(part.json.amount_units).toBe('500000000000000000')
    expect((await post(path, { amount_units: '7' })).json.amount).toBe('0.000007')
    for (const [pointer, body] of [
      ['/amount', { amount: '1.2345678' }],
      ['/amount', { amount: 1 }],
      ['/amount_units', { amount_units: '1.5' }],
      ['/amount_units', { amount: '1', amount_units: '1' }],
      ['/asset', { asset: 'USDC' }],
      ['/asset', { asset: 'eip155:1/slip44:60' }],
      ['/late', { late: true }],
    ] as const) {
      const answer = await post(path, body)
      expect([answer.status, answer.json.errors?.[0].pointer]).toEqual([400, pointer])
    }
  })

  test('mine and reorganise', async () => {
    const chain = `/v1/test/chains/${SAMPLE_CHAIN_ID}`
    expect((await post(`${chain}/mine`, { blocks: 5 })).json.height).toBe(15)
    expect((await post(`${chain}/mine`)).json.height).toBe(11)
    expect((await post(`${chain}/reorg`, { depth: 3 })).json.depth).toBe(3)
    expect((await post(`${chain}/mine`, { blocks: 0 })).status).toBe(400)
  })

  test('do not exist on chains that are not marked test', async () => {
    const other = await createInvoice(gateway, {
      accept: [`eip155:${OTHER_CHAIN_ID}/erc20:0x833589fcd6edb6e08f4c7c32d4f71b54bda02913`],
    })
    for (const path of [
      `/v1/test/invoices/${other.id}/pay`,
      `/v1/test/invoices/inv_${'0'.repeat(26)}/pay`,
      `/v1/test/chains/${OTHER_CHAIN_ID}/mine`,
      `/v1/test/chains/${OTHER_CHAIN_ID}/reorg`,
      '/v1/test/chains/1/mine',
      '/v1/test/chains/x/mine',
    ]) {
      const answer = await post(path)
      expect([path, answer.status]).toEqual([path, 404])
    }
  })

  test('a kept answer does not pay twice', async () => {
    const { id } = await createInvoice(gateway)
    const request = {
      method: 'POST',
      path: `/v1/test/invoices/${id}/pay`,
      headers: { 'idempotency-key': 'pay' },
    }
    const first = await gateway.ask(request)
    const again = await gateway.ask(request)
    expect(again.text).toBe(first.text)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})
