import { randomBytes, randomFillSync } from 'node:crypto'
import type { IdSource } from '../../ports/id-source.ts'

/**
 * Fetched at once: a request needs some forty bytes in four parts, and each call of the operating
 * system costs more than the bytes.
 */
const POOL_BYTES = 4_096

/**
 * Unguessable bytes from the operating system. The one place where the program asks for randomness.
 */
export function createIdSource(): IdSource {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return {
    randomBytes(count) {
      if (count > POOL_BYTES) return new Uint8Array(randomBytes(count))
      if (used + count > POOL_BYTES) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = pool.slice(used, used + count)
      // What was handed out is nowhere but with whoever asked for it.
      pool.fill(0, used, used + count)
      used += count
      return bytes
    },
  }
}
