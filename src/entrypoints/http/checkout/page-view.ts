import type { Texts } from './i18n/en.ts'
import type { Language } from './i18n/languages.ts'
import type { Standing } from './judge-standing.ts'
import type { Option } from './order-options.ts'
import type { PublicStatus } from './public-status.ts'
import type { ShopFace } from './shop-face.ts'

/** What every part of the page is made from. */
export type View = {
  readonly status: PublicStatus
  readonly shop: ShopFace
  readonly language: Language
  readonly isLanguageNamed: boolean
  readonly token: string
  readonly texts: Texts
  readonly standing: Standing
  /** At least one. */
  readonly options: readonly Option[]
  readonly chosen: Option
  /** Whether coins of the chosen chain have no value. */
  readonly isTest: boolean
  /** Whether fees differ among the options, so that a word about them helps. */
  readonly isFeeTold: boolean
  /** What came of an address that was left, from the page's address: a known word, or anything. */
  readonly refund: string | null
  readonly nowMs: number
}

type Change = { readonly asset?: string; readonly lang?: string }

/** The address of this page with another choice. Cookies may be refused, so it names the language. */
export function linkTo(view: View, change: Change): string {
  const lang = change.lang ?? (view.isLanguageNamed ? view.language.tag : undefined)
  const query = new URLSearchParams({
    asset: change.asset ?? view.chosen.asset,
    ...(lang === undefined ? {} : { lang }),
  })
  return `/i/${view.token}?${query}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** A time of the wire in words of a language, in UTC: the server does not know another zone. */
export function formatMoment({ tag }: Language, time: string): string {
  let format = formats.get(tag)
  if (format === undefined) {
    format = new Intl.DateTimeFormat(tag, {
      dateStyle: 'medium',
      timeStyle: 'short',
      timeZone: 'UTC',
    })
    formats.set(tag, format)
  }
  return `${format.format(new Date(time))} UTC`
}
