import type { IncomingMessage } from 'node:http'

/**
 * All values that a header was sent with, in their order. Of Node's own two views one joins or drops
 * what stands there twice, and the other makes lists of every header there is.
 */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i] as string
    if (sent.length === name.length && sent.toLowerCase() === name) {
      values.push(rawHeaders[i + 1] as string)
    }
  }
  return values
}
