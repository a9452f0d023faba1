import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeEach, describe, expect, test } from 'vitest'
import { APPLICATION_ID, MIGRATIONS } from '../../../src/adapters/sqlite/migrations.ts'
import { assertSettings, openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { depositAddressToRow } from '../../../src/adapters/sqlite/payment-rows.ts'
import { openSqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import { cacheStatements } from '../../../src/adapters/sqlite/statements.ts'
import { writeChangeSet } from '../../../src/adapters/sqlite/write-change-set.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import {
  sampleAddress,
  sampleDepositAddress,
  sampleInvoice,
  sampleIssuedAddress,
  sampleStore,
} from '../../support/fixtures.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  path = join(directory, 'quittance.db')
  return () => rmSync(directory, { recursive: true })
})

/** What a refused opening says, in one line. */
function refusal(open: () => unknown): GatewayError {
  try {
    open()
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    expect((error as GatewayError).code).toBe('storage_unavailable')
    expect((error as GatewayError).message).not.toContain('\n')
    return error as GatewayError
  }
  throw new Error('it was opened')
}

/** Permissions do not bind root, so a test run by root borrows another user's eyes. */
function asUnprivileged<T>(run: () => T): T {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid?.(65_534)
  try {
    return run()
  } finally {
    process.seteuid?.(0)
  }
}

