/** What the checkout page looks and reads like in Chromium: every state, every language. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFixedRates } from '../../src/adapters/rates/fixed-rates.ts'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { nativeAssetId } from '../../src/core/money/asset.ts'
import { en } from '../../src/entrypoints/http/checkout/i18n/en.ts'
import { LANGUAGES } from '../../src/entrypoints/http/checkout/i18n/languages.ts'
import { lacksChromium, launchChromium, recordPage } from '../support/browser.ts'
import {
  type CheckoutState,
  type CheckoutStates,
  startCheckoutStates,
} from '../support/checkout-states.ts'
import { SAMPLE_COIN } from '../support/fixtures.ts'
import {
  createInvoice,
  localChain,
  markReady,
  startHttpHarness,
  WALL_CLOCK,
} from '../support/http-harness.ts'

vi.setConfig({ testTimeout: 120_000 })
const noBrowser = lacksChromium()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe.skipIf(noBrowser)('every state of the checkout page', () => {
  let browser: Browser
  let states: CheckoutStates
  beforeAll(async () => {
    states = await startCheckoutStates()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await states?.harness.server.close()
  })

  const urlOf = (state: CheckoutState, lang: string) => {
    const url = new URL(states.paths[state], states.harness.url)
    url.searchParams.set('lang', lang)
    return url.href
  }

  /** Rules broken, each with the first place. */
  async function findBarriers(page: Page): Promise<string[]> {
    await page.evaluate(axe)
    const { violations } = (await page.evaluate('axe.run()')) as any
    return violations.map(({ id, nodes }: any) => `${id}: ${nodes[0].html}`)
  }

  test.each([
    ['light', 'en', 320],
    ['dark', 'zh', 1_280],
  ] as const)(
    '%s, %s, %i pixels wide: no barrier, nothing cut off, no complaint',
    async (colorScheme, lang, width) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
      const page = await context.newPage()
      const { complaints } = recordPage(page)
      for (const state of Object.keys(states.paths) as CheckoutState[]) {
        await page.goto(urlOf(state, lang))
        const barriers = await findBarriers(page)
        const overhang = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect([state, barriers, overhang, complaints]).toEqual([state, [], 0, []])
      }
      await context.close()
    },
  )

  test('AU-20 each state has its own words in every language, and none stays English', async () => {
    const english = new Set(collectTexts(en))
    for (const { tag, texts } of LANGUAGES) {
      const headings = new Set<string>()
      for (const state of Object.keys(states.paths) as CheckoutState[]) {
        const { text } = await states.harness.ask({
          path: new URL(urlOf(state, tag)).href.slice(states.harness.url.length),
          key: null,
        })
        headings.add(/<h1[^>]*>([^<]*)/.exec(text)?.[1] ?? '')
        expect(text).toContain(`<html lang="${tag}" dir="ltr">`)
      }
      expect(headings.size).toBe(Object.keys(texts.heading).length)
      if (tag === 'en') continue
      const left = collectTexts(texts).filter((text) => english.has(text) && text !== 'ltr')
      expect(left).toEqual([])
    }
  })

  test('a choice is made by keyboard alone, is kept for the next order, and the focus stays', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(urlOf('waiting', 'en'))
    await page.keyboard.press('Tab')
    expect(await focusedText(page)).toBe(en.skip)
    const summary = page.locator('.choice summary')
    await summary.focus()
    await page.keyboard.press('Enter')
    const links = page.locator('.choice li a')
    const names = await links.allInnerTexts()
    // Ethereum's fees are the highest, so it comes last.
    expect(names.at(-1)).toMatch(/^USDC Ethereum higher network fee/)
    await page.getByRole('link', { name: 'USDT BNB Chain' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Wallets and exchanges call it BNB Smart Chain (BEP20).').waitFor()
    expect(new URL(page.url()).searchParams.get('asset')).toMatch(/^eip155:56\//)
    expect(await focusedText(page)).toContain('USDT')
    await page.goto(new URL(states.paths.waiting, states.harness.url).href)
    expect(await page.locator('.chosen').first().innerText()).toContain('USDT')
    // Who has paid a part sends the rest the same way.
    await page.goto(new URL(states.paths.part_paid, states.harness.url).href)
    expect(await page.locator('.chosen').first().innerText()).toContain('USDC')
    await context.close()
  })

  test('copies the exact amount and the address, and says so', async () => {
    const context = await browser.newContext()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const page = await context.newPage()
    await page.goto(urlOf('part_paid', 'zh'))
    await page.getByRole('button', { name: '复制金额' }).click()
    await page.getByRole('button', { name: '已复制' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('15')
    await page.getByRole('button', { name: '复制地址' }).click()
    const address = await page.locator('#address').innerText()
    await vi.waitFor(async () =>
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(address),
    )
    expect(await page.locator('#said').innerText()).toBe('已复制')
    await context.close()
  })

  test('without the stream it asks instead, and a chain in trouble is told live', async () => {
    const context = await browser.newContext()
    await context.route('**/events', (route) => route.fulfill({ status: 429, body: '' }))
    const page = await context.newPage()
    await page.goto(urlOf('seen', 'en'))
    const { chains } = states.harness.deps
    const well = chains.healthOf(8_453)
    chains.setHealth(8_453, { ...well, state: 'halted', reason: 'reorg_too_deep' })
    await page.locator('[data-trouble=halted]').waitFor()
    chains.setHealth(8_453, well)
    await page.locator('[data-trouble]').waitFor({ state: 'detached' })
    await context.close()
    const live = await browser.newPage()
    await live.goto(urlOf('waiting', 'en'))
    chains.setHealth(8_453, { ...well, state: 'behind', reason: 'lag' })
    await live.locator('[data-trouble=behind]').waitFor()
    chains.setHealth(8_453, well)
    await live.close()
  })
})

/** Ways to run script from text, after the collections testers use. */
const EVIL = [
  '<script>alert(1)</script>',
  '"><script>alert(1)</script>',
  "'><script>alert(1)</script>",
  '</title><script>alert(1)</script>',
  '</textarea><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<body onload=alert(1)>',
  '<iframe src=javascript:alert(1)>',
  '<iframe srcdoc="<script>parent.alert(1)</script>">',
  '<a href=javascript:alert(1) autofocus onfocus=alert(1)>x</a>',
  'javascript:alert(1)',
  '<input autofocus onfocus=alert(1)>',
  '<details open ontoggle=alert(1)>',
  '<video><source onerror=alert(1)>',
  '<math><mtext></mtext><mglyph><svg><mtext><style><img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)" autofocus onfocus="alert(1)',
  "' onfocus='alert(1)' autofocus='",
  '` onfocus=`alert(1)` autofocus=`',
  '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
  '<base href="https://evil.example/">',
  '<link rel=stylesheet href=https://evil.example/x.css>',
  '<object data=javascript:alert(1)>',
  '{{constructor.constructor("alert(1)")()}}',
  `\${alert(1)}`,
  '<!--<img src="--><img src=x onerror=alert(1)//">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '\u202e<script>alert(1)</script>',
]

test.skipIf(noBrowser)(
  'AU-12 no text of others is run: 31 strings wherever one is shown',
  async () => {
    const evilChains = EVIL.map((evil, i) => {
      const chainId = 1_000 + i
      const coin = { ...SAMPLE_COIN, id: nativeAssetId(chainId), chainId, symbol: evil }
      return { ...localChain(), chainId, name: evil, networkName: `${evil} `, assets: [coin] }
    })
    const harness = await startHttpHarness({
      chains: createChainDirectory(WALL_CLOCK, evilChains),
      rates: createFixedRates(Object.fromEntries(EVIL.map((evil) => [`${evil}/USD`, '1']))),
    })
    const browser = await launchChromium()
    const page = await browser.newPage()
    const { complaints, requests } = recordPage(page)
    for (const { chainId, name: evil, assets } of evilChains) {
      markReady(harness.deps, chainId)
      await harness.ask({ method: 'PATCH', path: '/v1/store', body: { name: evil } })
      const invoice = await createInvoice(harness, {
        accept: assets.map(({ id }) => id),
        description: evil,
        order_id: evil,
        metadata: { note: evil },
        redirect_url: `https://shop.example/?${encodeURIComponent(evil)}`,
      })
      await page.setExtraHTTPHeaders({
        'x-forwarded-host': 'evil.example',
        'x-note': encodeURI(evil),
      })
      const { pathname } = new URL(invoice.checkout_url)
      const query = new URLSearchParams({ asset: evil, lang: evil, checked: evil })
      await page.goto(`${harness.url}${pathname}?${query}`)
      await page.locator('.copy').first().waitFor()
      expect(await page.locator('.description').textContent()).toBe(evil)
      expect(await page.locator('.shop .name').textContent()).toBe(evil)
      expect(await page.locator('.chosen').textContent()).toBe(`${evil} ${evil}`)
      expect(complaints).toEqual([])
    }
    const asked = requests.filter((url) => !url.startsWith('data:'))
    expect(new Set(asked.map((url) => new URL(url).origin))).toEqual(new Set([harness.url]))
    await browser.close()
    await harness.server.close()
  },
)

function collectTexts(texts: object): string[] {
  return Object.values(texts).flatMap((text) => {
    if (typeof text === 'string') return [text]
    return typeof text === 'function' ? [text('a', 'b')] : collectTexts(text)
  })
}

async function focusedText(page: Page): Promise<string> {
  return (await page.evaluate('document.activeElement.textContent')) as string
}
