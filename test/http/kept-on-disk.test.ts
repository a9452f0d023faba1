/** The same app over SQLite: what the API promised is there after a restart. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../src/adapters/sqlite/sqlite-store.ts'
import { createHttpApp } from '../../src/entrypoints/http/http-app.ts'
import { listen } from '../../src/entrypoints/http/server.ts'
import { createInvoice, INVOICE, startHttpHarness } from '../support/http-harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'quittance-http-'))
afterAll(() => rmSync(folder, { recursive: true }))

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const open = (name: string) => openSqliteStore({ path: join(folder, name), logger })

const EVIL = `0x${'de'.repeat(20)}`
const PAYMENT = { object: 'payment', to: EVIL }
type Invoice = { address: string; payment_options: { uri: string }[] }
const lastLink = ({ payment_options: options }: Invoice) => options.at(-1) as { uri: string }

/** What somebody who can write to the file might make of an answer. */
const FORGERIES: Record<string, (invoice: Invoice) => object> = {
  address: (invoice) => ({ ...invoice, address: EVIL }),
  'no address': (invoice) => ({ ...invoice, address: 'evil.eth' }),
  'several addresses': (invoice) => ({ ...invoice, address: [EVIL] }),
  payment: (invoice) => ({ ...invoice, payments: [PAYMENT] }),
  'another resource': () => PAYMENT,
  'recipient of a link': (invoice) => {
    lastLink(invoice).uri = lastLink(invoice).uri.replaceAll(invoice.address, EVIL)
    return invoice
  },
  'second recipient of a link': (invoice) => {
    lastLink(invoice).uri += `&address=${EVIL}`
    return invoice
  },
  'link to a name': (invoice) => {
    lastLink(invoice).uri = 'ethereum:pay-evil.eth@1?value=1'
    return invoice
  },
}

describe('over SQLite', () => {
  test('a race of one key makes one invoice, and its answer survives a restart (IN-11)', async () => {
    const store = open('race.db')
    const harness = await startHttpHarness({ store })
    const request = {
      method: 'POST',
      path: '/v1/invoices',
      body: INVOICE,
      headers: { 'idempotency-key': 'race' },
    }
    const answers = await Promise.all(Array.from({ length: 50 }, () => harness.ask(request)))
    const created = answers.filter(({ status }) => status === 201)
    expect(new Set(created.map(({ text }) => text)).size).toBe(1)
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true)
    await harness.server.close()
    await store.close()

    const reopened = open('race.db')
    const app = createHttpApp({ ...harness.deps, store: reopened })
    const server = await listen(app, { host: '127.0.0.1', port: 0, logger })
    const again = await fetch(`${server.url}/v1/invoices`, {
      method: 'POST',
      body: JSON.stringify(INVOICE),
      headers: {
        authorization: `Bearer ${harness.adminKey}`,
        'content-type': 'application/json',
        'idempotency-key': 'race',
      },
    })
    expect([again.status, await again.text()]).toEqual([201, created[0]?.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    await server.close()
    await reopened.close()
  })

  test('a kept answer that was tampered with is never shown again', async () => {
    const store = open('tampered.db')
    const harness = await startHttpHarness({ store })
    const raw = new Database(join(folder, 'tampered.db'))
    raw.exec('DROP TRIGGER events_no_update')
    const metadata = { address: EVIL, to: 'the merchant’s own' }
    const ask = (path: string, key: string, body?: object) =>
      harness.ask({ method: 'POST', path, body, headers: { 'idempotency-key': key } })
    const create = (key: string) => ask('/v1/invoices', key, { ...INVOICE, metadata })
    // A created invoice is kept as the data of its event, other answers as they were sent.
    const forgeEvent = raw.prepare('UPDATE events SET payload = ? WHERE invoice_id = ?')
    const forgeAnswer = raw.prepare(
      'UPDATE idempotency SET body = ? WHERE key = ? AND body IS NOT NULL',
    )

    for (const [name, change] of Object.entries(FORGERIES)) {
      const { json } = await create(name)
      const cancel = () => ask(`/v1/invoices/${json.id}/cancel`, name)
      expect((await cancel()).json.status).toBe('canceled')
      const forged = JSON.stringify(change(structuredClone(json)))
      const payload = `{"type":"invoice.created","data":${forged}}`
      expect(forgeEvent.run(payload, json.id).changes).toBe(2)
      expect(forgeAnswer.run(forged, name).changes).toBe(1)
      for (const again of [await create(name), await cancel()]) {
        expect([name, again.status, again.json.code]).toEqual([name, 500, 'address_mismatch'])
        expect(again.text).not.toContain(json.id)
      }
    }
    const first = await create('honest')
    expect(first.json.payment_options.length).toBeGreaterThan(1)
    const again = await create('honest')
    expect([again.status, again.text]).toEqual([201, first.text])
    raw.close()
    await harness.server.close()
    await store.close()
  })

  test('lists page through everything, and odd text comes back as it was', async () => {
    const store = open('lists.db')
    const harness = await startHttpHarness({ store })
    const order_id = `😀 \u202e<script> '); DROP TABLE invoices; -- ${'é'.repeat(10)}`
    await Promise.all(Array.from({ length: 30 }, () => createInvoice(harness, { order_id })))
    const ids = new Set<string>()
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const filter = `order_id=${encodeURIComponent(order_id)}`
      const path = `/v1/invoices?limit=7&${filter}${query}`
      const { json } = await harness.ask({ path })
      for (const invoice of json.data) {
        expect(invoice.order_id).toBe(order_id)
        ids.add(invoice.id)
      }
      cursor = json.next_cursor
    }
    expect(ids.size).toBe(30)
    const events = (await harness.ask({ path: '/v1/events?limit=100' })).json.data
    expect(events.length).toBe(30)
    await harness.server.close()
    await store.close()
  })
})
