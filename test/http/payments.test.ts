/** What a merchant does about money that belongs to no invoice. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Address } from '../../src/core/money/asset.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import {
  SAMPLE_COIN,
  sampleBlock,
  sampleDepositAddress,
  sampleObservation,
  samplePayment,
} from '../support/fixtures.ts'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
  // The account key is known once its first address is derived.
  await createInvoice(gateway)
})
afterAll(() => gateway.server.close())

const NOBODY = 'inv_00000000000000000000000000'
let placed = 0

/** Money to a look-ahead address, 25 USDC and confirmed unless said otherwise. */
async function receive(parts: Partial<Payment> = {}, observed = {}): Promise<string> {
  placed += 1
  const { store, deps } = gateway
  const index = 1_000 + placed
  const to = deps.addressBook.derive(store.fingerprint, index) as Address
  const { fingerprint } = store
  const owner = { storeId: store.id, fingerprint, address: to }
  const observation = sampleObservation(1_000 + placed, sampleBlock(10), { to, ...observed })
  const facts = { accepted: false, inTime: false, position: 'confirmed' } as const
  await deps.store.commit({
    addresses: [sampleDepositAddress(index, owner)],
    payments: [samplePayment(observation, { storeId: store.id, ...facts, ...parts })],
  })
  return observation.id
}

function assign(payment: string, invoice: unknown, more = {}) {
  const path = `/v1/payments/${payment}/assign`
  return gateway.ask({ method: 'POST', path, body: { invoice }, ...more })
}

const getInvoice = async (id: string) => (await gateway.ask({ path: `/v1/invoices/${id}` })).json

async function storyOf(id: string): Promise<[string, number, string | undefined][]> {
  const { data } = (await gateway.ask({ path: `/v1/events?invoice=${id}&limit=100` })).json
  return data
    .toReversed()
    .map((event: { type: string; sequence: number; data: { position?: string } }) => [
      event.type,
      event.sequence,
      event.data.position,
    ])
}

