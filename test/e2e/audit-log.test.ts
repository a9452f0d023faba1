/** AU-14: who did what, when, from what to what; and that nobody can change it unseen. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { AUDIT_GENESIS_HASH } from '../../src/core/audit.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const world = usePaymentWorld()

type Line = {
  seq: number
  at: string
  actor: string
  action: string
  target: string
  before: string | null
  after: string | null
  prev_hash: string
  hash: string
}

/** The log as the operator exports it. */
async function exportLog(...args: string[]) {
  const { code, stdout, stderr } = await world.gateway.run('audit', ...args)
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
  return { code, lines, stderr }
}

async function ask(method: string, path: string, body?: object): Promise<any> {
  const answer = await world.gateway.request(method, path, body)
  expect(answer.status, `${method} ${path}`).toBeLessThan(300)
  return answer.body
}

/** An invoice whose half was paid, and that the merchant takes as settled. */
async function acceptHalf(): Promise<string> {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  const units = BigInt(invoice.payment_options[0].amount_due_units) / 2n
  await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
  await world.mine(K)
  await ask('POST', `/v1/invoices/${invoice.id}/accept`)
  return invoice.id
}

test('AU-14 each act has a line with actor, time, before and after, and no secret', async () => {
  const { gateway, receiver } = world
  const seen = (await exportLog()).lines.length
  const startedMs = Date.now()
  const own = (await ask('GET', '/v1/api-keys')).data[0].id
  const made = await ask('POST', '/v1/api-keys', { name: 'till', scopes: ['invoices:read'] })
  await ask('DELETE', `/v1/api-keys/${made.id}`)
  const url = `http://127.0.0.1:${receiver.port}/hook`
  const endpoint = await ask('POST', '/v1/webhook-endpoints', { url, events: ['*'] })
  const path = `/v1/webhook-endpoints/${endpoint.id}`
  await ask('PATCH', path, { status: 'disabled' })
  await ask('PATCH', path, { status: 'enabled' })
  const { secret } = await ask('POST', `${path}/rotate-secret`)
  const event = await ask('POST', `${path}/test`)
  await ask('DELETE', path)
  const store = await ask('PATCH', '/v1/store', { name: 'Renamed' })
  await ask('GET', '/v1/reports/payments.csv?created_after=2026-01-01T00:00:00Z')
  const accepted = await acceptHalf()
  const canceled = await world.createInvoice()
  await ask('POST', `/v1/invoices/${canceled.id}/cancel`)

  const { code, lines } = await exportLog('--after', String(seen))
  expect(code).toBe(0)
  const of = (enabled: string) => expect.stringContaining(`"status":"${enabled}"`)
  const since = expect.stringMatching(/^2026-01-01T00:00:00\.000Z \*$/)
  expect(lines.map(({ action, target, before, after }) => [action, target, before, after])).toEqual(
    [
      ['api-key.create', made.id, null, 'invoices:read'],
      ['api-key.revoke', made.id, 'invoices:read', null],
      ['endpoint.create', endpoint.id, null, url],
      ['endpoint.update', endpoint.id, of('enabled'), of('disabled')],
      ['endpoint.update', endpoint.id, of('disabled'), of('enabled')],
      ['endpoint.rotate-secret', endpoint.id, null, null],
      ['endpoint.test', endpoint.id, null, event.id],
      ['endpoint.delete', endpoint.id, expect.anything(), null],
      [
        'store.update',
        store.id,
        expect.stringContaining('default'),
        expect.stringContaining('Renamed'),
      ],
      ['payments.export', store.id, null, since],
      ['invoice.accept', accepted, 'open', 'settled'],
      ['invoice.cancel', canceled.id, 'open', 'canceled'],
    ],
  )
  for (const { actor, at } of lines) {
    expect(actor).toBe(own)
    expect(Date.parse(at)).toBeGreaterThanOrEqual(startedMs - 1_000)
    expect(Date.parse(at)).toBeLessThanOrEqual(Date.now() + 1_000)
  }
  const told = JSON.stringify(lines)
  for (const text of [made.key, endpoint.secret, secret, gateway.apiKey]) {
    expect(told).not.toContain(text)
  }
})

test('AU-14 what is refused leaves no line', async () => {
  const seen = (await exportLog()).lines.length
  const missing = '0'.repeat(26)
  const refusals = [
    ['DELETE', `/v1/api-keys/key_${missing}`],
    ['POST', `/v1/webhook-endpoints/we_${missing}/rotate-secret`],
    ['POST', `/v1/invoices/inv_${missing}/accept`],
    ['GET', '/v1/reports/payments.csv?created_after=yesterday'],
  ] as const
  for (const [method, path] of refusals) {
    expect((await world.gateway.request(method, path)).status).toBeGreaterThanOrEqual(400)
  }
  expect((await exportLog()).lines).toHaveLength(seen)
})

test('AU-14 the chain of hashes verifies; an edited row, and one that is gone, break it', async () => {
  const { lines, stderr } = await exportLog()
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
  expect(lines[0]?.prev_hash).toBe(AUDIT_GENESIS_HASH)
  for (const [i, line] of lines.entries()) {
    if (i > 0) expect(line.prev_hash).toBe(lines[i - 1]?.hash)
  }
  expect(stderr).toContain(lines.at(-1)?.hash)
  await world.expectCleanState()

  expect(await world.gateway.stop()).toBe(0)
  const db = new Database(join(world.gateway.folder, 'data', 'quittance.db'))
  const at = lines[4] as Line
  const edit = db.prepare('UPDATE audit SET actor = ? WHERE seq = ?')
  // The database itself refuses; somebody with the file can take that away.
  expect(() => edit.run('nobody', at.seq)).toThrow()
  const triggers = db
    .prepare<[], { name: string; sql: string }>(
      `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'`,
    )
    .all()
  expect(triggers.length).toBeGreaterThanOrEqual(2)
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)

  edit.run('nobody', at.seq)
  const edited = await exportLog()
  expect([edited.code, edited.lines.length]).toEqual([1, at.seq - 1])
  expect(edited.stderr).toContain(`row ${at.seq} was changed`)
  const checked = await world.gateway.run('check')
  expect([checked.code, checked.stderr]).toEqual([1, expect.stringContaining(`row ${at.seq}`)])
  edit.run(at.actor, at.seq)
  expect((await exportLog()).code).toBe(0)

  db.prepare('DELETE FROM audit WHERE seq = ?').run(at.seq)
  expect((await exportLog()).stderr).toContain(`row ${at.seq + 1} was changed`)
  db.prepare('UPDATE audit SET seq = seq - 1 WHERE seq > ?').run(at.seq)
  expect((await exportLog()).code).toBe(1)
  db.close()
})
