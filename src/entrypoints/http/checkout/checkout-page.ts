/** The page of one invoice. Complete without script; the script only keeps it fresh. */
import { renderSVG } from 'uqr'
import type { InvoiceStatus } from '../../../core/invoice/invoice.ts'
import { html, type Markup } from './html.ts'
import { type PublicStatus, tagStatus } from './public-status.ts'

/** Seconds after which a page without script asks again. */
const RELOAD_S = 15
/** Digits at either end of an address that people compare. */
const MARKED_DIGITS = 6
/** Quiet zone around the code, in modules (ISO/IEC 18004 asks for four). */
const QR_BORDER = 4

type Option = PublicStatus['payment_options'][number]

const HEADINGS: Readonly<Record<InvoiceStatus, string>> = {
  open: 'Waiting for your payment',
  processing: 'Payment seen, waiting for confirmations',
  settled: 'Paid',
  expired: 'This payment request has expired',
  canceled: 'This payment request was canceled',
  reversed: 'The payment was undone by the chain',
}

export function renderCheckoutPage(status: PublicStatus): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${HEADINGS[status.status]} · ${status.price.amount} ${status.price.currency}</title>
<link rel="stylesheet" href="/assets/checkout.css">
<script src="/assets/checkout.js" defer></script>
<noscript><meta http-equiv="refresh" content="${RELOAD_S}"></noscript>
</head>
<body>
<main id="checkout" data-status="${status.status}" data-tag="${tagStatus(status).tag}">
<header>
<p class="price">${status.price.amount} ${status.price.currency}</p>
${status.description === null ? null : html`<p class="description"><bdi>${status.description}</bdi></p>`}
</header>
<section class="standing" role="status">
<h1>${HEADINGS[status.status]}</h1>
${renderFacts(status)}
</section>
${isPayable(status) ? renderWaysToPay(status) : null}
${renderPayments(status)}
${renderReturn(status)}
</main>
</body>
</html>
`
  return page.markup
}

/** An order that is over shows no code to scan: what comes then is late. */
function isPayable({ status }: PublicStatus): boolean {
  return status === 'open' || status === 'reversed'
}

function renderFacts({ status, paid, expires_at }: PublicStatus): Markup {
  const facts: Markup[] = []
  if (status === 'open') {
    facts.push(
      html`<p>Pay before <time datetime="${expires_at}" data-countdown>${expires_at}</time>.</p>`,
    )
  }
  if (paid.underpaid) facts.push(html`<p>A part has been paid. The rest is shown below.</p>`)
  if (paid.overpaid) facts.push(html`<p>More than the amount due has been paid.</p>`)
  if (paid.late) facts.push(html`<p>A payment came after the deadline. The seller was told.</p>`)
  if (status === 'expired' || status === 'canceled') {
    facts.push(html`<p>Do not send money any more. Ask the seller for a new request.</p>`)
  }
  return html`${facts}`
}

function renderWaysToPay(status: PublicStatus): Markup {
  return html`<section class="address">
<h2>Pay to this address</h2>
<p><code id="address" data-copy>${status.address}</code></p>
<p class="hint">Compare in your wallet: it begins with
<mark>${status.address.slice(0, MARKED_DIGITS + 2)}</mark> and ends with
<mark>${status.address.slice(-MARKED_DIGITS)}</mark>.</p>
</section>
${status.payment_options.map((option, i) => renderOption(option, i === 0))}`
}

function renderOption(option: Option, isOpen: boolean): Markup {
  const amount = option.outstanding_units === '0' ? option.amount_due : option.outstanding
  const code = { markup: renderSVG(option.uri, { border: QR_BORDER }) }
  return html`<details class="option" name="option" data-asset="${option.asset}"${isOpen ? html` open` : null}>
<summary>${amount} ${option.symbol} on ${option.chain}</summary>
<p>Send exactly <strong data-copy>${amount}</strong> <strong>${option.symbol}</strong> on
<strong>${option.chain}</strong> (chain ${option.chain_id}).</p>
<a class="code" href="${option.uri}" aria-label="Open in a wallet">${code}</a>
<p><a class="wallet" href="${option.uri}">Open in a wallet</a></p>
</details>
`
}

function renderPayments(status: PublicStatus): Markup | null {
  if (status.payments.length === 0) return null
  const rows = status.payments.map(
    (payment) => html`<tr>
<td>${payment.amount} ${payment.symbol}</td>
<td>${POSITIONS[payment.position]}${payment.accepted ? null : html`, not an accepted asset`}</td>
<td>${payment.confirmations}</td>
<td><code>${payment.tx_hash === null ? '' : `${payment.tx_hash.slice(0, 10)}…`}</code></td>
</tr>
`,
  )
  return html`<section class="payments">
<h2>Payments</h2>
<table>
<thead><tr><th>Amount</th><th>State</th><th>Confirmations</th><th>Transaction</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>`
}

const POSITIONS = {
  included: 'seen',
  confirmed: 'confirmed',
  orphaned: 'undone by the chain',
} as const

function renderReturn({ redirect_url }: PublicStatus): Markup | null {
  if (redirect_url === null) return null
  return html`<p class="return"><a href="${redirect_url}" rel="noreferrer">Return to the shop</a></p>`
}
