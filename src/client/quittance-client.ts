/**
 * The client for servers, as `quittance/client`: every route of the API as a typed function, retries
 * that never make a second invoice, webhooks verified, addresses derived again. Uses `fetch` and
 * nothing of Node, and is not for browsers: whoever has the API key can read the store's orders.
 */
import { type Operations, ROUTES } from './api-operations.ts'
import { refuseCall } from './quittance-error.ts'
import type { Page, RequestOptions, Route } from './request-types.ts'
import { sendRequest, type Transport } from './send-request.ts'

export type * from './api-operations.ts'
export type * from './api-resources.ts'
export { type ClientErrorCode, type FieldError, QuittanceError } from './quittance-error.ts'
export type { Page, RequestOptions } from './request-types.ts'
export { type Payable, verifyInvoice } from './verify-invoice.ts'
export {
  type ReceivedWebhook,
  verifyWebhook,
  type WebhookBody,
  type WebhookEvent,
} from './verify-webhook.ts'

export type QuittanceClient = Operations

export type ClientOptions = {
  /** Where the gateway answers, with the path a proxy puts in front, if any. */
  readonly url: string
  /** `qk_...`; it is sent to this URL alone, and redirects are not followed. */
  readonly apiKey: string
  /** Attempts of one call, the first included. Default: 4. */
  readonly attempts?: number
  /** Milliseconds for each attempt. Default: 10,000. */
  readonly timeoutMs?: number
  /** Instead of the global one. */
  readonly fetch?: typeof fetch
  /** How pauses are waited out; for tests. */
  readonly sleep?: Transport['sleep']
}

/** With pauses of 0.2 to 0.8 s between them, or as `Retry-After` asks: a restart is waited out. */
const ATTEMPTS = 4
/** Creating an invoice takes milliseconds; what takes longer than this will not come. */
const TIMEOUT_MS = 10_000

/**
 * One function per operation of the API document: what fills the path, then body or query, then
 * `RequestOptions`. They reject with a `QuittanceError`.
 */
export function createQuittanceClient(options: ClientOptions): QuittanceClient {
  const transport: Transport = {
    baseUrl: readBaseUrl(options.url),
    apiKey: readApiKey(options.apiKey),
    attempts: options.attempts ?? ATTEMPTS,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    fetch: options.fetch ?? fetch,
    sleep: options.sleep ?? sleep,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32,
  }
  const operations = Object.entries(ROUTES).map(([name, route]) => [
    name,
    (...given: unknown[]) => callRoute(transport, route, given),
  ])
  return Object.fromEntries(operations) as QuittanceClient
}

/**
 * Every item of a list, page by page:
 * `for await (const invoice of eachItem(quittance.listInvoices, { status: 'settled' }))`
 */
export async function* eachItem<Item, Query extends { readonly cursor?: string | undefined }>(
  list: (query?: Query, options?: RequestOptions) => Promise<Page<Item>>,
  query: NoInfer<Query>,
  options?: RequestOptions,
): AsyncGenerator<Item, void, undefined> {
  let cursor = query.cursor
  do {
    const page = await list({ ...query, cursor }, options)
    yield* page.data
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

/** Async, so that an argument that is refused rejects as every other failure does. */
async function callRoute(transport: Transport, route: Route, given: readonly unknown[]) {
  const places = given.slice(0, route.places.length) as string[]
  const rest = given.slice(route.places.length)
  const input = route.input === null ? undefined : rest.shift()
  const options = (rest.shift() ?? {}) as RequestOptions
  return sendRequest(transport, {
    route,
    places,
    input: input as Readonly<Record<string, unknown>> | undefined,
    options,
  })
}

function readBaseUrl(text: string): string {
  const isWeb = /^https?:\/\/[^\s?#]+$/.test(text) && URL.canParse(text)
  if (!isWeb || new URL(text).username !== '') {
    throw refuseCall('url', 'must be an http or https URL without user name, query or fragment')
  }
  return text.replace(/\/+$/, '')
}

function readApiKey(text: string): string {
  if (/^qk_[\x21-\x7e]{32,256}$/.test(text)) return text
  throw refuseCall('apiKey', 'must be a key of the gateway, qk_ and 32 or more characters')
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
