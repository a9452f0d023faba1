/** The checkout page in Chromium, on a running gateway and a local chain. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { secp256k1 } from '@noble/curves/secp256k1'
import { HDKey } from '@scure/bip32'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { toHex } from 'viem'
import { publicKeyToAddress } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { lacksChromium, launchChromium, recordPage, scanQrCode } from '../support/browser.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'
import { allow } from '../support/load-figures.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { installTestWallet } from '../support/test-wallet.ts'

vi.setConfig({ testTimeout: 60_000 })
const noBrowser = lacksChromium()

describe.skipIf(noBrowser)('the checkout page in Chromium', () => {
  const chainSettings: Record<string, unknown> = { network_name: 'Local (TEST20)' }
  const world = usePaymentWorld({
    chain: chainSettings,
    async extraTokens({ url }) {
      chainSettings.wallet_rpc = [url]
      return []
    },
  })
  let browser: Browser
  beforeAll(async () => {
    await skipDevAccounts(world)
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  async function openPage(
    invoice: any,
    { context, query = '' }: { context?: BrowserContext; query?: string } = {},
  ): Promise<Page> {
    const page = await (context ?? (await browser.newContext())).newPage()
    await page.goto(invoice.checkout_url + query)
    return page
  }
  const waitForStanding = (page: Page, standing: string) =>
    page.locator(`#checkout[data-standing="${standing}"]`).waitFor()
  const heading = (page: Page) => page.locator('h1').innerText()

  test('AU-15 asks nobody but its own origin; address, amount and code stand there without script', async () => {
    const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
    const page = await (await browser.newContext()).newPage()
    const record = recordPage(page)
    await page.goto(invoice.checkout_url)
    await page.locator('.copy').first().waitFor()
    expect(record.complaints).toEqual([])
    const origins = new Set(
      record.requests.filter((url) => !url.startsWith('data:')).map((url) => new URL(url).origin),
    )
    expect(origins).toEqual(new Set([world.gateway.url]))
    const script = record.requests.find((url) => url.endsWith('.js')) as string
    const served = await (await fetch(script)).text()
    expect(served).toBe(readFileSync('src/entrypoints/http/assets/checkout.js', 'utf8'))
    const plain = await openPage(invoice, {
      context: await browser.newContext({ javaScriptEnabled: false }),
    })
    expect(await plain.locator('#address').innerText()).toBe(invoice.address)
    expect(await plain.locator('#amount').innerText()).toBe('25')
    expect(await plain.locator('[data-code=wallet] svg').isVisible()).toBe(true)
    expect(await plain.locator('[data-code=address] svg').isVisible()).toBe(false)
    await plain.locator('label[for=code-address]').click()
    expect(await plain.locator('[data-code=address] svg').isVisible()).toBe(true)
    expect(await plain.locator('.copy').first().isVisible()).toBe(false)
  })

  test('AU-16 both codes say what the API says, and the address is that of the xpub', async () => {
    const invoice = await world.createInvoice({ price: { amount: '12.34', currency: 'USD' } })
    const [index = ''] = /\d+$/.exec(invoice.derivation_path) ?? []
    const child = HDKey.fromExtendedKey(TEST_XPUB).deriveChild(0).deriveChild(Number(index))
    const point = secp256k1.ProjectivePoint.fromHex(child.publicKey as Uint8Array)
    const derived = publicKeyToAddress(toHex(point.toRawBytes(false)))
    expect(invoice.address).toBe(derived)
    const page = await openPage(invoice)
    for (const option of invoice.payment_options) {
      await page.goto(`${invoice.checkout_url}?asset=${option.asset}`)
      expect(await scanQrCode(page.locator('[data-code=wallet] svg'))).toBe(option.uri)
      expect(await page.locator('#amount').innerText()).toBe(option.amount_due)
      expect(option.uri).toContain(derived)
    }
    await page.locator('label[for=code-address]').click()
    expect(await scanQrCode(page.locator('[data-code=address] svg'))).toBe(derived)
    expect(await page.locator('main').innerText()).toContain(
      'Wallets and exchanges call it Local (TEST20).',
    )
  })

  test('AU-20 a part, the rest by its code, confirmations and the receipt, live within two seconds', async () => {
    const invoice = await world.createInvoice({ accept: [world.usdc.asset], description: 'Books' })
    const page = await openPage(invoice)
    await payInvoice(world, invoice, { units: 10_000_000n })
    await world.mine(1)
    await waitForStanding(page, 'part_paid')
    expect(await page.locator('main').innerText()).toContain('Arrived so far: 10 USDC')
    const rest = `${invoice.payment_options[0].uri.split('&uint256=')[0]}&uint256=15000000`
    expect(await scanQrCode(page.locator('[data-code=wallet] svg'))).toBe(rest)
    await payInvoice(world, invoice, { units: 15_000_000n })
    await world.mine(1)
    await waitForStanding(page, 'seen')
    const progress = page.locator('progress').first()
    expect(await progress.getAttribute('aria-label')).toMatch(/^[12] of 5 confirmations$/)
    await world.chain.mine(K)
    await world.waitForStatus(invoice.id, 'settled')
    const settledMs = performance.now()
    await waitForStanding(page, 'paid')
    // The bound is two seconds; the browser itself may wait for its turn on a busy machine.
    expect(performance.now() - settledMs).toBeLessThan(allow(2_000))
    expect(await page.locator('.receipt').innerText()).toContain(invoice.address)
    expect(await page.locator('[data-code]').count()).toBe(0)
    expect(await page.locator('#said').innerText()).toBe(await heading(page))
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.transaction').isVisible()).toBe(false)
    expect(await page.locator('.receipt').isVisible()).toBe(true)
  })

  test('a wallet of the browser is moved to the network and pays by the server’s transaction', async () => {
    const context = await browser.newContext()
    const wallet = await installTestWallet(context, world.chain)
    const invoice = await world.createInvoice()
    const page = await openPage(invoice, { context, query: `?asset=${world.usdc.asset}` })
    const record = recordPage(page)
    const button = page.getByRole('button', { name: 'Pay with Harbour <b>Wallet</b>' })
    wallet.answer = 'refuse'
    await button.click()
    await page.getByText('Refused in the wallet. Nothing was sent.').waitFor()
    wallet.answer = 'confirm'
    await button.click()
    await page.getByText('Sent. This page changes').waitFor()
    expect(wallet.calls.map(({ method }) => method).slice(0, 6)).toEqual([
      'eth_requestAccounts',
      'eth_chainId',
      'wallet_switchEthereumChain',
      'wallet_addEthereumChain',
      'eth_chainId',
      'wallet_switchEthereumChain',
    ])
    const added = wallet.calls.find(({ method }) => method === 'wallet_addEthereumChain')
    expect(added?.params[0]).toEqual({
      chainId: '0x7a69',
      chainName: 'Local',
      nativeCurrency: { name: 'ETH', symbol: 'ETH', decimals: 18 },
      rpcUrls: [world.node.url],
    })
    await world.mine(K)
    await waitForStanding(page, 'paid')
    expect((await world.getInvoice(invoice.id)).payments).toMatchObject([
      { asset: world.usdc.asset, amount: '25' },
    ])
    const coin = await world.createInvoice()
    await page.goto(`${coin.checkout_url}?asset=${world.native}`)
    await button.click()
    await page.getByText('Sent. This page changes').waitFor()
    await world.mine(K)
    await waitForStanding(page, 'paid')
    expect(record.complaints).toEqual([])
  })

  test('AU-20 time runs out on the page, and a fresh price is another invoice', async () => {
    await world.gateway.request('PATCH', '/v1/store', { renew_expired: true })
    const invoice = await world.createInvoice({ expires_in: 3, order_id: 'o-1' })
    const page = await openPage(invoice)
    await page.locator('[role=timer]').waitFor()
    expect(await page.locator('[role=timer]').innerText()).toMatch(/^0:0[0-3]$/)
    await waitForStanding(page, 'ending')
    expect(await page.locator('[data-code]').count()).toBe(0)
    // By block time, too, the deadline is over K blocks ago.
    await world.chain.mine(2 * K, { intervalS: 1 })
    await waitForStanding(page, 'expired')
    expect(await page.locator('main').innerText()).toContain('Do not send money to this address')
    const again = await openPage(invoice, { context: page.context() })
    await page.getByRole('button', { name: 'Get a fresh price' }).click()
    await page.waitForURL((url) => url.pathname !== new URL(invoice.checkout_url).pathname)
    await waitForStanding(page, 'waiting')
    await again.getByRole('button', { name: 'Get a fresh price' }).click()
    await waitForStanding(again, 'waiting')
    expect(new URL(again.url()).pathname).toBe(new URL(page.url()).pathname)
    const { body } = await world.gateway.request('GET', '/v1/invoices?order_id=o-1')
    expect(body.data).toHaveLength(2)
    expect(new Set(body.data.map(({ address }: any) => address)).size).toBe(2)
    await payInvoice(world, invoice)
    await world.mine(K)
    await page.goto(invoice.checkout_url)
    expect(await heading(page)).toBe('Paid after the deadline')
    await page.getByText('If money has to go back').click()
    const own = page.getByLabel('Your own address on the network you paid on')
    const home = `0x${'be'.repeat(20)}`
    await own.fill(home)
    await page.getByRole('button', { name: 'Leave address' }).click()
    await page.getByText('The seller sees your address now.').waitFor()
    const left = await world.gateway.request('GET', `/v1/invoices/${invoice.id}/refund-proposals`)
    expect(left.body.data.map(({ destination }: any) => destination.toLowerCase())).toEqual([home])
  })

  test('AU-20 a shop that is named shows it in a window of its own; another may not', async () => {
    const shop = await startShopPage()
    const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
    const url = `${shop.url}?${new URLSearchParams({ to: invoice.checkout_url })}`
    const page = await (await browser.newContext()).newPage()
    const record = recordPage(page)
    await page.goto(url)
    await page.getByRole('link', { name: 'Pay' }).click()
    await vi.waitFor(() => expect(record.complaints.join()).toContain('frame-ancestors'), 10_000)
    await world.gateway.request('PATCH', '/v1/store', { frame_origins: [shop.origin] })
    await page.reload()
    await page.getByRole('link', { name: 'Pay' }).click()
    const framed = page.frameLocator('iframe')
    await framed.locator('#checkout[data-standing=waiting]').waitFor()
    await page.locator('#told', { hasText: 'open' }).waitFor()
    await payInvoice(world, invoice)
    await world.mine(1)
    await page.locator('#told', { hasText: 'processing' }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.locator('iframe').waitFor({ state: 'detached' })
    await world.gateway.request('PATCH', '/v1/store', { frame_origins: null })
    await shop.close()
  })

  /** A page of another origin that loads the script shops load. */
  async function startShopPage() {
    const server = createServer((request, response) => {
      const to = new URL(request.url ?? '/', 'http://shop').searchParams.get('to')
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><title>Shop</title>
        <script src="${world.gateway.url}/assets/embed.js" defer></script>
        <a href="${to}" data-quittance>Pay</a><p id="told"></p>
        <script>addEventListener('quittance:status', ({ detail }) => {
          document.querySelector('#told').textContent = detail.status
        })</script>`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      url: `${origin}/`,
      origin,
      async close() {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    }
  }
})
