import { mineBlocks } from '../../../operations/mine-blocks.ts'
import { reorganiseChain } from '../../../operations/reorganise-chain.ts'
import { simulatePayment } from '../../../operations/simulate-payment.ts'
import type { HttpDeps } from '../http-deps.ts'
import { parseInput } from '../parse-input.ts'
import { mineSchema, parseTestPayment, reorgSchema } from '../parse-other-requests.ts'
import type { ApiRoute } from '../route.ts'

/** Rehearsals; 404 wherever the chain is not marked `test`. */
export function testRoutes(deps: HttpDeps): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/test/invoices/:id/pay',
      scope: 'invoices:write',
      id: 'inv',
      body: 'optional',
      answer: async ({ storeId, id, body, ticket }) => {
        const request = {
          ...parseTestPayment(body),
          storeId,
          invoiceId: id,
          idempotency: ticket,
        }
        return { status: 202, body: await simulatePayment(deps, request) }
      },
    },
    {
      method: 'POST',
      path: '/v1/test/chains/:id/mine',
      scope: 'invoices:write',
      id: 'chain',
      body: 'optional',
      answer: async ({ id, body, ticket }) => {
        const { blocks = 1 } = parseInput(mineSchema, body)
        const request = { chainId: Number.parseInt(id, 10), blocks, idempotency: ticket }
        return { status: 202, body: await mineBlocks(deps, request) }
      },
    },
    {
      method: 'POST',
      path: '/v1/test/chains/:id/reorg',
      scope: 'invoices:write',
      id: 'chain',
      body: 'optional',
      answer: async ({ id, body, ticket }) => {
        const { depth = 1 } = parseInput(reorgSchema, body)
        const request = { chainId: Number.parseInt(id, 10), depth, idempotency: ticket }
        return { status: 202, body: await reorganiseChain(deps, request) }
      },
    },
  ]
}
