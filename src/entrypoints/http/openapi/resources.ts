/**
 * What the API answers with, as schemas: the source of /openapi.json. The shapes themselves are made
 * in the core (present-*.ts); the tests hold every answer against these. Those with an id stand
 * under `#/components/schemas`.
 */
import * as z from 'zod'
import { INVOICE_STATUSES } from '../../../core/invoice/invoice.ts'
import { API_KEY_SCOPES } from '../../../core/store-account/store-account.ts'
import { EVENT_TYPES } from '../../../core/webhook/event.ts'

export const idOf = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`))
export const time = z.string().meta({ format: 'date-time' })
export const amount = z
  .string()
  .regex(/^(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?$/)
  .describe('Exact: no trailing zeros, no exponent.')
export const units = z
  .string()
  .regex(/^(?:0|[1-9][0-9]*)$/)
  .describe('In smallest units of the asset.')
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .describe('With its EIP-55 checksum.')
export const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
export const assetId = z
  .string()
  .regex(/^eip155:[1-9][0-9]*\/(?:slip44:60|erc20:0x[0-9a-f]{40})$/)
  .describe('CAIP-19.')
export const chainId = z.int().min(1)
export const decimals = z.int().min(0)
const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
export const price = z.object({
  amount: z.string().describe('As it was asked for.'),
  currency: z.string(),
})

export const paymentResource = z
  .object({
    id: idOf('pay'),
    object: z.literal('payment'),
    invoice: idOf('inv').nullable().describe('Null: money that belongs to no invoice.'),
    asset: assetId,
    chain_id: chainId,
    symbol: z.string(),
    decimals,
    kind: z.enum(['erc20', 'native', 'internal']),
    amount,
    amount_units: units,
    counted: amount.describe('What of the amount counts; all of it until it is confirmed.'),
    counted_units: units,
    flag: z
      .enum(['shortfall', 'dust'])
      .nullable()
      .describe('Why less than the amount counts: no balance covers it, or it is dust.'),
    from: address.nullable(),
    to: address,
    tx_hash: hash.nullable(),
    block_number: z.int().min(0),
    block_hash: hash,
    log_index: z.int().min(0).nullable(),
    position: z.enum(['included', 'confirmed', 'orphaned']),
    waits_for: z
      .enum(['finality', 'finality_cap'])
      .nullable()
      .describe(
        'What keeps it from being confirmed: the depth that was asked for, or the cap on what the ' +
          'chain credits before it is final. Null when it is confirmed or orphaned.',
      ),
    confirmations: z.int().min(0),
    in_time: z.boolean(),
    accepted: z.boolean().describe('The invoice accepts this asset.'),
    attributions: z
      .array(z.object({ tx_hash: hash, from: address, amount, amount_units: units }))
      .optional()
      .describe(
        'The calls that brought coins which only a balance told of at first; absent otherwise. ' +
          '`tx_hash` and `from` are filled in where all of them agree.',
      ),
  })
  .meta({ id: 'Payment', description: 'Money that was seen on a chain.' })

const finality = z
  .object({
    confirmations: z.union([z.int().min(1), z.enum(['safe', 'finalized'])]),
    plus_blocks: z.int().min(1).optional(),
    plus_s: z.int().min(1).optional(),
  })
  .describe(
    'When a payment counts: head - block + 1, or when the nodes call its block safe or finalized, ' +
      'and then so many blocks and seconds of block time more.',
  )

export const paymentOption = z.object({
  asset: assetId,
  chain_id: chainId,
  chain: z.string(),
  network_name: z.string().describe('As wallets and exchanges call the network.'),
  symbol: z.string(),
  decimals,
  amount_due: amount,
  amount_due_units: units,
  outstanding: amount.describe('What of this asset alone would complete the invoice.'),
  outstanding_units: units,
  excess: amount,
  excess_units: units,
  rate: z.object({ value: z.string(), source: z.string(), at: time }).nullable(),
  finality,
  uri: z.string().describe('EIP-681.'),
})

export const paidFacts = z.object({
  underpaid: z.boolean(),
  overpaid: z.boolean(),
  late: z.boolean(),
})

export const invoiceResource = z
  .object({
    id: idOf('inv'),
    object: z.literal('invoice'),
    store: idOf('st'),
    status: z.enum(INVOICE_STATUSES),
    price,
    address,
    derivation_path: z.string(),
    payment_options: z.array(paymentOption),
    paid: paidFacts,
    payments: z.array(paymentResource).describe('The latest 20.'),
    payments_total: z.int().min(0),
    accepted_by_merchant: z.boolean(),
    tolerance_bps: z.int().min(0),
    tolerance_amount: z
      .string()
      .nullable()
      .describe('At least so much may be missing, in the currency of the price.'),
    order_id: z.string().nullable(),
    description: z.string().nullable(),
    metadata: metadata.nullable(),
    redirect_url: z.string().nullable(),
    checkout_url: z.string(),
    created_at: time,
    expires_at: time,
    settled_at: time.nullable(),
  })
  .meta({ id: 'Invoice', description: 'What is to be paid, and how it stands.' })

export const eventResource = z
  .object({
    id: idOf('evt'),
    object: z.literal('event'),
    type: z.enum(EVENT_TYPES),
    timestamp: time,
    sequence: z.int().min(1).nullable().describe('1, 2, 3 ... per invoice, without gaps.'),
    invoice: idOf('inv').nullable(),
    data: z.record(z.string(), z.unknown()).describe('The resource as it was at the event.'),
  })
  .meta({ id: 'Event', description: 'Something that happened, told once.' })

export const endpointResource = z
  .object({
    id: idOf('we'),
    object: z.literal('webhook_endpoint'),
    url: z.string(),
    events: z.array(z.enum(['*', ...EVENT_TYPES])),
    status: z.enum(['enabled', 'disabled']),
    disabled_reason: z.string().nullable(),
    public_key: z
      .string()
      .regex(/^whpk_/)
      .nullable()
      .describe('Verifies the `v1a` signatures; null where the endpoint has no Ed25519 key.'),
    created_at: time,
  })
  .meta({ id: 'WebhookEndpoint', description: 'Where events are sent.' })

const secret = z
  .string()
  .regex(/^whsec_/)
  .describe('Shown this once.')

export const newEndpointResource = z
  .object({ ...endpointResource.shape, secret })
  .meta({ id: 'NewWebhookEndpoint', description: 'An endpoint with its secret.' })

const attempt = z.object({
  id: z.string(),
  at: time,
  outcome: z.enum(['delivered', 'failed']),
  response_status: z.int().nullable(),
  detail: z.string(),
  response_excerpt: z.string(),
  duration_ms: z.number().min(0),
})

export const deliveryResource = z
  .object({
    id: idOf('del'),
    object: z.literal('delivery'),
    event: idOf('evt'),
    event_type: z.enum(EVENT_TYPES),
    endpoint: idOf('we'),
    invoice: idOf('inv').nullable(),
    status: z.enum(['pending', 'delivered', 'exhausted', 'canceled']),
    attempts_made: z.int().min(0),
    next_attempt_at: time.nullable(),
    created_at: time,
    attempts: z.array(attempt).describe('Oldest first.'),
  })
  .meta({ id: 'Delivery', description: 'An event on its way to an endpoint.' })

export const assetResource = z
  .object({
    id: assetId,
    object: z.literal('asset'),
    chain_id: chainId,
    chain: z.string(),
    network_name: z.string().describe('As wallets and exchanges call the network.'),
    test: z.boolean().describe('A local chain.'),
    testnet: z.boolean().describe('A public test network: its coins have no value.'),
    symbol: z.string(),
    decimals,
    token: address.nullable().describe('Null for the native coin.'),
    ready: z.boolean(),
  })
  .meta({ id: 'Asset', description: 'Something an invoice may be paid in.' })

export const storeResource = z
  .object({
    id: idOf('st'),
    object: z.literal('store'),
    name: z.string(),
    xpub_fingerprint: z.string(),
    tolerance_bps: z.int().nullable().describe('Of invoices that name none; null: configured.'),
    grace_s: z.int().nullable().describe('Seconds after the expiry in time; as above.'),
    redirect_origins: z.array(z.string()).nullable().describe('Null: any.'),
    frame_origins: z
      .array(z.string())
      .nullable()
      .describe('May show the checkout page in a frame; null: none.'),
    accent: z.string().nullable().describe('Colour of the checkout page, `#0b6e4f`.'),
    logo: z.string().nullable().describe('Data URI of the picture on the checkout page.'),
    renew_expired: z
      .boolean()
      .nullable()
      .describe('Whether a shopper may take a fresh price for an expired invoice; null: no.'),
    created_at: time,
  })
  .meta({ id: 'Store', description: 'A shop: owner of invoices and keys.' })

