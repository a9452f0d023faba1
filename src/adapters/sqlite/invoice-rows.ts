import { deadlineMs, type Invoice, type Terms } from '../../core/invoice/invoice.ts'
import { type FinalityJson, finalityToJson, jsonToFinality } from './finality-values.ts'
import { addressToBytes, bytesToAddress, fractionToText, textToFraction } from './row-values.ts'

export type InvoiceRow = {
  readonly id: string
  readonly store_id: string
  readonly token: string
  readonly status: Invoice['status']
  readonly terms: string
  /** Expiry + grace, for the search of invoices that are due to expire. */
  readonly deadline_ms: number
  readonly address: Buffer
  readonly fingerprint: string
  readonly account_number: number
  readonly derivation_index: number
  readonly order_id: string | null
  readonly description: string | null
  readonly metadata: string | null
  readonly redirect_url: string | null
  readonly created_at_ms: number
  readonly settled_at_ms: number | null
  readonly accepted_share: string | null
  readonly seen_share: string
  readonly confirmed_share: string
  readonly sequence: number
  readonly revision: number
}

// biome-ignore format: a list of names reads better in rows
export const INVOICE_COLUMNS = [
  'id', 'store_id', 'token', 'status', 'terms', 'deadline_ms', 'address', 'fingerprint',
  'account_number', 'derivation_index', 'order_id', 'description', 'metadata', 'redirect_url', 'created_at_ms',
  'settled_at_ms', 'accepted_share', 'seen_share', 'confirmed_share', 'sequence', 'revision',
] as const satisfies readonly (keyof InvoiceRow)[]

export function invoiceToRow(invoice: Invoice): InvoiceRow {
  const { acceptedShare, metadata, noted } = invoice
  return {
    id: invoice.id,
    store_id: invoice.storeId,
    token: invoice.token,
    status: invoice.status,
    terms: termsToText(invoice.terms),
    deadline_ms: deadlineMs(invoice.terms),
    address: addressToBytes(invoice.address),
    fingerprint: invoice.fingerprint,
    account_number: invoice.accountNumber,
    derivation_index: invoice.derivationIndex,
    order_id: invoice.orderId,
    description: invoice.description,
    metadata: metadata === null ? null : JSON.stringify(metadata),
    redirect_url: invoice.redirectUrl,
    created_at_ms: invoice.createdAtMs,
    settled_at_ms: invoice.settledAtMs,
    accepted_share: acceptedShare === null ? null : fractionToText(acceptedShare),
    seen_share: fractionToText(noted.seenShare),
    confirmed_share: fractionToText(noted.confirmedShare),
    sequence: invoice.sequence,
    revision: invoice.revision,
  }
}

export function rowToInvoice(row: InvoiceRow): Invoice {
  return {
    id: row.id,
    storeId: row.store_id,
    token: row.token,
    status: row.status,
    terms: textToTerms(row.terms),
    address: bytesToAddress(row.address),
    fingerprint: row.fingerprint,
    accountNumber: row.account_number,
    derivationIndex: row.derivation_index,
    orderId: row.order_id,
    description: row.description,
    metadata: row.metadata === null ? null : JSON.parse(row.metadata),
    redirectUrl: row.redirect_url,
    createdAtMs: row.created_at_ms,
    settledAtMs: row.settled_at_ms,
    acceptedShare: row.accepted_share === null ? null : textToFraction(row.accepted_share),
    noted: {
      seenShare: textToFraction(row.seen_share),
      confirmedShare: textToFraction(row.confirmed_share),
    },
    sequence: row.sequence,
    revision: row.revision,
  }
}

/** JSON of the terms; amounts and depths in it are written in their own forms, by name. */
function termsToText(terms: Terms): string {
  const options = terms.options.map((option) => ({
    ...option,
    amountDueUnits: option.amountDueUnits.toString(),
    finality: finalityToJson(option.finality),
  }))
  return JSON.stringify({ ...terms, options })
}

type StoredOption = {
  readonly amountDueUnits: string
  readonly chainName: string
  readonly finality: FinalityJson
}

export function textToTerms(text: string): Terms {
  const stored = JSON.parse(text)
  const options = stored.options.map((option: StoredOption) => ({
    // Terms written before networks had names of their own.
    networkName: option.chainName,
    ...option,
    amountDueUnits: BigInt(option.amountDueUnits),
    finality: jsonToFinality(option.finality),
  }))
  return { ...stored, options }
}
