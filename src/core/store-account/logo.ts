/** The picture of a shop: small, of a kind every browser draws, and nothing that could hold script. */

/** A data URI of 12 kB: the page with it stays below what a phone loads in its first second. */
export const LOGO_CHARACTERS_MAX = 16_000

export type Logo = {
  readonly mediaType: string
  readonly base64: string
}

/** First bytes of each kind, in base64, on whole groups of six bits. */
const KINDS: readonly (readonly [mediaType: string, start: string])[] = [
  ['image/png', 'iVBORw0KGgo'],
  ['image/jpeg', '/9j/'],
  ['image/webp', 'UklGR'],
]
const FORM = /^data:([a-z/]+);base64,([A-Za-z0-9+/]+={0,2})$/

/** The parts of a data URI; null unless it is a picture of the kind it names. SVG is none of them. */
export function readLogo(dataUri: string): Logo | null {
  const [, mediaType = '', base64 = ''] = FORM.exec(dataUri) ?? []
  const isKind = KINDS.some(([type, start]) => type === mediaType && base64.startsWith(start))
  return isKind && base64.length % 4 === 0 ? { mediaType, base64 } : null
}