export const apiKeyResource = z
  .object({
    id: idOf('key'),
    object: z.literal('api_key'),
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.enum(API_KEY_SCOPES)),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
    last_used_at: time.nullable(),
  })
  .meta({ id: 'ApiKey', description: 'An API key, without the key.' })

export const newApiKeyResource = z
  .object({ ...apiKeyResource.shape, key: z.string().regex(/^qk_/).describe('Shown this once.') })
  .meta({ id: 'NewApiKey', description: 'An API key with the key itself.' })

export const redelivery = z.object({
  object: z.literal('redelivery'),
  event: idOf('evt'),
  endpoints: z.array(idOf('we')),
})

export const replay = z.object({
  object: z.literal('replay'),
  endpoint: idOf('we'),
  events: z.int().min(0).describe('How many were queued.'),
  next_from: time.nullable().describe('The `from` of the next request; null at the end.'),
})

export const testPayment = z.object({
  object: z.literal('test_payment'),
  invoice: idOf('inv'),
  asset: assetId,
  amount,
  amount_units: units,
  to: address,
  tx_hash: hash,
})

export const minedChain = z.object({
  object: z.literal('test_chain'),
  chain_id: chainId,
  height: z.int().min(0),
})

export const reorganisedChain = z.object({
  object: z.literal('test_chain'),
  chain_id: chainId,
  depth: z.int().min(1),
})

