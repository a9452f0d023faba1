/**
 * A large database is checked while it is in use (ADR 0045): until the verdict orders and payments go on
 * and nobody is told to send more; damage ends the process in one clear line, and takes nothing along.
 */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { waitFor } from '../support/gateway-process.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const TIMEOUT_MS = 120_000
const DEADLINE_MS = 30_000
const EXIT_FAILED = 1

// Not that of the node's own accounts: one of them pays.
const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(5) } })

const databasePath = () => join(world.gateway.folder, 'data', 'quittance.db')

/** The check of a gateway that is started with this waits until `go` is called. */
function holdCheck() {
  const path = join(world.gateway.folder, 'check-waits')
  writeFileSync(path, '')
  return { env: { QUITTANCE_TEST_DATABASE_CHECK_WAITS_FOR: path }, go: () => rmSync(path) }
}

/** Waits until all but the verdict is ready. */
async function waitUntilChecking(): Promise<void> {
  await waitFor('the check to be told', async () => {
    const answer = await askReady().catch(() => null)
    return (
      answer?.status === 503 &&
      answer.body.database.reason === 'The database file is being checked.' &&
      answer.body.chains.every(({ state }: { state: string }) => state === 'ok')
    )
  })
}

async function askReady(): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${world.gateway.url}/readyz`)
  return { status: answer.status, body: await answer.json() }
}

async function payAnOrder(): Promise<string> {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  return invoice.id
}

/** Spoils a page that nothing but a check ever reads; what gives it back. */
function damage(): () => void {
  const db = new Database(databasePath())
  db.exec('CREATE TABLE nobody_reads (bytes BLOB)')
  const insert = db.prepare('INSERT INTO nobody_reads VALUES (zeroblob(1000))')
  for (let row = 0; row < 100; row += 1) insert.run()
  const pageBytes = db.pragma('page_size', { simple: true }) as number
  const find = "SELECT pageno FROM dbstat WHERE name = 'nobody_reads' AND pagetype = 'leaf'"
  const place = ((db.prepare(find).pluck().get() as number) - 1) * pageBytes
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  const sound = readFileSync(databasePath()).subarray(place, place + pageBytes)
  const put = (bytes: Uint8Array) => {
    const file = openSync(databasePath(), 'r+')
    writeSync(file, bytes, 0, bytes.length, place)
    closeSync(file)
  }
  put(new Uint8Array(pageBytes).fill(0xff))
  return () => put(sound)
}

test('a sound database is in use before its check ends, and ready after it', {
  timeout: TIMEOUT_MS,
}, async () => {
  expect(await world.gateway.stop()).toBe(0)
  const check = holdCheck()
  await world.gateway.start({ expectReady: false, env: check.env })
  await waitUntilChecking()
  await payAnOrder()
  expect((await askReady()).status).toBe(503)
  check.go()
  await world.gateway.waitReady()
  expect(world.gateway.hasEnded()).toBe(false)
})

test('a damaged one ends the process; what came meanwhile is there after the repair', {
  timeout: TIMEOUT_MS,
}, async () => {
  const before = await payAnOrder()
  await world.gateway.stop()
  const repair = damage()

  const check = holdCheck()
  await world.gateway.start({ expectReady: false, env: check.env })
  await waitUntilChecking()
  const meanwhile = await payAnOrder()
  check.go()
  await waitFor('the process to end', async () => world.gateway.hasEnded(), DEADLINE_MS)
  expect(world.gateway.exitCode()).toBe(EXIT_FAILED)
  expect(world.gateway.output()).toContain('ALARM: The database file is damaged; restore a backup.')

  // Every later start, also of the file as a small one, is refused before it promises anything.
  await world.gateway.start({ expectReady: false })
  await waitFor('the start to be refused', async () => world.gateway.hasEnded(), DEADLINE_MS)
  expect(world.gateway.exitCode()).toBe(EXIT_FAILED)

  repair()
  await world.gateway.start()
  for (const id of [before, meanwhile]) {
    expect((await world.getInvoice(id)).status).toBe('settled')
  }
  await world.expectCleanState()
})
