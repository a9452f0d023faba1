/** What reports answer with, as resources.ts has the rest. */
import * as z from 'zod'
import {
  address,
  amount,
  assetId,
  chainId,
  decimals,
  hash,
  idOf,
  time,
  units,
} from './resources.ts'

export const rateResource = z
  .object({
    object: z.literal('rate'),
    asset: assetId,
    chain_id: chainId,
    symbol: z.string(),
    currency: z.string(),
    rate: z
      .object({ value: z.string(), source: z.string(), at: time })
      .nullable()
      .describe('Currency per whole coin. Null: none is known now, and no price could be quoted.'),
  })
  .meta({ id: 'Rate', description: 'What a coin costs now.' })

export const balanceResource = z
  .object({
    object: z.literal('balance'),
    asset: assetId,
    chain_id: chainId,
    symbol: z.string(),
    decimals,
    assigned: amount.describe('Of invoices, accepted by them or not.'),
    assigned_units: units,
    unassigned: amount.describe('Belongs to no invoice.'),
    unassigned_units: units,
    total: amount.describe('The same as `received`.'),
    total_units: units,
    received: amount.describe('What arrived and is confirmed: the sum of `counted_units`.'),
    received_units: units,
    collected: amount
      .nullable()
      .describe('Left the deposit addresses, wherever it went. Null: not followed (coins).'),
    collected_units: units.nullable(),
    uncounted: amount
      .nullable()
      .describe(
        'Of what was collected, what was not received: not confirmed yet, or never counted.',
      ),
    uncounted_units: units.nullable(),
    available: amount
      .nullable()
      .describe('Lies at the deposit addresses: received - collected + uncounted.'),
    available_units: units.nullable(),
  })
  .meta({
    id: 'Balance',
    description: 'What arrived in an asset, what left the deposit addresses, and what is there.',
  })

export const outflowResource = z
  .object({
    id: idOf('out'),
    object: z.literal('outflow'),
    asset: assetId,
    chain_id: chainId,
    symbol: z.string(),
    decimals,
    kind: z.enum(['erc20', 'native', 'internal']),
    amount,
    amount_units: units,
    from: address.describe('The deposit address.'),
    to: address,
    tx_hash: hash.nullable(),
    block_number: z.int().min(0),
    block_hash: hash,
    block_time: time,
    log_index: z.int().min(0).nullable(),
    position: z
      .enum(['included', 'orphaned'])
      .describe('Orphaned: its block left; it counts nowhere.'),
  })
  .meta({
    id: 'Outflow',
    description: 'Money that left a deposit address, by whomever it was sent.',
  })

const share = z.number().min(0).max(1).nullable().describe('Of the invoices; null without any.')

export const daySummary = z
  .object({
    object: z.literal('day_summary'),
    date: z.string().meta({ format: 'date' }).describe('A day of UTC, by when invoices were made.'),
    invoices: z.int().min(0),
    settled: z.int().min(0).describe('Settled now.'),
    underpaid_share: share,
    late_share: share,
    median_settle_s: z.number().nullable().describe('From made to settled, in seconds.'),
    volumes: z.array(
      z.object({
        asset: assetId,
        symbol: z.string(),
        decimals,
        invoices: z.int().min(1).describe('That were paid in it.'),
        volume: amount.describe('Confirmed and accepted payments of these invoices.'),
        volume_units: units,
      }),
    ),
  })
  .meta({ id: 'DaySummary', description: 'The invoices of one day.' })
