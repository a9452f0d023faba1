/** Time as an argument. Wall time for people and schedules, monotonic time for intervals. */
export type Clock = {
  /** Milliseconds since 1970. May jump. */
  nowMs(): number
  /** Milliseconds since some start. Never falls. */
  monotonicMs(): number
}
