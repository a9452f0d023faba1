/** Bodies of refunds. */
import * as z from 'zod'
import { type Address, type Hash, parseAssetId, parseTypedAddress } from '../../core/money/asset.ts'
import { invalidField } from '../../errors.ts'
import type { RefundRequest } from '../../operations/request-refund.ts'
import { parseInput, textOf } from './parse-input.ts'

const REASON_CHARACTERS_MAX = 500
/** Longer text is no address in any form. */
const ADDRESS_CHARACTERS_MAX = 100
const ZERO_ADDRESS = `0x${'0'.repeat(40)}`

const destination = textOf(ADDRESS_CHARACTERS_MAX).describe(
  'Where the money goes, as the shopper gave it. Never the sender of a payment by itself: it may be ' +
    'an exchange.',
)

export const refundSchema = z.strictObject({
  asset: z
    .string()
    .optional()
    .describe('CAIP-19. May be left out where the invoice was paid in one asset.'),
  amount: z.string().optional().describe('A decimal amount. Give this or `part`.'),
  part: z
    .enum(['full', 'excess'])
    .optional()
    .describe('All that is confirmed and not refunded yet, or the overpaid part of it.'),
  destination,
  reason: textOf(REASON_CHARACTERS_MAX, { multiline: true }).nullish(),
})

export const refundReportSchema = z.strictObject({
  tx_hash: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, { error: 'must be 0x and 64 hexadecimal digits' })
    .describe('The transaction that pays the refund.'),
})

export const proposalSchema = z.strictObject({ destination })

export function parseRefundRequest(
  body: unknown,
): Pick<RefundRequest, 'assetId' | 'amount' | 'destination' | 'reason'> {
  const input = parseInput(refundSchema, body)
  const { asset, amount, part } = input
  const assetId = asset === undefined ? null : parseAssetId(asset)
  if (asset !== undefined && assetId === null) {
    throw invalidField('/asset', 'malformed_asset', 'is not an asset id')
  }
  if (amount !== undefined && part !== undefined) {
    throw invalidField('/part', 'conflict', 'is given beside amount; give one of them')
  }
  if (amount === undefined && part === undefined) {
    throw invalidField('/amount', 'required', 'is required, or part')
  }
  return {
    assetId,
    amount: amount === undefined ? { part: part as 'full' | 'excess' } : { text: amount },
    destination: readDestination(input.destination),
    reason: input.reason ?? null,
  }
}

export function parseRefundReport(body: unknown): Hash {
  return parseInput(refundReportSchema, body).tx_hash.toLowerCase() as Hash
}

export function parseProposal(body: unknown): Address {
  return readDestination(parseInput(proposalSchema, body).destination.trim())
}

function readDestination(text: string): Address {
  const typed = parseTypedAddress(text)
  if (typed.ok && typed.address !== ZERO_ADDRESS) return typed.address
  if (typed.ok) throw invalidField('/destination', 'zero_address', 'is the zero address')
  const [code, detail] =
    typed.fault === 'checksum'
      ? ['checksum_address', 'has a wrong checksum: a character was changed']
      : ['malformed_address', 'must be 0x and 40 hexadecimal digits']
  throw invalidField('/destination', code as string, detail as string)
}
