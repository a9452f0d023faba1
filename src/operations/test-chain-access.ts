/** Shared by the rehearsals on local chains: whether there is one, and keeping the answer. */
import { GatewayError } from '../errors.ts'
import type { TestChain } from '../ports/test-chain.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'

export type TestChains = {
  /** The hands on a chain's node; null where there are none. */
  readonly testChainOf: (chainId: number) => TestChain | null
}

const ACCEPTED = 202

/** Only chains marked `test`: elsewhere these routes do not exist. */
export function requireTestChain(
  { chains, testChainOf }: Pick<Deps, 'chains'> & TestChains,
  chainId: number,
): TestChain {
  const chain = chains.get(chainId)?.test === true ? testChainOf(chainId) : null
  if (chain === null) throw new GatewayError('not_found', 'There is no such test chain.')
  return chain
}

export async function keepResult(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  ticket: IdempotencyTicket,
  result: unknown,
): Promise<void> {
  if (ticket === null) return
  // The chain has acted already. A conflict means that another answer was kept first: it stands.
  await store.commit(
    keepAnswer(ticket, { status: ACCEPTED, body: JSON.stringify(result) }, clock.nowMs()),
  )
}
