/*
 * Shows a checkout page as a window over the shop's page. Load it from the gateway:
 *
 *   <script src="https://pay.example/assets/embed.js" defer></script>
 *   <a href="CHECKOUT_URL" data-quittance>Pay</a>
 *
 * A click opens the window; without script the link simply leads there. Or by hand:
 * `Quittance.open(checkoutUrl, { onStatus, onClose })`. The link, or the document, gets the events
 * `quittance:status` (detail: { status, standing }) and `quittance:close`. They are for the eye alone:
 * an order is released by the webhook. The store must name the shop's origin in `frame_origins`.
 */
;(() => {
  const WINDOW = {
    width: 'min(60rem, 100vw)',
    height: 'min(56rem, 100dvh)',
    maxWidth: '100vw',
    maxHeight: '100dvh',
    padding: '0',
    border: '0',
    borderRadius: '14px',
    overflow: 'hidden',
    background: 'Canvas',
  }
  const FRAME = { width: '100%', height: '100%', border: '0', display: 'block' }
  const CLOSE = {
    position: 'absolute',
    insetInlineEnd: '12px',
    top: '12px',
    width: '36px',
    height: '36px',
    border: '0',
    borderRadius: '50%',
    font: '20px/1 system-ui, sans-serif',
    background: 'rgb(128 128 128 / 0.18)',
    color: 'CanvasText',
    cursor: 'pointer',
  }

  const make = (tag, style, fields) => {
    const element = Object.assign(document.createElement(tag), fields)
    Object.assign(element.style, style)
    return element
  }

  function open(url, { onStatus, onClose, target = document } = {}) {
    const { href, origin } = new URL(url, location.href)
    const dialog = make('dialog', WINDOW, { ariaLabel: 'Checkout' })
    const frame = make('iframe', FRAME, { src: href, title: 'Checkout', allow: 'clipboard-write' })
    const close = make('button', CLOSE, { type: 'button', textContent: '×', ariaLabel: 'Close' })
    const tell = (name, detail) =>
      target.dispatchEvent(new CustomEvent(`quittance:${name}`, { detail, bubbles: true }))
    const listen = ({ data, origin: from, source }) => {
      if (from !== origin || source !== frame.contentWindow) return
      if (data?.source !== 'quittance' || data.type !== 'status') return
      const detail = { status: data.status, standing: data.standing }
      onStatus?.(detail)
      tell('status', detail)
    }
    addEventListener('message', listen)
    close.addEventListener('click', () => dialog.close())
    dialog.addEventListener('close', () => {
      removeEventListener('message', listen)
      dialog.remove()
      onClose?.()
      tell('close', null)
    })
    dialog.append(frame, close)
    document.body.append(dialog)
    dialog.showModal()
    return { close: () => dialog.close() }
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[data-quittance]')
    if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    open(link.href, { target: link })
  })
  window.Quittance = { open }
})()
