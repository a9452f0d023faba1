/** What shops were promised and shoppers paid, against what the gateway shows and told. */
import type { Hex } from 'viem'
import { expect } from 'vitest'
import { waitFor } from './gateway-process.ts'
import { type Ledger, type Order, orderUntilAcknowledged } from './kill-loop.ts'
import { K, type PaymentWorld } from './payment-world.ts'
import { idOf, listAll, listEvents } from './webhook-endpoints.ts'

/** All payments are deep, and every event was received. Then nothing changes any more. */
const QUIET_DEADLINE_MS = 60_000

export type LedgerReport = {
  readonly invoices: number
  readonly payments: number
  readonly events: number
  readonly deliveries: number
}

export async function checkLedger(world: PaymentWorld, ledger: Ledger): Promise<LedgerReport> {
  await world.mine(K)
  const events = await waitUntilTold(world)
  const invoices = await listAll(world.gateway, '/v1/invoices')
  checkInvoices(invoices, ledger)
  const payments = await checkPayments(world, invoices, ledger)
  checkEvents(world, events, invoices)
  await checkReplays(world, ledger)
  await world.expectCleanState()
  const deliveries = world.receiver.requests.length
  return { invoices: invoices.length, payments, events: events.length, deliveries }
}

/** Each acknowledged invoice is there as it was promised, and there is no other. */
function checkInvoices(invoices: readonly any[], ledger: Ledger): void {
  const byId = new Map(invoices.map((invoice) => [invoice.id, invoice]))
  expect(byId.size).toBe(invoices.length)
  expect(new Set(byId.keys())).toEqual(new Set(ledger.orders.map(({ invoice }) => invoice.id)))
  expect(new Set(invoices.map(({ address }) => address)).size).toBe(invoices.length)
  for (const { key, invoice } of ledger.orders) {
    const { id, address, derivation_path, price, expires_at, checkout_url } = invoice
    const promised = {
      id,
      order_id: key,
      address,
      derivation_path,
      price,
      expires_at,
      checkout_url,
    }
    expect(byId.get(id)).toMatchObject(promised)
  }
}

const STATUS_OF: Readonly<Record<Order['plan'], string>> = {
  none: 'open',
  too_little: 'open',
  exact: 'settled',
  in_parts: 'settled',
  too_much: 'settled',
}

/** Each payment once, none lost, none invented; the status is what the money says. */
async function checkPayments(
  { chain }: PaymentWorld,
  invoices: readonly any[],
  { orders }: Ledger,
): Promise<number> {
  const byId = new Map(invoices.map((invoice) => [invoice.id, invoice]))
  let count = 0
  for (const { key, invoice, plan, sent } of orders) {
    const shown = byId.get(invoice.id)
    const counted = shown.payments.filter(({ position }: any) => position !== 'orphaned')
    const credits = counted.map(({ tx_hash, amount_units }: any) => `${tx_hash} ${amount_units}`)
    expect(credits.toSorted(), key).toEqual(describeSent(sent))
    for (const payment of counted) expect(payment.position, key).toBe('confirmed')
    for (const hash of sent.keys()) expect((await chain.receipt(hash))?.status).toBe('0x1')
    expect({ key, plan, status: shown.status }).toEqual({ key, plan, status: STATUS_OF[plan] })
    expect(shown.paid.underpaid, key).toBe(plan === 'too_little')
    expect(shown.paid.overpaid, key).toBe(plan === 'too_much')
    count += counted.length
  }
  return count
}

function describeSent(sent: ReadonlyMap<Hex, bigint>): string[] {
  return [...sent].map(([hash, units]) => `${hash} ${units}`).toSorted()
}

/** Every event under one id, numbered without a gap; received are exactly those that are listed. */
function checkEvents(world: PaymentWorld, events: readonly any[], invoices: readonly any[]): void {
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  const received = new Map(world.receiver.requests.map((request) => [idOf(request), request]))
  expect(new Set(received.keys())).toEqual(new Set(events.map(({ id }) => id)))
  const byInvoice = Map.groupBy(events.toReversed(), ({ invoice }) => invoice)
  expect(new Set(byInvoice.keys())).toEqual(new Set(invoices.map(({ id }) => id)))
  for (const [id, story] of byInvoice) {
    expect(
      story.map(({ sequence }) => sequence),
      id,
    ).toEqual(story.map((_, i) => i + 1))
    const settled = story.filter(({ type }) => type === 'invoice.settled')
    const { status } = invoices.find((invoice) => invoice.id === id)
    expect(settled, id).toHaveLength(status === 'settled' ? 1 : 0)
  }
  for (const event of events) {
    const { type, sequence, invoice } = JSON.parse(`${received.get(event.id)?.rawBody}`)
    expect({ type, sequence, invoice }).toEqual({
      type: event.type,
      sequence: event.sequence,
      invoice: event.invoice,
    })
  }
}

/** A shop that lost its answer asks again: it gets the invoice it was promised. */
async function checkReplays(world: PaymentWorld, { orders }: Ledger): Promise<void> {
  for (const { key, invoice } of orders) {
    expect(await orderUntilAcknowledged(world, key), key).toEqual(invoice)
  }
  expect(await listAll(world.gateway, '/v1/invoices')).toHaveLength(orders.length)
}

/** All events, once the receiver has each of them. */
async function waitUntilTold({ gateway, receiver }: PaymentWorld): Promise<any[]> {
  let events: any[] = []
  const isTold = async () => {
    const received = new Set(receiver.requests.map(idOf))
    events = await listEvents(gateway)
    return events.every(({ id }) => received.has(id))
  }
  await waitFor('the receiver to have every event', isTold, QUIET_DEADLINE_MS)
  return events
}
