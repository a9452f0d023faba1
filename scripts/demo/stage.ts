/** What every story of the demo does: tell, click in the shop, wait for what must happen. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createQuittanceClient, type Invoice, type WebhookEvent } from 'quittance/client'
import type { Order } from '../../examples/shop/orders.ts'
import { CONFIRMATIONS, type World } from './start-world.ts'

export type Print = (line: string) => void

/** One story on one world. What is waited for rejects with the name of the step. */
export type Stage = {
  readonly world: World
  tell(who: string, what: string): void
  /** Presses a button of the shop; answers with the order it leads to. */
  click(path: string, form?: Record<string, string>): Promise<Order>
  getInvoice(order: Order): Promise<Invoice>
  expectStatus(order: Order, status: Invoice['status']): Promise<void>
  /** Waits until the shop was told so, by verified webhooks, so often. */
  expectEvent(order: Order, type: WebhookEvent['type'], count?: number): Promise<void>
  expectOrder(order: Order, state: Order['state']): Promise<void>
  waitFor(step: string, isDone: () => boolean | Promise<boolean>): Promise<void>
  /** Mines until the latest payment is as deep as the chain asks. */
  confirm(): Promise<void>
  /** What the shop was told of an order, in the order it was told. */
  eventsOf(order: Order): readonly WebhookEvent[]
  /** Ends the timeline: what comes later belongs to another story. */
  close(): void
}

/** Steps take a second; a machine under load takes its time. */
const STEP_DEADLINE_MS = 30_000
const POLL_MS = 50

export function createStage(world: World, print: Print): Stage {
  const { chain, shop } = world
  const quittance = createQuittanceClient({ url: world.gatewayUrl, apiKey: world.apiKey })
  const startedMs = performance.now()
  const events: WebhookEvent[] = []
  const tell = (who: string, what: string) => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)
    print(`${seconds} s  ${who.padEnd(8)} ${what}`)
  }
  const close = shop.onEvent((event) => {
    events.push(event)
    const number = event.sequence === null ? '' : `${event.sequence}. `
    tell('webhook', `${number}${event.type} (signature verified by the shop)`)
  })
  const eventsOf = ({ invoiceId }: Order) => events.filter(({ invoice }) => invoice === invoiceId)
  const getInvoice = ({ invoiceId }: Order) => quittance.getInvoice(invoiceId)

  return {
    world,
    tell,
    close,
    eventsOf,
    getInvoice,
    waitFor,
    click: (path, form = {}) => click(world, path, form),
    expectStatus: (order, status) =>
      waitFor(`invoice ${status}`, async () => (await getInvoice(order)).status === status),
    expectEvent: (order, type, count = 1) =>
      waitFor(
        `webhook ${type}`,
        () => eventsOf(order).filter((event) => event.type === type).length >= count,
      ),
    async expectOrder(order, state) {
      await waitFor(`order ${state}`, () => order.state === state)
      tell('shop', `order ${order.id} is ${state}`)
    },
    async confirm() {
      await chain.mine(CONFIRMATIONS - 1)
      tell('chain', `${CONFIRMATIONS - 1} more blocks: ${CONFIRMATIONS} confirmations`)
    },
  }
}

async function click({ shop }: World, path: string, form: Record<string, string>): Promise<Order> {
  const body = new URLSearchParams(form)
  const answer = await fetch(shop.url + path, { method: 'POST', body, redirect: 'manual' })
  const [, id = ''] = /^\/orders\/(\w+)$/.exec(answer.headers.get('location') ?? '') ?? []
  const order = shop.orders.get(id)
  if (order !== undefined) return order
  const text = (await answer.text()).replaceAll(/<style>.*?<\/style>|<[^>]*>|\s+/gs, ' ')
  throw new Error(`click ${path}: ${answer.status} ${text.trim()}`)
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
