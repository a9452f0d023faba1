/** A turn does some work and says how long to wait before the next; zero goes on at once. */
export type Turn = (signal: AbortSignal) => Promise<{ readonly waitMs: number }>

export type RunLoop = {
  /** Ends a wait early. */
  wake(): void
  /** Asks the turn under way to end, and resolves when it has. */
  stop(): Promise<void>
}

/** Runs turns one after the other until stopped. A turn deals with its own faults and never rejects. */
export function startRunLoop(turn: Turn): RunLoop {
  const controller = new AbortController()
  const { signal } = controller
  let endWait: (() => void) | null = null
  let isWoken = false

  const wait = (waitMs: number) =>
    new Promise<void>((resolve) => {
      if (isWoken || signal.aborted || waitMs <= 0) {
        setImmediate(resolve)
        return
      }
      const timer = setTimeout(() => endWait?.(), waitMs)
      endWait = () => {
        clearTimeout(timer)
        endWait = null
        resolve()
      }
    })

  const run = async () => {
    while (!signal.aborted) {
      isWoken = false
      const { waitMs } = await turn(signal)
      await wait(waitMs)
    }
  }
  const ended = run()
  return {
    wake() {
      isWoken = true
      endWait?.()
    },
    async stop() {
      controller.abort()
      endWait?.()
      await ended
    },
  }
}
