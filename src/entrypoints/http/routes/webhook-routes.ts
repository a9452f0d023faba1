import { EVENT_TYPES } from '../../../core/webhook/event.ts'
import { invalidField } from '../../../errors.ts'
import { createWebhookEndpoint } from '../../../operations/create-webhook-endpoint.ts'
import { deleteWebhookEndpoint } from '../../../operations/delete-webhook-endpoint.ts'
import { getEvent } from '../../../operations/get-event.ts'
import { listDeliveries } from '../../../operations/list-deliveries.ts'
import { listEvents, readEventsAfter } from '../../../operations/list-events.ts'
import {
  getWebhookEndpoint,
  listWebhookEndpoints,
} from '../../../operations/read-webhook-endpoints.ts'
import { redeliverEvent } from '../../../operations/redeliver-event.ts'
import { replayEvents } from '../../../operations/replay-events.ts'
import { rotateWebhookSecret } from '../../../operations/rotate-webhook-secret.ts'
import { testWebhookEndpoint } from '../../../operations/test-webhook-endpoint.ts'
import { updateWebhookEndpoint } from '../../../operations/update-webhook-endpoint.ts'
import { answerPage, answerSlice, type Cursors, type ListAnswer } from '../cursors.ts'
import type { HttpDeps } from '../http-deps.ts'
import {
  deliveryResource,
  endpointResource,
  eventResource,
  newEndpointResource,
  pageOf,
  redelivery,
  replay,
} from '../openapi/resources.ts'
import {
  endpointChangeSchema,
  endpointSchema,
  noBodySchema,
  parseEndpointChange,
  parseEndpointRequest,
  parseNothing,
  parseReplayRequest,
  replaySchema,
} from '../parse-other-requests.ts'
import { readChoice } from '../read-query.ts'
import type { ApiRequest, ApiRoute } from '../route.ts'

export function webhookRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    ...endpointRoutes(deps, cursors),
    ...endpointActionRoutes(deps),
    ...eventRoutes(deps, cursors),
  ]
}

const ENDPOINT_PATH = '/v1/webhook-endpoints/:id'

function endpointRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/webhook-endpoints',
      about: {
        summary: 'Register a webhook endpoint',
        status: 201,
        input: endpointSchema,
        output: newEndpointResource,
      },
      scope: 'webhooks:manage',
      body: 'required',
      answer: async ({ storeId, actor, body, ticket }) => {
        const request = { ...parseEndpointRequest(body), storeId, actor, idempotency: ticket }
        return { status: 201, body: await createWebhookEndpoint(deps, request) }
      },
    },
    {
      method: 'GET',
      path: '/v1/webhook-endpoints',
      about: { summary: 'List webhook endpoints', status: 200, output: pageOf(endpointResource) },
      scope: 'webhooks:manage',
      query: ['limit', 'cursor'],
      answer: async ({ storeId, query }) => {
        const endpoints = await listWebhookEndpoints(deps, { storeId })
        return {
          status: 200,
          body: answerSlice(cursors, query, ['endpoints', storeId], endpoints),
        }
      },
    },
    {
      method: 'GET',
      path: ENDPOINT_PATH,
      about: { summary: 'Get a webhook endpoint', status: 200, output: endpointResource },
      scope: 'webhooks:manage',
      id: 'we',
      answer: async ({ storeId, id }) => {
        return { status: 200, body: await getWebhookEndpoint(deps, { storeId, endpointId: id }) }
      },
    },
    {
      method: 'PATCH',
      path: ENDPOINT_PATH,
      about: {
        summary: 'Change a webhook endpoint, or enable it again',
        status: 200,
        input: endpointChangeSchema,
        output: endpointResource,
      },
      scope: 'webhooks:manage',
      id: 'we',
      body: 'required',
      answer: async ({ storeId, id, actor, body }) => {
        const request = { ...parseEndpointChange(body), storeId, endpointId: id, actor }
        return { status: 200, body: await updateWebhookEndpoint(deps, request) }
      },
    },
    {
      method: 'DELETE',
      path: ENDPOINT_PATH,
      about: { summary: 'Delete a webhook endpoint', status: 204 },
      scope: 'webhooks:manage',
      id: 'we',
      answer: async ({ storeId, id, actor }) => {
        await deleteWebhookEndpoint(deps, { storeId, endpointId: id, actor })
        return { status: 204 }
      },
    },
  ]
}

