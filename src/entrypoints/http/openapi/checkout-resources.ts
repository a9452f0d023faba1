/** What pages of shoppers answer with, as resources.ts has the rest. */
import * as z from 'zod'
import { INVOICE_STATUSES } from '../../../core/invoice/invoice.ts'
import {
  address,
  chainId,
  hash,
  paidFacts,
  paymentOption,
  paymentResource,
  price,
  time,
} from './resources.ts'

const publicPayment = paymentResource.pick({
  asset: true,
  chain_id: true,
  symbol: true,
  amount: true,
  amount_units: true,
  counted: true,
  counted_units: true,
  flag: true,
  tx_hash: true,
  position: true,
  waits_for: true,
  confirmations: true,
  in_time: true,
  accepted: true,
})

export const transactionCheck = z
  .object({
    object: z.literal('transaction_check'),
    result: z
      .enum(['found', 'pending', 'unknown', 'failed', 'elsewhere'])
      .describe('`elsewhere`: it pays another address, or in an asset that is not watched.'),
    tx_hash: hash,
    chain_id: chainId.nullable(),
    block_number: z.int().min(0).nullable(),
    confirmations: z.int().min(0),
    invoice_status: z.enum(INVOICE_STATUSES),
    payments: z.array(publicPayment),
  })
  .meta({ id: 'TransactionCheck', description: 'One transaction against the chain.' })

export const checkoutStatus = z
  .object({
    object: z.literal('checkout'),
    status: z.enum(INVOICE_STATUSES),
    description: z.string().nullable(),
    price,
    address,
    payment_options: z.array(paymentOption),
    chains: z
      .array(
        z.object({
          chain_id: chainId,
          chain: z.string(),
          state: z.enum(['ok', 'behind', 'halted', 'unreachable']),
        }),
      )
      .describe('Those it may be paid on, and how they are doing.'),
    paid: paidFacts,
    payments: z.array(publicPayment),
    payments_total: z.int().min(0),
    created_at: time,
    expires_at: time,
    settled_at: time.nullable(),
    redirect_url: z.string().nullable(),
  })
  .meta({ id: 'CheckoutStatus', description: 'What whoever has the link may see.' })

const hexNumber = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]*)$/)

export const walletTransaction = z
  .object({
    object: z.literal('wallet_transaction'),
    asset: z.string().describe('CAIP-19.'),
    chain_id: chainId,
    amount: z.string(),
    symbol: z.string(),
    transaction: z
      .object({ to: address, value: hexNumber, data: z.string() })
      .describe('For `eth_sendTransaction`; the wallet adds `from`.'),
    network: z
      .object({
        chainId: hexNumber,
        chainName: z.string().optional(),
        nativeCurrency: z
          .object({ name: z.string(), symbol: z.string(), decimals: z.int() })
          .optional(),
        rpcUrls: z.array(z.string()).optional(),
      })
      .describe('For `wallet_switchEthereumChain`; with `rpcUrls` for `wallet_addEthereumChain`.'),
  })
  .meta({ id: 'WalletTransaction', description: 'What a wallet is asked to sign.' })
