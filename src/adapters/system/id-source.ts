import { randomBytes } from 'node:crypto'
import type { IdSource } from '../../ports/id-source.ts'

/**
 * Unguessable bytes from the operating system. The one place where the program asks for randomness.
 */
export function createIdSource(): IdSource {
  return { randomBytes: (count) => new Uint8Array(randomBytes(count)) }
}
