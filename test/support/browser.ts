/** Debian's Chromium by playwright-core; nothing is downloaded. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { type Browser, chromium } from 'playwright-core'

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

export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('Chromium is not here')
  return chromium.launch({ executablePath, args: FLAGS })
}
