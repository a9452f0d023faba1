/**
 * One life of the gateway: the real operations over the store that lasts, and memory that does not
 * (keys, claims, health, counters). A new life begins as the composition root begins one.
 */
import { createFixedRates } from '../../src/adapters/rates/fixed-rates.ts'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { createIndexSource } from '../../src/adapters/system/index-source.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import type { StoreAccount } from '../../src/core/store-account/store-account.ts'
import type { AttributeMemory } from '../../src/operations/attribute-payments.ts'
import type { Deps } from '../../src/operations/deps.ts'
import { deriveAhead } from '../../src/operations/derive-ahead.ts'
import type { FinalLook } from '../../src/operations/look-at-final.ts'
import { prepareDefaultStore } from '../../src/operations/prepare-default-store.ts'
import type { SweepMemory } from '../../src/operations/sweep-balances.ts'
import type { SyncMemory } from '../../src/operations/sync-chain.ts'
import { trustAccount } from '../../src/operations/trust-account.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { IdSource } from '../../src/ports/id-source.ts'
import type { StateDirectory } from '../../src/ports/state-directory.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Vault } from '../../src/ports/vault.ts'
import { guardState, type Life, type Run } from './crash-points.ts'
import { createForgetfulBook, PRICES, PUBLIC_URL, XPUB } from './setting.ts'

/** What outlives a process. */
export type Lasting = {
  readonly store: Store
  readonly state: StateDirectory
  readonly clock: Clock
  readonly ids: IdSource
  readonly chains: readonly ChainSettings[]
}

export type SimulatedProcess = {
  readonly life: Life
  readonly account: StoreAccount
  readonly memories: Map<number, SyncMemory>
  readonly sweeps: Map<number, SweepMemory>
  readonly looks: Map<number, FinalLook>
  readonly attributing: Map<number, AttributeMemory>
  readonly chains: Deps['chains']
  /** The dependencies of one job, over its own guarded store. */
  depsFor(store: Store, run: Run): Deps
  /** A clean stop gives back what was reserved ahead. */
  stop(): void
}

const silent = () => {}
export const SILENT_LOGGER: Deps['logger'] = {
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
}

const RATES = createFixedRates(PRICES)

/** Binds the context as a vault must; hides nothing, since nobody looks. */
export const PLAIN_VAULT: Vault = {
  seal: (plaintext, context) => JSON.stringify([context, plaintext]),
  open(sealed, context) {
    const [bound, plaintext] = JSON.parse(sealed) as [string, string]
    if (bound !== context) throw new Error('sealed for another context')
    return plaintext
  },
}

/** Rejects with a Crash when the process dies while it starts. */
export async function startProcess(
  lasting: Lasting,
  life: Life,
  run: Run,
  guarded: Store,
): Promise<SimulatedProcess> {
  const { clock, ids } = lasting
  let current: Run | null = run
  const state = guardState(lasting.state, () => current)
  const addressBook = createForgetfulBook()
  const indexes = createIndexSource(guarded, state)
  const trusted = new Set<string>()
  const chains = createChainDirectory(clock, lasting.chains)
  // As the watchers do: nothing was looked for yet in this life.
  for (const { chainId } of lasting.chains) chains.noteExpiryCheck(chainId, 0)
  const accounts: Deps['accounts'] = {
    async ensure(account) {
      if (trusted.has(account.id)) return
      await trustAccount({ state, indexes, addressBook }, account)
      trusted.add(account.id)
    },
  }
  const depsFor = (store: Store, next: Run): Deps => {
    current = next
    return {
      store,
      clock,
      ids,
      logger: SILENT_LOGGER,
      metrics: { count: silent },
      chains,
      rates: RATES,
      addressBook,
      indexes,
      accounts,
      vault: PLAIN_VAULT,
      publicUrl: PUBLIC_URL,
      invoiceDefaults: { expiresInS: 300, graceS: 20, toleranceBps: 0 },
    }
  }
  const deps = depsFor(guarded, run)
  const account = await prepareDefaultStore(
    { ...deps, state },
    { xpub: XPUB, acceptNewXpub: false },
  )
  await deriveAhead(deps, account)
  return {
    life,
    account,
    memories: new Map(),
    sweeps: new Map(),
    looks: new Map(),
    attributing: new Map(),
    chains,
    depsFor,
    stop() {
      current = null
      indexes.close()
    },
  }
}