const chainState = z.object({
  chain_id: chainId,
  name: z.string(),
  test: z.boolean(),
  state: z.enum(['ok', 'behind', 'halted', 'unreachable']),
  reason: z.string().nullable(),
  detail: z.string().nullable().describe('What a person must put right.'),
  head: z.int().nullable(),
  cursor: z.int().nullable(),
  lag_s: z.int().nullable(),
  finality: z
    .object({
      finalized: z.int().nullable(),
      safe: z.int().nullable(),
      fault: z.enum(['missing', 'stuck', 'regressed', 'disputed']).nullable(),
    })
    .nullable()
    .describe('How the tags stand; null where none is followed. A fault makes large amounts wait.'),
  finality_cap: z
    .object({ cap: z.string(), waiting: z.int().min(0).nullable() })
    .nullable()
    .describe(
      'The most that is credited before it is final, and how many payments wait for room; null ' +
        'where there is no cap.',
    ),
  providers: z.array(z.object({ name: z.string(), head: z.int().nullable() }).loose()),
})

export const liveness = z.object({ status: z.literal('ok'), version: z.string() })

export const readiness = z
  .object({
    status: z.enum(['ok', 'not_ready', 'not_configured']),
    detail: z.string().optional(),
    chains: z.array(chainState.loose()),
    database: z
      .object({
        state: z.enum(['ok', 'fault']),
        reason: z.string().nullable(),
        journal_mode: z.string(),
        synchronous: z.int(),
        foreign_keys: z.int(),
      })
      .optional(),
  })
  .meta({ id: 'Readiness', description: 'Whether a new order can be promised.' })

/** Of a payment, what whoever holds the link may see. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable: branch on it.'),
    detail: z.string(),
    request_id: idOf('req'),
    errors: z
      .array(
        z.object({
          pointer: z.string().describe('JSON pointer (RFC 6901) to the wrong field.'),
          parameter: z.string().optional(),
          code: z.string(),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'A failure (RFC 9457).' })

/** A page of a list, newest first. */
export function pageOf(item: z.ZodType) {
  return z.object({
    data: z.array(item),
    next_cursor: z.string().nullable().describe('Null on the last page.'),
  })
}
