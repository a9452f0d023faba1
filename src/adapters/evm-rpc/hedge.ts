/**
 * A second node for a read that takes longer than nearly all of its kind do: one extra at a time,
 * of reads that change nothing, and the first good answer ends the other.
 */
import { createLinkedAbort } from './linked-abort.ts'

export type UnitTimes = {
  /** Milliseconds a unit of this kind took. */
  note(kind: string, ms: number): void
  /** After how long a unit of this kind is late; null while too few are known. */
  lateAfterMs(kind: string): number | null
  /** Whether a second node is under way. */
  isHedging: boolean
}

/** Units of a kind that are remembered. */
const TIMES_MAX = 64
/** Fewer say nothing of their slowest. */
const TIMES_MIN = 20
const LATE_SHARE = 0.95
/** What is faster than this is fast enough. */
const MIN_LATE_MS = 100

export function createUnitTimes(): UnitTimes {
  const byKind = new Map<string, number[]>()
  return {
    note(kind, ms) {
      const times = byKind.get(kind) ?? []
      byKind.set(kind, times)
      times.push(ms)
      if (times.length > TIMES_MAX) times.shift()
    },
    lateAfterMs(kind) {
      const times = byKind.get(kind) ?? []
      if (times.length < TIMES_MIN) return null
      const sorted = times.toSorted((a, b) => a - b)
      return Math.max(MIN_LATE_MS, sorted[Math.ceil(sorted.length * LATE_SHARE) - 1]!)
    },
    isHedging: false,
  }
}

export type HedgedWork<Node, Outcome> = {
  readonly kind: string
  /** Nodes that were not asked yet; those that are asked now are taken from its front. */
  readonly queue: Node[]
  readonly isGood: (outcome: Outcome) => boolean
  /** Rejects when its signal is aborted, or for what is no fault of a node. */
  readonly attempt: (node: Node, until: AbortSignal) => Promise<Outcome>
  /** The caller's. */
  readonly signal: AbortSignal
}

/** The outcomes of the next node, and of the one after it when the first is late. */
export async function hedge<Node, Outcome>(
  times: UnitTimes,
  { kind, queue, isGood, attempt, signal }: HedgedWork<Node, Outcome>,
): Promise<Outcome[]> {
  const lateMs = times.lateAfterMs(kind)
  const node = queue.shift() as Node
  if (lateMs === null || queue.length === 0 || times.isHedging) return [await attempt(node, signal)]
  const ends = [createLinkedAbort(signal), createLinkedAbort(signal)] as const
  try {
    const first = attempt(node, ends[0].signal)
    const isLate = await raceTime(first, lateMs)
    const rival = queue[0]
    if (!isLate || rival === undefined || times.isHedging) return [await first]
    queue.shift()
    times.isHedging = true
    const both = [first, attempt(rival, ends[1].signal)] as const
    for (const promise of both) promise.catch(() => {})
    const [early, place] = await Promise.race(
      both.map(async (promise, i) => [await promise, i] as const),
    ).finally(() => {
      times.isHedging = false
    })
    if (!isGood(early)) return [early, await both[1 - place]!]
    ends[1 - place]!.abort()
    return [early]
  } finally {
    for (const end of ends) end.release()
  }
}

/** True when the time passes before the promise settles. */
async function raceTime(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), ms)
  })
  try {
    return await Promise.race([
      promise.then(
        () => false,
        () => false,
      ),
      time,
    ])
  } finally {
    clearTimeout(timer)
  }
}
