/** The HTTP side of the gateway: the merchant API, health, and the checkout pages of shoppers. */
import { hash } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import { createId, ID_RANDOM_BYTES } from '../../core/ids.ts'
import { isApiKeyText } from '../../core/store-account/api-key.ts'
import { SECOND_MS } from '../../core/time.ts'
import { GatewayError } from '../../errors.ts'
import { authenticate } from '../../operations/authenticate.ts'
import { mountCheckout } from './checkout/checkout-routes.ts'
import { createCursors } from './cursors.ts'
import { headerValues } from './header-values.ts'
import { mountHealth } from './health-routes.ts'
import type { HttpDeps } from './http-deps.ts'
import { createIdempotencyGate } from './idempotency-key.ts'
import { mountDocs } from './openapi/mount-docs.ts'
import { createErrorHandler } from './problem.ts'
import { createAuthFailureLimit, createKeyLimit } from './rate-limits.ts'
import { type ApiRoute, mountRoutes, refuseMethod } from './route.ts'
import { accountRoutes } from './routes/account-routes.ts'
import { invoiceRoutes } from './routes/invoice-routes.ts'
import { paymentRoutes } from './routes/payment-routes.ts'
import { refundRoutes } from './routes/refund-routes.ts'
import { reportRoutes } from './routes/report-routes.ts'
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
  app.use(openRequest(deps, createRequestId))
  const routes = listRoutes(deps)
  // First, because each path that stands before is compared with that of every request.
  app.use('/v1', createGuard(deps))
  const gate = createIdempotencyGate(deps)
  mountRoutes(app, gate, routes)
  mountHealth(app, deps)
  mountCheckout(app, deps, gate)
  mountDocs(app, deps, routes)
  app.use(() => {
    throw new GatewayError('not_found', 'There is nothing under this path.')
  })
  app.use(createErrorHandler(deps))
  return app
}

function listRoutes(deps: HttpDeps): ApiRoute[] {
  const cursors = createCursors(deps.cursorKey)
  return [
    ...invoiceRoutes(deps, cursors),
    ...paymentRoutes(deps, cursors),
    ...webhookRoutes(deps, cursors),
    ...accountRoutes(deps, cursors),
    ...refundRoutes(deps, cursors),
    ...reportRoutes(deps),
    ...testRoutes(deps),
  ]
}

/**
 * What every request gets: an id of our own (one that a caller sends is not looked at), the security
 * headers, and a method that has a meaning here. In one, since each step of the router costs.
 */
function openRequest(deps: HttpDeps, createRequestId: () => string): RequestHandler {
  const headers = listSecurityHeaders(deps)
  return (req, res, next) => {
    const requestId = createRequestId()
    res.locals.requestId = requestId
    res.setHeader('X-Request-Id', requestId)
    for (const [name, value] of headers) res.setHeader(name, value)
    timeAnswer(deps, req, res)
    if (!METHODS.has(req.method)) throw refuseMethod(res, ALL_METHODS)
    next()
  }
}

/** Notes how long the answer took, except of pages that stay open and of what nobody waits for. */
function timeAnswer({ clock, timings }: HttpDeps, { method, url }: Request, res: Response): void {
  const surface = surfaceOf(method, url)
  if (surface === null) return
  const startedMs = clock.monotonicMs()
  res.on('finish', () => {
    timings.time('answer_seconds', (clock.monotonicMs() - startedMs) / SECOND_MS, { surface })
  })
}

function surfaceOf(method: string, url: string): string | null {
  const isRead = method === 'GET' || method === 'HEAD'
  if (url.startsWith('/v1/')) return isRead ? 'api_read' : 'api_write'
  return url.startsWith('/i/') && !url.endsWith('/events') ? 'checkout' : null
}

/** No inline code, no foreign origin, no framing, for every answer alike. */
function listSecurityHeaders({ publicUrl }: HttpDeps): readonly [string, string][] {
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
    // For browsers and plug-ins that are gone, or what browsers do by themselves.
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  })
  // They are the same for every answer, so they are made once.
  const pattern = new ServerResponse(new IncomingMessage(new Socket()))
  secure(pattern.req, pattern, (error) => {
    if (error !== undefined) throw error
  })
  pattern.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()')
  return Object.entries(pattern.getHeaders()) as [string, string][]
}

/**
 * The one way into /v1: an API key as bearer token, looked up for every request, and no more requests
 * than it may make.
 */
function createGuard(deps: HttpDeps): RequestHandler {
  const failureLimit = createAuthFailureLimit()
  const takeTurn = createKeyLimit(deps.rateLimitPerSecond, deps.clock)
  return async (req, res, next) => {
    res.setHeader('Cache-Control', 'no-store')
    if (req.method === 'OPTIONS') {
      assertNoPreflight(req)
      return next()
    }
    try {
      const principal = await authenticate(deps, { keyHash: readKeyHash(req) })
      deps.keyUses.set(principal.apiKey.id, deps.clock.nowMs())
      res.locals.principal = principal
    } catch (error) {
      const isRefusal = error instanceof GatewayError && error.code === 'unauthorized'
      if (!isRefusal) throw error
      return failureLimit(req, res, (refusal) => next(refusal ?? error))
    }
    takeTurn(res)
    return next()
  }
}

/** The merchant API is for servers: no page of another origin is ever let in. */
function assertNoPreflight(req: Request): void {
  if (req.headers['access-control-request-method'] === undefined) return
  throw new GatewayError('forbidden', 'The API is not to be called from web pages.')
}

/** As hashApiKey hashes, by Node: at a tenth of the time, for every request. */
function readKeyHash(req: Request): string | null {
  const values = headerValues(req, 'authorization')
  const match = values.length === 1 ? /^Bearer +([^\s]+)$/i.exec(values[0] ?? '') : null
  const key = match?.[1] ?? ''
  return isApiKeyText(key) ? hash('sha256', key) : null
}
