/** What a shopper chose: by the page's address now, by cookies before, by the browser's language. */
import type { Request, Response } from 'express'
import { DAY_MS, SECOND_MS } from '../../../core/time.ts'
import { findLanguage, type Language, negotiateLanguage } from './i18n/languages.ts'

export type PageChoices = {
  readonly language: Language
  readonly isLanguageNamed: boolean
  readonly asset: string | null
  readonly habit: string | null
  /** What came of a form that was sent: a word that is known, or anything. */
  readonly checked: string | null
  readonly refund: string | null
}

/** They hold a word of ours and an asset id: nothing that tells people apart. */
const LANGUAGE_COOKIE = 'pay_lang'
const ASSET_COOKIE = 'pay_asset'
const COOKIE_S = (180 * DAY_MS) / SECOND_MS
/** A CAIP-19 id of ours; anything else is not kept. */
const ASSET = /^eip155:\d{1,16}\/(slip44:\d{1,10}|erc20:0x[0-9a-f]{40})$/

export function readChoices(req: Request): PageChoices {
  const query = new URL(req.url, 'http://page.invalid').searchParams
  const cookies = readCookies(req.headers.cookie)
  const named = findLanguage(query.get('lang'))
  return {
    language:
      named ??
      findLanguage(cookies.get(LANGUAGE_COOKIE)) ??
      negotiateLanguage(req.headers['accept-language']),
    isLanguageNamed: named !== null,
    asset: query.get('asset'),
    habit: cookies.get(ASSET_COOKIE) ?? null,
    checked: query.get('checked'),
    refund: query.get('refund'),
  }
}

/** Remembers what the page's address names, for the next order. */
export function rememberChoices(
  res: Response,
  { language, isLanguageNamed, asset }: PageChoices,
  publicUrl: string,
): void {
  const options = {
    path: '/i',
    maxAge: COOKIE_S * SECOND_MS,
    httpOnly: true,
    sameSite: 'lax' as const,
    secure: publicUrl.startsWith('https:'),
    encode: String,
  }
  if (isLanguageNamed) res.cookie(LANGUAGE_COOKIE, language.tag, options)
  if (asset !== null && ASSET.test(asset)) res.cookie(ASSET_COOKIE, asset, options)
}

function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const pairs = (header ?? '').split(';').map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const
  })
  return new Map(pairs)
}
