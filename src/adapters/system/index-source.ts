import { assert } from '../../core/assert.ts'
import type { IndexSource } from '../../ports/address-book.ts'
import type { StateDirectory } from '../../ports/state-directory.ts'
import type { Store } from '../../ports/store.ts'

/**
 * Indexes are reserved in blocks: the mark on disk is raised before the first of a block leaves, so
 * that no index repeats after a crash or under a restored database, and only one creation in a block
 * waits for the disk. A crash leaves a gap of at most a block. It is small for a shop with few
 * orders, whose wallet may look no further; with many, it grows to a quarter of what this process
 * has given out, because each wait is felt by every request at once.
 */
const BLOCK = { min: 32, max: 1_024, share: 4 }

/** `mark` is where on disk the reserved block ends; null while this process has reserved nothing. */
type Counter = { readonly first: number; next: number; mark: number | null }

/** Counts per account key from max(database, mark outside the database). One process at a time. */
export function createIndexSource(
  store: Pick<Store, 'maxIssuedIndex'>,
  state: Pick<StateDirectory, 'readMark' | 'raiseMark' | 'lowerMark'>,
): IndexSource {
  const counters = new Map<string, Counter>()
  const counterOf = (fingerprint: string): Counter => {
    const counter = counters.get(fingerprint)
    assert(counter !== undefined, 'an account key is opened before its indexes are reserved')
    return counter
  }
  return {
    async open(fingerprint) {
      if (counters.has(fingerprint)) return
      const issued = await store.maxIssuedIndex(fingerprint)
      const next = Math.max(issued + 1, state.readMark(fingerprint))
      counters.set(fingerprint, { first: next, next, mark: null })
    },
    async reserve(fingerprint) {
      const counter = counterOf(fingerprint)
      if (counter.mark === null || counter.next >= counter.mark) {
        const mark = counter.next + planBlock(counter)
        state.raiseMark(fingerprint, mark)
        counter.mark = mark
      }
      return counter.next++
    },
    peek: (fingerprint) => counterOf(fingerprint).next,
    close() {
      for (const [fingerprint, { next, mark }] of counters) {
        // Another mark than ours would mean another writer; then a gap is the safe end.
        const isOurs = mark !== null && state.readMark(fingerprint) === mark
        if (isOurs) state.lowerMark(fingerprint, next)
      }
      counters.clear()
    },
  }
}

function planBlock({ first, next }: Counter): number {
  const wanted = Math.ceil((next - first) / BLOCK.share)
  return Math.min(Math.max(wanted, BLOCK.min), BLOCK.max)
}
