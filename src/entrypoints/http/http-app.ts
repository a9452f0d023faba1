/** The HTTP side of the gateway: the merchant API, health, and the checkout pages of shoppers. */
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import { createId, ID_RANDOM_BYTES } from '../../core/ids.ts'
import { GatewayError } from '../../errors.ts'
import { authenticate } from '../../operations/authenticate.ts'
import { mountCheckout } from './checkout/checkout-routes.ts'
import { createCursors } from './cursors.ts'
import { mountHealth } from './health-routes.ts'
import type { HttpDeps } from './http-deps.ts'
import { createIdempotencyGate } from './idempotency-key.ts'
import { createErrorHandler } from './problem.ts'
import { createAuthFailureLimit, createKeyLimit } from './rate-limits.ts'
import { mountRoutes, refuseMethod } from './route.ts'
import { accountRoutes } from './routes/account-routes.ts'
import { invoiceRoutes } from './routes/invoice-routes.ts'
import { testRoutes } from './routes/test-routes.ts'
import { webhookRoutes } from './routes/webhook-routes.ts'

export type { HttpDeps } from './http-deps.ts'

const ALL_METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS'
/** Methods with a meaning here. TRACE, PUT and the rest are refused before anything looks at them. */
const METHODS: ReadonlySet<string> = new Set(ALL_METHODS.split(', '))

/**
 * The app, to be handed to `listen`. It ends its streams when told `app.emit('shutdown')`, and names
 * what never became a request by `app.locals.createRequestId`.
 */
export function createHttpApp(deps: HttpDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.disable('trust proxy')
  app.enable('strict routing')
  app.enable('case sensitive routing')
  app.set('query parser', false)
  const createRequestId = () =>
    createId('req', deps.clock.nowMs(), deps.ids.randomBytes(ID_RANDOM_BYTES))
  Object.assign(app.locals, { createRequestId, publicUrl: deps.publicUrl })
  app.use(nameRequest(createRequestId), createSecurityHeaders(deps), refuseOddMethods)
  mountHealth(app, deps)
  mountCheckout(app, deps)
  app.use('/v1', refusePreflight, createGuard(deps), createKeyLimitFor(deps))
  const cursors = createCursors(deps.cursorKey)
  mountRoutes(app, createIdempotencyGate(deps), [
    ...invoiceRoutes(deps, cursors),
    ...webhookRoutes(deps, cursors),
    ...accountRoutes(deps, cursors),
    ...testRoutes(deps),
  ])
  app.use(() => {
    throw new GatewayError('not_found', 'There is nothing under this path.')
  })
  app.use(createErrorHandler(deps))
  return app
}

/** An id of our own for every request; one that a caller sends is not looked at. */
function nameRequest(createRequestId: () => string): RequestHandler {
  return (_req, res, next) => {
    const requestId = createRequestId()
    res.locals.requestId = requestId
    res.set('X-Request-Id', requestId)
    next()
  }
}

/** No inline code, no foreign origin, no framing, for every answer alike. */
function createSecurityHeaders({ publicUrl }: HttpDeps): RequestHandler {
  const secure = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.startsWith('https:'),
  })
  return (req, res, next) => {
    res.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()')
    secure(req, res, next)
  }
}

function refuseOddMethods(req: Request, res: Response, next: () => void): void {
  if (METHODS.has(req.method)) next()
  else throw refuseMethod(res, ALL_METHODS)
}

/** The merchant API is for servers: no page of another origin is ever let in. */
function refusePreflight(req: Request, res: Response, next: () => void): void {
  res.set('Cache-Control', 'no-store')
  if (req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined) {
    throw new GatewayError('forbidden', 'The API is not to be called from web pages.')
  }
  next()
}

/** The one way into /v1: an API key as bearer token, looked up for every request. */
function createGuard(deps: HttpDeps): RequestHandler {
  const failureLimit = createAuthFailureLimit()
  return async (req, res, next) => {
    if (req.method === 'OPTIONS') return next()
    try {
      res.locals.principal = await authenticate(deps, { key: readBearer(req) })
    } catch (error) {
      const isRefusal = error instanceof GatewayError && error.code === 'unauthorized'
      if (!isRefusal) throw error
      return failureLimit(req, res, (refusal) => next(refusal ?? error))
    }
    return next()
  }
}

function createKeyLimitFor({ rateLimitPerSecond }: HttpDeps): RequestHandler {
  const limit = createKeyLimit(rateLimitPerSecond)
  return (req, res, next) => (req.method === 'OPTIONS' ? next() : limit(req, res, next))
}

function readBearer(req: Request): string | null {
  const values = req.headersDistinct.authorization ?? []
  const match = values.length === 1 ? /^Bearer +([^\s]+)$/i.exec(values[0] ?? '') : null
  return match?.[1] ?? null
}
