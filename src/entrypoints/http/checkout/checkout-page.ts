/** The page of one invoice. Complete without script; the script only keeps it fresh. */
import { html, type Markup } from '../html.ts'
import { LANGUAGES, type Language } from './i18n/languages.ts'
import { isPayable, judgeStanding } from './judge-standing.ts'
import { hasHigherFee, type Option, orderOptions } from './order-options.ts'
import type { PageAssets } from './page-assets.ts'
import { linkTo, type View } from './page-view.ts'
import type { PublicStatus } from './public-status.ts'
import { tagStatus } from './public-status.ts'
import { renderPayments, renderReceipt } from './render-payments.ts'
import { renderRefundForm } from './render-refund-form.ts'
import { renderStanding } from './render-standing.ts'
import { renderWaysToPay } from './render-ways-to-pay.ts'
import type { ShopFace } from './shop-face.ts'

/** Seconds after which a page without script asks again. */
const RELOAD_S = 15

/** What the answers to a submitted hash are called in the page's address. */
type Checked = keyof Language['texts']['checked']

export type PageRequest = {
  readonly status: PublicStatus
  readonly shop: ShopFace
  readonly language: Language
  /** Whether the page's address names the language: then its links do too. */
  readonly isLanguageNamed: boolean
  /** Names the page. */
  readonly token: string
  /** From the address of the page: a word that is known, or anything. */
  readonly checked: string | null
  readonly refund: string | null
  /** The asset that was asked for, and the one that was used last. */
  readonly asset: string | null
  readonly habit: string | null
  /** Chains whose coins have no value. */
  readonly worthless: ReadonlySet<number>
  readonly nowMs: number
}

export function renderCheckoutPage(request: PageRequest, assets: PageAssets): string {
  const view = prepareView(request)
  const { status, language, shop, texts } = view
  const title = `${texts.heading[view.standing]} · ${status.price.amount} ${status.price.currency}`
  const page = html`<!doctype html>
<html lang="${language.tag}" dir="${texts.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${title}${shop.name === null ? null : ` · ${shop.name}`}</title>
<link rel="stylesheet" href="${assets.style.path}" integrity="${assets.style.integrity}">
${shop.accent === null ? null : html`<link rel="stylesheet" href="/assets/accent/${shop.accent.slice(1)}.css">`}
<link rel="icon" href="data:,">
<script src="${assets.script.path}" integrity="${assets.script.integrity}" defer></script>
<noscript><meta http-equiv="refresh" content="${RELOAD_S}"></noscript>
</head>
<body>
<a class="skip" href="#checkout">${texts.skip}</a>
${renderHeader(view)}
<main>
<div id="checkout" class="sheet" tabindex="-1" data-status="${status.status}" data-standing="${view.standing}" data-tag="${tagStatus(status).tag}">
${renderOrder(view)}
<div class="pay">
${isPayable(view.standing) ? renderWaysToPay(view) : null}
${renderPayments(view)}
${renderRenewal(view)}
${renderReceipt(view)}
${renderRefundForm(view)}
${renderReturn(view)}
</div>
</div>
${renderTransactionForm(view, request.checked)}
</main>
<footer><p>${texts.footer}</p></footer>
<p id="said" class="unseen" role="status" data-copied="${texts.copied}" data-working="${texts.wallet.working}" data-sent="${texts.wallet.sent}" data-refused="${texts.wallet.refused}" data-network="${texts.wallet.network}" data-failed="${texts.wallet.failed}"></p>
</body>
</html>
`
  return page.markup
}

function prepareView(request: PageRequest): View {
  const { status, shop, language, isLanguageNamed, token, asset, habit, worthless } = request
  const { refund, nowMs } = request
  // Who has paid a part sends the rest the same way, whatever the last order was paid with.
  const begun = status.payments.findLast(({ accepted }) => accepted)?.asset
  const options = orderOptions(status.payment_options, begun ?? habit)
  const chosen = options.find((option) => option.asset === asset) ?? (options[0] as Option)
  return {
    status,
    shop,
    language,
    isLanguageNamed,
    token,
    texts: language.texts,
    standing: judgeStanding(status, nowMs),
    options,
    chosen,
    isTest: worthless.has(chosen.chain_id),
    isFeeTold: options.some((option) => hasHigherFee(option) !== hasHigherFee(chosen)),
    refund,
    nowMs,
  }
}

function renderHeader(view: View): Markup {
  const { shop, texts, token } = view
  const links = LANGUAGES.map((language) =>
    language.tag === view.language.tag
      ? html`<span aria-current="true" lang="${language.tag}">${language.name}</span>`
      : html`<a href="${linkTo(view, { lang: language.tag })}" lang="${language.tag}" hreflang="${language.tag}">${language.name}</a>`,
  )
  return html`<header class="shop">
<p class="name">${shop.logo === null ? null : html`<img src="/i/${token}/logo?v=${shop.logo.tag}" alt="">`}${shop.name === null ? null : html`<bdi>${shop.name}</bdi>`}</p>
<nav class="languages" aria-label="${texts.language}">${links}</nav>
</header>`
}

function renderOrder(view: View): Markup {
  const { status, texts } = view
  const { description, price } = status
  return html`<div class="order">
<p class="label">${isPayable(view.standing) ? texts.total : texts.receipt.price}</p>
<p class="price"><bdi><b>${price.amount}</b> ${price.currency}</bdi></p>
${description === null ? null : html`<p class="description"><bdi>${description}</bdi></p>`}
${renderStanding(view)}
${view.isTest ? html`<p class="notice">${texts.testMoney}</p>` : null}
</div>`
}

/** A new invoice at the price of now, where the store allows it and no money came. */
function renderRenewal({ shop, standing, texts, token }: View): Markup | null {
  if (!shop.renewsExpired || standing !== 'expired') return null
  return html`<section class="renewal">
<h2>${texts.renewTitle}</h2>
<p>${texts.renewText}</p>
<form method="post" action="/i/${token}/renewals"><button class="main">${texts.renewButton}</button></form>
</section>`
}

/** Beside the part that is kept fresh, so that nothing is lost while somebody types. */
function renderTransactionForm(view: View, checked: string | null): Markup | null {
  const { texts, token, standing } = view
  const isKnown = checked !== null && Object.hasOwn(texts.checked, checked)
  const answer = isKnown ? texts.checked[checked as Checked] : null
  if ((standing === 'paid' || standing === 'overpaid') && answer === null) return null
  return html`<details class="sheet transaction"${isKnown ? html` open` : null}>
<summary>${texts.hashTitle}</summary>
${answer === null ? null : html`<p class="notice" role="alert">${answer}</p>`}
<form method="post" action="/i/${token}/transactions">
<label for="tx_hash">${texts.hashLabel}</label>
<div class="row"><input id="tx_hash" name="tx_hash" required maxlength="80" autocomplete="off" autocapitalize="off" spellcheck="false" dir="ltr"
pattern="\s*0x[0-9a-fA-F]{64}\s*" placeholder="0x…">
<button>${texts.hashButton}</button></div>
</form>
</details>`
}

function renderReturn({ status, texts }: View): Markup | null {
  if (status.redirect_url === null) return null
  return html`<p class="return"><a href="${status.redirect_url}" rel="noreferrer" target="_top">${texts.back}</a></p>`
}
