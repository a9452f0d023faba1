import type { StoreAccount } from '../../core/store-account/store-account.ts'
import { SECOND_MS } from '../../core/time.ts'
import {
  type DeriveAheadDeps,
  deriveAhead,
  type Preparation,
  prepareAddresses,
} from '../../operations/derive-ahead.ts'
import type { ChainDirectory } from '../../ports/chain-directory.ts'
import { type RunLoop, startRunLoop } from './run-loop.ts'

/** How soon a store made by the command line is watched, and the look-ahead is filled up again. */
const INTERVAL_MS = SECOND_MS
/** Pause between two slices of preparation: requests that wait go first. */
const BETWEEN_SLICES_MS = 20

type KeeperDeps = DeriveAheadDeps & { readonly chains: ChainDirectory }

/**
 * Keeps the next addresses of every store derived and watched, also of stores made meanwhile, and
 * many more derived: a burst of orders then finds them ready.
 */
export function startAddressKeeper(deps: KeeperDeps): RunLoop {
  const preparation: Preparation = new Map()
  /** Which index came next when the look-ahead of an account key was last found whole. */
  const whole = new Map<string, number>()
  const fill = async (account: StoreAccount) => {
    const { fingerprint } = account
    await deps.accounts.ensure(account)
    const next = deps.indexes.peek(fingerprint)
    if (whole.get(fingerprint) === next) return
    if ((await deriveAhead(deps, account)) === 0) whole.set(fingerprint, next)
  }
  let filledAtMs = Number.NEGATIVE_INFINITY
  return startRunLoop(async () => {
    try {
      const stores = await deps.store.listStores()
      if (deps.clock.monotonicMs() - filledAtMs >= INTERVAL_MS) {
        for (const account of stores) await fill(account)
        filledAtMs = deps.clock.monotonicMs()
      }
      if (isCatchingUp(deps)) return { waitMs: INTERVAL_MS }
      const state = await prepareAddresses(deps, stores, preparation)
      return { waitMs: state === 'more' ? BETWEEN_SLICES_MS : INTERVAL_MS }
    } catch (error) {
      deps.logger.error({ err: error }, 'addresses could not be derived ahead')
    }
    return { waitMs: INTERVAL_MS }
  })
}

/** Orders that were paid meanwhile go before orders to come. */
function isCatchingUp({ chains }: KeeperDeps): boolean {
  return chains.list().some(({ chainId }) => {
    const { state, reason } = chains.healthOf(chainId)
    return state === 'starting' || reason === 'catching_up'
  })
}
