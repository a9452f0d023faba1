/** What refunds answer with, as resources.ts has the rest. */
import * as z from 'zod'
import { REFUND_STATUSES } from '../../../core/refund/refund.ts'
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

export const refundResource = z
  .object({
    id: idOf('ref'),
    object: z.literal('refund'),
    invoice: idOf('inv'),
    status: z
      .enum(REFUND_STATUSES)
      .describe(
        'sent: a transaction pays it, named or in a block; confirmed: as deep as a payment must be. A ' +
          'reorg takes confirmed back to sent.',
      ),
    asset: assetId,
    chain_id: chainId,
    symbol: z.string(),
    decimals,
    amount,
    amount_units: units,
    destination: address,
    reason: z.string().nullable(),
    tx_hash: hash.nullable(),
    from: address.nullable(),
    block_number: z.int().min(0).nullable().describe('Null while no block of our chain pays it.'),
    block_hash: hash.nullable(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Refund', description: 'Money that goes back to a shopper.' })

export const refundProposal = z
  .object({
    id: idOf('rp'),
    object: z.literal('refund_proposal'),
    invoice: idOf('inv'),
    destination: address,
    created_at: time,
  })
  .meta({
    id: 'RefundProposal',
    description:
      'An address that somebody with the checkout link gave. Ask the shopper before you use it.',
  })
