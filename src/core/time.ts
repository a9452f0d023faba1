/** An answer shows two times over and over: now and the deadline. What was asked for last is remembered. */
let latest = { ms: 0, text: new Date(0).toISOString() }
let before = latest

/** Wall time as RFC 3339 text with milliseconds, as every answer shows it. */
export function formatTime(ms: number): string {
  if (ms === latest.ms) return latest.text
  const found = ms === before.ms ? before : { ms, text: new Date(ms).toISOString() }
  before = latest
  latest = found
  return found.text
}

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
