import { SECOND_MS } from '../time.ts'

/** What came of one attempt; a `WebhookResult` of the sender port fits. */
export type AttemptResult =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | null }
  | { readonly kind: 'failed' }

export type Judgement =
  | { readonly verdict: 'delivered' }
  /** `retryAfterMs` is undefined when the receiver said nothing; see `planNextAttempt`. */
  | { readonly verdict: 'retry'; readonly retryAfterMs: number | undefined }
  /** The receiver wants no more webhooks: the endpoint is to be disabled. */
  | { readonly verdict: 'disable' }

/** RFC 9110, 15.5.11: the resource is gone, likely for ever. Standard Webhooks: stop sending. */
const GONE = 410

/**
 * Judges an attempt as Standard Webhooks 1.0 says: 2xx is success and nothing else is; 410
 * disables; redirects are failures, because the destination is the one that was registered and
 * checked.
 */
export function judgeResponse(result: AttemptResult, nowMs: number): Judgement {
  if (result.kind === 'failed') return { verdict: 'retry', retryAfterMs: undefined }
  if (result.status >= 200 && result.status <= 299) return { verdict: 'delivered' }
  if (result.status === GONE) return { verdict: 'disable' }
  return { verdict: 'retry', retryAfterMs: parseRetryAfter(result.retryAfter, nowMs) }
}

/**
 * Milliseconds from now that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date),
 * never below 0, saturating at 2^53 - 1. Undefined without the header. A value in the past or not
 * readable counts as 0: the receiver did ask for care, so the wait is at least one full step.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined
  const text = value.trim()
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text) * SECOND_MS, Number.MAX_SAFE_INTEGER)
  const atMs = parseHttpDate(text)
  return atMs === null ? 0 : Math.max(0, atMs - nowMs)
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/

/**
 * IMF-fixdate of RFC 9110, 5.6.7. Its two obsolete forms are not read: a step is waited instead.
 */
function parseHttpDate(text: string): number | null {
  const match = HTTP_DATE.exec(text)
  if (match === null) return null
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((group) => Number(match[group]))
  const monthAt = MONTHS.indexOf(match[2]!)
  if (monthAt < 0 || monthAt % 3 !== 0) return null
  if (day! < 1 || day! > 31 || hour! > 23 || minute! > 59 || second! > 60) return null
  // Years below 100 are a century of their own to Date.UTC; they lie in the past either way.
  return Date.UTC(year!, monthAt / 3, day!, hour!, minute!, second!)
}
