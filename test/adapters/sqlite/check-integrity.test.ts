/** A large database is opened first and checked meanwhile; what is found is what a start would find. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import { sampleInvoice, sampleStore } from '../../support/fixtures.ts'

const PAGE_BYTES = 4_096
/** The last ones hold rows: the schema stays readable. */
const DAMAGED_PAGES = 10
const lateCheck = { checkedAtOnceBytes: 0, waitsFor: null }
const TIMEOUT_MS = 30_000

let path: string
beforeEach(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  path = join(directory, 'quittance.db')
  const store = openSqliteStore({ path, lateCheck })
  expect(store.integrity.state()).toBe('sound')
  const invoices = Array.from({ length: 200 }, (_, n) => sampleInvoice(n))
  await store.commit({ stores: [sampleStore()], invoices })
  await store.close()
  return () => rmSync(directory, { recursive: true })
})

function damage(): void {
  const bytes = readFileSync(path)
  const end = bytes.length / PAGE_BYTES
  for (let page = end - DAMAGED_PAGES; page < end; page++) {
    bytes.fill(0xff, page * PAGE_BYTES, page * PAGE_BYTES + 16)
  }
  writeFileSync(path, bytes)
}

test(
  'a sound file is in use while it is checked',
  async () => {
    const store = openSqliteStore({ path, lateCheck })
    expect(store.integrity.state()).toBe('checking')
    expect(await store.commit({ invoices: [sampleInvoice(900)] })).toBe('committed')
    await store.integrity.done
    expect(store.integrity.state()).toBe('sound')
    await store.close()
  },
  TIMEOUT_MS,
)

test(
  'a damaged file is found out',
  async () => {
    damage()
    const store = openSqliteStore({ path, lateCheck })
    await store.integrity.done
    expect(store.integrity.state()).toBe('damaged')
    await store.close()
  },
  TIMEOUT_MS,
)

test('a smaller one is refused before it is used', () => {
  damage()
  const size = readFileSync(path).length
  expect(() =>
    openSqliteStore({ path, lateCheck: { ...lateCheck, checkedAtOnceBytes: size } }),
  ).toThrow('damaged')
  expect(() => openSqliteStore({ path })).toThrow('damaged')
})

test('closing does not wait for the check', async () => {
  const store = openSqliteStore({ path, lateCheck })
  await store.close()
  expect(store.integrity.state()).not.toBe('damaged')
})