describe('settings', () => {
  test('a new file is opened with the settings that make a commit durable', async () => {
    const store = openSqliteStore({ path })
    expect(store.describe()).toMatchObject({
      journalMode: 'wal',
      synchronous: 2,
      foreignKeys: 1,
      busyTimeoutMs: 5_000,
      trustedSchema: 0,
      cellSizeCheck: 1,
      walAutocheckpointPages: 8_192,
      pageCacheKib: 16_000,
      schemaVersion: MIGRATIONS.at(-1)?.version,
    })
    await store.close()
  })

  test('a setting that did not take is refused by name', async () => {
    const store = openSqliteStore({ path })
    const settings = store.describe()
    await store.close()
    expect(() => assertSettings(settings)).not.toThrow()
    const wrong = {
      journalMode: 'delete',
      synchronous: 1,
      foreignKeys: 0,
      trustedSchema: 1,
      pageCacheKib: 64_000,
    }
    for (const [name, value] of Object.entries(wrong)) {
      const error = refusal(() => assertSettings({ ...settings, [name]: value }))
      expect(error.message).toContain(name)
    }
  })

  test('a database in memory is no store', () => {
    expect(refusal(() => openSqliteStore({ path: ':memory:' })).message).toContain('journalMode')
  })

  test('missing directories are made, and only we read the file', async () => {
    const deep = join(directory, 'a', 'b', 'quittance.db')
    const store = openSqliteStore({ path: deep })
    await store.commit({ stores: [sampleStore()] })
    for (const file of [deep, `${deep}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600)
    await store.close()
  })
})

describe('files that are refused', () => {
  test('an unwritable directory', () => {
    chmodSync(directory, 0o555)
    const error = asUnprivileged(() => refusal(() => openSqliteStore({ path })))
    expect(error.message).toContain('EACCES')
    expect(existsSync(path)).toBe(false)
    chmodSync(directory, 0o755)
  })

  test('a file where the directory should be', () => {
    writeFileSync(path, 'a file')
    refusal(() => openSqliteStore({ path: join(path, 'quittance.db') }))
  })

  test('a directory where the file should be', () => {
    refusal(() => openSqliteStore({ path: directory }))
  })

  test('a file we may read but not write', async () => {
    await openSqliteStore({ path }).close()
    chmodSync(directory, 0o755)
    chmodSync(path, 0o444)
    asUnprivileged(() => refusal(() => openSqliteStore({ path })))
  })

  test('a file that is not a database is left as it is', () => {
    const text = 'orders:\n'.repeat(1_000)
    writeFileSync(path, text)
    expect(refusal(() => openSqliteStore({ path })).message).toContain('not a database')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test.each([
    ['tables of another program', 'CREATE TABLE t (a)'],
    ['the mark of another program', 'PRAGMA application_id = 7'],
    [
      'a newer schema of ours',
      `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 99`,
    ],
  ])('a database with %s is left as it is', (_, sql) => {
    const other = new Database(path)
    other.exec(sql)
    other.close()
    const before = readFileSync(path)
    const error = refusal(() => openSqliteStore({ path }))
    expect(error.message).toMatch(/another program|newer version/)
    expect(error.retryable).toBe(false)
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('a damaged file', async () => {
    const store = openSqliteStore({ path })
    const invoices = Array.from({ length: 200 }, (_, n) => sampleInvoice(n))
    await store.commit({ stores: [sampleStore()], invoices })
    await store.close()
    const bytes = readFileSync(path)
    const intact = Buffer.from(bytes)
    for (let page = 30; page < bytes.length / 4_096; page++)
      bytes.fill(0xff, page * 4_096, page * 4_096 + 16)
    writeFileSync(path, bytes)
    expect(refusal(() => openSqliteStore({ path })).message).toContain('damaged')
    writeFileSync(path, intact)
    await openSqliteStore({ path }).close()
  })
})

describe('read-only', () => {
  test('reads what is there, writes nothing', async () => {
    const writer = openSqliteStore({ path })
    await writer.commit({ stores: [sampleStore()] })
    const reader = openSqliteStore({ path, readOnly: true })
    expect(await reader.listStores()).toEqual([sampleStore()])
    await expect(reader.commit({ invoices: [sampleInvoice(1)] })).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
    await reader.close()
    await writer.close()
  })

  test('makes no file and migrates none', async () => {
    refusal(() => openSqliteStore({ path, readOnly: true }))
    expect(existsSync(path)).toBe(false)
    await openSqliteStore({ path }).close()
    const next = { version: MIGRATIONS.length + 1, sql: 'CREATE TABLE extra (a TEXT) STRICT' }
    const migrations = [...MIGRATIONS, next]
    const error = refusal(() => openDatabase({ path, readOnly: true, migrations }))
    expect(error.message).toContain('older schema')
  })
})

describe('migrations', () => {
  const latest = MIGRATIONS.length
  const addTable = { version: latest + 1, sql: 'CREATE TABLE extra (a TEXT) STRICT' }
  const failing = {
    version: latest + 2,
    sql: 'CREATE TABLE half (a TEXT) STRICT; DROP TABLE idempotency; SELECT no_such_function()',
  }

  function look(file: string) {
    const db = new Database(file, { readonly: true })
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
    const version = db.pragma('user_version', { simple: true })
    db.close()
    return { tables, version }
  }

  test('versions are 1, 2, 3 ... without gaps', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, i) => i + 1))
  })

  test('answers kept by version 1 are there in version 2', async () => {
    const db = openDatabase({ path, migrations: MIGRATIONS.slice(0, 1) })
    const keep = db.prepare("INSERT INTO idempotency VALUES ('s', ?, 'hash', 201, ?, ?, ?)")
    keep.run('second', 'sealed text', 1, 2)
    keep.run('first', '{"id":"inv_1"}', 0, 1)
    db.close()
    const store = openSqliteStore({ path })
    const common = { scope: 's', requestHash: 'hash', status: 201 }
    expect(await store.findIdempotencyRecord('s', 'first')).toEqual({
      ...common,
      key: 'first',
      body: { kind: 'text', text: '{"id":"inv_1"}' },
      createdAtMs: 1,
    })
    expect(await store.findIdempotencyRecord('s', 'second')).toEqual({
      ...common,
      key: 'second',
      body: { kind: 'sealed', text: 'sealed text' },
      createdAtMs: 2,
    })
    await store.close()
  })

  test('addresses of version 12 are found, counted and given out in version 13', async () => {
    const db = openDatabase({ path, migrations: MIGRATIONS.slice(0, 12) })
    const sql = cacheStatements(db)
    const account = { stores: [sampleStore()], invoices: [sampleInvoice(1), sampleInvoice(2)] }
    expect(writeChangeSet(sql, account)).toBe('committed')
    const insert = db.prepare(`INSERT INTO deposit_addresses
      (address, store_id, fingerprint, idx, invoice_id, issued_at_ms, issue_tips)
      VALUES (@address, @store_id, @fingerprint, @idx, @invoice_id, @issued_at_ms, @issue_tips)`)
    const addresses = [sampleDepositAddress(2), sampleIssuedAddress(1), sampleDepositAddress(3)]
    for (const address of addresses) insert.run(depositAddressToRow(address))
    db.close()

    const store = openSqliteStore({ path })
    const find = async () =>
      (await store.findDepositAddresses([1, 2, 3].map(sampleAddress))).toSorted(
        (a, b) => a.index - b.index,
      )
    const { fingerprint } = sampleIssuedAddress(1)
    expect(await find()).toEqual([1, 0, 2].map((i) => addresses[i]))
    expect(await store.maxIssuedIndex(fingerprint)).toBe(1)
    expect(await store.commit({ addresses: [sampleIssuedAddress(2)] })).toBe('committed')
    expect(await store.commit({ addresses: [sampleIssuedAddress(1)] })).toBe('conflict')
    expect((await find())[1]).toEqual(sampleIssuedAddress(2))
    expect(await store.maxIssuedIndex(fingerprint)).toBe(2)
    expect(await store.listWaitingAddresses(fingerprint, 0, 9)).toEqual([addresses[2]])
    await store.close()
  })

  test('a file with data is copied before, a new one is not', async () => {
    const store = openSqliteStore({ path })
    await store.commit({ stores: [sampleStore()] })
    await store.close()
    const backup = `${path}.schema-${latest}.backup`
    expect(existsSync(backup)).toBe(false)
    const told: unknown[] = []
    const note = (fields: unknown): void => void told.push(fields)
    const logger: Logger = { debug: note, info: note, warn: note, error: note }
    openDatabase({ path, migrations: [...MIGRATIONS, addTable], logger }).close()
    expect(told).toEqual([{ from: latest, to: latest + 1, backup }])
    expect(look(path).version).toBe(latest + 1)
    expect(look(path).tables).toContain('extra')
    expect(look(backup).version).toBe(latest)
    const old = openSqliteStore({ path: backup })
    expect(await old.listStores()).toEqual([sampleStore()])
    await old.close()
    expect(refusal(() => openSqliteStore({ path })).message).toContain('newer version')
  })

  test('one that fails leaves the version before, whole, and can be tried again', async () => {
    const store = openSqliteStore({ path })
    await store.commit({ stores: [sampleStore()] })
    await store.close()
    expect(() => openDatabase({ path, migrations: [...MIGRATIONS, addTable, failing] })).toThrow()
    const { tables, version } = look(path)
    expect(version).toBe(latest + 1)
    expect(tables).toContain('extra')
    expect(tables).toContain('idempotency')
    expect(tables).not.toContain('half')
    const mended = { ...failing, sql: 'CREATE TABLE half (a TEXT) STRICT' }
    openDatabase({ path, migrations: [...MIGRATIONS, addTable, mended] }).close()
    expect(look(path).version).toBe(latest + 2)
  })

  test('a process killed while it made the file leaves one that opens', async () => {
    writeFileSync(path, '')
    const store = openSqliteStore({ path })
    expect(await store.commit({ stores: [sampleStore()] })).toBe('committed')
    await store.close()
  })
})
