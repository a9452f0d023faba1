import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import {
  SAMPLE_TIME_MS,
  sampleAttribution,
  sampleBlock,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleInvoice,
  sampleIssuedAddress,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../../support/fixtures.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  path = join(directory, 'quittance.db')
  return () => rmSync(directory, { recursive: true })
})

const PAYMENT = samplePayment(sampleObservation(1, sampleBlock(10), { txHash: null }), {
  invoiceId: 'inv_1',
})
const STORY = {
  stores: [sampleStore()],
  invoices: [sampleInvoice(1)],
  addresses: [sampleIssuedAddress(1)],
  payments: [PAYMENT],
  attributions: [sampleAttribution(PAYMENT)],
  events: [sampleEvent(1, { invoiceId: 'inv_1', sequence: 1 })],
  audit: [{ atMs: 1, actor: 'cli', action: 'store.add', target: 'st', before: null, after: null }],
}

test('what was committed is there after closing and opening', async () => {
  const store = openSqliteStore({ path })
  await store.commit(STORY)
  const before = await store.loadInvoices(['inv_1'])
  await store.close()
  const again = openSqliteStore({ path })
  expect(await again.loadInvoices(['inv_1'])).toEqual(before)
  const payments = [{ ...PAYMENT, attributions: STORY.attributions }]
  expect(before).toEqual([{ invoice: sampleInvoice(1), payments }])
  await again.close()
})

test('at the moment commit answers, the bytes in the files hold it', async () => {
  const store = openSqliteStore({ path })
  await store.commit(STORY)
  const copy = join(directory, 'copy.db')
  copyFileSync(path, copy)
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  await store.close()
  const found = openSqliteStore({ path: copy })
  expect(await found.getEvent('evt_1')).toEqual(STORY.events[0])
  await found.close()
})

test('a claim waits for no disk, and leaves commits as durable as before', async () => {
  const store = openSqliteStore({ path })
  const delivery = sampleDelivery(STORY.events[0]!, 1)
  await store.commit({ ...STORY, endpoints: [sampleEndpoint(1)], deliveries: [delivery] })
  const limits = { limit: 10, perEndpoint: 10, perStore: 10 }
  const nowMs = SAMPLE_TIME_MS + 1_000
  const claimed = await store.claimDeliveries({ nowMs, leaseUntilMs: nowMs + 60_000, ...limits })
  expect(claimed.map(({ delivery }) => delivery.id)).toEqual([delivery.id])
  expect(store.describe().synchronous).toBe(2)
  const nothing = await store.claimDeliveries({ nowMs, leaseUntilMs: nowMs + 60_000, ...limits })
  expect(nothing).toEqual([])
  expect(store.describe().synchronous).toBe(2)
  await store.close()
})

test('closing writes what still waits', async () => {
  const store = openSqliteStore({ path })
  const result = store.commit(STORY)
  await store.close()
  expect(await result).toBe('committed')
  const again = openSqliteStore({ path })
  expect(await again.listStores()).toEqual(STORY.stores)
  await again.close()
})

test('a killed process loses nothing it was told of, and keeps no half change set', async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const program = `
    import { openSqliteStore } from '${root}src/adapters/sqlite/sqlite-store.ts'
    import * as sample from '${root}test/support/fixtures.ts'
    const store = openSqliteStore({ path: ${JSON.stringify(path)} })
    await store.commit({ stores: [sample.sampleStore()] })
    for (let n = 1; ; n++) {
      const event = sample.sampleEvent(n, { invoiceId: 'inv_' + n, sequence: 1 })
      const invoices = [sample.sampleInvoice(n)]
      await store.commit({ invoices, addresses: [sample.sampleIssuedAddress(n)], events: [event] })
      console.log(n)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  const gone = new Promise((resolve) => child.on('exit', resolve))
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number.parseInt(line, 10)
    if (told === 40) child.kill('SIGKILL')
  }
  await gone
  expect(told).toBeGreaterThanOrEqual(40)
  const store = openSqliteStore({ path })
  const all = { limit: 100_000, before: null }
  const invoices = (await store.listInvoices({ storeId: 'st_sample' }, all)).items
  const events = (await store.listEvents({ storeId: 'st_sample' }, all)).items
  expect(invoices.length).toBeGreaterThanOrEqual(told)
  expect(events.map(({ invoiceId }) => invoiceId)).toEqual(invoices.map((i) => i.invoice.id))
  expect(await store.maxIssuedIndex(sampleInvoice(1).fingerprint)).toBe(invoices.length)
  await store.close()
})

test('observations, attributions, events and audit rows cannot be changed or deleted by anyone', async () => {
  const store = openSqliteStore({ path })
  await store.commit(STORY)
  await store.close()
  const other = new Database(path)
  for (const [table, column] of [
    ['observations', 'amount_units'],
    ['attributions', 'amount_units'],
    ['events', 'payload'],
    ['audit', 'actor'],
  ]) {
    const refused = `${table} is append-only`
    expect(() => other.exec(`UPDATE ${table} SET ${column} = '0'`)).toThrow(refused)
    expect(() => other.exec(`DELETE FROM ${table}`)).toThrow(refused)
    expect(other.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(1)
  }
  // The other tables do change, so the refusals above are the triggers' doing.
  expect(() => other.exec("UPDATE payments SET stage = 'confirmed'")).not.toThrow()
  other.close()
})

test('a type that does not fit its column is refused', async () => {
  await openSqliteStore({ path }).close()
  const other = new Database(path)
  const insert = (number: unknown) =>
    other
      .prepare('INSERT INTO blocks VALUES (1, ?, ?, ?, 0, 1, 0, 2)')
      .run(`0x${number}`, number, '0x0')
  expect(() => insert('ten')).toThrow('cannot store TEXT value in INTEGER column')
  expect(() => insert(10)).not.toThrow()
  other.close()
})
