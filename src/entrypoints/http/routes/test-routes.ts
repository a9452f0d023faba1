import { mineBlocks } from '../../../operations/mine-blocks.ts'
import { reorganiseChain } from '../../../operations/reorganise-chain.ts'
import { simulatePayment } from '../../../operations/simulate-payment.ts'
import type { HttpDeps } from '../http-deps.ts'
import { minedChain, reorganisedChain, testPayment } from '../openapi/resources.ts'
import { parseInput } from '../parse-input.ts'
import {
  mineSchema,
  parseTestPayment,
  reorgSchema,
  testPaymentSchema,
} from '../parse-other-requests.ts'
import type { ApiRoute } from '../route.ts'

/** Rehearsals; 404 wherever the chain is not marked `test`. */
export function testRoutes(deps: HttpDeps): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/test/invoices/:id/pay',
      about: {
        summary: "Pay an invoice from the node's own accounts",
        status: 202,
        input: testPaymentSchema,
        output: testPayment,
      },
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
      about: { summary: 'Mine blocks', status: 202, input: mineSchema, output: minedChain },
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
      about: {
        summary: 'Replace the latest blocks',
        status: 202,
        input: reorgSchema,
        output: reorganisedChain,
      },
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
