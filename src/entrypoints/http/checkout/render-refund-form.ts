/** "If money has to go back": an address the seller sees. It is asked for only where that may be. */
import { html, type Markup } from '../html.ts'
import type { Texts } from './i18n/en.ts'
import type { Standing } from './judge-standing.ts'
import type { View } from './page-view.ts'

const STANDINGS: ReadonlySet<Standing> = new Set([
  'overpaid',
  'expired_part',
  'paid_late',
  'canceled_paid',
])

export function renderRefundForm({ status, standing, texts, token, refund }: View): Markup | null {
  const isForeign = status.payments.some(
    ({ accepted, position }) => !accepted && position !== 'orphaned',
  )
  if (!STANDINGS.has(standing) && !isForeign) return null
  const isKnown = refund !== null && Object.hasOwn(texts.refund, refund)
  const answer = isKnown ? texts.refund[refund as keyof Texts['refund']] : null
  return html`<details class="refund" id="refund"${isKnown ? html` open` : null}>
<summary>${texts.refundTitle}</summary>
${answer === null ? null : html`<p class="notice" role="alert">${answer}</p>`}
<form method="post" action="/i/${token}/refund-proposals">
<label for="destination">${texts.refundLabel}</label>
<div class="row"><input id="destination" name="destination" required maxlength="60" autocomplete="off" autocapitalize="off" spellcheck="false" dir="ltr"
pattern="\s*0x[0-9a-fA-F]{40}\s*" placeholder="0x…">
<button>${texts.refundButton}</button></div>
<p class="hint">${texts.refundHint}</p>
</form>
</details>`
}
