/**
 * Room for the answers of one reading, used again by the next. A watcher that catches up is sent
 * hundreds of megabytes; with fresh memory for each answer the engine looks for garbage all the time.
 */
export type AnswerRoom = {
  /** So many bytes of whatever was there before, for one answer; nobody else has them until `clear`. */
  take(bytes: number): Buffer
  /** The reading is over, and nothing that was kept of it points to the answers. */
  clear(): void
}

/** Answers differ a little in size: room for the next one, too. */
const STEP_BYTES = 64 * 1024
/** What is kept for the next reading: the two answers of a group (block-source.ts), and as much again. */
const KEPT_BYTES = 2 * 1024 * 1024

export function createAnswerRoom(): AnswerRoom {
  let buffers: Buffer[] = []
  let taken = 0
  return {
    take(bytes) {
      let buffer = buffers[taken]
      if (buffer === undefined || buffer.length < bytes) {
        buffer = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES)
        buffers[taken] = buffer
      }
      taken += 1
      return buffer.subarray(0, bytes)
    },
    clear() {
      taken = 0
      const bytes = buffers.reduce((sum, { length }) => sum + length, 0)
      if (bytes > KEPT_BYTES) buffers = []
    },
  }
}
