/**
 * What must survive a replaced database: how far the indexes of each account key were reserved, and
 * which account keys were accepted. Every call is durable when it returns, and throws a
 * `GatewayError` when the disk fails or a file is not what was written; nothing is ever taken for
 * "zero" but a file never made.
 */
export type StateDirectory = {
  /** First index not reserved yet, as far as this directory knows; 0 for an unknown key. */
  readMark(fingerprint: string): number
  /** Raises the mark to `value`; a lower value changes nothing. */
  raiseMark(fingerprint: string, value: number): void
  /**
   * Gives back what was reserved ahead and never handed out, at a clean stop. Only for the process that
   * reserved it; a higher value changes nothing.
   */
  lowerMark(fingerprint: string, value: number): void
  /** Account key fingerprints by name (a store id). */
  readPins(): ReadonlyMap<string, string>
  /** Pins for ever; throws `xpub_mismatch` when another fingerprint is pinned under this name. */
  pin(name: string, fingerprint: string): void
  /** Pins another fingerprint: only by an explicit act of the operator. */
  replacePin(name: string, fingerprint: string): void
}
