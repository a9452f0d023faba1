/** The API as an OpenAPI 3.1 document, made from the same routes and schemas that answer. */
import * as z from 'zod'
import { REFUND_STATUSES } from '../../../core/refund/refund.ts'
import { EVENT_TYPES } from '../../../core/webhook/event.ts'
import { transactionInput } from '../checkout/transaction-route.ts'
import { LIMIT_MAX } from '../cursors.ts'
import { proposalSchema } from '../parse-refund-requests.ts'
import { PROBLEM_MEANINGS } from '../problem-meanings.ts'
import type { ApiRoute } from '../route.ts'
import { checkoutStatus, transactionCheck, walletTransaction } from './checkout-resources.ts'
import { nameOperation } from './name-operation.ts'
import { refundProposal } from './refund-resources.ts'
import { liveness, problem, readiness } from './resources.ts'

type Json = Readonly<Record<string, unknown>>

export type OpenApiDocument = Json & { readonly paths: Readonly<Record<string, Json>> }

const SCHEMAS = '#/components/schemas/'
const TEXT: Json = { schema: { type: 'string' } }

const DESCRIPTION = `Amounts are decimal strings, exact and without trailing zeros; \`*_units\` are smallest units.
Every POST honours \`Idempotency-Key\`. Every failure is \`application/problem+json\` (RFC 9457) with a stable \`code\`.
Lists are newest first and paged by \`limit\` and the opaque \`cursor\` of the page before.`

/** Query parameters by name, or by path and name where a list has its own meaning of it. */
const QUERY_PARAMETERS: Readonly<Record<string, Json>> = {
  limit: { type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: 20 },
  cursor: { type: 'string', description: '`next_cursor` of the page before.' },
  status: { $ref: `${SCHEMAS}Invoice/properties/status` },
  order_id: { type: 'string' },
  created_after: { type: 'string', format: 'date-time' },
  created_before: { type: 'string', format: 'date-time' },
  invoice: { type: 'string' },
  chain: { type: 'integer', minimum: 1, description: 'Chain id; all chains without it.' },
  '/v1/refunds status': { type: 'string', enum: REFUND_STATUSES },
  unassigned: { type: 'string', enum: ['true', 'false'] },
  asset: { type: 'string', description: 'CAIP-19.' },
  type: { type: 'string', enum: EVENT_TYPES },
  after: { type: 'string', description: 'An event id: read forward from there, oldest first.' },
  endpoint: { type: 'string' },
  event: { type: 'string' },
  currency: { type: 'string', default: 'USD', description: 'ISO 4217 codes, with commas between.' },
}

export type OpenApiOptions = {
  readonly routes: readonly ApiRoute[]
  readonly publicUrl: string
  readonly version: string
}

/** All routes of /v1, health and the public part of the checkout. */
export function createOpenApi({ routes, publicUrl, version }: OpenApiOptions): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = { ...describePublicPaths() }
  for (const route of routes) {
    const path = toTemplate(route.path)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Quittance', version, description: DESCRIPTION },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'qk_...' } },
      schemas: describeResources(),
    },
  }
}

function describeRoute(route: ApiRoute): Json {
  const { summary, status, input, output, contentType } = route.about
  const needs = route.scope === null ? 'Any valid key.' : `Scope \`${route.scope}\`.`
  const success = {
    description: summary,
    ...(output === undefined ? {} : { content: { 'application/json': { schema: refer(output) } } }),
    ...(contentType === undefined ? {} : { content: { [contentType]: TEXT } }),
  }
  return {
    operationId: nameOperation(route),
    summary,
    description: needs,
    tags: [route.path.split('/')[2]],
    parameters: describeParameters(route),
    ...(input === undefined
      ? {}
      : {
          requestBody: {
            required: route.body === 'required',
            content: { 'application/json': { schema: toSchema(input, 'input') } },
          },
        }),
    responses: { [status]: success, default: describeFailure() },
  }
}

