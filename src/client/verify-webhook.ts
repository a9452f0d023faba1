/** From a request that says it comes from the gateway to an event that does. */
import { verifyWebhook as judgeWebhook } from '../core/webhook/signature.ts'
import type { Event, Invoice, Payment, Refund } from './api-resources.ts'
import { QuittanceError, refuseCall } from './quittance-error.ts'

type Common<Type extends Event['type'], Data> = {
  readonly type: Type
  readonly timestamp: string
  /** 1, 2, 3 ... per invoice, without gaps; null without an invoice. */
  readonly sequence: number | null
  readonly invoice: string | null
  /** The resource as it was at the event. */
  readonly data: Data
}

type TypesOf<Prefix extends string> = Extract<Event['type'], `${Prefix}.${string}`>

/** The body of a webhook, told apart by its type. */
export type WebhookBody =
  | Common<TypesOf<'invoice'>, Invoice>
  | Common<TypesOf<'payment'>, Payment>
  | Common<TypesOf<'refund'>, Refund>
  | Common<
      Exclude<Event['type'], TypesOf<'invoice' | 'payment' | 'refund'>>,
      Readonly<Record<string, unknown>>
    >

/** A verified event. The same `id` may come again: what was done once for it is not done twice. */
export type WebhookEvent = WebhookBody & { readonly id: string }

export type ReceivedWebhook = {
  /** The bytes as they came, not parsed and rendered again. */
  readonly body: string | Uint8Array
  /** `Headers`, or the headers of a Node request. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
  /** `whsec_...`, or the endpoint's `public_key` (`whpk_...`); several while they are exchanged. */
  readonly secret: string | readonly string[]
  /** The receiver's clock in milliseconds since 1970. Default: now. */
  readonly nowMs?: number
  /** Seconds that its clock and the gateway's may differ. Default: 300. */
  readonly toleranceS?: number
}

const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$|^whpk_[A-Za-z0-9+/]{43}=$/

/**
 * The event of a received webhook.
 *
 * @throws QuittanceError `webhook_refused` for what is forged, altered or too old (answer 401);
 * `invalid_call` for what is no secret
 */
export function verifyWebhook(received: ReceivedWebhook): WebhookEvent {
  const { body, headers, nowMs = Date.now(), toleranceS } = received
  const secrets = [received.secret].flat()
  if (secrets.length === 0 || !secrets.every((secret) => SECRET.test(secret))) {
    throw refuseCall('secret', 'must be a whsec_... as it was shown at registration, or a whpk_...')
  }
  const id = readHeader(headers, 'webhook-id')
  const judged = judgeWebhook({
    secrets,
    headers: {
      id,
      timestamp: readHeader(headers, 'webhook-timestamp'),
      signature: readHeader(headers, 'webhook-signature'),
    },
    body,
    receivedAtS: Math.floor(nowMs / 1_000),
    ...(toleranceS === undefined ? {} : { toleranceS }),
  })
  if (!judged.ok) throw refuse(judged.reason)
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  return { ...parseBody(text), id: id as string }
}

/** Signed by us, and so in the form that we write. */
function parseBody(text: string): WebhookBody {
  try {
    return JSON.parse(text) as WebhookBody
  } catch {
    throw refuse('malformed_body')
  }
}

/** A header that stands there twice is none: nobody could say which was meant. */
function readHeader(headers: ReceivedWebhook['headers'], name: string): string | undefined {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : undefined
}

function refuse(reason: string): QuittanceError {
  const errors = [{ pointer: '', code: reason, detail: 'the webhook does not verify' }]
  return new QuittanceError(`the webhook does not verify: ${reason}`, {
    code: 'webhook_refused',
    errors,
  })
}
