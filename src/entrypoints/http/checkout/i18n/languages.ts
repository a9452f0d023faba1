/** The languages of the checkout page. A new one is a file beside these and a line here. */
import { en, type Texts } from './en.ts'
import { zh } from './zh.ts'

export type Language = {
  /** BCP 47, as browsers ask for it. */
  readonly tag: string
  /** In itself, so that who needs it recognises it. */
  readonly name: string
  readonly texts: Texts
}

const ENGLISH: Language = { tag: 'en', name: 'English', texts: en }

export const LANGUAGES: readonly Language[] = [ENGLISH, { tag: 'zh', name: '中文', texts: zh }]

/** An Accept-Language longer than this is not read to its end. */
const WISHES_MAX = 20

/** The language of this tag, or null. */
export function findLanguage(tag: string | null | undefined): Language | null {
  return LANGUAGES.find((language) => language.tag === tag) ?? null
}

/** The best of ours for an `Accept-Language` header (RFC 9110, 12.5.4); English where none fits. */
export function negotiateLanguage(header: string | undefined): Language {
  const wishes = (header ?? '').split(',', WISHES_MAX).map((wish) => {
    const [range = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
    return { tag: range.split('-')[0], weight: /^(0(\.\d{1,3})?|1(\.0{1,3})?)$/.exec(weight)?.[0] }
  })
  const sorted = wishes
    .filter(({ weight }) => weight !== undefined && !/^0(\.0*)?$/.test(weight))
    .toSorted((a, b) => (b.weight as string).localeCompare(a.weight as string))
  for (const { tag } of sorted) {
    const language = findLanguage(tag)
    if (language !== null) return language
  }
  return ENGLISH
}
