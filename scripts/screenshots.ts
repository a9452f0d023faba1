/**
 * usage: npm run screenshots [-- FOLDER]
 *
 * Takes a picture of the checkout page in every state, on a phone and on a desktop, light and dark, in
 * every language, for people to look at. Writes PNG files to FOLDER (default: screenshots), named
 * STATE-LANGUAGE-DEVICE-SCHEME.png. Needs Chromium.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { LANGUAGES } from '../src/entrypoints/http/checkout/i18n/languages.ts'
import { findChromium, launchChromium } from '../test/support/browser.ts'
import { type CheckoutState, startCheckoutStates } from '../test/support/checkout-states.ts'

const DEVICES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1_280, height: 860 },
} as const
const SCHEMES = ['light', 'dark'] as const

const folder = process.argv[2] ?? 'screenshots'
if (findChromium() === null) {
  console.error('Chromium is not here: install the package chromium, or name it by CHROMIUM.')
  process.exit(1)
}
mkdirSync(folder, { recursive: true })
const { harness, paths } = await startCheckoutStates()
const browser = await launchChromium()
let count = 0
for (const [device, viewport] of Object.entries(DEVICES)) {
  for (const colorScheme of SCHEMES) {
    const context = await browser.newContext({ viewport, colorScheme })
    const page = await context.newPage()
    for (const { tag } of LANGUAGES) {
      for (const state of Object.keys(paths) as CheckoutState[]) {
        const url = new URL(paths[state], harness.url)
        url.searchParams.set('lang', tag)
        await page.goto(url.href)
        await page.locator('#checkout').waitFor()
        const path = join(folder, `${state}-${tag}-${device}-${colorScheme}.png`)
        await page.screenshot({ path, fullPage: true })
        count += 1
      }
    }
    await context.close()
  }
}
await browser.close()
await harness.server.close()
console.log(`${count} pictures in ${folder}`)
