import { presentStore } from '../../../core/store-account/present-account.ts'
import { SECOND_MS } from '../../../core/time.ts'
import { createApiKey } from '../../../operations/create-api-key.ts'
import { listApiKeys } from '../../../operations/list-api-keys.ts'
import { listAssets } from '../../../operations/list-assets.ts'
import { revokeApiKey } from '../../../operations/revoke-api-key.ts'
import { updateStore } from '../../../operations/update-store.ts'
import { answerSlice, type Cursors } from '../cursors.ts'
import type { HttpDeps } from '../http-deps.ts'
import {
  apiKeyResource,
  assetResource,
  newApiKeyResource,
  pageOf,
  storeResource,
} from '../openapi/resources.ts'
import { apiKeySchema, parseApiKeyRequest } from '../parse-other-requests.ts'
import { parseStoreChange, storeChangeSchema } from '../parse-store-change.ts'
import type { ApiRoute } from '../route.ts'

export function accountRoutes(deps: HttpDeps, cursors: Cursors): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/assets',
      about: {
        summary: 'List the assets that invoices may be paid in',
        status: 200,
        output: pageOf(assetResource),
      },
      scope: null,
      // All in one page: what is configured is few, and its order is the merchant's.
      answer: async () => ({ status: 200, body: { data: listAssets(deps), next_cursor: null } }),
    },
    {
      method: 'GET',
      path: '/v1/store',
      about: { summary: 'Get the store of this key', status: 200, output: storeResource },
      scope: null,
      answer: async ({ principal }) => ({ status: 200, body: presentStore(principal.store) }),
    },
    {
      method: 'PATCH',
      path: '/v1/store',
      about: {
        summary: 'Change the store of this key',
        status: 200,
        input: storeChangeSchema,
        output: storeResource,
      },
      scope: 'admin',
      body: 'required',
      answer: async ({ storeId, actor, body }) => {
        const change = parseStoreChange(body)
        return { status: 200, body: await updateStore(deps, { storeId, actor, ...change }) }
      },
    },
    {
      method: 'GET',
      path: '/v1/api-keys',
      about: { summary: 'List API keys', status: 200, output: pageOf(apiKeyResource) },
      scope: 'admin',
      query: ['limit', 'cursor'],
      answer: async ({ storeId, query }) => {
        const keys = await listApiKeys(deps, { storeId })
        return { status: 200, body: answerSlice(cursors, query, ['api-keys', storeId], keys) }
      },
    },
    {
      method: 'POST',
      path: '/v1/api-keys',
      about: {
        summary: 'Create an API key',
        status: 201,
        input: apiKeySchema,
        output: newApiKeyResource,
      },
      scope: 'admin',
      body: 'required',
      answer: async ({ storeId, actor, body, ticket }) => {
        const { expiresInS, ...input } = parseApiKeyRequest(body)
        const expiresAtMs = expiresInS === null ? null : deps.clock.nowMs() + expiresInS * SECOND_MS
        const request = { ...input, storeId, expiresAtMs, actor, idempotency: ticket }
        return { status: 201, body: await createApiKey(deps, request) }
      },
    },
    {
      method: 'DELETE',
      path: '/v1/api-keys/:id',
      about: { summary: 'Revoke an API key', status: 204 },
      scope: 'admin',
      id: 'key',
      answer: async ({ storeId, id, actor }) => {
        await revokeApiKey(deps, { storeId, apiKeyId: id, actor })
        return { status: 204 }
      },
    },
  ]
}
