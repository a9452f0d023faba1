import { REFUND_STATUSES } from '../../../core/refund/refund.ts'
import { invalidField } from '../../../errors.ts'
import { cancelRefund, failRefund } from '../../../operations/end-refund.ts'
import { exportPayouts } from '../../../operations/export-payouts.ts'
import { getRefund, listRefundProposals, listRefunds } from '../../../operations/read-refunds.ts'
import { reportRefund } from '../../../operations/report-refund.ts'
import { CREATED, requestRefund } from '../../../operations/request-refund.ts'
import { answerPage, type Cursors } from '../cursors.ts'
import type { HttpDeps } from '../http-deps.ts'
import { refundProposal, refundResource } from '../openapi/refund-resources.ts'
import { pageOf } from '../openapi/resources.ts'
import { noBodySchema, parseNothing } from '../parse-other-requests.ts'
import {
  parseRefundReport,
  parseRefundRequest,
  refundReportSchema,
  refundSchema,
} from '../parse-refund-requests.ts'
import { type Query, readChoice } from '../read-query.ts'
import type { ApiRequest, ApiRoute } from '../route.ts'

const CSV = 'text/csv'
/** Node and store answer in a moment, or the request is repeated. */
const REPORT_DEADLINE_MS = 20_000

export function refundRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [...requestRoutes(deps), ...readRoutes(deps, cursors), ...decisionRoutes(deps)]
}

function requestRoutes(deps: HttpDeps): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/invoices/:id/refunds',
      about: {
        summary: 'Ask for a refund of what was paid',
        status: CREATED,
        input: refundSchema,
        output: refundResource,
      },
      scope: 'payments:write',
      id: 'inv',
      body: 'required',
      answer: async ({ storeId, id, actor, body, ticket }) => {
        const input = parseRefundRequest(body)
        const request = { ...input, storeId, invoiceId: id, actor, idempotency: ticket }
        return { status: CREATED, body: await requestRefund(deps, request) }
      },
    },
    {
      method: 'GET',
      path: '/v1/invoices/:id/refund-proposals',
      about: {
        summary: 'List addresses that shoppers gave for a refund',
        status: 200,
        output: pageOf(refundProposal),
      },
      scope: 'payments:read',
      id: 'inv',
      answer: async ({ storeId, id }) => {
        const data = await listRefundProposals(deps, { storeId, invoiceId: id })
        return { status: 200, body: { data, next_cursor: null } }
      },
    },
  ]
}

function readRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/refunds',
      about: { summary: 'List refunds', status: 200, output: pageOf(refundResource) },
      scope: 'payments:read',
      query: ['limit', 'cursor', 'invoice', 'status'],
      answer: async ({ storeId, query }) => {
        const invoiceId = query.get('invoice')
        const status = readChoice(query, 'status', REFUND_STATUSES)
        const list = ['refunds', storeId, invoiceId, status]
        const filter = { storeId, invoiceId, status }
        const body = await answerPage(cursors, query, list, (page) => {
          return listRefunds(deps, filter, page)
        })
        return { status: 200, body }
      },
    },
    {
      method: 'GET',
      path: '/v1/refunds/:id',
      about: { summary: 'Get a refund', status: 200, output: refundResource },
      scope: 'payments:read',
      id: 'ref',
      answer: async ({ storeId, id }) => {
        return { status: 200, body: await getRefund(deps, { storeId, refundId: id }) }
      },
    },
    {
      method: 'GET',
      path: '/v1/reports/payouts.csv',
      about: {
        summary: 'Export refunds that wait, as a list of payouts',
        status: 200,
        contentType: CSV,
      },
      scope: 'payments:read',
      query: ['chain'],
      stream: ({ storeId, query }) => ({
        contentType: `${CSV}; charset=utf-8`,
        fileName: 'payouts.csv',
        parts: exportPayouts(deps, { storeId, chainId: readChain(query) }),
      }),
    },
  ]
}

function decisionRoutes(deps: HttpDeps): ApiRoute[] {
  const decision = { method: 'POST', scope: 'payments:write', id: 'ref' } as const
  return [
    {
      ...decision,
      path: '/v1/refunds/:id/cancel',
      about: {
        summary: 'Take back a refund that nobody sent',
        status: 200,
        input: noBodySchema,
        output: refundResource,
      },
      body: 'optional',
      answer: async (request) => {
        parseNothing(request.body)
        return { status: 200, body: await cancelRefund(deps, readDecision(request)) }
      },
    },
    {
      ...decision,
      path: '/v1/refunds/:id/report',
      about: {
        summary: 'Name the transaction that pays a refund',
        status: 200,
        input: refundReportSchema,
        output: refundResource,
      },
      body: 'required',
      answer: async (request) => {
        const txHash = parseRefundReport(request.body)
        const signal = AbortSignal.timeout(REPORT_DEADLINE_MS)
        const report = { ...readDecision(request), txHash, signal }
        return { status: 200, body: await reportRefund(deps, report) }
      },
    },
    {
      ...decision,
      path: '/v1/refunds/:id/fail',
      about: {
        summary: 'Say that a refund will never be paid',
        status: 200,
        input: noBodySchema,
        output: refundResource,
      },
      body: 'optional',
      answer: async (request) => {
        parseNothing(request.body)
        return { status: 200, body: await failRefund(deps, readDecision(request)) }
      },
    },
  ]
}

function readDecision({ storeId, id, actor, ticket }: ApiRequest) {
  return { storeId, refundId: id, actor, idempotency: ticket }
}

function readChain(query: Query): number | undefined {
  const text = query.get('chain')
  if (text === undefined) return undefined
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number.parseInt(text, 10)
  throw invalidField('?chain', 'malformed_chain', 'is not a chain id')
}
