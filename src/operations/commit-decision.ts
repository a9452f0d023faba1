/** Shared by decisions that may meet another writer: decide, commit, or decide again. */
import type { ChangeSet } from '../core/change-set.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import { assertNotAnswered, type IdempotencyTicket } from './idempotency.ts'

export type Decided<Result> = { readonly changes: ChangeSet; readonly result: Result }

/** Writers of one endpoint or key are few; losing this often is overload, not bad luck. */
const COMMIT_TRIES = 5

/** Commits what `decide` returns. On a conflict everything is loaded and decided anew. */
export async function commitDecision<Result>(
  deps: Pick<Deps, 'store'>,
  ticket: IdempotencyTicket,
  decide: () => Promise<Decided<Result>>,
): Promise<Result> {
  for (let tries = 0; tries < COMMIT_TRIES; tries++) {
    const { changes, result } = await decide()
    if ((await deps.store.commit(changes)) === 'committed') return result
    await assertNotAnswered(deps, ticket)
  }
  throw new GatewayError('storage_unavailable', 'Too many writers at once; try again.', {
    retryable: true,
  })
}
