/** The orders of the shop: what was bought, and what is known of its payment. */
import { randomUUID } from 'node:crypto'
import {
  type Invoice,
  type QuittanceClient,
  verifyInvoice,
  type WebhookEvent,
} from 'quittance/client'

export type Product = { readonly id: string; readonly name: string; readonly priceUsd: string }

export const PRODUCTS: readonly Product[] = [
  { id: 'books', name: 'Two books', priceUsd: '25.00' },
  { id: 'print', name: 'A print of the cover', priceUsd: '9.50' },
]

export type OrderState = 'waiting' | 'paid' | 'taken back' | 'expired' | 'canceled'

export type Order = {
  readonly id: string
  readonly product: Product
  readonly invoiceId: string
  readonly checkoutUrl: string
  state: OrderState
  /** Something came that a person at the shop may decide about. */
  canAccept: boolean
  /** Too much came: what is over can be given back. */
  canRefund: boolean
  readonly story: string[]
  /** Of the last event that was heeded: an older one that comes late changes nothing. */
  sequence: number
}

/** What an order asks for apart from its price. */
export type Terms = { readonly accept?: readonly string[]; readonly expiresInS?: number }

export type OrderBook = {
  readonly orders: ReadonlyMap<string, Order>
  place(productId: string, terms?: Terms): Promise<Order>
  /** Takes a verified event; false where it came before. */
  heed(event: WebhookEvent): boolean
  /** Asks the gateway how the order stands: for whoever comes back before the webhook does. */
  readAgain(order: Order): Promise<void>
}

/** `xpub`, where the shop knows it, makes it refuse an invoice whose address is not its own. */
export function createOrderBook(options: {
  readonly quittance: QuittanceClient
  readonly shopUrl: string
  readonly xpub: string | undefined
}): OrderBook {
  const { quittance, shopUrl, xpub } = options
  const orders = new Map<string, Order>()
  const seen = new Set<string>()
  return {
    orders,
    async place(productId, { accept, expiresInS } = {}) {
      const product = PRODUCTS.find(({ id }) => id === productId)
      if (product === undefined) throw new Error('There is no such product.')
      const id = randomUUID().slice(0, 8)
      const invoice = await quittance.createInvoice(
        {
          price: { amount: product.priceUsd, currency: 'USD' },
          order_id: id,
          description: product.name,
          redirect_url: `${shopUrl}/orders/${id}?back=1`,
          accept,
          expires_in: expiresInS,
        },
        // The same order never makes two invoices, however often this is tried.
        { idempotencyKey: `order-${id}` },
      )
      if (xpub !== undefined) verifyInvoice(invoice, xpub)
      const order: Order = {
        id,
        product,
        invoiceId: invoice.id,
        checkoutUrl: invoice.checkout_url,
        state: 'waiting',
        canAccept: false,
        canRefund: false,
        story: [],
        sequence: 0,
      }
      orders.set(id, order)
      return order
    },
    heed(event) {
      if (seen.has(event.id)) return false
      seen.add(event.id)
      const order = [...orders.values()].find(({ invoiceId }) => invoiceId === event.invoice)
      if (order !== undefined) heedEvent(order, event)
      return true
    },
    async readAgain(order) {
      apply(order, await quittance.getInvoice(order.invoiceId))
    },
  }
}

function heedEvent(order: Order, event: WebhookEvent): void {
  order.story.push(`${event.type}${describe(event)}`)
  const { sequence } = event
  if (sequence === null || sequence <= order.sequence) return
  order.sequence = sequence
  if (event.data.object === 'invoice') apply(order, event.data as Invoice)
}

/** An order is released by what the gateway says of its invoice, and by nothing else. */
function apply(order: Order, { status, paid }: Invoice): void {
  order.canRefund = status === 'settled' && paid.overpaid
  order.canAccept = (status === 'expired' || status === 'canceled') && (paid.late || paid.underpaid)
  switch (status) {
    case 'settled':
      order.state = 'paid'
      break
    case 'reversed':
      order.state = 'taken back'
      break
    case 'expired':
    case 'canceled':
      order.state = status
      break
    case 'open':
    case 'processing':
      order.state = 'waiting'
  }
}

/** What a person at the shop would want to read beside the name of the event. */
function describe(event: WebhookEvent): string {
  switch (event.type) {
    case 'invoice.underpaid':
      return `: ${listAmounts(event.data, 'outstanding')} still missing`
    case 'invoice.overpaid':
      return `: ${listAmounts(event.data, 'excess')} too much`
    case 'invoice.paid_late':
      return ': the money came after the deadline; accept it or give it back'
    case 'payment.unexpected': {
      const { amount, symbol, chain_id } = event.data
      return `: ${amount} ${symbol} on chain ${chain_id}, which this order does not take`
    }
    case 'refund.requested':
    case 'refund.sent':
    case 'refund.confirmed':
    case 'refund.failed':
      return `: ${event.data.amount} ${event.data.symbol} to ${event.data.destination}`
    default:
      return ''
  }
}

function listAmounts({ payment_options }: Invoice, field: 'outstanding' | 'excess'): string {
  return payment_options.map((option) => `${option[field]} ${option.symbol}`).join(' or ')
}
