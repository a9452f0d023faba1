/** Who may ask how often: by API key first; by socket address where there is no key. */
import type { Request, RequestHandler, Response } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { GatewayError } from '../../errors.ts'
import type { Principal } from '../../operations/authenticate.ts'
import type { Clock } from '../../ports/clock.ts'

/**
 * Failed authentications per minute and address. Only failures are counted and only failures are
 * refused (429): behind a reverse proxy everybody has one address, and nobody locks others out.
 */
const AUTH_FAILURES_PER_MINUTE = 300
/** Links that lead nowhere, per minute and address; refused in the same way. */
const UNKNOWN_LINKS_PER_MINUTE = 120

/**
 * Hashes to look for, per minute, link and address: each may cost the read of a whole block. And per
 * address, whatever the link.
 */
const TRANSACTIONS_PER_MINUTE = { link: 10, address: 60 }

/** Fresh prices per minute and address: each is an invoice with an address of its own. */
const RENEWALS_PER_MINUTE = 20

type Window = { readonly startedMs: number; hits: number }

/**
 * `limit` requests per second of one API key, counted from its first request; the `RateLimit` headers
 * (draft 7) tell how many are left; beyond it throws `rate_limited`. Every request comes by here, so it
 * is not left to the library.
 */
export function createKeyLimit(
  limit: number,
  clock: Pick<Clock, 'monotonicMs'>,
): (res: Response) => void {
  // As many as there are API keys.
  const windows = new Map<string, Window>()
  return (res) => {
    const { id } = (res.locals.principal as Principal).apiKey
    const nowMs = clock.monotonicMs()
    let window = windows.get(id)
    if (window === undefined || nowMs - window.startedMs >= SECOND_MS) {
      window = { startedMs: nowMs, hits: 0 }
      windows.set(id, window)
    }
    window.hits += 1
    const remaining = Math.max(limit - window.hits, 0)
    res.setHeader('RateLimit-Policy', `${limit};w=1`)
    res.setHeader('RateLimit', `limit=${limit}, remaining=${remaining}, reset=1`)
    if (window.hits > limit) throw tooMany(SECOND_MS)
  }
}

export function createAuthFailureLimit(): RequestHandler {
  return createLimit(MINUTE_MS, AUTH_FAILURES_PER_MINUTE)
}

export function createUnknownLinkLimit(): RequestHandler {
  return createLimit(MINUTE_MS, UNKNOWN_LINKS_PER_MINUTE)
}

export function createRenewalLimit(): RequestHandler {
  return createLimit(MINUTE_MS, RENEWALS_PER_MINUTE)
}

/** In the order they are to be asked. */
export function createTransactionLimits(): RequestHandler[] {
  const { link, address } = TRANSACTIONS_PER_MINUTE
  const ofLink = (req: Request) => `${addressOf(req)} ${String(req.params.token)}`
  return [createLimit(MINUTE_MS, address), createLimit(MINUTE_MS, link, ofLink)]
}

function createLimit(
  windowMs: number,
  limit: number,
  keyGenerator: (req: Request) => string = addressOf,
): RequestHandler {
  return rateLimit({
    windowMs,
    limit,
    keyGenerator,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    // Its checks complain about X-Forwarded-For, which is ignored here on purpose.
    validate: false,
    handler: (_req, _res, next) => next(tooMany(windowMs)),
  })
}

function tooMany(windowMs: number): GatewayError {
  return new GatewayError('rate_limited', 'Too many requests. Slow down and try again.', {
    retryable: true,
    retryAfterS: Math.ceil(windowMs / SECOND_MS),
  })
}

/** The address of the socket; an IPv6 host has a whole /64. No header is asked. */
function addressOf(req: Request): string {
  return ipKeyGenerator(req.socket.remoteAddress ?? 'unknown')
}
