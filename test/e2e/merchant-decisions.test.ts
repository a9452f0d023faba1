/** Accept and cancel: what a merchant may decide about an invoice in each of its states. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../support/gateway-process.ts'
import { countType, optionOf, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const world = usePaymentWorld()
const DUE = 25_000_000n

beforeAll(() => skipDevAccounts(world))

type Verb = 'accept' | 'cancel'

const decide = (verb: Verb, { id }: { id: string }): Promise<Answer> =>
  world.gateway.request('POST', `/v1/invoices/${id}/${verb}`)

const pay = (invoice: { address: `0x${string}` }, units: bigint) =>
  world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })

/** Refused with the reason, and nothing changed: no event, no audit line, the same resource. */
async function expectRefused(verbs: readonly Verb[], invoice: { id: string }): Promise<void> {
  const before = await snapshot(invoice.id)
  for (const verb of verbs) {
    const { status, body, headers } = await decide(verb, invoice)
    expect([verb, status, body.code]).toEqual([verb, 409, 'not_acceptable_state'])
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body.detail).not.toBe('')
  }
  expect(await snapshot(invoice.id)).toEqual(before)
}

async function snapshot(id: string) {
  const events = (await world.eventsOf(id)).map(({ id: eventId }) => eventId)
  return { invoice: await world.getInvoice(id), events, audit: auditLines(id) }
}

/** Settled by the merchant: the answer, the event and the audit line agree. */
async function expectAccepted(invoice: { id: string }, before: string): Promise<void> {
  const audited = auditLines(invoice.id).length
  const { status, body } = await decide('accept', invoice)
  expect([status, body.status, body.accepted_by_merchant]).toEqual([200, 'settled', true])
  expect(body.settled_at).not.toBeNull()
  expect(optionOf(body).outstanding).toBe('0')
  const last = (await world.eventsOf(invoice.id)).at(-1)
  expect(last).toMatchObject({ type: 'invoice.settled', data: { accepted_by_merchant: true } })
  const lines = auditLines(invoice.id)
  expect(lines).toHaveLength(audited + 1)
  expect(lines.at(-1)).toMatchObject({ action: 'invoice.accept', before, after: 'settled' })
  const { body: keys } = await world.gateway.request('GET', '/v1/api-keys')
  expect(keys.data.map(({ id }: { id: string }) => id)).toContain(lines.at(-1)?.actor)
  await world.mine(2)
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
  await expectRefused(['accept', 'cancel'], invoice)
}

type AuditLine = { actor: string; action: string; before: string; after: string }

/** The audit log has no route yet; it is read where it is kept. */
function auditLines(target: string): AuditLine[] {
  const file = join(world.gateway.folder, 'data', 'quittance.db')
  const db = new Database(file, { readonly: true })
  try {
    const query = 'SELECT actor, action, before, after FROM audit WHERE target = ? ORDER BY seq'
    return db.prepare<[string], AuditLine>(query).all(target)
  } finally {
    db.close()
  }
}

describe('IN-25 what may be decided', () => {
  test('IN-25 without money: cancel once; nothing to accept before or after', async () => {
    const invoice = await world.createInvoice()
    await expectRefused(['accept'], invoice)
    const { status, body } = await decide('cancel', invoice)
    expect([status, body.status]).toEqual([200, 'canceled'])
    expect(countType(await world.eventsOf(invoice.id), 'invoice.canceled')).toBe(1)
    expect(auditLines(invoice.id)).toMatchObject([
      { action: 'invoice.cancel', before: 'open', after: 'canceled' },
    ])
    await expectRefused(['accept', 'cancel'], invoice)
  })

  test('IN-25 underpaid: no cancel; accept once the money is confirmed', async () => {
    const invoice = await world.createInvoice()
    await pay(invoice, 10_000_000n)
    await world.mine()
    await expectRefused(['accept', 'cancel'], invoice)
    await world.mine(K - 1)
    await expectRefused(['cancel'], invoice)
    await expectAccepted(invoice, 'open')
    const accepted = await world.getInvoice(invoice.id)
    expect(accepted.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  })

  test('IN-25 processing and settled: neither', async () => {
    const invoice = await world.createInvoice()
    await pay(invoice, DUE)
    await world.mine()
    expect((await world.getInvoice(invoice.id)).status).toBe('processing')
    await expectRefused(['accept', 'cancel'], invoice)
    await world.mine(K)
    expect((await world.getInvoice(invoice.id)).status).toBe('settled')
    await expectRefused(['accept', 'cancel'], invoice)
  })

  test('IN-25 expired: accept only what came late and is confirmed', async () => {
    const terms = { expires_in: 1 }
    const [unpaid, late] = [await world.createInvoice(terms), await world.createInvoice(terms)]
    await sleep(Date.parse(late.expires_at) - Date.now() + 1_100)
    await world.mine(K)
    await world.waitForStatus(unpaid.id, 'expired')
    await world.waitForStatus(late.id, 'expired')
    await expectRefused(['accept', 'cancel'], unpaid)
    await pay(late, DUE)
    await world.mine()
    await expectRefused(['accept', 'cancel'], late)
    await world.mine(K - 1)
    expect(countType(await world.eventsOf(late.id), 'invoice.paid_late')).toBe(1)
    expect((await world.getInvoice(late.id)).status).toBe('expired')
    await expectRefused(['cancel'], late)
    await expectAccepted(late, 'expired')
    await expectRefused(['accept', 'cancel'], unpaid)
  })

  test('IN-25, PA-25 canceled: accept what came after, once it is confirmed', async () => {
    const invoice = await world.createInvoice()
    expect((await decide('cancel', invoice)).status).toBe(200)
    await pay(invoice, DUE)
    await world.mine()
    await expectRefused(['accept', 'cancel'], invoice)
    await world.mine(K - 1)
    const events = await world.eventsOf(invoice.id)
    expect(countType(events, 'invoice.paid_after_cancel')).toBe(1)
    expect((await world.getInvoice(invoice.id)).status).toBe('canceled')
    await expectAccepted(invoice, 'canceled')
  })

  test('IN-25 reversed: accept what the reorg left, nothing where it left nothing', async () => {
    const [partly, wholly] = [await world.createInvoice(), await world.createInvoice()]
    await pay(partly, 10_000_000n)
    await world.mine(K)
    await pay(partly, 15_000_000n)
    await pay(wholly, DUE)
    await world.mine(K + 1)
    for (const { id } of [partly, wholly]) await world.waitForStatus(id, 'settled')
    await world.chain.reorg({ depth: K + 1 })
    await world.mine()
    for (const { id } of [partly, wholly]) await world.waitForStatus(id, 'reversed')
    await expectRefused(['accept', 'cancel'], wholly)
    await expectRefused(['cancel'], partly)
    await expectAccepted(partly, 'reversed')
  })

  test('IN-25 an invoice of nobody is not there', async () => {
    for (const verb of ['accept', 'cancel'] as const) {
      const { status, body } = await decide(verb, { id: 'inv_00000000000000000000000000' })
      expect([verb, status, body.code]).toEqual([verb, 404, 'not_found'])
    }
  })
})

test('the stored state is clean', () => world.expectCleanState())
