/** The page of one invoice. Complete without script; the script only keeps it fresh. */
import { renderSVG } from 'uqr'
import type { InvoiceStatus } from '../../../core/invoice/invoice.ts'
import { html, type Markup } from '../html.ts'
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

/** What was looked for last, and what a shopper is told of it. */
const CHECKED: ReadonlyMap<string | null, string> = new Map([
  ['found', 'The transaction was found. It is listed above.'],
  ['pending', 'The transaction is known and waits for its block. This page shows it by itself.'],
  ['unknown', 'No node knows this transaction. Check the hash and the network.'],
  ['failed', 'This transaction failed on the chain. Nothing was paid by it.'],
  ['elsewhere', 'This transaction does not pay the address of this request.'],
  ['malformed', 'This is no hash: 0x and 64 digits or letters from a to f.'],
])

export type PageRequest = {
  /** Names the page. */
  readonly token: string
  /** From the address of the page: a word that is known, or anything. */
  readonly checked: string | null
}

export function renderCheckoutPage(status: PublicStatus, request: PageRequest): string {
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
${renderTransactionForm(status, request)}
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
  // An everyday name that only repeats the chain's would be noise.
  const isNamed = option.network_name !== option.chain
  const code = { markup: renderSVG(option.uri, { border: QR_BORDER }) }
  return html`<details class="option" name="option" data-asset="${option.asset}"${isOpen ? html` open` : null}>
<summary>${amount} ${option.symbol} on ${option.chain}${isNamed ? html` <small>${option.network_name}</small>` : null}</summary>
<p>Send exactly <strong data-copy>${amount}</strong> <strong>${option.symbol}</strong> on
<strong>${option.chain}</strong> (chain ${option.chain_id}).</p>
${isNamed ? html`<p class="hint">Wallets and exchanges call this network <strong>${option.network_name}</strong>.</p>` : null}
<a class="code" href="${option.uri}" aria-label="Open in a wallet">${code}</a>
<p><a class="wallet" href="${option.uri}">Open in a wallet</a></p>
<p class="hint">From an exchange? Its withdrawal fee may be taken out of the amount: see to it that
${amount} ${option.symbol} arrive, on this network.</p>
</details>
`
}

function renderPayments(status: PublicStatus): Markup | null {
  if (status.payments.length === 0) return null
  const rows = status.payments.map(
    (payment) => html`<tr>
<td>${payment.amount} ${payment.symbol}</td>
<td>${POSITIONS[payment.position]}${payment.accepted ? null : html`, not an accepted asset`}${renderFlag(payment)}</td>
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

function renderFlag({ flag, counted, symbol }: PublicStatus['payments'][number]): string | null {
  if (flag === null) return null
  return flag === 'dust' ? ', too little to count' : `, ${counted} ${symbol} of it counted`
}

const POSITIONS = {
  included: 'seen',
  confirmed: 'confirmed',
  orphaned: 'undone by the chain',
} as const

/** Beside the part that is kept fresh, so that nothing is lost while somebody types. */
function renderTransactionForm(
  { status }: PublicStatus,
  { token, checked }: PageRequest,
): Markup | null {
  const answer = CHECKED.get(checked)
  if (status === 'settled' && answer === undefined) return null
  return html`<section class="transaction">
<h2>Paid, and not shown here?</h2>
${answer === undefined ? null : html`<p role="alert">${answer}</p>`}
<form method="post" action="/i/${token}/transactions">
<label for="tx_hash">I have paid: here is the transaction hash</label>
<input id="tx_hash" name="tx_hash" required maxlength="80" autocomplete="off" spellcheck="false"
pattern="\s*0x[0-9a-fA-F]{64}\s*" placeholder="0x…">
<button>Look for it</button>
</form>
</section>`
}

function renderReturn({ redirect_url }: PublicStatus): Markup | null {
  if (redirect_url === null) return null
  return html`<p class="return"><a href="${redirect_url}" rel="noreferrer">Return to the shop</a></p>`
}
