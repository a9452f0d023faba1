/** How to pay: with what, how much, where to, by code, by link, by the wallet in the browser. */
import { html, type Markup } from '../html.ts'
import { hasHigherFee, type Option } from './order-options.ts'
import { linkTo, type View } from './page-view.ts'
import { renderQrCode } from './render-qr-code.ts'

/** Digits at either end of an address that people compare. */
const MARKED_DIGITS = 6
/** Digits between blanks, so that eyes keep their place. */
const GROUP_DIGITS = 4

export function renderWaysToPay(view: View): Markup {
  return html`${renderChoice(view)}
<div class="way">
<div class="facts">
${renderAmount(view)}
${renderNetwork(view)}
${renderAddress(view)}
${renderWallets(view)}
</div>
${renderCodes(view)}
</div>
<p class="hint exchange">${view.texts.exchangeWarning(nameAmount(view.chosen), view.chosen.network_name)}</p>`
}

function renderChoice(view: View): Markup {
  const { options, chosen, texts } = view
  const name = html`<b>${chosen.symbol}</b> <span>${chosen.chain}</span>`
  if (options.length === 1) {
    return html`<div class="choice"><p class="label">${texts.chooseTitle}</p><p class="chosen">${name}</p></div>`
  }
  return html`<details class="choice" id="choice">
<summary><span class="label">${texts.chooseTitle}</span><span class="chosen">${name}</span><span class="change">${texts.change}</span></summary>
<ul>${options.map((option) => renderWay(view, option))}</ul>
</details>`
}

function renderWay(view: View, option: Option): Markup {
  const { texts } = view
  const isChosen = option.asset === view.chosen.asset
  const fee = hasHigherFee(option) && (view.isFeeTold || view.chosen === option)
  return html`<li><a href="${linkTo(view, { asset: option.asset })}" data-swap data-asset="${option.asset}"${isChosen ? html` aria-current="true"` : null}>
<span class="what"><b>${option.symbol}</b> <span>${option.chain}</span>${fee ? html` <small>${texts.higherFee}</small>` : null}</span>
<span class="much" dir="ltr">${amountOf(option)} ${option.symbol}</span></a></li>`
}

function renderAmount({ chosen, standing, texts }: View): Markup {
  const amount = amountOf(chosen)
  return html`<section>
<h2>${standing === 'part_paid' ? texts.amountRest : texts.amountTitle}</h2>
<p class="amount"><bdi><strong id="amount">${amount}</strong> ${chosen.symbol}</bdi>
<button type="button" class="copy" data-copy="${amount}" hidden>${texts.copyAmount}</button></p>
<p class="hint">${texts.exactly}</p>
</section>`
}

function renderNetwork({ chosen, texts }: View): Markup {
  // An everyday name that only repeats the chain's would be noise.
  const isNamed = chosen.network_name !== chosen.chain
  return html`<section>
<h2>${texts.network}</h2>
<p class="network"><strong><bdi>${chosen.chain}</bdi></strong></p>
${isNamed ? html`<p class="hint">${texts.everydayName(chosen.network_name)}</p>` : null}
</section>`
}

function renderAddress({ status, texts }: View): Markup {
  const { address } = status
  const head = address.slice(0, MARKED_DIGITS + 2)
  const tail = address.slice(-MARKED_DIGITS)
  const between = address.slice(head.length, -MARKED_DIGITS)
  const groups = between.match(new RegExp(`.{1,${GROUP_DIGITS}}`, 'g')) ?? []
  // No blanks between the groups, only places to break: who selects the text copies the address.
  const middle = groups.map((group) => html`<wbr><span>${group}</span>`)
  return html`<section>
<h2>${texts.addressTitle}</h2>
<p class="address"><code id="address" dir="ltr"><mark>${head}</mark>${middle}<wbr><mark>${tail}</mark></code></p>
<p><button type="button" class="copy" data-copy="${address}" hidden>${texts.copyAddress}</button></p>
<p class="hint">${texts.compare(head, tail)}</p>
</section>`
}

/** Two codes, one at a time, by radio buttons and the style sheet alone. */
function renderCodes({ status, chosen, texts }: View): Markup {
  const payment = texts.codeWalletLabel(amountOf(chosen), texts.on(chosen.symbol, chosen.chain))
  return html`<fieldset class="codes">
<legend>${texts.codeTitle}</legend>
<input type="radio" name="code" id="code-wallet" checked><label for="code-wallet">${texts.codeWallet}</label>
<input type="radio" name="code" id="code-address"><label for="code-address">${texts.codeAddress}</label>
<div class="code" data-code="wallet"><a href="${chosen.uri}" target="_top">${renderQrCode(chosen.uri, payment)}</a><p class="hint">${texts.codeWalletHint}</p></div>
<div class="code" data-code="address">${renderQrCode(status.address, texts.codeAddressLabel(status.address))}<p class="hint">${texts.codeAddressHint}</p></div>
</fieldset>`
}

/** The button of a wallet in the browser is made by the script, from the template here. */
function renderWallets({ chosen, texts }: View): Markup {
  return html`<div class="wallets" id="wallets" data-asset="${chosen.asset}" data-pay-with="${texts.payWith('{wallet}')}" data-unnamed="${texts.browserWallet}">
<a class="main" href="${chosen.uri}" target="_top">${texts.openWallet}</a>
</div>
<p id="wallet-says" class="notice" role="status" hidden></p>`
}

/** What is still to be paid; what was due where the chain took all of it back or nothing is missing. */
function amountOf({ outstanding, outstanding_units, amount_due }: Option): string {
  return outstanding_units === '0' ? amount_due : outstanding
}

function nameAmount(option: Option): string {
  return `${amountOf(option)} ${option.symbol}`
}
