/** Payments with how deep they are, and the receipt of an order that is paid. */
import { html, type Markup } from '../html.ts'
import { formatMoment, type View } from './page-view.ts'
import type { PublicStatus } from './public-status.ts'

type Payment = PublicStatus['payments'][number]

/** Digits of a hash shown at either end; the whole is in its title and can be copied. */
const HASH_DIGITS = { head: 10, tail: 8 }

export function renderPayments(view: View): Markup | null {
  const { status, texts } = view
  if (status.payments.length === 0) return null
  return html`<section class="payments" aria-labelledby="payments">
<h2 id="payments">${texts.paymentsTitle}</h2>
<ul>${status.payments.map((payment) => renderPayment(view, payment))}</ul>
</section>`
}

function renderPayment(view: View, payment: Payment): Markup {
  const { texts } = view
  const { position, tx_hash } = payment
  return html`<li data-position="${position}">
<p class="row"><bdi><b>${payment.amount}</b> ${payment.symbol}</bdi><span class="position">${texts.position[position]}</span></p>
${renderProgress(view, payment)}
${listRemarks(view, payment).map((remark) => html`<p class="hint">${remark}</p>`)}
${tx_hash === null ? null : html`<p class="hint">${texts.transaction} <code dir="ltr" title="${tx_hash}">${shorten(tx_hash)}</code></p>`}
</li>`
}

/** Until it is confirmed. A rule by tag of the nodes has no number to count to, and a cap has none either. */
function renderProgress({ status, texts }: View, payment: Payment): Markup | null {
  if (payment.position !== 'included' || !payment.accepted) return null
  const option = status.payment_options.find(({ asset }) => asset === payment.asset)
  if (option === undefined) return null
  const { confirmations: needed } = option.finality
  const isCounted = typeof needed === 'number' && payment.waits_for !== 'finality_cap'
  if (!isCounted) return html`<p class="hint">${texts.untilFinal}</p>`
  const count = Math.min(payment.confirmations, needed)
  const words = texts.confirmations(count, needed)
  return html`<p class="progress"><progress max="${needed}" value="${count}" aria-label="${words}"></progress> <span class="hint">${words}</span></p>`
}

function listRemarks({ texts }: View, payment: Payment): string[] {
  const { accepted, in_time, flag, position, counted, symbol } = payment
  if (position === 'orphaned') return []
  return [
    ...(accepted ? [] : [texts.notAccepted]),
    ...(in_time ? [] : [texts.late]),
    ...(flag === 'dust' ? [texts.dust] : []),
    ...(flag === 'shortfall' ? [texts.shortfall(`${counted} ${symbol}`)] : []),
  ]
}

export function renderReceipt(view: View): Markup | null {
  const { status, shop, texts, language } = view
  if (status.status !== 'settled' || status.settled_at === null) return null
  const { receipt } = texts
  const received = status.payments
    .filter(({ accepted, position }) => accepted && position !== 'orphaned')
    .map(
      ({ amount, symbol, tx_hash }) =>
        html`<dd><bdi>${amount} ${symbol}</bdi>${tx_hash === null ? null : html`<br><code dir="ltr">${tx_hash}</code>`}</dd>`,
    )
  return html`<section class="receipt" aria-labelledby="receipt">
<h2 id="receipt">${texts.receiptTitle}</h2>
<dl>
${shop.name === null ? null : html`<div><dt>${receipt.seller}</dt><dd><bdi>${shop.name}</bdi></dd></div>`}
<div><dt>${receipt.price}</dt><dd><bdi>${status.price.amount} ${status.price.currency}</bdi></dd></div>
<div><dt>${receipt.time}</dt><dd><time datetime="${status.settled_at}">${formatMoment(language, status.settled_at)}</time></dd></div>
<div><dt>${receipt.received}</dt>${received}</div>
<div><dt>${receipt.address}</dt><dd><code dir="ltr">${status.address}</code></dd></div>
</dl>
<p><button type="button" data-print hidden>${texts.print}</button></p>
</section>`
}

function shorten(hash: string): string {
  return `${hash.slice(0, HASH_DIGITS.head)}…${hash.slice(-HASH_DIGITS.tail)}`
}