describe('POST /v1/payments/{id}/assign', () => {
  test('settles an open invoice by money that came in time, and tells of it', async () => {
    const payment = await receive()
    const { id, ...invoice } = await createInvoice(gateway)
    const answer = await assign(payment, id)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ id: payment, invoice: id, accepted: true, in_time: true })
    expect(answer.json.to).not.toBe(invoice.address)
    const settled = await getInvoice(id)
    expect(settled).toMatchObject({ status: 'settled', payments: [answer.json] })
    expect(await storyOf(id)).toEqual([
      ['invoice.created', 1, undefined],
      ['payment.detected', 2, 'confirmed'],
      ['payment.confirmed', 3, 'confirmed'],
      ['invoice.processing', 4, undefined],
      ['invoice.settled', 5, undefined],
    ])
    const [line] = (await gateway.deps.store.listAudit(0, 1_000)).filter(
      ({ target }) => target === payment,
    )
    expect(line).toMatchObject({ action: 'payment.assign', before: null, after: id })
    expect(line?.actor).toMatch(/^key_/)
  })

  test('money that came late waits for the merchant to accept it', async () => {
    const payment = await receive({}, { blockTimestampS: Math.floor(Date.now() / 1_000) + 7_200 })
    const { id } = await createInvoice(gateway)
    expect((await assign(payment, id)).json).toMatchObject({ accepted: true, in_time: false })
    expect(await getInvoice(id)).toMatchObject({ status: 'open', paid: { late: true } })
    const accept = await gateway.ask({ method: 'POST', path: `/v1/invoices/${id}/accept` })
    expect(accept.json).toMatchObject({ status: 'settled', accepted_by_merchant: true })
  })

  test('PA-25 a canceled invoice stays canceled until the merchant accepts', async () => {
    const { id } = await createInvoice(gateway)
    await gateway.ask({ method: 'POST', path: `/v1/invoices/${id}/cancel` })
    await assign(await receive(), id)
    expect((await getInvoice(id)).status).toBe('canceled')
    expect((await storyOf(id)).at(-1)?.[0]).toBe('invoice.paid_after_cancel')
    const accept = await gateway.ask({ method: 'POST', path: `/v1/invoices/${id}/accept` })
    expect(accept.json.status).toBe('settled')
  })

  test('an asset that the invoice does not accept is listed, and counts for nothing', async () => {
    const coin = { asset: SAMPLE_COIN, kind: 'native', logIndex: null } as const
    const payment = await receive({}, coin)
    const { id } = await createInvoice(gateway, { accept: [sampleObservation(1).asset.id] })
    expect((await assign(payment, id)).json).toMatchObject({ invoice: id, accepted: false })
    expect(await getInvoice(id)).toMatchObject({ status: 'open', payments_total: 1 })
    expect((await storyOf(id))[1]?.[0]).toBe('payment.unexpected')
  })

  test('what is not confirmed yet is seen, and not more', async () => {
    const payment = await receive({ position: 'included' })
    const { id } = await createInvoice(gateway)
    expect((await assign(payment, id)).json.position).toBe('included')
    expect((await getInvoice(id)).status).toBe('processing')
  })

  test.each<[string, Partial<Payment>]>([
    ['an orphaned one', { position: 'orphaned' }],
    ['dust', { dust: true, countedUnits: 0n }],
  ])('%s is 409', async (_name, parts) => {
    const { id } = await createInvoice(gateway)
    const answer = await assign(await receive(parts), id)
    expect([answer.status, answer.json.code]).toEqual([409, 'not_acceptable_state'])
    expect((await getInvoice(id)).payments_total).toBe(0)
  })

  test('one that is assigned is 409, to the same invoice and to another', async () => {
    const payment = await receive()
    const [first, second] = [await createInvoice(gateway), await createInvoice(gateway)]
    expect((await assign(payment, first.id)).status).toBe(200)
    for (const { id } of [first, second]) {
      const answer = await assign(payment, id)
      expect([answer.status, answer.json.code]).toEqual([409, 'not_acceptable_state'])
    }
    expect((await getInvoice(second.id)).payments_total).toBe(0)
  })

  test('two at once: one wins', async () => {
    const payment = await receive()
    const invoices = [await createInvoice(gateway), await createInvoice(gateway)]
    const answers = await Promise.all(invoices.map(({ id }) => assign(payment, id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const totals = await Promise.all(invoices.map(async ({ id }) => getInvoice(id)))
    expect(totals.map((one) => one.payments_total).sort()).toEqual([0, 1])
  })

  test('nothing of another store, and nothing that is not there', async () => {
    const payment = await receive()
    const { id } = await createInvoice(gateway)
    const key = gateway.otherKey
    const foreign = await gateway.ask({
      method: 'POST',
      path: '/v1/invoices',
      body: { price: { amount: '25', currency: 'USD' } },
      key,
    })
    expect(foreign.status).toBe(201)
    for (const answer of [
      await assign(payment, foreign.json.id),
      await assign(payment, foreign.json.id, { key }),
      await assign(payment, id, { key }),
      await assign(payment, NOBODY),
      await assign(payment, 'x'),
      await assign(`pay_${'0'.repeat(26)}`, id),
      await assign(id, id),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
    }
    const [still] = (await gateway.ask({ path: '/v1/payments?limit=1' })).json.data
    expect(still).toMatchObject({ id: payment, invoice: null })
  })

  test('needs its scope and a whole body', async () => {
    const payment = await receive()
    const key = await gateway.makeKey(['payments:read', 'invoices:write'])
    expect((await assign(payment, NOBODY, { key })).status).toBe(403)
    const writer = await gateway.makeKey(['payments:write'])
    expect((await assign(payment, NOBODY, { key: writer })).status).toBe(404)
    for (const body of [{}, { invoice: null }, { invoice: NOBODY, store: 'st_1' }]) {
      const path = `/v1/payments/${payment}/assign`
      expect((await gateway.ask({ method: 'POST', path, body })).status).toBe(400)
    }
  })

  test('is repeated under its key with the same answer', async () => {
    const payment = await receive()
    const { id } = await createInvoice(gateway)
    const headers = { 'idempotency-key': 'assign-1' }
    const first = await assign(payment, id, { headers })
    const again = await assign(payment, id, { headers })
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await storyOf(id)).filter(([type]) => type === 'payment.confirmed')).toHaveLength(1)
  })
})
