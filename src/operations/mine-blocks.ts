import type { Deps } from './deps.ts'
import type { IdempotencyTicket } from './idempotency.ts'
import { keepResult, requireTestChain, type TestChains } from './test-chain-access.ts'

/** Mines blocks on a test chain. */
export async function mineBlocks(
  deps: Pick<Deps, 'store' | 'chains' | 'clock'> & TestChains,
  request: { chainId: number; blocks: number; idempotency: IdempotencyTicket },
) {
  const height = await requireTestChain(deps, request.chainId).mine(request.blocks)
  const result = { object: 'test_chain' as const, chain_id: request.chainId, height }
  await keepResult(deps, request.idempotency, result)
  return result
}
