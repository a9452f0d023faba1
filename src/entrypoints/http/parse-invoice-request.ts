import * as z from 'zod'
import { type AssetId, parseAssetId } from '../../core/money/asset.ts'
import { DAY_MS, SECOND_MS } from '../../core/time.ts'
import { type InputFault, invalidRequest } from '../../errors.ts'
import type { CreateInvoiceRequest } from '../../operations/create-invoice.ts'
import { parseInput, textOf } from './parse-input.ts'

/** Limits of the wire contract; what is beyond is 400. */
const ORDER_ID_CHARACTERS_MAX = 256
const DESCRIPTION_CHARACTERS_MAX = 1_000
const METADATA_BYTES_MAX = 4_096
const EXPIRES_IN_S_MAX = (90 * DAY_MS) / SECOND_MS
const TOLERANCE_BPS_MAX = 9_999
/** More ways to pay than anybody configures; bounds the work of one request. */
const ACCEPT_MAX = 100
/** Symbols of tokens are short; fiat codes have three letters. */
const CURRENCY_CHARACTERS_MAX = 32
/** What browsers agree to carry. */
const REDIRECT_URL_CHARACTERS_MAX = 2_048

const metadataSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .refine((metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_BYTES_MAX, {
    error: `must have at most ${METADATA_BYTES_MAX} bytes as JSON text`,
    params: { code: 'too_long' },
  })

const redirectUrlSchema = textOf(REDIRECT_URL_CHARACTERS_MAX).refine(isWebUrl, {
  error: 'must be an absolute http or https URL without user name or password',
  params: { code: 'not_a_web_url' },
})

/** Body of `POST /v1/invoices`. Null stands for absent where the resource itself shows null. */
export const invoiceRequestSchema = z.strictObject({
  price: z.strictObject({
    amount: z.string(),
    currency: textOf(CURRENCY_CHARACTERS_MAX).min(1),
  }),
  accept: z.array(z.string()).min(1).max(ACCEPT_MAX).optional(),
  order_id: textOf(ORDER_ID_CHARACTERS_MAX).nullish(),
  description: textOf(DESCRIPTION_CHARACTERS_MAX, { multiline: true }).nullish(),
  metadata: metadataSchema.nullish(),
  expires_in: z.int().min(1).max(EXPIRES_IN_S_MAX).optional(),
  tolerance_bps: z.int().min(0).max(TOLERANCE_BPS_MAX).optional(),
  tolerance_amount: z
    .string()
    .nullish()
    .describe(
      'At least so much may be missing, in the currency of the price; less than the price.',
    ),
  redirect_url: redirectUrlSchema.nullish(),
})

/** What a caller asked for, checked in form; amount and currency are judged by the operation. */
export function parseInvoiceRequest(
  body: unknown,
): Omit<CreateInvoiceRequest, 'store' | 'idempotency'> {
  const input = parseInput(invoiceRequestSchema, body)
  const { amount, currency } = input.price
  return {
    price: { amount, currency, accept: parseAccept(input.accept) },
    orderId: input.order_id ?? null,
    description: input.description ?? null,
    metadata: input.metadata ?? null,
    redirectUrl: input.redirect_url ?? null,
    expiresInS: input.expires_in ?? null,
    toleranceBps: input.tolerance_bps ?? null,
    toleranceAmount: input.tolerance_amount ?? null,
  }
}

function parseAccept(texts: readonly string[] | undefined): AssetId[] | null {
  if (texts === undefined) return null
  const faults: InputFault[] = []
  const ids = new Set<AssetId>()
  for (const [i, text] of texts.entries()) {
    const id = parseAssetId(text)
    const pointer = `/accept/${i}`
    if (id === null) {
      const detail = 'is not an asset id such as eip155:1/slip44:60 or eip155:1/erc20:0x...'
      faults.push({ pointer, code: 'malformed_asset', detail })
    } else if (ids.has(id)) {
      faults.push({ pointer, code: 'duplicate_asset', detail: 'stands in the list twice' })
    } else ids.add(id)
  }
  if (faults.length > 0) throw invalidRequest(faults)
  return [...ids]
}

/** Judged by its text first: the URL parser forgives blanks and backslashes, browsers too. */
function isWebUrl(text: string): boolean {
  if (!/^https?:\/\/[^/\\\s]+/i.test(text) || /[\\\s]/.test(text)) return false
  if (!URL.canParse(text)) return false
  const { username, password, hostname } = new URL(text)
  return username === '' && password === '' && hostname !== ''
}
