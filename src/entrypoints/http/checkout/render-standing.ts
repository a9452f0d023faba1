/** How it stands, in words: what happened, what to do, and what troubles the chain. */
import { html, type Markup } from '../html.ts'
import type { Texts } from './i18n/en.ts'
import { isPayable, type Standing, toneOf } from './judge-standing.ts'
import { formatMoment, type View } from './page-view.ts'

export function renderStanding(view: View): Markup {
  const { standing, texts } = view
  return html`<section class="standing ${toneOf(standing)}" aria-labelledby="standing">
<h1 id="standing">${texts.heading[standing]}</h1>
<p>${texts.words[standing]}</p>
${renderSum(view)}
${mustAsk(standing) ? html`<p class="hint">${texts.askSeller}</p>` : null}
</section>
${renderDeadline(view)}
${renderTrouble(view)}`
}

/** Where only the seller can help. */
function mustAsk(standing: Standing): boolean {
  return toneOf(standing) === 'care' && standing !== 'part_paid' && standing !== 'ending'
}

/** What has arrived, and what is over, as the chain shows it. */
function renderSum({ status, chosen, standing, texts }: View): Markup | null {
  if (standing === 'overpaid') {
    return html`<p><strong dir="auto">${texts.over(`${chosen.excess} ${chosen.symbol}`)}</strong></p>`
  }
  if (standing !== 'part_paid' && standing !== 'expired_part') return null
  const amounts = status.payments
    .filter(
      ({ accepted, position, flag }) => accepted && position !== 'orphaned' && flag !== 'dust',
    )
    .map(({ counted, symbol }) => `${counted} ${symbol}`)
  return html`<p><strong dir="auto">${texts.arrived(amounts.join(' + '))}</strong></p>`
}

/** The moment itself for all; the time that is left for browsers with script. */
function renderDeadline({ status, standing, language, texts, nowMs }: View): Markup | null {
  if (!isPayable(standing) || standing === 'reversed') return null
  const { created_at, expires_at } = status
  const leftMs = Date.parse(expires_at) - nowMs
  const wholeMs = Date.parse(expires_at) - Date.parse(created_at)
  return html`<dl class="deadline">
<div><dt>${texts.payBefore}</dt><dd><time datetime="${expires_at}">${formatMoment(language, expires_at)}</time></dd></div>
<div hidden data-countdown="${leftMs}" data-whole="${wholeMs}"><dt>${texts.timeLeft}</dt><dd dir="ltr"><span role="timer"></span></dd></div>
</dl>`
}

/** Only of the chain that is about to be used, and of those where money is on its way. */
function renderTrouble({ status, chosen, standing, texts }: View): Markup[] {
  if (!isPayable(standing) && standing !== 'seen' && standing !== 'ending') return []
  const concerned = new Set(
    isPayable(standing) ? [chosen.chain_id] : status.payments.map(({ chain_id }) => chain_id),
  )
  return status.chains
    .filter(({ chain_id, state }) => state !== 'ok' && concerned.has(chain_id))
    .map(({ chain, state }) => {
      const words = texts.trouble[state as keyof Texts['trouble']](chain)
      return html`<p class="notice" data-trouble="${state}">${words}</p>`
    })
}
