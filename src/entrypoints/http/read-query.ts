/** Query parameters, as strict as bodies: known names only, each once, plain text. */
import { invalidField } from '../../errors.ts'

export type Query = { get(name: string): string | undefined }

/** Longest value of any filter: an order id with every character escaped fits. */
const VALUE_CHARACTERS_MAX = 2_048
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

export function readQuery(url: string, known: readonly string[]): Query {
  const mark = url.indexOf('?')
  const parameters = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
  const values = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (!known.includes(name)) {
      // The name came from the caller and may be anything: not repeated.
      throw invalidField('?', 'unknown_parameter', `is not one of: ${known.join(', ') || 'none'}`)
    }
    if (values.has(name)) throw invalidField(`?${name}`, 'duplicate_parameter', 'stands twice')
    // U+FFFD is what malformed percent-encoding decodes to.
    if (value.length > VALUE_CHARACTERS_MAX || CONTROL.test(value) || value.includes('\ufffd')) {
      throw invalidField(`?${name}`, 'not_valid', 'is too long or not plain text')
    }
    values.set(name, value.normalize('NFC'))
  }
  return { get: (name) => values.get(name) }
}

/** One of a fixed list of words, or undefined when absent. */
export function readChoice<Choice extends string>(
  query: Query,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = query.get(name)
  if (value === undefined) return undefined
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) {
    throw invalidField(`?${name}`, 'not_allowed', `must be one of: ${choices.join(', ')}`)
  }
  return choice
}

/** What a malformed time is answered with. */
export const TIME_DETAIL = 'must be a time such as 2026-11-22T10:00:00Z'
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

/** An RFC 3339 time in ms, or null for anything else. */
export function parseTime(text: string): number | null {
  const ms = RFC3339.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? null : ms
}

/** An RFC 3339 time in ms, or undefined when absent. A `+` may have arrived as a blank. */
export function readTime(query: Query, name: string): number | undefined {
  const value = query.get(name)?.replace(' ', '+')
  if (value === undefined) return undefined
  const ms = parseTime(value)
  if (ms === null) throw invalidField(`?${name}`, 'malformed_time', TIME_DETAIL)
  return ms
}
