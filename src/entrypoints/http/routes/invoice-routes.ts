import { INVOICE_STATUSES } from '../../../core/invoice/invoice.ts'
import { acceptInvoice } from '../../../operations/accept-invoice.ts'
import { cancelInvoice } from '../../../operations/cancel-invoice.ts'
import { CREATED, createInvoice } from '../../../operations/create-invoice.ts'
import { getInvoice, listInvoices } from '../../../operations/read-invoices.ts'
import { answerPage, type Cursors } from '../cursors.ts'
import type { HttpDeps } from '../http-deps.ts'
import { invoiceResource, pageOf } from '../openapi/resources.ts'
import { invoiceRequestSchema, parseInvoiceRequest } from '../parse-invoice-request.ts'
import { noBodySchema, parseNothing } from '../parse-other-requests.ts'
import { readChoice, readTime } from '../read-query.ts'
import type { ApiRequest, ApiRoute } from '../route.ts'

export function invoiceRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/invoices',
      about: {
        summary: 'Create an invoice',
        status: 201,
        input: invoiceRequestSchema,
        output: invoiceResource,
      },
      scope: 'invoices:write',
      body: 'required',
      answer: async ({ principal, body, ticket }) => {
        const input = parseInvoiceRequest(body)
        const request = { ...input, store: principal.store, idempotency: ticket }
        return { status: CREATED, json: await createInvoice(deps, request) }
      },
    },
    {
      method: 'GET',
      path: '/v1/invoices',
      about: { summary: 'List invoices', status: 200, output: pageOf(invoiceResource) },
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
      about: { summary: 'Get an invoice', status: 200, output: invoiceResource },
      scope: 'invoices:read',
      id: 'inv',
      answer: async ({ storeId, id }) => {
        return { status: 200, body: await getInvoice(deps, { storeId, invoiceId: id }) }
      },
    },
    {
      method: 'POST',
      path: '/v1/invoices/:id/cancel',
      about: {
        summary: 'Cancel an open invoice without money',
        status: 200,
        input: noBodySchema,
        output: invoiceResource,
      },
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
      about: {
        summary: 'Accept what was paid as settling the invoice',
        status: 200,
        input: noBodySchema,
        output: invoiceResource,
      },
      scope: 'invoices:write',
      id: 'inv',
      body: 'optional',
      answer: async (request) => {
        return { status: 200, body: await acceptInvoice(deps, readDecision(request)) }
      },
    },
  ]
}

function readDecision({ storeId, id, actor, body, ticket }: ApiRequest) {
  parseNothing(body)
  return { storeId, invoiceId: id, actor, idempotency: ticket }
}

function pageInvoices(deps: HttpDeps, cursors: Cursors, { storeId, query }: ApiRequest) {
  const status = readChoice(query, 'status', INVOICE_STATUSES)
  const orderId = query.get('order_id')
  const createdAfterMs = readTime(query, 'created_after')
  const createdBeforeMs = readTime(query, 'created_before')
  const filter = { storeId, status, orderId, createdAfterMs, createdBeforeMs }
  const list = ['invoices', storeId, status, orderId, createdAfterMs, createdBeforeMs]
  return answerPage(cursors, query, list, (page) => listInvoices(deps, filter, page))
}
