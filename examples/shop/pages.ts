import { type Order, PRODUCTS } from './orders.ts'
import { REHEARSALS } from './rehearsals.ts'
import { STYLE } from './style.ts'

export function renderCatalogue(): string {
  const items = PRODUCTS.map(({ id, name, priceUsd }) =>
    renderItem(
      `${escapeHtml(name)}<br><small>${priceUsd} USD</small>`,
      '/buy',
      `<input type="hidden" name="product" value="${id}"><button>Buy</button>`,
    ),
  )
  const rehearsals = Object.entries(REHEARSALS).map(([name, what]) =>
    renderItem(what, `/rehearsals/${name}`, '<button>Rehearse</button>'),
  )
  const body = `${items.join('')}
    <h2>When payments go wrong</h2>
    <p><small>On a local chain: each click buys two books and pays them the wrong way.</small></p>
    ${rehearsals.join('')}`
  return renderDocument('Books and prints', body)
}

export function renderOrder(order: Order): string {
  const { id, product, state, story, canAccept, canRefund, checkoutUrl } = order
  const isPaid = state === 'paid'
  const pay = `<form method="post" action="/orders/${id}/pay">
      <a class="button" href="${escapeHtml(checkoutUrl)}">Open the payment page</a>
      <button>Pay from the local wallet</button></form>`
  const accept = `<form method="post" action="/orders/${id}/accept">
      <button>Accept what was paid</button></form>`
  const refund = `<form method="post" action="/orders/${id}/refund">
      <input name="destination" size="44" required placeholder="0x... where the shopper wants it">
      <button>Give back what is over</button></form>`
  const lines = story.map((line) => `<li>${escapeHtml(line)}</li>`).join('')
  const body = `
    <p>${escapeHtml(product.name)}, ${product.priceUsd} USD</p>
    <p class="status ${isPaid ? 'paid' : ''}" data-state="${state}">Order ${state}</p>
    ${state === 'waiting' ? pay : ''}${canAccept ? accept : ''}${canRefund ? refund : ''}
    <h2>What the shop was told</h2>
    <ol>${lines || '<li>nothing yet</li>'}</ol>
    <p><a href="/">Back to the shop</a></p>`
  // Only this page's own address is loaded again: `?back=1` has done its work.
  const refresh = `<meta http-equiv="refresh" content="2;url=/orders/${id}">`
  // Not while somebody may be typing.
  return renderDocument(`Order ${id}`, body, isPaid ? '' : refresh)
}

/** A page with one sentence. */
export function renderPage(title: string, text: string): string {
  return renderDocument(title, `<p>${escapeHtml(text)}</p><p><a href="/">Back to the shop</a></p>`)
}

function renderItem(html: string, action: string, controls: string): string {
  return `<article><p>${html}</p><form method="post" action="${action}">${controls}</form></article>`
}

function renderDocument(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
    <body><header><a href="/">A small bookshop</a></header>
    <main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] as string)
}
