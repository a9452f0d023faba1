import { followFinality, type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import { createId, ID_RANDOM_BYTES, type IdPrefix } from '../core/ids.ts'
import type { TipNumbers } from '../core/payment/present-payment.ts'
import type { SettlementContext } from '../core/settlement/settlement.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'

type LoadDeps = Pick<Deps, 'store' | 'chains'>

export type LoadedChains = {
  readonly chains: Map<number, LocalChain>
  /** Of these, the ones that are not followed until a person decides. */
  readonly halted: ReadonlySet<number>
}

/**
 * These chains as the store has them, and what is final of them as their settings judge it. Chains
 * that were never observed are absent.
 */
export async function loadChainsAndHalts(
  { store, chains: directory }: LoadDeps,
  chainIds: Iterable<number>,
  blocks: number,
): Promise<LoadedChains> {
  const chains = new Map<number, LocalChain>()
  const halted = new Set<number>()
  for (const chainId of new Set(chainIds)) {
    const stored = await store.loadChain(chainId, blocks)
    if (stored === null) continue
    const settings = directory.get(chainId)
    const { chain, haltReason } = stored
    chains.set(chainId, settings === undefined ? chain : followFinality(chain, settings))
    if (haltReason !== null) halted.add(chainId)
  }
  return { chains, halted }
}

/** As above, where it does not matter whether a chain is followed. */
export async function loadChains(
  deps: LoadDeps,
  chainIds: Iterable<number>,
  blocks: number,
): Promise<Map<number, LocalChain>> {
  return (await loadChainsAndHalts(deps, chainIds, blocks)).chains
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

/**
 * Time, ids and links for one decision, over chains as they are in this map when asked. What a halted
 * chain showed before it halted is in doubt: no deadline passes by it.
 */
export function createSettlementContext(
  deps: Pick<Deps, 'clock' | 'ids' | 'publicUrl' | 'chains'>,
  chains: ReadonlyMap<number, LocalChain>,
  halted: ReadonlySet<number> = new Set(),
): SettlementContext {
  const nowMs = deps.clock.nowMs()
  return {
    nowMs,
    publicUrl: deps.publicUrl,
    createId: (prefix) => freshId(deps, prefix, nowMs),
    chainOf: (chainId) => (halted.has(chainId) ? null : (chains.get(chainId) ?? null)),
    sweptThroughMs: (chainId) => deps.chains.sweptThroughMs(chainId),
    checkedThroughMs: (chainId) => deps.chains.checkedThroughMs(chainId),
    tipNumber: (chainId) => {
      const chain = chains.get(chainId)
      return chain === undefined ? undefined : tipOf(chain).number
    },
  }
}

export function freshId({ ids }: Pick<Deps, 'ids'>, prefix: IdPrefix, nowMs: number): string {
  return createId(prefix, nowMs, ids.randomBytes(ID_RANDOM_BYTES))
}
