/**
 * A small shop on Quittance: one click makes an invoice, the shopper pays on the checkout page, and
 * the order is released by a verified webhook, or by asking the gateway.
 *
 * usage: QUITTANCE_URL=http://127.0.0.1:8080 QUITTANCE_API_KEY=qk_... node examples/shop/shop.ts
 *
 * QUITTANCE_XPUB, where it is given, is the account key that every address must derive from.
 */
import process from 'node:process'
import express, { type Express, type Request, type Response } from 'express'
import {
  createQuittanceClient,
  QuittanceError,
  verifyWebhook,
  type WebhookEvent,
} from 'quittance/client'
import { serve } from '../serve.ts'
import { createOrderBook, type Order, type OrderBook } from './orders.ts'
import { renderCatalogue, renderOrder, renderPage } from './pages.ts'
import { createRehearsals, isRehearsal, type Rehearsals } from './rehearsals.ts'

export type ShopOptions = {
  readonly gatewayUrl: string
  readonly apiKey: string
  readonly xpub?: string
  readonly port?: number
}

export type Shop = {
  readonly url: string
  readonly orders: ReadonlyMap<string, Order>
  /** Called for every verified webhook, once, until the answer is called. */
  onEvent(listener: (event: WebhookEvent) => void): () => void
  close(): Promise<void>
}

type Counter = {
  readonly quittance: ReturnType<typeof createQuittanceClient>
  readonly book: OrderBook
  readonly rehearsals: Rehearsals
}

const WEBHOOK_BODY_MAX = '256kb'

/** Starts the shop and registers where its webhooks go. */
export async function startShop({ gatewayUrl, apiKey, xpub, port }: ShopOptions): Promise<Shop> {
  const quittance = createQuittanceClient({ url: gatewayUrl, apiKey })
  const app = express()
  const { url, close } = await serve(app, port ?? 0)
  const book = createOrderBook({ quittance, shopUrl: url, xpub })
  const counter = { quittance, book, rehearsals: createRehearsals(quittance, book) }
  const listeners = new Set<(event: WebhookEvent) => void>()
  const { secret } = await quittance.createWebhookEndpoint({ url: `${url}/webhooks` })

  mountWebhooks(app, secret, async (event) => {
    if (!book.heed(event)) return
    for (const listener of listeners) listener(event)
    const order = [...book.orders.values()].find(({ invoiceId }) => invoiceId === event.invoice)
    if (order !== undefined) await counter.rehearsals.payAfterDeadline(order)
  })
  mountPages(app, counter)
  app.use(showFailure)
  return {
    url,
    orders: book.orders,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close,
  }
}

/** The raw bytes are what was signed: they are not parsed before they are verified. */
function mountWebhooks(
  app: Express,
  secret: string,
  take: (event: WebhookEvent) => Promise<void>,
): void {
  const raw = express.raw({ type: 'application/json', limit: WEBHOOK_BODY_MAX })
  app.post('/webhooks', raw, async ({ body, headers }, response) => {
    let event: WebhookEvent
    try {
      event = verifyWebhook({ body: Buffer.isBuffer(body) ? body : '', headers, secret })
    } catch {
      response.status(401).type('text').send('The signature does not verify.')
      return
    }
    response.status(204).end()
    await take(event)
  })
}

function mountPages(app: Express, { quittance, book, rehearsals }: Counter): void {
  const form = express.urlencoded({ extended: false })
  const orderOf = ({ params }: Request): Order => {
    const order = book.orders.get(String(params.id))
    if (order === undefined) throw new Error('There is no such order.')
    return order
  }
  const show = (response: Response, order: Order) => response.redirect(303, `/orders/${order.id}`)

  app.get('/', (_request, response) => void response.send(renderCatalogue()))
  app.post('/buy', form, async ({ body }, response) => {
    show(response, await book.place(String(body?.product)))
  })
  app.post('/rehearsals/:name', async ({ params: { name } }, response) => {
    if (!isRehearsal(name)) throw new Error('There is no such rehearsal.')
    show(response, await rehearsals.play(name))
  })
  app.get('/orders/:id', async (request, response) => {
    const order = orderOf(request)
    // Back from the checkout page, perhaps before the webhook: the address bar proves nothing, so ask.
    if (request.query.back !== undefined) await book.readAgain(order)
    response.send(renderOrder(order))
  })
  app.post('/orders/:id/pay', async (request, response) => {
    const order = orderOf(request)
    await quittance.payTestInvoice(order.invoiceId)
    show(response, order)
  })
  // The address comes from the shopper, never from the payment: an exchange may have sent that.
  app.post('/orders/:id/refund', form, async (request, response) => {
    const order = orderOf(request)
    const destination = String(request.body?.destination).trim()
    const refund = { part: 'excess', destination } as const
    await quittance.createInvoiceRefund(order.invoiceId, refund)
    show(response, order)
  })
  app.post('/orders/:id/accept', async (request, response) => {
    const order = orderOf(request)
    await quittance.acceptInvoice(order.invoiceId)
    show(response, order)
  })
}

/** A failure of the gateway is told by its code, so that a person can look it up. */
function showFailure(
  error: unknown,
  _request: Request,
  response: Response,
  next: () => void,
): void {
  if (response.headersSent) {
    next()
    return
  }
  const code = error instanceof QuittanceError ? ` (${error.code})` : ''
  const text = error instanceof Error ? error.message : 'failed'
  response.status(409).send(renderPage('That did not work', `${text}${code}`))
}

if (import.meta.main) {
  const {
    QUITTANCE_URL = 'http://127.0.0.1:8080',
    QUITTANCE_API_KEY = '',
    QUITTANCE_XPUB,
  } = process.env
  const account = QUITTANCE_XPUB === undefined ? {} : { xpub: QUITTANCE_XPUB }
  const shop = await startShop({
    gatewayUrl: QUITTANCE_URL,
    apiKey: QUITTANCE_API_KEY,
    port: 3000,
    ...account,
  })
  console.log(`shop: ${shop.url}`)
}
