/**
 * JSON whose numbers keep their digits: `2500.10` stays as it was written and never becomes a float.
 */
const DIGITS = Symbol('digits of a JSON number')

type ExactNumber = { readonly [DIGITS]: string }

/** Throws a SyntaxError for what is no JSON. */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key, value, context?: { readonly source?: string }) =>
    typeof value === 'number' ? { [DIGITS]: context?.source ?? '' } : value,
  )
}

/** The digits of a number, or null for anything else. */
export function readNumber(value: unknown): string | null {
  return typeof value === 'object' && value !== null && DIGITS in value
    ? (value as ExactNumber)[DIGITS]
    : null
}

/** A member of an object, by a name it has itself; undefined where there is none. */
export function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
