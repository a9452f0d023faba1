/** What the histories went through, so that a simulation that tries nothing is noticed. */
export type Tally = Map<string, number>

export function count(tally: Tally, name: string, by = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + by)
}

/** For figures such as the deepest reorg. */
export function raise(tally: Tally, name: string, to: number): void {
  tally.set(name, Math.max(to, tally.get(name) ?? 0))
}

/** Adds up; a name that begins with `deepest` keeps the highest. */
export function mergeTally(into: Tally, from: Tally): void {
  for (const [name, value] of from) {
    if (name.startsWith('deepest')) raise(into, name, value)
    else count(into, name, value)
  }
}
