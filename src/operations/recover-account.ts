/**
 * Where the money of an account key lies, found by balances alone: for the day on which the database
 * is lost and the words are all there is. Reads only.
 */
import {
  type AccountKey,
  derivationPath,
  deriveSponsorAddress,
  INTERNAL_ACCOUNTS,
} from '../core/keys/deposit-address.ts'
import { deriveAddressRange } from '../core/keys/derive-addresses.ts'
import type { Address, Asset, AssetId } from '../core/money/asset.ts'
import { ChainSourceError } from '../errors.ts'
import type { AccountState, SweepChain } from '../ports/sweep-chain.ts'

/** A chain that is looked at, and what may lie on it. */
export type RecoveryChain = { readonly chain: SweepChain; readonly assets: readonly Asset[] }

export type RecoverAccountDeps = {
  readonly chains: readonly RecoveryChain[]
  /** Waits between tries of a node that does not answer. */
  readonly pause: (ms: number) => Promise<void>
}

export type RecoverAccountRequest = {
  readonly account: AccountKey
  /** The search ends after this many addresses in a row that nobody ever used. */
  readonly gap: number
  /** No index from here on is looked at. */
  readonly endIndex: number
  readonly signal: AbortSignal
  /** Each address with money, as soon as it is known. */
  readonly onFound: (found: FoundAddress) => void
  readonly onProgress: (scanned: number, found: number) => void
}

export type FoundBalance = { readonly asset: Asset; readonly units: bigint }

export type FoundAddress = {
  readonly index: number
  readonly path: string
  readonly address: Address
  /** None of them zero. */
  readonly balances: readonly FoundBalance[]
}

export type Recovery = {
  readonly found: readonly FoundAddress[]
  /** Indexes from 0 up to here, exclusive, were looked at. */
  readonly scanned: number
  /** The highest index with a balance or a transaction; null when there is none. */
  readonly lastUsedIndex: number | null
  /** Addresses for which a contract did not answer as a token: nobody knows what they hold. */
  readonly unread: ReadonlyMap<AssetId, number>
}

/** Addresses asked for in one round of requests. */
const ADDRESSES_PER_ROUND = 200
/** Tries of one round, and the wait after the first; each further one is twice as long. */
const TRIES = 6
const FIRST_PAUSE_MS = 500
/**
 * Looks at index after index on all chains until `gap` of them in a row have neither a balance nor
 * a transaction anywhere. The internal chain (sponsor, payer) comes first. Rejects with a `ChainSourceError` when a chain
 * stays unreadable: what is not read must not count as empty.
 */
export async function recoverAccount(
  deps: RecoverAccountDeps,
  request: RecoverAccountRequest,
): Promise<Recovery> {
  const { account, gap, endIndex, onFound, onProgress } = request
  const found: FoundAddress[] = []
  const unread = new Map<AssetId, number>()
  const take = (one: Looked, index: number, path: string) => {
    for (const id of one.unread) unread.set(id, (unread.get(id) ?? 0) + 1)
    if (one.balances.length === 0) return
    const entry = { index, path, address: one.address, balances: one.balances }
    found.push(entry)
    onFound(entry)
  }
  const internal = Array.from({ length: INTERNAL_ACCOUNTS }, (_, index) =>
    deriveSponsorAddress(account, index),
  )
  for (const [index, one] of (await lookAt(deps, internal, request.signal)).entries()) {
    take(one, index, `m/44'/60'/${account.accountNumber}'/1/${index}`)
  }
  let lastUsedIndex: number | null = null
  let scanned = 0
  const end = () => Math.min(endIndex, (lastUsedIndex ?? -1) + 1 + gap)
  while (scanned < end()) {
    const count = Math.min(ADDRESSES_PER_ROUND, end() - scanned)
    const indexes = Array.from({ length: count }, (_, i) => scanned + i)
    const looked = await lookAt(deps, deriveAddressRange(account, indexes), request.signal)
    for (const [i, one] of looked.entries()) {
      const index = indexes[i] as number
      if (one.isUsed) lastUsedIndex = index
      take(one, index, derivationPath(index, account.accountNumber))
    }
    scanned += count
    onProgress(scanned, found.length)
  }
  return { found, scanned, lastUsedIndex, unread }
}

type Looked = {
  readonly address: Address
  readonly isUsed: boolean
  readonly balances: readonly FoundBalance[]
  readonly unread: readonly AssetId[]
}

/** What all chains say of these addresses, in their order. */
async function lookAt(
  { chains, pause }: RecoverAccountDeps,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<Looked[]> {
  const answers = await Promise.all(
    chains.map(({ chain, assets }) => readStates(chain, assets, addresses, pause, signal)),
  )
  return addresses.map((address, i) => {
    const looks = answers.map((states, place) => {
      const { assets } = chains[place] as RecoveryChain
      return judgeState(states[i] as AccountState, assets)
    })
    return {
      address,
      isUsed: looks.some((look) => look.isUsed),
      balances: looks.flatMap((look) => look.balances),
      unread: looks.flatMap((look) => look.unread),
    }
  })
}

/** A new head for each round: a long search outlives the states that nodes keep. */
async function readStates(
  chain: SweepChain,
  assets: readonly Asset[],
  addresses: readonly Address[],
  pause: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<AccountState[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { number } = await chain.getHead(signal)
      return await chain.readAccounts(addresses, tokensOf(assets), number, signal)
    } catch (error) {
      const mayPass = error instanceof ChainSourceError && error.kind !== 'wrong_chain'
      if (!mayPass || attempt === TRIES) throw error
      await pause(error.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1))
    }
  }
}

function judgeState(state: AccountState, assets: readonly Asset[]): Omit<Looked, 'address'> {
  const tokens = tokensOf(assets)
  const held = assets.map((asset) => {
    const units =
      asset.token === null ? state.nativeUnits : state.tokenUnits[tokens.indexOf(asset.token)]
    return { asset, units: units ?? null }
  })
  const balances = held.flatMap(({ asset, units }) =>
    units === null || units === 0n ? [] : [{ asset, units }],
  )
  return {
    // Coins count as use even where the chain accepts none.
    isUsed: balances.length > 0 || state.nativeUnits > 0n || state.nonce > 0,
    balances,
    unread: held.flatMap(({ asset, units }) => (units === null ? [asset.id] : [])),
  }
}

function tokensOf(assets: readonly Asset[]): Address[] {
  return assets.flatMap(({ token }) => (token === null ? [] : [token]))
}
