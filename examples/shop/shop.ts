/**
 * A small shop on Quittance: one click makes an invoice, the shopper pays on the checkout page, and
 * the order is released by a verified webhook alone.
 *
 * usage: QUITTANCE_URL=http://127.0.0.1:8080 QUITTANCE_API_KEY=qk_... node examples/shop/shop.ts
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { Webhook } from 'standardwebhooks'
import { renderCatalogue, renderOrder } from './pages.ts'
import { createClient, type QuittanceClient } from './quittance-client.ts'

export type Product = { id: string; name: string; priceUsd: string }

export type Order = {
  id: string
  product: Product
  invoiceId: string
  checkoutUrl: string
  state: 'waiting' | 'paid' | 'taken back'
  story: string[]
}

/** A webhook that was verified, as the shop understood it. */
export type ReceivedEvent = { type: string; invoice: string | null; sequence: number | null }

export type Shop = {
  url: string
  orders: ReadonlyMap<string, Order>
  /** Places an order as a click in the shop does. */
  buy(productId: string): Promise<Order>
  /** Called for every verified webhook. */
  onEvent(listener: (event: ReceivedEvent) => void): void
  close(): Promise<void>
}

const PRODUCTS: readonly Product[] = [
  { id: 'books', name: 'Two books', priceUsd: '25.00' },
  { id: 'print', name: 'A print of the cover', priceUsd: '9.50' },
]

const BODY_LIMIT_BYTES = 256 * 1024

export async function startShop(options: {
  gatewayUrl: string
  apiKey: string
  port?: number
}): Promise<Shop> {
  const client = createClient(options.gatewayUrl, options.apiKey)
  const orders = new Map<string, Order>()
  const listeners: ((event: ReceivedEvent) => void)[] = []
  let secret = ''
  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      answer(response, 500, 'text/plain', error instanceof Error ? error.message : 'failed')
    })
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  secret = (await client.createWebhookEndpoint(`${url}/webhooks`)).secret

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', url).pathname
    const [, section, id, action] = path.split('/')
    const order = section === 'orders' ? orders.get(id ?? '') : undefined
    if (request.method === 'GET' && path === '/') {
      answer(response, 200, 'text/html', renderCatalogue(PRODUCTS))
    } else if (request.method === 'GET' && order !== undefined) {
      answer(response, 200, 'text/html', renderOrder(order))
    } else if (request.method === 'POST' && path === '/buy') {
      const form = new URLSearchParams(await readBody(request))
      const made = await buy(client, orders, url, form.get('product') ?? '')
      redirect(response, `/orders/${made.id}`)
    } else if (request.method === 'POST' && order !== undefined && action === 'pay') {
      await client.simulatePayment(order.invoiceId)
      redirect(response, `/orders/${order.id}`)
    } else if (request.method === 'POST' && path === '/webhooks') {
      await receiveWebhook(request, response, secret, orders, listeners)
    } else answer(response, 404, 'text/plain', 'There is no such page.')
  }

  return {
    url,
    orders,
    buy: (productId) => buy(client, orders, url, productId),
    onEvent: (listener) => void listeners.push(listener),
    close: () => closeServer(server),
  }
}

async function buy(
  client: QuittanceClient,
  orders: Map<string, Order>,
  shopUrl: string,
  productId: string,
): Promise<Order> {
  const product = PRODUCTS.find(({ id }) => id === productId)
  if (product === undefined) throw new Error('There is no such product.')
  const id = randomUUID().slice(0, 8)
  const invoice = await client.createInvoice({
    id,
    priceUsd: product.priceUsd,
    description: product.name,
    returnUrl: `${shopUrl}/orders/${id}`,
  })
  const order: Order = {
    id,
    product,
    invoiceId: invoice.id,
    checkoutUrl: invoice.checkout_url,
    state: 'waiting',
    story: [],
  }
  orders.set(id, order)
  return order
}

/** Only what verifies is believed; the order moves by the type of the event. */
async function receiveWebhook(
  request: IncomingMessage,
  response: ServerResponse,
  secret: string,
  orders: ReadonlyMap<string, Order>,
  listeners: readonly ((event: ReceivedEvent) => void)[],
): Promise<void> {
  const body = await readBody(request)
  let event: ReceivedEvent
  try {
    event = new Webhook(secret).verify(body, headersOf(request)) as ReceivedEvent
  } catch {
    answer(response, 401, 'text/plain', 'The signature does not verify.')
    return
  }
  const order = [...orders.values()].find(({ invoiceId }) => invoiceId === event.invoice)
  if (order !== undefined) {
    order.story.push(event.type)
    if (event.type === 'invoice.settled') order.state = 'paid'
    if (event.type === 'invoice.reversed') order.state = 'taken back'
  }
  for (const listener of listeners) listener(event)
  answer(response, 204, 'text/plain', '')
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT_BYTES) throw new Error('The body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` })
  response.end(body)
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { location: to })
  response.end()
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

if (import.meta.main) {
  const { QUITTANCE_URL = 'http://127.0.0.1:8080', QUITTANCE_API_KEY = '' } = process.env
  const shop = await startShop({ gatewayUrl: QUITTANCE_URL, apiKey: QUITTANCE_API_KEY, port: 3000 })
  console.log(`shop: ${shop.url}`)
}
