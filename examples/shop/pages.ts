import type { Order, Product } from './shop.ts'

const STYLE = `
  :root { color-scheme: light dark; --accent: #0a7c5a; }
  body { font: 17px/1.55 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; letter-spacing: -0.01em; }
  article { border-top: 1px solid #8884; padding: 1rem 0; display: flex; gap: 1rem; align-items: baseline; }
  article p { margin: 0; flex: 1; }
  button, .button { font: inherit; border: 0; border-radius: 0.5rem; padding: 0.6rem 1.1rem;
    background: var(--accent); color: #fff; cursor: pointer; text-decoration: none; }
  .status { font-weight: 600; } .paid { color: var(--accent); }
  small, li time { color: #888; }
`

export function renderCatalogue(products: readonly Product[]): string {
  const items = products
    .map(
      ({ id, name, priceUsd }) => `
      <article>
        <p>${escapeHtml(name)}<br><small>${priceUsd} USD</small></p>
        <form method="post" action="/buy"><input type="hidden" name="product" value="${id}">
          <button>Buy</button></form>
      </article>`,
    )
    .join('')
  return renderPage('A small bookshop', items)
}

export function renderOrder(order: Order): string {
  const isPaid = order.state === 'paid'
  const pay = isPaid
    ? ''
    : `<form method="post" action="/orders/${order.id}/pay">
         <a class="button" href="${escapeHtml(order.checkoutUrl)}">Open the payment page</a>
         <button>Pay from the local wallet</button></form>`
  const story = order.story.map((line) => `<li>${escapeHtml(line)}</li>`).join('')
  const body = `
    <p>${escapeHtml(order.product.name)}, ${order.product.priceUsd} USD</p>
    <p class="status ${isPaid ? 'paid' : ''}" data-state="${order.state}">Order ${order.state}</p>
    ${pay}
    <h2>What the shop was told</h2>
    <ol>${story || '<li>nothing yet</li>'}</ol>
    <p><a href="/">Back to the shop</a></p>`
  return renderPage(
    `Order ${order.id}`,
    body,
    isPaid ? '' : '<meta http-equiv="refresh" content="2">',
  )
}

function renderPage(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
    <body><h1>${escapeHtml(title)}</h1>${body}</body></html>`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] as string)
}
