import type { FinalityRule } from '../chain/finality.ts'
import type { Address, Asset } from '../money/asset.ts'
import type { FiatAmount } from '../money/currency.ts'
import type { Fraction } from '../money/fraction.ts'

/** Every status. Lists of invoices are merged from them, so the type is made of this list. */
export const INVOICE_STATUSES = [
  'open',
  'processing',
  'settled',
  'expired',
  'canceled',
  'reversed',
] as const

export type InvoiceStatus = (typeof INVOICE_STATUSES)[number]

/** One way to pay: this many units of this asset, at a rate that is locked (null for a coin price). */
export type PaymentOption = {
  readonly asset: Asset
  readonly chainName: string
  /** As wallets and exchanges call the network. */
  readonly networkName: string
  readonly amountDueUnits: bigint
  readonly rate: { readonly value: string; readonly source: string; readonly atMs: number } | null
  /** How deep a payment must be. Chosen when the invoice is made, by its value. */
  readonly finality: FinalityRule
  /**
   * What the amount due was worth when the invoice was made, in the currency of the chain's cap on
   * what is credited before finality. Absent where the price says it, or nobody knows.
   */
  readonly worth?: FiatAmount
}

/** What was agreed when the invoice was made. */
export type Terms = {
  readonly price: { readonly amount: string; readonly currency: string }
  readonly options: readonly PaymentOption[]
  readonly toleranceBps: number
  /** At least so much may be missing, in the currency of the price; absent: no more than the share. */
  readonly toleranceAmount?: string | undefined
  readonly expiresAtMs: number
  readonly graceMs: number
}

export type Invoice = {
  readonly id: string
  readonly storeId: string
  /** Names the checkout page: 128 random bits after its time, permanent. */
  readonly token: string
  readonly status: InvoiceStatus
  readonly terms: Terms
  readonly address: Address
  /** The account key, its number in the wallet (m/44'/60'/N'), and the index the address has. */
  readonly fingerprint: string
  readonly accountNumber: number
  readonly derivationIndex: number
  readonly orderId: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly redirectUrl: string | null
  readonly createdAtMs: number
  readonly settledAtMs: number | null
  /**
   * Set when the merchant accepted what was there: the share of the amount due that counts as full
   * from then on. The deadline is waived with it.
   */
  readonly acceptedShare: Fraction | null
  /** What the last assessment saw, so that events tell of rises only. */
  readonly noted: Noted
  /** Number of the latest event of this invoice; the first is 1. */
  readonly sequence: number
  /** Counts writes, so that two writers cannot both win. */
  readonly revision: number
}

export type Noted = {
  /** Share of the amount due seen in time, confirmed or not. */
  readonly seenShare: Fraction
  /** Share confirmed, in time or late. */
  readonly confirmedShare: Fraction
}

/** Latest block time, in ms, that is in time. */
export function deadlineMs(terms: Terms): number {
  return terms.expiresAtMs + terms.graceMs
}
