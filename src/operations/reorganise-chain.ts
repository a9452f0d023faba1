import type { Deps } from './deps.ts'
import type { IdempotencyTicket } from './idempotency.ts'
import { keepResult, requireTestChain, type TestChains } from './test-chain-access.ts'

/** Replaces the latest blocks of a test chain by empty ones. */
export async function reorganiseChain(
  deps: Pick<Deps, 'store' | 'chains' | 'clock'> & TestChains,
  request: { chainId: number; depth: number; idempotency: IdempotencyTicket },
) {
  await requireTestChain(deps, request.chainId).reorg(request.depth)
  const { chainId, depth } = request
  const result = { object: 'test_chain' as const, chain_id: chainId, depth }
  await keepResult(deps, request.idempotency, result)
  return result
}
