import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type EndpointRef, loadEndpoint } from './endpoint-access.ts'

/** Deletes softly: the log of its deliveries stays, what is pending is never sent. */
export function deleteWebhookEndpoint(
  deps: Pick<Deps, 'store' | 'clock'>,
  request: EndpointRef & { readonly actor: string },
): Promise<void> {
  return commitDecision(deps, null, async () => {
    const endpoint = await loadEndpoint(deps, request)
    const nowMs = deps.clock.nowMs()
    const deleted = { ...endpoint, deletedAtMs: nowMs, revision: endpoint.revision + 1 }
    const entry = {
      atMs: nowMs,
      actor: request.actor,
      action: 'endpoint.delete',
      target: endpoint.id,
      before: endpoint.url,
      after: null,
    }
    return { changes: { endpoints: [deleted], audit: [entry] }, result: undefined }
  })
}
