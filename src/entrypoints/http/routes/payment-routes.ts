import { type AssetId, parseAssetId } from '../../../core/money/asset.ts'
import { invalidField } from '../../../errors.ts'
import { assignPayment } from '../../../operations/assign-payment.ts'
import { listOutflows } from '../../../operations/list-outflows.ts'
import { listPayments } from '../../../operations/list-payments.ts'
import type { PageRequest } from '../../../ports/store.ts'
import { answerPage, type Cursors } from '../cursors.ts'
import type { HttpDeps } from '../http-deps.ts'
import { outflowResource } from '../openapi/report-resources.ts'
import { pageOf, paymentResource } from '../openapi/resources.ts'
import { assignmentSchema, parseAssignment } from '../parse-other-requests.ts'
import { type Query, readChoice } from '../read-query.ts'
import type { ApiRequest, ApiRoute } from '../route.ts'

export function paymentRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/payments',
      about: { summary: 'List payments', status: 200, output: pageOf(paymentResource) },
      scope: 'payments:read',
      query: ['limit', 'cursor', 'invoice', 'unassigned', 'asset'],
      answer: async (request) => ({
        status: 200,
        body: await pagePayments(deps, cursors, request),
      }),
    },
    {
      method: 'GET',
      path: '/v1/outflows',
      about: {
        summary: 'List what left the deposit addresses',
        status: 200,
        output: pageOf(outflowResource),
      },
      scope: 'payments:read',
      query: ['limit', 'cursor', 'asset'],
      answer: async ({ storeId, query }) => {
        const assetId = readAsset(query)
        const list = ['outflows', storeId, assetId]
        const load = (page: PageRequest) => listOutflows(deps, { storeId, assetId }, page)
        return { status: 200, body: await answerPage(cursors, query, list, load) }
      },
    },
    {
      method: 'POST',
      path: '/v1/payments/:id/assign',
      about: {
        summary: 'Give money that belongs to no invoice to one',
        status: 200,
        input: assignmentSchema,
        output: paymentResource,
      },
      scope: 'payments:write',
      id: 'pay',
      body: 'required',
      answer: async ({ storeId, id, actor, body, ticket }) => {
        const invoiceId = parseAssignment(body)
        const request = { storeId, paymentId: id, invoiceId, actor, idempotency: ticket }
        return { status: 200, body: await assignPayment(deps, request) }
      },
    },
  ]
}

function pagePayments(deps: HttpDeps, cursors: Cursors, { storeId, query }: ApiRequest) {
  const invoiceId = query.get('invoice')
  const unassigned = readChoice(query, 'unassigned', ['true', 'false']) === 'true'
  const assetId = readAsset(query)
  const filter = { storeId, invoiceId, unassigned: unassigned || undefined, assetId }
  const list = ['payments', storeId, invoiceId, unassigned, assetId]
  return answerPage(cursors, query, list, (page) => listPayments(deps, filter, page))
}

function readAsset(query: Query): AssetId | undefined {
  const asset = query.get('asset')
  const assetId = asset === undefined ? undefined : parseAssetId(asset)
  if (assetId === null) throw invalidField('?asset', 'malformed_asset', 'is not an asset id')
  return assetId
}
