import type { InvoiceResource } from '../../../core/invoice/present-invoice.ts'
import type { ChainDirectory } from '../../../ports/chain-directory.ts'
import { type TaggedText, tagOf } from '../answer-tagged.ts'

export type PublicStatus = ReturnType<typeof presentPublicStatus>

/**
 * What whoever holds the link may see: how to pay and how it stands. Not the order id, not the
 * metadata, nothing of other orders, nobody's sending address.
 */
export function presentPublicStatus(
  invoice: InvoiceResource,
  chains: Pick<ChainDirectory, 'healthOf'>,
) {
  return {
    object: 'checkout' as const,
    status: invoice.status,
    description: invoice.description,
    price: invoice.price,
    address: invoice.address,
    payment_options: invoice.payment_options,
    chains: presentChains(invoice, chains),
    paid: invoice.paid,
    payments: invoice.payments.map((payment) => ({
      asset: payment.asset,
      chain_id: payment.chain_id,
      symbol: payment.symbol,
      amount: payment.amount,
      amount_units: payment.amount_units,
      counted: payment.counted,
      counted_units: payment.counted_units,
      flag: payment.flag,
      tx_hash: payment.tx_hash,
      position: payment.position,
      waits_for: payment.waits_for,
      confirmations: payment.confirmations,
      in_time: payment.in_time,
      accepted: payment.accepted,
    })),
    payments_total: invoice.payments_total,
    created_at: invoice.created_at,
    expires_at: invoice.expires_at,
    settled_at: invoice.settled_at,
    redirect_url: invoice.redirect_url,
  }
}

/** The chains it may be paid on and how they are doing, so that nobody wonders where money stays. */
function presentChains(
  { payment_options }: InvoiceResource,
  chains: Pick<ChainDirectory, 'healthOf'>,
) {
  const names = new Map(payment_options.map(({ chain_id, chain }) => [chain_id, chain]))
  return [...names].map(([chain_id, chain]) => {
    const { state } = chains.healthOf(chain_id)
    // Not observed yet is behind, as far as anybody outside is concerned.
    return { chain_id, chain, state: state === 'starting' ? ('behind' as const) : state }
  })
}

/** What is shown, as bytes with their tag. */
export function tagStatus(status: PublicStatus): TaggedText {
  const text = JSON.stringify(status)
  return { text, tag: tagOf(text) }
}
