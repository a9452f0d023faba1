/** What the gateway says of its database, and what it makes of one that is not as it left it. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { accountXpub } from '../support/account-keys.ts'
import { type GatewayProcess, QUICK_START, TEST_XPUB } from '../support/gateway-process.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { runToEnd } from '../support/tool-process.ts'

// Many starts of the tool: about a second each.
vi.setConfig({ testTimeout: 60_000 })

const databaseOf = ({ folder }: GatewayProcess) => join(folder, 'data', 'quittance.db')
/** 20 bytes that derive from no key of ours. */
const THIEF = `0x${'be'.repeat(20)}`

describe('DU-10 the settings that make a commit durable', () => {
  const world = usePaymentWorld()

  test('DU-10 readiness and doctor name them', async () => {
    const { status, body } = await world.gateway.request('GET', '/readyz')
    expect(status).toBe(200)
    const settings = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1 }
    expect(body.database).toEqual({ state: 'ok', reason: null, ...settings })
    const { code, stdout } = await world.gateway.run('doctor')
    expect(code).toBe(0)
    expect(stdout).toContain('journal_mode=wal synchronous=2 foreign_keys=1')
    expect(stdout).toContain('no faults')
  })

  test('DU-10 doctor fails where the journal mode cannot be had', async () => {
    await world.gateway.stop()
    const other = new Database(databaseOf(world.gateway))
    other.pragma('journal_mode = DELETE')
    // A reader in the old mode keeps everybody from changing it.
    other.exec('BEGIN; SELECT count(*) FROM invoices')
    try {
      const { code, stdout, stderr } = await world.gateway.run('doctor')
      expect(code).toBe(1)
      expect(stderr).toMatch(/FAULT {2}database: /)
      expect(stdout).not.toContain('no faults')
    } finally {
      other.close()
    }
    expect(await world.gateway.run('doctor')).toMatchObject({ code: 0 })
  })
})

