import type { InvoiceStatus } from '../../../core/invoice/invoice.ts'
import { parseAssetId } from '../../../core/money/asset.ts'
import { invalidField } from '../../../errors.ts'
import { acceptInvoice } from '../../../operations/accept-invoice.ts'
import { cancelInvoice } from '../../../operations/cancel-invoice.ts'
import { CREATED, createInvoice } from '../../../operations/create-invoice.ts'
import { listPayments } from '../../../operations/list-payments.ts'
import { getInvoice, listInvoices } from '../../../operations/read-invoices.ts'
import { answerPage, type Cursors } from '../cursors.ts'
import type { HttpDeps } from '../http-deps.ts'
import { parseInvoiceRequest } from '../parse-invoice-request.ts'
import { parseNothing } from '../parse-other-requests.ts'
import { readChoice, readTime } from '../read-query.ts'
import type { ApiRequest, ApiRoute } from '../route.ts'

const STATUSES: readonly InvoiceStatus[] = [
  'open',
  'processing',
  'settled',
  'expired',
  'canceled',
  'reversed',
]

export function invoiceRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/invoices',
      scope: 'invoices:write',
      body: 'required',
      answer: async ({ principal, body, ticket }) => {
        const input = parseInvoiceRequest(body)
        const request = { ...input, store: principal.store, idempotency: ticket }
        return { status: CREATED, body: await createInvoice(deps, request) }
      },
    },
    {
      method: 'GET',
      path: '/v1/invoices',
      scope: 'invoices:read',
      query: ['limit', 'cursor', 'status', 'order_id', 'created_after', 'created_before'],
      answer: async (request) => ({
        status: 200,
        body: await pageInvoices(deps, cursors, request),
      }),
    },
    {
      method: 'GET',
      path: '/v1/invoices/:id',
      scope: 'invoices:read',
      id: 'inv',
      answer: async ({ storeId, id }) => {
        return { status: 200, body: await getInvoice(deps, { storeId, invoiceId: id }) }
      },
    },
    {
      method: 'POST',
      path: '/v1/invoices/:id/cancel',
      scope: 'invoices:write',
      id: 'inv',
      body: 'optional',
      answer: async (request) => {
        return { status: 200, body: await cancelInvoice(deps, readDecision(request)) }
      },
    },
    {
      method: 'POST',
      path: '/v1/invoices/:id/accept',
      scope: 'invoices:write',
      id: 'inv',
      body: 'optional',
      answer: async (request) => {
        return { status: 200, body: await acceptInvoice(deps, readDecision(request)) }
      },
    },
    {
      method: 'GET',
      path: '/v1/payments',
      scope: 'payments:read',
      query: ['limit', 'cursor', 'invoice', 'unassigned', 'asset'],
      answer: async (request) => ({
        status: 200,
        body: await pagePayments(deps, cursors, request),
      }),
    },
  ]
}

function readDecision({ storeId, id, actor, body, ticket }: ApiRequest) {
  parseNothing(body)
  return { storeId, invoiceId: id, actor, idempotency: ticket }
}

function pageInvoices(deps: HttpDeps, cursors: Cursors, { storeId, query }: ApiRequest) {
  const status = readChoice(query, 'status', STATUSES)
  const orderId = query.get('order_id')
  const createdAfterMs = readTime(query, 'created_after')
  const createdBeforeMs = readTime(query, 'created_before')
  const filter = { storeId, status, orderId, createdAfterMs, createdBeforeMs }
  const list = ['invoices', storeId, status, orderId, createdAfterMs, createdBeforeMs]
  return answerPage(cursors, query, list, (page) => listInvoices(deps, filter, page))
}

function pagePayments(deps: HttpDeps, cursors: Cursors, { storeId, query }: ApiRequest) {
  const invoiceId = query.get('invoice')
  const unassigned = readChoice(query, 'unassigned', ['true', 'false']) === 'true'
  const asset = query.get('asset')
  const assetId = asset === undefined ? undefined : parseAssetId(asset)
  if (assetId === null) throw invalidField('?asset', 'malformed_asset', 'is not an asset id')
  const filter = { storeId, invoiceId, unassigned: unassigned || undefined, assetId }
  const list = ['payments', storeId, invoiceId, unassigned, assetId]
  return answerPage(cursors, query, list, (page) => listPayments(deps, filter, page))
}
