import type { Page, PageRequest } from '../../ports/store.ts'
import type { Entry } from './memory-state.ts'

/** Newest first, by the order of insertion. */
export function takePage<T>(
  entries: readonly Entry<T>[],
  page: PageRequest,
  isWanted: (value: T) => boolean,
): Page<T> {
  const before = page.before ?? Infinity
  const found = entries
    .filter(({ position, value }) => position < before && isWanted(value))
    .reverse()
  const items = found.slice(0, page.limit)
  const cursor = found.length > page.limit ? (items.at(-1)?.position ?? null) : null
  return { items: items.map(({ value }) => value), cursor }
}