describe('DU-15 state that was tampered with', () => {
  const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(4) } })
  let invoice: any
  let db: Database.Database

  beforeAll(async () => {
    // Two lines in the audit log, and more.
    const made = await world.gateway.request('POST', '/v1/api-keys', {
      name: 'second',
      scopes: ['invoices:read'],
    })
    expect(made.status).toBe(201)
    invoice = await world.createInvoice()
    await payInvoice(world, invoice)
    await world.mine(K)
    invoice = await world.waitForStatus(invoice.id, 'settled')
    await world.expectCleanState()
    db = new Database(databaseOf(world.gateway))
    // What an attacker with the file would do first.
    for (const table of ['observations', 'events', 'audit']) {
      db.exec(`DROP TRIGGER ${table}_no_update`)
    }
  })
  afterAll(() => db?.close())

  /** Changes one value for the time of the work. */
  async function tampered(
    { table, column, value, where = '1' }: Tampering,
    work: () => Promise<void>,
  ): Promise<void> {
    const row = db.prepare(`SELECT rowid_, ${column} AS v FROM (SELECT *, ${keyOf(table)} AS rowid_
      FROM ${table}) WHERE ${where} LIMIT 1`)
    const { rowid_: key, v: before } = row.get() as { rowid_: string; v: unknown }
    const set = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${keyOf(table)} = ?`)
    expect(set.run(value(before), key).changes).toBe(1)
    try {
      await work()
    } finally {
      set.run(before, key)
    }
  }

  async function expectViolation(rule: string, detail: RegExp): Promise<void> {
    const { code, stdout } = await world.gateway.run('check', '--json')
    expect(code, stdout).toBe(1)
    const { violations } = JSON.parse(stdout)
    const found = violations.find((violation: any) => detail.test(violation.detail))
    expect(found, JSON.stringify(violations)).toMatchObject({ rule })
  }

  /** Every way to see it is an error, and none of them tells the address that was put there. */
  async function expectRefused(...paths: string[]): Promise<void> {
    for (const path of paths) {
      const { status, body } = await world.gateway.request('GET', path)
      expect([path, status, body.code]).toEqual([path, 500, 'address_mismatch'])
      expect(JSON.stringify(body).toLowerCase()).not.toContain('bebebe')
    }
  }

  const byteAddress = () => Buffer.from(THIEF.slice(2), 'hex')
  const inText = (before: unknown) =>
    String(before).replaceAll(new RegExp(invoice.address, 'gi'), THIEF)

  test('DU-15 the address of an invoice', async () => {
    const row = { table: 'invoices', column: 'address', value: byteAddress }
    await tampered(row, async () => {
      await expectViolation('I6', /does not derive/)
      await expectRefused(`/v1/invoices/${invoice.id}`, '/v1/invoices')
      const page = await fetch(invoice.checkout_url)
      expect(page.status).toBe(500)
      expect((await page.text()).toLowerCase()).not.toContain('bebebe')
    })
    expect((await world.getInvoice(invoice.id)).address).toBe(invoice.address)
  })

  test('DU-15 the recipient of a payment', async () => {
    const row = { table: 'observations', column: 'to_address', value: () => THIEF }
    await tampered(row, async () => {
      await expectViolation('I2', /went to another address/)
      await expectRefused('/v1/payments', `/v1/invoices/${invoice.id}`)
    })
  })

  test('DU-15 the address in an event that was told', async () => {
    const where = "type = 'invoice.created'"
    await tampered({ table: 'events', column: 'payload', value: inText, where }, async () => {
      await expectViolation('I6', /told another address/)
      await expectRefused('/v1/events')
    })
  })

  test.each<[string, Tampering, string, RegExp]>([
    [
      'the amount of a payment',
      { table: 'observations', column: 'amount_units', value: (v) => `${v}0` },
      'I2',
      /told another amount/,
    ],
    [
      'the block of a payment',
      { table: 'observations', column: 'block_hash', value: () => `0x${'cd'.repeat(32)}` },
      'I1',
      /not canonical|not that of its place/,
    ],
    [
      'the stage of a payment',
      { table: 'payments', column: 'stage', value: () => 'orphaned' },
      'I1',
      /orphaned in a canonical block/,
    ],
    [
      'the status of an invoice',
      { table: 'invoices', column: 'status', value: () => 'open' },
      'I4',
      /open, but the money is/,
    ],
    [
      'the number of an event',
      { table: 'events', column: 'sequence', value: () => 9, where: 'sequence = 5' },
      'I5',
      /do not count/,
    ],
    [
      'who did it, in the audit log',
      { table: 'audit', column: 'actor', value: () => 'nobody' },
      'audit',
      /does not follow/,
    ],
  ])('DU-15 %s is found', async (_, tampering, rule, detail) => {
    await tampered(tampering, () => expectViolation(rule, detail))
  })

  test('DU-15 a row that is gone from the audit log is found; put right, all is well', async () => {
    db.exec('DROP TRIGGER audit_no_delete')
    const rows = db.prepare('SELECT * FROM audit ORDER BY seq').all() as { seq: number }[]
    expect(rows.length).toBeGreaterThan(1)
    const first = rows[0] as Record<string, unknown>
    db.prepare('DELETE FROM audit WHERE seq = ?').run(first.seq)
    await expectViolation('audit', /does not follow/)
    const names = Object.keys(first)
    const places = names.map((name) => `@${name}`)
    db.prepare(`INSERT INTO audit (${names}) VALUES (${places})`).run(first)
    await world.expectCleanState()
  })
})

type Tampering = {
  readonly table: string
  readonly column: string
  readonly value: (before: unknown) => unknown
  readonly where?: string
}

function keyOf(table: string): string {
  return table === 'audit' ? 'seq' : 'id'
}

describe('DU-18 and DU-04 a database that is not the one', () => {
  const world = usePaymentWorld({ env: { QUITTANCE_DATABASE_MUST_EXIST: 'false' } })
  let folder: string

  beforeAll(async () => {
    await world.createInvoice()
    await world.gateway.stop()
    folder = mkdtempSync(join(tmpdir(), 'quittance-du18-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A start on this file, with the state directory of the installation unless said otherwise. */
  async function start(path: string, env: Record<string, string> = {}) {
    return runToEnd({
      args: ['serve'],
      cwd: folder,
      env: {
        ...QUICK_START,
        QUITTANCE_CONFIG: world.gateway.configPath,
        QUITTANCE_XPUB: TEST_XPUB,
        QUITTANCE_PORT: String(await findFreePort()),
        QUITTANCE_DATABASE: `sqlite:${path}`,
        QUITTANCE_STATE_DIR: join(world.gateway.folder, 'data'),
        QUITTANCE_DATABASE_MUST_EXIST: 'true',
        ...env,
      },
    })
  }

  async function expectRefused(path: string, reason: RegExp, env: Record<string, string> = {}) {
    const { code, output } = await start(path, env)
    expect(code, output).toBe(1)
    expect(output.trim().split('\n'), output).toHaveLength(1)
    expect(output).toMatch(/^quittance: /)
    expect(output).toMatch(reason)
  }

  test('DU-18 required to exist, a missing or empty one is refused and none is made', async () => {
    const missing = join(folder, 'missing', 'quittance.db')
    await expectRefused(missing, /required to exist/)
    expect(existsSync(missing)).toBe(false)

    const empty = join(folder, 'empty.db')
    writeFileSync(empty, '')
    await expectRefused(empty, /required to exist/)
    expect(readFileSync(empty)).toHaveLength(0)

    const blank = join(folder, 'blank.db')
    const made = new Database(blank)
    made.exec('CREATE TABLE t (a); DROP TABLE t')
    made.close()
    await expectRefused(blank, /required to exist/)

    // Ours, with every table, and never used.
    const unused = join(folder, 'unused.db')
    copyFileSync(databaseOf(world.gateway), unused)
    const db = new Database(unused)
    db.pragma('foreign_keys = OFF')
    db.exec('DELETE FROM store_accounts')
    db.close()
    await expectRefused(unused, /holds no store/)
  })

  test('DU-18 one of another program or of another installation is refused', async () => {
    const foreign = join(folder, 'foreign.db')
    const db = new Database(foreign)
    db.exec('CREATE TABLE customers (name TEXT)')
    db.close()
    const bytes = readFileSync(foreign)
    await expectRefused(foreign, /another program/)
    expect(readFileSync(foreign).equals(bytes)).toBe(true)

    const neighbour = join(folder, 'neighbour')
    const env = {
      ...QUICK_START,
      QUITTANCE_DATABASE: `sqlite:${neighbour}/quittance.db`,
      QUITTANCE_STATE_DIR: neighbour,
    }
    const store = ['store', 'create', '--name', 'Next door', '--xpub', accountXpub(5)]
    expect(await runToEnd({ args: store, cwd: folder, env })).toMatchObject({ code: 0 })
    await expectRefused(join(neighbour, 'quittance.db'), /not those pinned/)
  })

  test('DU-18 the right one starts, and without the requirement a new one is made', async () => {
    await world.gateway.start({ env: { QUITTANCE_DATABASE_MUST_EXIST: 'true' } })
    const { body } = await world.gateway.request('GET', '/v1/invoices')
    expect(body.data).toHaveLength(1)
    await world.gateway.stop()
    const fresh = { QUITTANCE_DATABASE_MUST_EXIST: 'false' }
    const path = join(folder, 'fresh', 'quittance.db')
    const check = { args: ['check'], cwd: folder, env: { ...fresh, ...QUICK_START } }
    const env = { ...check.env, QUITTANCE_DATABASE: `sqlite:${path}` }
    expect(await runToEnd({ ...check, env })).toMatchObject({ code: 0 })
    expect(existsSync(path)).toBe(true)
  })

  test('DU-04 one of a newer schema is refused and untouched', async () => {
    const newer = join(folder, 'newer.db')
    copyFileSync(databaseOf(world.gateway), newer)
    const db = new Database(newer)
    db.pragma('journal_mode = DELETE')
    db.pragma('user_version = 99')
    db.close()
    const bytes = readFileSync(newer)
    await expectRefused(newer, /newer version/, { QUITTANCE_DATABASE_MUST_EXIST: 'false' })
    expect(readFileSync(newer).equals(bytes)).toBe(true)
    expect(existsSync(`${newer}-wal`)).toBe(false)
  })
})
