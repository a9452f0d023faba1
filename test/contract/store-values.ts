import { expect, test } from 'vitest'
import { AUDIT_GENESIS_HASH, findBrokenAuditRow } from '../../src/core/audit.ts'
import { MAX_UNITS } from '../../src/core/money/decimal.ts'
import {
  SAMPLE_TIME_MS,
  sampleApiKey,
  sampleAttempt,
  sampleBlock,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleIdempotency,
  sampleInvoice,
  sampleObservation,
  sampleOption,
  samplePayment,
  sampleStore,
  sampleTerms,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

export function describeStoreValues(open: OpenStore): void {
  test('amounts up to 2^256 - 1 are exact', async () => {
    const store = await openWithShop(open)
    const terms = sampleTerms({ options: [sampleOption({ amountDueUnits: MAX_UNITS })] })
    const share = { numerator: MAX_UNITS - 1n, denominator: MAX_UNITS }
    const noted = { seenShare: share, confirmedShare: share }
    const invoice = sampleInvoice(1, { terms, noted, acceptedShare: share })
    const units = [MAX_UNITS, 2n ** 63n, 2n ** 53n + 1n, 1n]
    const payments = units.map((amountUnits, n) =>
      samplePayment(sampleObservation(n, sampleBlock(10), { amountUnits }), { invoiceId: 'inv_1' }),
    )
    expect(await store.commit({ invoices: [invoice], payments })).toBe('committed')
    expect(await store.loadInvoices(['inv_1'])).toEqual([{ invoice, payments }])
  })

  test('text and JSON come back character by character', async () => {
    const store = await openWithShop(open)
    const orderId = `Bestellung №1 'DROP"--" 注文 🧾 e\u0301 \u{10FFFF}`
    const metadata = { 'ключ 🔑': [1.5, true, null, { nested: '"\\\n' }], empty: {} }
    const description = 'שלום\u202E'
    const invoice = sampleInvoice(1, { orderId, metadata, description, redirectUrl: '' })
    await store.commit({ invoices: [invoice] })
    expect(await store.loadInvoices(['inv_1'])).toEqual([{ invoice, payments: [] }])
    const filter = { storeId: 'st_sample', orderId }
    expect((await store.listInvoices(filter, { limit: 1, before: null })).items).toHaveLength(1)
  })

  test('every field of every entity comes back', async () => {
    const store = await openWithShop(open)
    const shop = sampleStore({
      id: 'st_2',
      formerXpubs: ['xpub-1', 'xpub-2'],
      name: 'Café',
      settings: {
        toleranceBps: 0,
        graceS: 60,
        redirectOrigins: ['https://shop.example'],
        frameOrigins: ['https://shop.example', 'http://127.0.0.1:3000'],
        accent: '#0b6e4f',
        logo: 'data:image/png;base64,iVBORw0KGgo=',
        renewsExpired: true,
      },
    })
    const key = sampleApiKey(2, { scopes: ['admin'], expiresAtMs: 5, revokedAtMs: 6 })
    const endpoint = sampleEndpoint(2, {
      events: ['invoice.settled'],
      secrets: [
        { sealed: 'new', validUntilMs: null },
        { sealed: 'key', validUntilMs: null, publicKey: 'whpk_x' },
        { sealed: 'old', validUntilMs: 7 },
      ],
      status: 'disabled',
      disabledReason: 'gone',
    })
    const event = sampleEvent(2, { type: 'endpoint.test', payload: '{"é":"\u2028"}' })
    const body = { kind: 'sealed', text: 'c2VhbGVk' } as const
    const idempotency = sampleIdempotency({ body, status: 200 })
    const changes = { apiKeys: [key], endpoints: [endpoint], events: [event], idempotency }
    expect(await store.commit({ stores: [shop], ...changes })).toBe('committed')
    expect(await store.listStores()).toEqual([sampleStore(), shop])
    expect(await store.listApiKeys('st_sample')).toEqual([key])
    expect(await store.findApiKeyByHash(key.hash)).toEqual(key)
    expect(await store.findApiKeyByHash('other')).toBeNull()
    expect(await store.getEndpoint('we_2')).toEqual(endpoint)
    expect(await store.getEvent('evt_2')).toEqual(event)
    const { scope, key: name } = idempotency
    expect(await store.findIdempotencyRecord(scope, name)).toEqual(idempotency)
    expect(await store.findIdempotencyRecord('another caller', name)).toBeNull()
    const told = sampleIdempotency({ key: 'told', body: { kind: 'event', eventId: 'evt_2' } })
    expect(await store.commit({ idempotency: told })).toBe('committed')
    expect(await store.findIdempotencyRecord(scope, 'told')).toEqual(told)
  })

  test('the last use of a key is written beside its revisions, and never goes back', async () => {
    const store = await openWithShop(open)
    const key = sampleApiKey(2)
    const use = (atMs: number) =>
      store.commit({ keyUses: [key.id, 'key_gone'].map((apiKeyId) => ({ apiKeyId, atMs })) })
    await store.commit({ apiKeys: [key] })
    expect(await store.findApiKeyByHash(key.hash)).toEqual({ ...key, lastUsedAtMs: null })
    expect([await use(20), await use(10)]).toEqual(['committed', 'committed'])
    expect(await store.findApiKeyByHash(key.hash)).toEqual({ ...key, lastUsedAtMs: 20 })
    const revoked = { ...key, revokedAtMs: 30, revision: 2 }
    expect(await store.commit({ apiKeys: [revoked] })).toBe('committed')
    expect(await store.findApiKeyByHash(key.hash)).toEqual({ ...revoked, lastUsedAtMs: 20 })
  })

  test('what is outdated goes, the oldest first and not all at once', async () => {
    const store = await openWithShop(open)
    const event = sampleEvent(1)
    const delivery = sampleDelivery(event, 1)
    await store.commit({ endpoints: [sampleEndpoint(1)], events: [event], deliveries: [delivery] })
    for (const n of [1, 2, 3, 4]) {
      const attempt = sampleAttempt(delivery, n, { atMs: n * 10 })
      const idempotency = sampleIdempotency({ key: `order-${n}`, createdAtMs: n })
      expect(await store.commit({ attempts: [attempt], idempotency })).toBe('committed')
    }
    const left = async () => {
      const page = await store.listDeliveries({ storeId: 'st_sample' }, { limit: 9, before: null })
      const answers = await Promise.all(
        [1, 2, 3, 4].map(async (n) => {
          const { scope } = sampleIdempotency()
          return (await store.findIdempotencyRecord(scope, `order-${n}`)) === null ? [] : [n]
        }),
      )
      return [answers.flat(), page.items[0]?.attempts.map(({ atMs }) => atMs)]
    }
    const retention = { answersSinceMs: 4, attemptsSinceMs: 30, limit: 2 }
    expect(await store.removeOutdated({ ...retention, answersSinceMs: 0 })).toBe(2)
    expect(await left()).toEqual([
      [1, 2, 3, 4],
      [30, 40],
    ])
    expect(await store.removeOutdated(retention)).toBe(2)
    expect(await left()).toEqual([
      [3, 4],
      [30, 40],
    ])
    expect(await store.removeOutdated(retention)).toBe(1)
    expect(await store.removeOutdated(retention)).toBe(0)
    expect(await left()).toEqual([[4], [30, 40]])
    await store.close()
  })

  test('what does not exist is null or left out', async () => {
    const store = await openWithShop(open)
    expect(await store.loadInvoices(['inv_none'])).toEqual([])
    expect(await store.findInvoiceByToken('none')).toBeNull()
    expect(await store.getPayment('none')).toBeNull()
    expect(await store.getEvent('none')).toBeNull()
    expect(await store.getEndpoint('none')).toBeNull()
    expect(await store.getDelivery('none', 'none')).toBeNull()
    expect(await store.loadChain(1, 10)).toBeNull()
  })

  test('an empty change set is committed', async () => {
    const store = await openWithShop(open)
    expect(await store.commit({})).toBe('committed')
  })

  test('a closed store commits nothing', async () => {
    const store = await open()
    await store.close()
    await store.close()
    await expect(store.commit({ stores: [sampleStore()] })).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
  })
}

export function describeStoreAudit(open: OpenStore): void {
  test('audit rows are chained in the order of the commits', async () => {
    const store = await openWithShop(open)
    const entry = (action: string) => ({
      atMs: SAMPLE_TIME_MS,
      actor: 'key_1',
      action,
      target: 'we_1',
      before: null,
      after: '{"url":"https://shop.example"}',
    })
    await store.commit({ audit: [entry('endpoint.create'), entry('endpoint.disable')] })
    await store.commit({ audit: [entry('endpoint.delete')] })
    const rows = await store.listAudit(0, 10)
    expect(rows.map((row) => [row.seq, row.action])).toEqual([
      [1, 'endpoint.create'],
      [2, 'endpoint.disable'],
      [3, 'endpoint.delete'],
    ])
    expect(rows[0]?.prevHash).toBe(AUDIT_GENESIS_HASH)
    expect(rows[0]).toMatchObject(entry('endpoint.create'))
    expect(findBrokenAuditRow(rows)).toBeNull()
    expect(await store.listAudit(1, 1)).toEqual([rows[1]])
    const changed = rows.map((row) => (row.seq === 2 ? { ...row, actor: 'nobody' } : row))
    expect(findBrokenAuditRow(changed)).toBe(2)
    expect(findBrokenAuditRow([rows[0], rows[2]] as typeof rows)).toBe(3)
  })
}
