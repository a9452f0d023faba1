const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648 section 4, with padding. By hand: the core knows neither Buffer nor btoa. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const rest = bytes.length - i
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += DIGITS[group >> 18]! + DIGITS[(group >> 12) & 63]!
    text += rest > 1 ? DIGITS[(group >> 6) & 63]! : '='
    text += rest > 2 ? DIGITS[group & 63]! : '='
  }
  return text
}

/** Strict inverse of `encodeBase64`; null for anything that it would not have written. */
export function decodeBase64(text: string): Uint8Array | null {
  const digits = text.replace(/={1,2}$/, '')
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let buffer = 0
  let bits = 0
  let length = 0
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit)
    if (value < 0) return null
    buffer = ((buffer << 6) | value) & 0xfff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = (buffer >> bits) & 0xff
  }
  return encodeBase64(bytes) === text ? bytes : null
}
