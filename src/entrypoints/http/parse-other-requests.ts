/** Bodies of everything but invoices. */
import * as z from 'zod'
import { parseAssetId } from '../../core/money/asset.ts'
import { API_KEY_SCOPES } from '../../core/store-account/store-account.ts'
import { DAY_MS, SECOND_MS } from '../../core/time.ts'
import { EVENT_TYPES } from '../../core/webhook/event.ts'
import { invalidField } from '../../errors.ts'
import type { SimulatePaymentRequest } from '../../operations/simulate-payment.ts'
import { parseInput, textOf } from './parse-input.ts'
import { parseTime, TIME_DETAIL } from './read-query.ts'

/** What browsers and receivers agree to carry. */
const URL_CHARACTERS_MAX = 2_048
/** RFC 3339 with nine digits of a second and an offset has 35. */
const TIME_CHARACTERS_MAX = 40
const NAME_CHARACTERS_MAX = 100
/** A prefix and 26 characters; what is longer is no id. */
const ID_CHARACTERS_MAX = 30
/** A key that is to end later than this is one without end: leave it out. */
const KEY_EXPIRES_IN_S_MAX = (3_650 * DAY_MS) / SECOND_MS
/** Blocks mined or replaced by one request: keeps a rehearsal from freezing its node. */
const TEST_BLOCKS_MAX = 1_000

const eventsSchema = z
  .array(z.enum(['*', ...EVENT_TYPES]))
  .min(1)
  .max(EVENT_TYPES.length + 1)
const unique = <Item>(items: readonly Item[]): Item[] => [...new Set(items)]

export const noBodySchema = z.strictObject({})

export const endpointSchema = z.strictObject({
  url: textOf(URL_CHARACTERS_MAX),
  events: eventsSchema.optional(),
  ed25519: z.boolean().optional(),
})

export const endpointChangeSchema = z.strictObject({
  url: textOf(URL_CHARACTERS_MAX).optional(),
  events: eventsSchema.optional(),
  status: z.enum(['enabled', 'disabled']).optional(),
})

const timeSchema = z.string().max(TIME_CHARACTERS_MAX).meta({ format: 'date-time' })

export const replaySchema = z.strictObject({ from: timeSchema, to: timeSchema.nullish() })

export const apiKeySchema = z.strictObject({
  name: textOf(NAME_CHARACTERS_MAX).optional(),
  scopes: z.array(z.enum(API_KEY_SCOPES)).min(1).max(API_KEY_SCOPES.length),
  expires_in: z.int().min(1).max(KEY_EXPIRES_IN_S_MAX).nullish(),
})

export const assignmentSchema = z.strictObject({ invoice: textOf(ID_CHARACTERS_MAX) })

export const testPaymentSchema = z.strictObject({
  asset: z.string().optional(),
  amount: z.string().optional(),
  amount_units: z.string().optional(),
})

export const mineSchema = z.strictObject({
  blocks: z.int().min(1).max(TEST_BLOCKS_MAX).optional(),
})

export const reorgSchema = z.strictObject({
  depth: z.int().min(1).max(TEST_BLOCKS_MAX).optional(),
})

/** Refuses fields where there are none to give. */
export function parseNothing(body: unknown): void {
  parseInput(noBodySchema, body)
}

export function parseEndpointRequest(body: unknown) {
  const { url, events, ed25519 } = parseInput(endpointSchema, body)
  return { url, events: unique(events ?? ['*']), ed25519: ed25519 === true }
}

export function parseEndpointChange(body: unknown) {
  const { url, events, status } = parseInput(endpointChangeSchema, body)
  return { url, events: events === undefined ? undefined : unique(events), status }
}

export function parseReplayRequest(body: unknown) {
  const { from, to } = parseInput(replaySchema, body)
  const fromMs = readTimeField('/from', from)
  const toMs = to === undefined || to === null ? null : readTimeField('/to', to)
  if (toMs !== null && toMs <= fromMs) {
    throw invalidField('/to', 'too_small', 'must be later than from')
  }
  return { fromMs, toMs }
}

function readTimeField(pointer: string, text: string): number {
  const ms = parseTime(text)
  if (ms === null) throw invalidField(pointer, 'malformed_time', TIME_DETAIL)
  return ms
}

export function parseApiKeyRequest(body: unknown) {
  const { name, scopes, expires_in } = parseInput(apiKeySchema, body)
  return { name: name ?? '', scopes: unique(scopes), expiresInS: expires_in ?? null }
}

/** The id of the invoice; whether there is one is for the operation to say. */
export function parseAssignment(body: unknown): string {
  return parseInput(assignmentSchema, body).invoice
}

export function parseTestPayment(
  body: unknown,
): Pick<SimulatePaymentRequest, 'assetId' | 'amount'> {
  const input = parseInput(testPaymentSchema, body)
  const assetId = input.asset === undefined ? null : parseAssetId(input.asset)
  if (input.asset !== undefined && assetId === null) {
    throw invalidField('/asset', 'malformed_asset', 'is not an asset id')
  }
  if (input.amount !== undefined && input.amount_units !== undefined) {
    throw invalidField('/amount_units', 'conflict', 'is given beside amount; give one of them')
  }
  const text = input.amount ?? input.amount_units
  const amount = text === undefined ? null : { text, inUnits: input.amount === undefined }
  return { assetId, amount }
}
