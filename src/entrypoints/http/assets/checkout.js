/*
 * Keeps a checkout page fresh. The server renders the page; this only notices that something
 * changed (server-sent events, else asking) and puts the new page's content in place of the old.
 */
const POLL_MS = 3000
const TICK_MS = 1000

const shown = () => document.getElementById('checkout')

async function refresh() {
  const answer = await fetch(location.pathname, { cache: 'no-store' })
  if (!answer.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const next = page.getElementById('checkout')
  if (next === null) return
  const open = document.querySelector('details[open]')?.dataset.asset
  for (const option of next.querySelectorAll('details')) {
    if (open !== undefined) option.open = option.dataset.asset === open
  }
  shown().replaceWith(document.adoptNode(next))
  document.title = page.title
  decorate()
}

async function poll() {
  try {
    const headers = { 'If-None-Match': `"${shown().dataset.tag}"` }
    const answer = await fetch(`${location.pathname}/status`, { headers, cache: 'no-store' })
    if (answer.status === 200) await refresh()
  } catch {
    // Offline: the next turn asks again.
  }
  setTimeout(poll, POLL_MS)
}

function listen() {
  const source = new EventSource(`${location.pathname}/events`)
  source.addEventListener('status', (event) => {
    if (event.lastEventId !== shown().dataset.tag) refresh().catch(() => {})
  })
  source.addEventListener('error', () => {
    // Refused for good: ask instead. A broken connection is opened again by the browser.
    if (source.readyState === EventSource.CLOSED) poll()
  })
}

function decorate() {
  for (const field of document.querySelectorAll('[data-copy]')) {
    const text = field.textContent
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = 'Copy'
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
    })
    field.after(button)
  }
}

function tick() {
  const time = document.querySelector('[data-countdown]')
  if (time !== null) {
    const left = Math.max(0, Math.floor((Date.parse(time.dateTime) - Date.now()) / 1000))
    const pad = (value) => String(value).padStart(2, '0')
    const hours = Math.floor(left / 3600)
    const minutes = pad(Math.floor(left / 60) % 60)
    time.textContent =
      left === 0 ? 'now' : `${hours > 0 ? `${hours}:` : ''}${minutes}:${pad(left % 60)}`
    time.title = time.dateTime
  }
  setTimeout(tick, TICK_MS)
}

decorate()
tick()
listen()
