/*
 * Keeps a checkout page fresh, and lets a wallet in the browser pay. The server renders the page and
 * makes the transaction; this notices that something changed (server-sent events, else asking), puts
 * the new page's content in place of the old, and hands the transaction to the wallet.
 */
const POLL_MS = 3000
const TICK_MS = 1000
/** Wallet errors: refused by the person (EIP-1193); a chain the wallet does not know (EIP-3326). */
const REFUSED = 4001
const UNKNOWN_CHAIN = 4902

const find = (selector) => document.querySelector(selector)
const shown = () => find('#checkout')
const said = find('#said')
const path = location.pathname

/* Content */

/** What the person did to the old content, done to the new: open parts, the chosen code, the focus. */
function keepState(from, to) {
  for (const old of from.querySelectorAll('details[id], input[id]')) {
    const next = to.querySelector(`#${old.id}`)
    if (next === null) continue
    if (old.open) next.open = true
    if (old.type === 'radio') next.checked = old.checked
    else if (old.value) next.value = old.value
  }
}

function focusKey(node) {
  if (!shown().contains(node)) return null
  if (node.id) return `#${node.id}`
  const { asset, copy } = node.dataset ?? {}
  if (asset) return `[data-asset="${asset}"]`
  return copy ? '.copy' : null
}

async function show(url, { isChoice = false } = {}) {
  const answer = await fetch(url, { cache: 'no-store' })
  if (!answer.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const next = page.getElementById('checkout')
  if (next === null) return
  const before = shown()
  const focused = focusKey(document.activeElement)
  const standing = before.dataset.standing
  if (!isChoice) keepState(before, next)
  else history.replaceState(null, '', url)
  before.replaceWith(document.adoptNode(next))
  document.title = page.title
  if (focused !== null) (next.querySelector(focused) ?? next).focus({ preventScroll: true })
  decorate()
  if (next.dataset.standing === standing) return
  say(next.querySelector('h1').textContent)
  tellFrame()
}

const refresh = () => show(location.href).catch(() => {})

async function poll() {
  try {
    const headers = { 'If-None-Match': `"${shown().dataset.tag}"` }
    const answer = await fetch(`${path}/status`, { headers, cache: 'no-store' })
    if (answer.status === 200) await refresh()
  } catch {
    // Offline: the next turn asks again.
  }
  setTimeout(poll, POLL_MS)
}

function listen() {
  const source = new EventSource(`${path}/events`)
  source.addEventListener('status', (event) => {
    if (event.lastEventId !== shown().dataset.tag) refresh()
  })
  source.addEventListener('error', () => {
    // Refused for good: ask instead. A broken connection is opened again by the browser.
    if (source.readyState === EventSource.CLOSED) poll()
  })
}

function say(text) {
  said.textContent = text
}

/* Buttons that need script are in the page, hidden. */

function decorate() {
  for (const button of document.querySelectorAll('button[data-copy], button[data-print]')) {
    button.hidden = false
  }
  for (const wallet of wallets.values()) addWalletButton(wallet)
  shownAtMs = Date.now()
  tick()
}

document.addEventListener('click', (event) => {
  const target = event.target.closest('[data-swap], [data-copy], [data-print]')
  if (target === null) return
  if (target.matches('[data-print]')) print()
  else if (target.matches('[data-copy]')) copy(target)
  else if (!event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault()
    show(target.href, { isChoice: true }).catch(() => location.assign(target.href))
  }
})

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
  } catch {
    return
  }
  const label = button.textContent
  if (button.dataset.isCopied) return
  button.dataset.isCopied = '1'
  button.textContent = said.dataset.copied
  say(said.dataset.copied)
  setTimeout(() => {
    button.textContent = label
    delete button.dataset.isCopied
  }, 2000)
}

/* The time that is left, from the server's clock: this one may be wrong. */

let shownAtMs = 0
let hasEnded = false

function turn() {
  tick()
  setTimeout(turn, TICK_MS)
}

