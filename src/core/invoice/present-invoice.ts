import { presentFinality } from '../chain/finality.ts'
import { derivationPath } from '../keys/deposit-address.ts'
import { type Address, toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import type { Payment } from '../payment/payment.ts'
import { presentPayment, type TipNumbers } from '../payment/present-payment.ts'
import { formatTime } from '../time.ts'
import { paidFacts, remainderIn } from './assess-payments.ts'
import type { Invoice, PaymentOption } from './invoice.ts'
import { paymentUri } from './payment-uri.ts'

/** Payments an invoice resource carries; the rest is paged through the payments list. */
const LATEST_PAYMENTS = 20

export type Presentation = {
  /** The only base of links shown to people, without a slash at the end. */
  readonly publicUrl: string
  readonly tipNumber: TipNumbers
}

export type InvoiceResource = ReturnType<typeof presentInvoice>

/** An invoice as answers and events show it. `payments` are all of it, oldest first. */
export function presentInvoice(
  invoice: Invoice,
  payments: readonly Payment[],
  presentation: Presentation,
) {
  const latest = chooseLatest(payments)
  const address = toChecksumAddress(invoice.address)
  return {
    id: invoice.id,
    object: 'invoice' as const,
    store: invoice.storeId,
    status: invoice.status,
    price: invoice.terms.price,
    address,
    derivation_path: derivationPath(invoice.derivationIndex, invoice.accountNumber),
    payment_options: invoice.terms.options.map((option) =>
      presentOption(invoice, option, payments, address),
    ),
    paid: paidFacts(invoice, payments),
    payments: latest.map((payment) => presentPayment(payment, presentation.tipNumber)),
    payments_total: payments.length,
    accepted_by_merchant: invoice.acceptedShare !== null,
    tolerance_bps: invoice.terms.toleranceBps,
    tolerance_amount: invoice.terms.toleranceAmount ?? null,
    order_id: invoice.orderId,
    description: invoice.description,
    metadata: invoice.metadata,
    redirect_url: invoice.redirectUrl,
    checkout_url: `${presentation.publicUrl}/i/${invoice.token}`,
    created_at: formatTime(invoice.createdAtMs),
    expires_at: formatTime(invoice.terms.expiresAtMs),
    settled_at: invoice.settledAtMs === null ? null : formatTime(invoice.settledAtMs),
  }
}

/** The latest, newest first. Dust stands there only where it takes no place from a payment. */
function chooseLatest(payments: readonly Payment[]): Payment[] {
  const whole = payments.filter((payment) => !payment.dust).slice(-LATEST_PAYMENTS)
  const room = LATEST_PAYMENTS - whole.length
  const dust = room === 0 ? [] : payments.filter((payment) => payment.dust).slice(-room)
  const chosen = new Set([...whole, ...dust])
  return payments.filter((payment) => chosen.has(payment)).reverse()
}

function presentOption(
  invoice: Invoice,
  option: PaymentOption,
  payments: readonly Payment[],
  recipient: Address,
) {
  const { asset, rate } = option
  const { amountDueUnits, outstandingUnits, excessUnits } = remainderIn(invoice, option, payments)
  const due = writeAmount(amountDueUnits, asset.decimals)
  const isWhole = outstandingUnits === amountDueUnits
  const outstanding = isWhole ? due : writeAmount(outstandingUnits, asset.decimals)
  const excess = excessUnits === 0n ? NOTHING : writeAmount(excessUnits, asset.decimals)
  // A wallet that scans a partly paid invoice must pay the rest, not the whole again.
  const uriUnits = outstandingUnits > 0n ? outstandingUnits : amountDueUnits
  return {
    asset: asset.id,
    chain_id: asset.chainId,
    chain: option.chainName,
    network_name: option.networkName,
    symbol: asset.symbol,
    decimals: asset.decimals,
    amount_due: due.amount,
    amount_due_units: due.units,
    outstanding: outstanding.amount,
    outstanding_units: outstanding.units,
    excess: excess.amount,
    excess_units: excess.units,
    rate:
      rate === null ? null : { value: rate.value, source: rate.source, at: formatTime(rate.atMs) },
    finality: presentFinality(option.finality),
    uri: paymentUri(asset, recipient, uriUnits),
  }
}

type WrittenAmount = { readonly amount: string; readonly units: string }

function writeAmount(units: bigint, decimals: number): WrittenAmount {
  return { amount: formatDecimal(units, decimals), units: units.toString() }
}

/** Of any asset. Nearly every invoice that is shown was paid nothing, or exactly. */
const NOTHING = writeAmount(0n, 0)
