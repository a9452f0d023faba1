import type { Express, Request, RequestHandler, Response } from 'express'
import { isTokenText } from '../../../core/ids.ts'
import type { InvoiceResource } from '../../../core/invoice/present-invoice.ts'
import { GatewayError } from '../../../errors.ts'
import { createInvoice } from '../../../operations/create-invoice.ts'
import { prepareRenewal } from '../../../operations/prepare-renewal.ts'
import { getInvoiceByToken } from '../../../operations/read-invoices.ts'
import { readStoreFace } from '../../../operations/read-store-face.ts'
import { answerTagged } from '../answer-tagged.ts'
import { mountRest } from '../health-routes.ts'
import type { HttpDeps } from '../http-deps.ts'
import type { IdempotencyGate } from '../idempotency-key.ts'
import { createErrorHandler } from '../problem.ts'
import {
  createRenewalLimit,
  createTransactionLimits,
  createUnknownLinkLimit,
} from '../rate-limits.ts'
import { refuseMethod } from '../route.ts'
import { renderCheckoutPage } from './checkout-page.ts'
import { mountPageAssets, type PageAssets } from './page-assets.ts'
import { readChoices, rememberChoices } from './page-choices.ts'
import { answerAsPage } from './problem-page.ts'
import { presentPublicStatus, tagStatus } from './public-status.ts'
import { answerProposal } from './refund-proposal-route.ts'
import { presentShopFace, type ShopFace } from './shop-face.ts'
import { createStatusFeed } from './status-feed.ts'
import { answerTransaction } from './transaction-route.ts'
import { presentWalletTransaction } from './wallet-transaction.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const POST_ONLY = 'POST, OPTIONS'
/** The name of a picture changes with it. */
const LOGO_CACHE = 'public, max-age=31536000, immutable'

type Answer = (invoice: InvoiceResource, req: Request, res: Response) => void | Promise<void>

/** Pages of shoppers. The token in the path is all there is to know. */
export function mountCheckout(app: Express, deps: HttpDeps, gate: IdempotencyGate): void {
  const assets = mountPageAssets(app)
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
  const gets: Readonly<Record<string, Answer>> = {
    '/i/:token': (invoice, req, res) => answerPage(deps, assets, invoice, req, res),
    '/i/:token/status': (invoice, req, res) => answerStatus(deps, invoice, req, res),
    '/i/:token/wallet': (invoice, req, res) => answerWallet(deps, invoice, req, res),
    '/i/:token/logo': (invoice, _req, res) => answerLogo(deps, invoice, res),
    '/i/:token/events': (invoice, req, res) => {
      if (req.method === 'HEAD') res.set('Content-Type', 'text/event-stream').end()
      else feed.watch(invoice, res)
    },
  }
  for (const [path, answer] of Object.entries(gets)) {
    app.get(path, forInvoice(answer))
    mountRest(app, path)
  }
  const posts: Readonly<Record<string, readonly RequestHandler[]>> = {
    '/i/:token/transactions': [
      ...createTransactionLimits(),
      forInvoice((invoice, req, res) => answerTransaction(deps, invoice, req, res)),
    ],
    '/i/:token/refund-proposals': [
      ...createTransactionLimits(),
      forInvoice((_invoice, req, res) => answerProposal(deps, req, res)),
    ],
    '/i/:token/renewals': [
      createRenewalLimit(),
      forInvoice((invoice, _req, res) => answerRenewal(deps, gate, invoice, res)),
    ],
  }
  for (const [path, answers] of Object.entries(posts)) {
    app.post(path, ...answers)
    mountPostRest(app, path)
  }
  app.use('/i', createErrorHandler(deps, answerAsPage(assets)))
}

/** What is left of a path that only answers POST. */
function mountPostRest(app: Express, path: string): void {
  app.all(path, (req, res) => {
    if (req.method !== 'OPTIONS') throw refuseMethod(res, POST_ONLY)
    res.status(204).set('Allow', POST_ONLY).end()
  })
}

/** A token of another form is not even looked up. */
async function loadInvoice(
  deps: HttpDeps,
  token: string | string[] | undefined,
): Promise<InvoiceResource> {
  if (typeof token === 'string' && isTokenText(token)) return getInvoiceByToken(deps, token)
  throw new GatewayError('not_found', 'There is no such invoice.')
}

async function answerPage(
  deps: HttpDeps,
  assets: PageAssets,
  invoice: InvoiceResource,
  req: Request,
  res: Response,
): Promise<void> {
  const shop = presentShopFace(await readStoreFace(deps, invoice.store))
  const choices = readChoices(req)
  const worthless = deps.chains.list().filter(({ test, testnet }) => test || testnet)
  const page = renderCheckoutPage(
    {
      ...choices,
      shop,
      status: presentPublicStatus(invoice, deps.chains),
      token: String(req.params.token),
      worthless: new Set(worthless.map(({ chainId }) => chainId)),
      nowMs: deps.clock.nowMs(),
    },
    assets,
  )
  rememberChoices(res, choices, deps.publicUrl)
  allowFrames(res, shop)
  res.set('Content-Type', 'text/html; charset=utf-8').end(page)
}

/** Only the sites the merchant named may show the page in a frame; nobody else's may. */
function allowFrames(res: Response, { frameOrigins }: ShopFace): void {
  if (frameOrigins.length === 0) return
  const policy = String(res.getHeader('Content-Security-Policy'))
  const ancestors = `frame-ancestors ${frameOrigins.join(' ')}`
  res.set('Content-Security-Policy', policy.replace("frame-ancestors 'none'", ancestors))
  // It cannot name origins, and would forbid them all.
  res.removeHeader('X-Frame-Options')
}

/** Public, so any page may read it; browsers send no credentials along with `*`. */
function answerStatus(deps: HttpDeps, invoice: InvoiceResource, req: Request, res: Response): void {
  const tagged = tagStatus(presentPublicStatus(invoice, deps.chains))
  res.set({
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': 'no-cache',
  })
  answerTagged(req, res, tagged, JSON_TYPE)
}

function answerWallet(
  { chains }: HttpDeps,
  invoice: InvoiceResource,
  req: Request,
  res: Response,
): void {
  const asset = new URL(req.url, 'http://page.invalid').searchParams.get('asset')
  const option = invoice.payment_options.find((each) => each.asset === asset)
  const chain = option === undefined ? undefined : chains.get(option.chain_id)
  const body = presentWalletTransaction(invoice, asset, chain)
  res.set('Content-Type', JSON_TYPE).end(JSON.stringify(body))
}

async function answerLogo(deps: HttpDeps, invoice: InvoiceResource, res: Response): Promise<void> {
  const { logo } = presentShopFace(await readStoreFace(deps, invoice.store))
  if (logo === null) throw new GatewayError('not_found', 'This shop has no picture.')
  res.set({ 'Content-Type': logo.mediaType, 'Cache-Control': LOGO_CACHE }).end(logo.bytes)
}

/** To the page of the new invoice; the same one however often it is asked for. */
async function answerRenewal(
  deps: HttpDeps,
  gate: IdempotencyGate,
  invoice: InvoiceResource,
  res: Response,
): Promise<void> {
  const request = await prepareRenewal(deps, invoice)
  const answer = await gate.once(request.idempotency, async () => ({
    status: 201,
    body: await createInvoice(deps, request),
  }))
  const { checkout_url } = JSON.parse(answer.body) as { checkout_url: string }
  res.status(303).set('Location', new URL(checkout_url).pathname).end()
}