function tick() {
  const box = find('[data-countdown]')
  if (box === null) return
  const leftMs = Math.max(0, Number(box.dataset.countdown) - (Date.now() - shownAtMs))
  const left = Math.ceil(leftMs / 1000)
  const pad = (value) => String(value).padStart(2, '0')
  const hours = Math.floor(left / 3600)
  const minutes = Math.floor(left / 60) % 60
  const text = `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(left % 60)}`
  box.hidden = false
  box.querySelector('[role=timer]').textContent = text
  box.dataset.isShort = String(leftMs < Number(box.dataset.whole) / 5)
  if (left === 0 && !hasEnded) {
    hasEnded = true
    refresh()
  }
}

/* Wallets in the browser (EIP-6963), and the old way of one that announces nothing. */

const wallets = new Map()

function addWallet({ info, provider }) {
  if (info?.uuid === undefined || wallets.has(info.uuid)) return
  const wallet = { info, provider }
  wallets.set(info.uuid, wallet)
  addWalletButton(wallet)
}

function addWalletButton({ info, provider }) {
  const box = find('#wallets')
  if (box === null || box.querySelector(`[data-wallet="${CSS.escape(info.uuid)}"]`)) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'main'
  button.dataset.wallet = info.uuid
  if (/^data:image\//.test(info.icon)) {
    const icon = document.createElement('img')
    icon.src = info.icon
    icon.alt = ''
    button.append(icon)
  }
  button.append(box.dataset.payWith.replace('{wallet}', String(info.name).slice(0, 40)))
  button.addEventListener('click', () => pay(provider, box.dataset.asset, button))
  box.prepend(button)
}

async function pay(provider, asset, button) {
  button.disabled = true
  tell('working')
  try {
    const answer = await fetch(`${path}/wallet?asset=${encodeURIComponent(asset)}`)
    const order = await answer.json()
    if (!answer.ok) throw new Error(order.detail)
    const [from] = await provider.request({ method: 'eth_requestAccounts' })
    if (!(await moveTo(provider, order.network))) return tell('network')
    const params = [{ from, ...order.transaction }]
    const hash = await provider.request({ method: 'eth_sendTransaction', params })
    tell('sent')
    await fetch(`${path}/transactions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ tx_hash: hash, chain_id: order.chain_id }),
    }).catch(() => {})
  } catch (error) {
    tell(error?.code === REFUSED ? 'refused' : 'failed')
  } finally {
    button.disabled = false
  }
}

/** Whether the wallet is on this network afterwards. Refusals go to the caller. */
async function moveTo(provider, network) {
  const { chainId } = network
  const isThere = async () => {
    const now = await provider.request({ method: 'eth_chainId' })
    return Number(now) === Number(chainId)
  }
  if (await isThere()) return true
  const change = { method: 'wallet_switchEthereumChain', params: [{ chainId }] }
  try {
    await provider.request(change)
  } catch (error) {
    const code = error?.data?.originalError?.code ?? error?.code
    if (code !== UNKNOWN_CHAIN) throw error
    if (network.rpcUrls === undefined) return false
    await provider.request({ method: 'wallet_addEthereumChain', params: [network] })
    if (!(await isThere())) await provider.request(change)
  }
  return isThere()
}

function tell(what) {
  const box = find('#wallet-says')
  if (box === null) return
  box.hidden = false
  box.textContent = said.dataset[what]
}

/*
 * In a frame: the shop's page learns how it stands. Who may be that page is decided by
 * `frame-ancestors` of this one, and the message tells nothing that the link does not.
 */
function tellFrame() {
  if (parent === window) return
  const { status, standing } = shown().dataset
  parent.postMessage({ source: 'quittance', type: 'status', status, standing }, '*')
}

if (parent !== window) document.documentElement.classList.add('framed')
decorate()
turn()
listen()
tellFrame()
addEventListener('eip6963:announceProvider', (event) => addWallet(event.detail))
dispatchEvent(new Event('eip6963:requestProvider'))
setTimeout(() => {
  const provider = window.ethereum
  const name = find('#wallets')?.dataset.unnamed
  if (wallets.size === 0 && provider && name)
    addWallet({ info: { uuid: 'injected', name }, provider })
}, TICK_MS)
