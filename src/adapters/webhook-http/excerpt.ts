/** Bytes (UTF-8) kept of an answer, enough for an error message. Standard Webhooks keeps none. */
const EXCERPT_BYTES_MAX = 1_024

/** Letters, marks, numbers, punctuation, symbols and the space: no control, no format character. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

/**
 * The beginning of an answer's body as text that is safe to store and to print in a terminal: what
 * is not printable (controls, direction marks, private use) shows as `\u{hex}`, bytes that are not
 * UTF-8 as U+FFFD. Markup stays as it is: who renders it as HTML escapes it there.
 */
export function renderExcerpt(body: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    body.subarray(0, EXCERPT_BYTES_MAX),
  )
  let excerpt = ''
  let bytes = 0
  for (const character of text) {
    const safe = PRINTABLE.test(character) ? character : escapeCharacter(character)
    bytes += Buffer.byteLength(safe)
    if (bytes > EXCERPT_BYTES_MAX) break
    excerpt += safe
  }
  return excerpt
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}