function describeParameters(route: ApiRoute): Json[] {
  const inPath = route.path.includes(':id')
    ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]
    : []
  const inQuery = (route.query ?? []).map((name) => {
    const schema = QUERY_PARAMETERS[`${route.path} ${name}`] ?? QUERY_PARAMETERS[name]
    if (schema === undefined) throw new Error(`query parameter ${name} is not described`)
    return { name, in: 'query', required: false, schema }
  })
  const key = { name: 'Idempotency-Key', in: 'header', required: false }
  const header =
    route.method === 'POST' ? [{ ...key, schema: { type: 'string', maxLength: 255 } }] : []
  return [...inPath, ...inQuery, ...header]
}

/** What needs no key. */
function describePublicPaths(): Record<string, Record<string, unknown>> {
  const token = { name: 'token', in: 'path', required: true, schema: { type: 'string' } }
  const open = (operationId: string, summary: string, output: z.ZodType, others: Json = {}) => ({
    get: {
      operationId,
      summary,
      tags: ['public'],
      security: [],
      responses: {
        200: { description: summary, content: { 'application/json': { schema: refer(output) } } },
        ...others,
        default: describeFailure(),
      },
    },
  })
  const content = { 'application/json': { schema: refer(readiness) }, ...describeFailure().content }
  return {
    '/healthz': open('getLiveness', 'Whether the process runs', liveness),
    '/readyz': open('getReadiness', 'Whether new orders can be promised', readiness, {
      503: { description: 'Not ready, and why', content },
    }),
    '/i/{token}/transactions': {
      parameters: [token],
      post: {
        operationId: 'checkTransaction',
        summary: 'Look for a transaction that is said to pay this invoice',
        description:
          'Few per minute. Also takes the form of the page, and answers it by a redirect.',
        tags: ['public'],
        security: [],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: toSchema(transactionInput, 'input') } },
        },
        responses: {
          200: {
            description: 'Where it stands',
            content: { 'application/json': { schema: refer(transactionCheck) } },
          },
          default: describeFailure(),
        },
      },
    },
    '/i/{token}/refund-proposals': {
      parameters: [token],
      post: {
        operationId: 'proposeRefund',
        summary: 'Say where money should go back to',
        description:
          'Shown to the merchant, who asks the shopper before using it. Few per minute. Also takes ' +
          'a form, and answers it by a redirect.',
        tags: ['public'],
        security: [],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: toSchema(proposalSchema, 'input') } },
        },
        responses: {
          201: {
            description: 'Kept with the invoice',
            content: { 'application/json': { schema: refer(refundProposal) } },
          },
          default: describeFailure(),
        },
      },
    },
    '/i/{token}/wallet': {
      parameters: [
        token,
        { name: 'asset', in: 'query', required: true, schema: { type: 'string' } },
      ],
      ...open('getWalletTransaction', 'What a wallet has to sign to pay', walletTransaction),
    },
    '/i/{token}/status': {
      parameters: [token],
      ...open('getCheckoutStatus', 'How an invoice stands, for its shopper', checkoutStatus, {
        304: { description: 'Unchanged since the `ETag` of `If-None-Match`' },
      }),
    },
  }
}

function describeFailure() {
  const codes = Object.keys(PROBLEM_MEANINGS).join('`, `')
  return {
    description: `A problem; \`code\` is one of \`${codes}\`.`,
    content: { 'application/problem+json': { schema: refer(problem) } },
  }
}

/** A reference where the schema has a name, else the schema itself. */
function refer(schema: z.ZodType): Json {
  const name = z.globalRegistry.get(schema)?.id
  return name === undefined ? toSchema(schema, 'output') : { $ref: SCHEMAS + name }
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, $defs, ...inline } = z.toJSONSchema(schema, { io, override: leaveOpen(io) })
  // Named schemas inside become definitions of this one; the document holds them once for all.
  return JSON.parse(JSON.stringify(inline).replaceAll('"#/$defs/', `"${SCHEMAS}`)) as Json
}

function describeResources(): Record<string, Json> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    io: 'output',
    uri: (id) => SCHEMAS + id,
    override: leaveOpen('output'),
  })
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema, $id, id, ...schema }]) => [name, schema]),
  )
}

/** Requests are strict; answers may grow, so a client must not be told that they are closed. */
function leaveOpen(io: 'input' | 'output') {
  return ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    if (io === 'output' && jsonSchema.additionalProperties === false) {
      delete jsonSchema.additionalProperties
    }
  }
}

function toTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}
