import { readFileSync } from 'node:fs'
import type { Express, Request, RequestHandler, Response } from 'express'
import type { InvoiceResource } from '../../../core/invoice/present-invoice.ts'
import { GatewayError } from '../../../errors.ts'
import { getInvoiceByToken } from '../../../operations/read-invoices.ts'
import { answerTagged, tagOf } from '../answer-tagged.ts'
import { mountRest } from '../health-routes.ts'
import type { HttpDeps } from '../http-deps.ts'
import { createTransactionLimits, createUnknownLinkLimit } from '../rate-limits.ts'
import { refuseMethod } from '../route.ts'
import { renderCheckoutPage } from './checkout-page.ts'
import { presentPublicStatus, tagStatus } from './public-status.ts'
import { createStatusFeed } from './status-feed.ts'
import { answerTransaction } from './transaction-route.ts'

const ASSETS: Readonly<Record<string, string>> = {
  'checkout.js': 'text/javascript; charset=utf-8',
  'checkout.css': 'text/css; charset=utf-8',
}
/** Short, because the name does not change with the content; a match is answered 304 anyway. */
const ASSET_CACHE = 'public, max-age=300'
const TOKEN = /^[0-9a-z]{26}$/

const POST_ONLY = 'POST, OPTIONS'

type Answer = (invoice: InvoiceResource, req: Request, res: Response) => void | Promise<void>

/** Pages of shoppers. The token in the path is all there is to know. */
export function mountCheckout(app: Express, deps: HttpDeps): void {
  mountAssets(app)
  const unknownLinkLimit = createUnknownLinkLimit()
  const feed = createStatusFeed(deps)
  app.once('shutdown', () => feed.close())
  const forInvoice =
    (answer: Answer): RequestHandler =>
    async (req, res, next) => {
      res.set('Cache-Control', 'no-store')
      try {
        await answer(await loadInvoice(deps, req.params.token), req, res)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'not_found') throw error
        unknownLinkLimit(req, res, (refusal) => next(refusal ?? error))
      }
    }
  app.get(
    '/i/:token',
    forInvoice((invoice, req, res) => {
      const page = renderCheckoutPage(presentPublicStatus(invoice), {
        token: String(req.params.token),
        checked: new URL(req.url, 'http://page.invalid').searchParams.get('checked'),
      })
      res.set('Content-Type', 'text/html; charset=utf-8').end(page)
    }),
  )
  app.get('/i/:token/status', forInvoice(answerStatus))
  app.get(
    '/i/:token/events',
    forInvoice((invoice, req, res) => {
      if (req.method === 'HEAD') res.set('Content-Type', 'text/event-stream').end()
      else feed.watch(invoice, res)
    }),
  )
  app.post(
    '/i/:token/transactions',
    ...createTransactionLimits(),
    forInvoice((invoice, req, res) => answerTransaction(deps, invoice, req, res)),
  )
  app.all('/i/:token/transactions', (req, res) => {
    if (req.method !== 'OPTIONS') throw refuseMethod(res, POST_ONLY)
    res.status(204).set('Allow', POST_ONLY).end()
  })
  for (const path of ['/i/:token', '/i/:token/status', '/i/:token/events']) mountRest(app, path)
}

/** A token of another form is not even looked up. */
async function loadInvoice(
  deps: HttpDeps,
  token: string | string[] | undefined,
): Promise<InvoiceResource> {
  if (typeof token === 'string' && TOKEN.test(token)) return getInvoiceByToken(deps, token)
  throw new GatewayError('not_found', 'There is no such invoice.')
}

/** Public, so any page may read it; browsers send no credentials along with `*`. */
function answerStatus(invoice: InvoiceResource, req: Request, res: Response): void {
  const tagged = tagStatus(presentPublicStatus(invoice))
  res.set({
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': 'no-cache',
  })
  answerTagged(req, res, tagged, 'application/json; charset=utf-8')
}

function mountAssets(app: Express): void {
  for (const [name, type] of Object.entries(ASSETS)) {
    const path = `/assets/${name}`
    const text = readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8')
    const tagged = { text, tag: tagOf(text) }
    app.get(path, (req, res) => {
      res.set('Cache-Control', ASSET_CACHE)
      answerTagged(req, res, tagged, type)
    })
    mountRest(app, path)
  }
}
