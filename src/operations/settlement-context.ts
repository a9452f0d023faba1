import type { LocalChain } from '../core/chain/local-chain.ts'
import { tipOf } from '../core/chain/local-chain.ts'
import { createId, ID_RANDOM_BYTES, type IdPrefix } from '../core/ids.ts'
import type { TipNumbers } from '../core/payment/present-payment.ts'
import type { SettlementContext } from '../core/settlement/settlement.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'

/** Our tips of these chains, as the store has them. Chains that were never observed are absent. */
export async function loadChains(
  { store }: Pick<Deps, 'store'>,
  chainIds: Iterable<number>,
  blocks: number,
): Promise<Map<number, LocalChain>> {
  const chains = new Map<number, LocalChain>()
  for (const chainId of new Set(chainIds)) {
    const stored = await store.loadChain(chainId, blocks)
    if (stored !== null) chains.set(chainId, stored.chain)
  }
  return chains
}

/** Every chain an invoice has to do with: those it accepts and those money came on. */
export function chainsOf({ invoice, payments }: InvoiceWithPayments): number[] {
  return [
    ...invoice.terms.options.map((option) => option.asset.chainId),
    ...payments.map((payment) => payment.observation.chainId),
  ]
}

/** Heights of our tips, to count confirmations by. */
export async function loadTipNumbers(deps: Pick<Deps, 'store' | 'chains'>): Promise<TipNumbers> {
  const chainIds = deps.chains.list().map(({ chainId }) => chainId)
  const chains = await loadChains(deps, chainIds, 1)
  return (chainId) => {
    const chain = chains.get(chainId)
    return chain === undefined ? undefined : tipOf(chain).number
  }
}

/** Time, ids and links for one decision, over chains as they are in this map when asked. */
export function createSettlementContext(
  deps: Pick<Deps, 'clock' | 'ids' | 'publicUrl'>,
  chains: ReadonlyMap<number, LocalChain>,
): SettlementContext {
  const nowMs = deps.clock.nowMs()
  return {
    nowMs,
    publicUrl: deps.publicUrl,
    createId: (prefix) => freshId(deps, prefix, nowMs),
    chainOf: (chainId) => chains.get(chainId) ?? null,
    tipNumber: (chainId) => {
      const chain = chains.get(chainId)
      return chain === undefined ? undefined : tipOf(chain).number
    },
  }
}

export function freshId({ ids }: Pick<Deps, 'ids'>, prefix: IdPrefix, nowMs: number): string {
  return createId(prefix, nowMs, ids.randomBytes(ID_RANDOM_BYTES))
}
