/** An abort of its own for a part of a work that may also be given up as a whole. */
export type LinkedAbort = {
  /** Aborted with the whole or by `abort`, with the reason of whichever was first. */
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  /** Must be called at the end: signals of the whole live for as long as the process. */
  release(): void
}

export function createLinkedAbort(whole: AbortSignal): LinkedAbort {
  const controller = new AbortController()
  const giveUp = () => controller.abort(whole.reason)
  if (whole.aborted) giveUp()
  else whole.addEventListener('abort', giveUp, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => whole.removeEventListener('abort', giveUp),
  }
}
