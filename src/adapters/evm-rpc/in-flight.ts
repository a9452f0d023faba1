/**
 * Does pieces of work, so many at a time: whoever is done with one takes the next, so that a slow
 * one holds up nobody else. `takeNext` is asked for them in order and answers null when there are no
 * more. The first fault is the outcome, and nothing more is taken.
 */
export async function inFlight(
  most: number,
  takeNext: () => (() => Promise<void>) | null,
): Promise<void> {
  let hasFailed = false
  const workThrough = async () => {
    while (!hasFailed) {
      const work = takeNext()
      if (work === null) return
      await work()
    }
  }
  const stop = (error: unknown): never => {
    hasFailed = true
    throw error
  }
  await Promise.all(Array.from({ length: most }, () => workThrough().catch(stop)))
}
