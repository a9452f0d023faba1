/** Debian's Chromium by playwright-core; nothing is downloaded. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { decode } from './read-qr-codes.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Silent: no update, no sync, no first-run page. The sandbox needs rights that containers lack. */
const FLAGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Path of the browser, or null where there is none. `CHROMIUM` names another. */
export function findChromium(): string | null {
  const named = process.env.CHROMIUM
  if (named !== undefined) return existsSync(named) ? named : null
  return PLACES.find((path) => existsSync(path)) ?? null
}

/** For `skipIf`; says why once per file. */
export function lacksChromium(): boolean {
  if (findChromium() !== null) return false
  console.log('skipped: Chromium is not here (apt-get install chromium, or name it by CHROMIUM)')
  return true
}

export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('Chromium is not here')
  return chromium.launch({ executablePath, args: FLAGS })
}

/** Everything a page asks for, and every complaint of the browser, from now on. */
export function recordPage(page: Page): { requests: string[]; complaints: string[] } {
  const record = { requests: [] as string[], complaints: [] as string[] }
  page.on('request', (request) => record.requests.push(request.url()))
  page.on('console', (message) => {
    if (message.type() === 'error') record.complaints.push(message.text())
  })
  page.on('pageerror', (error) => record.complaints.push(String(error)))
  page.on('dialog', (dialog) => {
    record.complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return record
}

/** What a scanner reads from the screen at this place: its pixels, not its markup. */
export async function scanQrCode(locator: Locator): Promise<string> {
  await locator.scrollIntoViewIfNeeded()
  const image = (await locator.screenshot()).toString('base64')
  const page = await locator.page().context().browser()!.newPage()
  // The browser unpacks its own PNG: a page of its own, so that no policy of ours is in the way.
  const [width, shades] = (await page.evaluate(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${image}'
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    const reds = data.filter((_, i) => i % 4 === 0)
    return [image.width, Array.from(reds, (red) => (red > 127 ? '1' : '0')).join('')]
  })()`)) as [number, string]
  await page.close()
  const pixels = [...shades].flatMap((shade) => Array<number>(4).fill(shade === '1' ? 255 : 0))
  return decode(new Uint8ClampedArray(pixels), width)
}
