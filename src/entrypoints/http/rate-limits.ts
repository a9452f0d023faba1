/** Who may ask how often: by API key first; by socket address where there is no key. */
import type { Request, RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { GatewayError } from '../../errors.ts'
import type { Principal } from '../../operations/authenticate.ts'

/**
 * Failed authentications per minute and address. Only failures are counted and only failures are
 * refused (429): behind a reverse proxy everybody has one address, and nobody locks others out.
 */
const AUTH_FAILURES_PER_MINUTE = 300
/** Links that lead nowhere, per minute and address; refused in the same way. */
const UNKNOWN_LINKS_PER_MINUTE = 120

/** `limit` requests per second of one API key; the `RateLimit` headers tell how many are left. */
export function createKeyLimit(limitPerSecond: number): RequestHandler {
  return createLimit(SECOND_MS, limitPerSecond, (_req, res) => {
    return (res.locals.principal as Principal).apiKey.id
  })
}

export function createAuthFailureLimit(): RequestHandler {
  return createLimit(MINUTE_MS, AUTH_FAILURES_PER_MINUTE, addressOf)
}

export function createUnknownLinkLimit(): RequestHandler {
  return createLimit(MINUTE_MS, UNKNOWN_LINKS_PER_MINUTE, addressOf)
}

type KeyOf = NonNullable<Parameters<typeof rateLimit>[0]>['keyGenerator']

function createLimit(windowMs: number, limit: number, keyGenerator: KeyOf): RequestHandler {
  return rateLimit({
    windowMs,
    limit,
    ...(keyGenerator === undefined ? {} : { keyGenerator }),
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    // Its checks complain about X-Forwarded-For, which is ignored here on purpose.
    validate: false,
    handler: (_req, _res, next) => {
      next(
        new GatewayError('rate_limited', 'Too many requests. Slow down and try again.', {
          retryable: true,
          retryAfterS: Math.ceil(windowMs / SECOND_MS),
        }),
      )
    },
  })
}

/** The address of the socket; an IPv6 host has a whole /64. No header is asked. */
function addressOf(req: Request): string {
  return ipKeyGenerator(req.socket.remoteAddress ?? 'unknown')
}
