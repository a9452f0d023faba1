/** The whole story by itself: create, pay, confirm, settle, a reorg takes it back, paid again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReceivedEvent } from '../../examples/shop/shop.ts'
import { CONFIRMATIONS, type World } from './start-world.ts'

type InvoiceView = {
  id: string
  status: string
  address: string
  payment_options: { symbol: string; amount_due: string; amount_due_units: string }[]
  payments: { position: string; amount: string; tx_hash: string }[]
}

type Print = (line: string) => void

const STEP_DEADLINE_MS = 10_000
const POLL_MS = 50

/** Plays the story and prints a timeline. Rejects with the step that failed. */
export async function playStory(world: World, print: Print): Promise<void> {
  const { chain, shop } = world
  const startedMs = performance.now()
  const tell = (who: string, what: string) => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)
    print(`${seconds} s  ${who.padEnd(8)} ${what}`)
  }
  const events: ReceivedEvent[] = []
  shop.onEvent((event) => {
    events.push(event)
    tell('webhook', `${event.sequence}. ${event.type} (signature verified by the shop)`)
  })
  const expectEvent = (type: string, count = 1) =>
    waitFor(`webhook ${type}`, () => events.filter((event) => event.type === type).length >= count)

  const order = await shop.buy('books')
  const invoice = await getInvoice(world, order.invoiceId)
  const usdc = invoice.payment_options.find(({ symbol }) => symbol === 'USDC')
  if (usdc === undefined) throw new Error('create: the invoice does not offer USDC')
  tell('shop', `order ${order.id}: invoice ${invoice.id} for ${usdc.amount_due} USDC`)
  tell('gateway', `address of this order alone: ${invoice.address}`)
  await expectEvent('invoice.created')

  const units = BigInt(usdc.amount_due_units)
  const to = invoice.address as `0x${string}`
  const pay = async () => {
    const hash = await chain.sendToken({ token: world.usdc, to, units })
    await chain.mine(1)
    tell('shopper', `pays ${usdc.amount_due} USDC, transaction ${hash.slice(0, 18)}...`)
  }
  const confirm = async (times: number) => {
    await expectEvent('invoice.processing', times)
    await chain.mine(CONFIRMATIONS - 1)
    tell('chain', `${CONFIRMATIONS - 1} more blocks: ${CONFIRMATIONS} confirmations`)
    await expectStatus(world, order.invoiceId, 'settled')
    await expectEvent('invoice.settled', times)
    tell('shop', `order ${order.id} is ${shop.orders.get(order.id)?.state}`)
  }
  await pay()
  await confirm(1)

  const depth = CONFIRMATIONS + 3
  tell('chain', `a reorg replaces the last ${depth} blocks, without the payment`)
  await chain.reorg({ depth })
  await chain.mine(1)
  await expectStatus(world, order.invoiceId, 'reversed')
  await expectEvent('payment.orphaned')
  await expectEvent('invoice.reversed')
  tell('shop', `order ${order.id} is ${shop.orders.get(order.id)?.state}`)

  const hash = await chain.sendToken({ token: world.usdc, to, units })
  await chain.mine(CONFIRMATIONS)
  tell('shopper', `pays again, transaction ${hash.slice(0, 18)}..., ${CONFIRMATIONS} confirmations`)
  await expectStatus(world, order.invoiceId, 'settled')
  await expectEvent('invoice.settled', 2)
  tell('shop', `order ${order.id} is ${shop.orders.get(order.id)?.state}`)
  checkSequence(events, order.invoiceId)
  const final = await getInvoice(world, order.invoiceId)
  for (const { position, amount, tx_hash } of final.payments) {
    tell('gateway', `payment of ${amount} USDC ${position} (${tx_hash.slice(0, 18)}...)`)
  }
}

/** R5: the shop got 1, 2, 3 ... without a gap, in order. */
function checkSequence(events: readonly ReceivedEvent[], invoiceId: string): void {
  const sequence = events
    .filter(({ invoice }) => invoice === invoiceId)
    .map((event) => event.sequence)
  if (!sequence.every((number, i) => number === i + 1)) {
    throw new Error(`webhooks: the sequence is ${sequence.join(', ')}`)
  }
}

function expectStatus(world: World, invoiceId: string, status: string): Promise<void> {
  return waitFor(`invoice ${status}`, async () => {
    const invoice = await getInvoice(world, invoiceId)
    return invoice.status === status
  })
}

async function getInvoice(world: World, id: string): Promise<InvoiceView> {
  const answer = await fetch(`${world.gatewayUrl}/v1/invoices/${id}`, {
    headers: { authorization: `Bearer ${world.apiKey}` },
  })
  if (!answer.ok) throw new Error(`GET invoice: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as InvoiceView
}

async function waitFor(step: string, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + STEP_DEADLINE_MS
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`${step}: not within ${STEP_DEADLINE_MS / 1_000} s`)
    }
    await sleep(POLL_MS)
  }
}