function endpointActionRoutes(deps: HttpDeps): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: `${ENDPOINT_PATH}/rotate-secret`,
      about: {
        summary: 'Make a new secret; the old one signs along for a day',
        status: 200,
        input: noBodySchema,
        output: newEndpointResource,
      },
      scope: 'webhooks:manage',
      id: 'we',
      body: 'optional',
      answer: async ({ storeId, id, actor, body, ticket }) => {
        parseNothing(body)
        const request = { storeId, endpointId: id, actor, idempotency: ticket }
        return { status: 200, body: await rotateWebhookSecret(deps, request) }
      },
    },
    {
      method: 'POST',
      path: `${ENDPOINT_PATH}/test`,
      about: {
        summary: 'Send a test event to this endpoint',
        status: 202,
        input: noBodySchema,
        output: eventResource,
      },
      scope: 'webhooks:manage',
      id: 'we',
      body: 'optional',
      answer: async ({ storeId, id, actor, body, ticket }) => {
        parseNothing(body)
        const request = { storeId, endpointId: id, actor, idempotency: ticket }
        return { status: 202, body: await testWebhookEndpoint(deps, request) }
      },
    },
    {
      method: 'POST',
      path: `${ENDPOINT_PATH}/replay`,
      about: {
        summary: 'Send the missed events of a range of time to this endpoint',
        status: 202,
        input: replaySchema,
        output: replay,
      },
      scope: 'webhooks:manage',
      id: 'we',
      body: 'required',
      answer: async ({ storeId, id, actor, body, ticket }) => {
        const range = parseReplayRequest(body)
        const request = { ...range, storeId, endpointId: id, actor, idempotency: ticket }
        return { status: 202, body: await replayEvents(deps, request) }
      },
    },
  ]
}

function eventRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/events',
      about: {
        summary: 'List events; with `after` forward, oldest first',
        status: 200,
        output: pageOf(eventResource),
      },
      scope: 'events:read',
      query: ['limit', 'cursor', 'invoice', 'type', 'after'],
      answer: async (request) => ({ status: 200, body: await pageEvents(deps, cursors, request) }),
    },
    {
      method: 'GET',
      path: '/v1/events/:id',
      about: { summary: 'Get an event', status: 200, output: eventResource },
      scope: 'events:read',
      id: 'evt',
      answer: async ({ storeId, id }) => {
        return { status: 200, body: await getEvent(deps, { storeId, eventId: id }) }
      },
    },
    {
      method: 'POST',
      path: '/v1/events/:id/redeliver',
      about: {
        summary: 'Send an event again',
        status: 202,
        input: noBodySchema,
        output: redelivery,
      },
      scope: 'webhooks:manage',
      id: 'evt',
      body: 'optional',
      answer: async ({ storeId, id, actor, body, ticket }) => {
        parseNothing(body)
        const request = { storeId, eventId: id, actor, idempotency: ticket }
        return { status: 202, body: await redeliverEvent(deps, request) }
      },
    },
    {
      method: 'GET',
      path: '/v1/deliveries',
      about: {
        summary: 'List deliveries with their attempts',
        status: 200,
        output: pageOf(deliveryResource),
      },
      scope: 'webhooks:manage',
      query: ['limit', 'cursor', 'endpoint', 'event'],
      answer: async ({ storeId, query }) => {
        const filter = { storeId, endpointId: query.get('endpoint'), eventId: query.get('event') }
        const list = ['deliveries', storeId, filter.endpointId, filter.eventId]
        const load = (page: { limit: number; before: number | null }) =>
          listDeliveries(deps, filter, page)
        return { status: 200, body: await answerPage(cursors, query, list, load) }
      },
    },
  ]
}

/** Newest first; with `after` forward from an event, oldest first, page by page. */
async function pageEvents(
  deps: HttpDeps,
  cursors: Cursors,
  { storeId, query }: ApiRequest,
): Promise<ListAnswer> {
  const type = readChoice(query, 'type', EVENT_TYPES)
  const after = query.get('after')
  const filter = { storeId, invoiceId: query.get('invoice'), type }
  const list = ['events', storeId, filter.invoiceId, type, after]
  if (after === undefined) {
    return answerPage(cursors, query, list, (page) => listEvents(deps, filter, page))
  }
  const { limit, position } = cursors.read(query, list)
  if (typeof position === 'number') {
    throw invalidField('?cursor', 'malformed_cursor', 'is not a cursor of this list')
  }
  const data = await readEventsAfter(deps, filter, { afterEventId: position ?? after, limit })
  const last = data.length === limit ? String(data.at(-1)?.id) : null
  return { data, next_cursor: cursors.render(last, list) }
}
