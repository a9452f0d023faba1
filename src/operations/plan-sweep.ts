/** What there is to collect, as the facts of a plan. Reads only; whoever has the keys decides. */
import { type AccountKey, deriveSponsorAddress } from '../core/keys/deposit-address.ts'
import { deriveAddressRange } from '../core/keys/derive-addresses.ts'
import {
  type Address,
  type Asset,
  type AssetId,
  nativeAssetId,
  toChecksumAddress,
} from '../core/money/asset.ts'
import { delegateAddress } from '../core/sweep/delegate-code.ts'
import { OWN_DESTINATION } from '../core/sweep/judge-facts.ts'
import { ENTRIES_MAX } from '../core/sweep/read-facts.ts'
import { selectBalances } from '../core/sweep/select-balances.ts'
import type { Sponsor, SweepEntry, SweepFacts, SweepMethod } from '../core/sweep/sweep-plan.ts'
import { GatewayError } from '../errors.ts'
import type { SweepChain } from '../ports/sweep-chain.ts'

export type PlanSweepRequest = {
  readonly account: AccountKey
  readonly destination: Address
  readonly method: SweepMethod
  readonly clear: boolean
  readonly sponsorIndex: number
  /** Whose sponsor pays; that of the account itself unless there is one apart. */
  readonly sponsorAccount?: AccountKey
  readonly assets: readonly Asset[]
  /** Indexes from 0 to here are looked at. */
  readonly lastIndex: number
  /** Balances below are left. An asset that is not named has no bound. */
  readonly minUnits: ReadonlyMap<AssetId, bigint>
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, all: number) => void
}

/** Addresses asked for in one round of requests. */
const ADDRESSES_PER_ROUND = 200

/** Rejects with `not_acceptable_state` when the sponsor or the treasury cannot be what they are. */
export async function planSweep(
  { chain }: { readonly chain: SweepChain },
  request: PlanSweepRequest,
): Promise<SweepFacts> {
  const { account, destination, method, signal } = request
  const head = await chain.getHead(signal)
  const fees = await chain.suggestFees(signal)
  const delegate = delegateAddress(destination)
  const sponsorAddress = deriveSponsorAddress(
    request.sponsorAccount ?? account,
    request.sponsorIndex,
  )
  if (destination === sponsorAddress) throw refuseOwnDestination()
  const [sponsor, code, treasury] = await chain.readAccounts(
    [sponsorAddress, delegate, destination],
    [],
    head.number,
    signal,
  )
  if (method === 'direct' && treasury?.code !== '0x') {
    const detail = 'The treasury is a contract: a plain transfer may fail. Use another method.'
    throw new GatewayError('not_acceptable_state', detail)
  }
  const found = await readEntries(chain, request, head.number, delegate)
  const { entries, skipped } = selectBalances(found, {
    method,
    fees,
    native: nativeAssetId(chain.chainId),
    minUnits: request.minUnits,
    presigned: request.sponsorAccount !== undefined,
  })
  return {
    chainId: chain.chainId,
    block: head,
    fingerprint: account.fingerprint,
    accountNumber: account.accountNumber,
    destination,
    method,
    clear: request.clear,
    fees,
    sponsor: describeSponsor(request.sponsorIndex, sponsorAddress, sponsor!),
    delegateDeployed: code?.code !== '0x',
    assets: request.assets,
    entries: entries.slice(0, ENTRIES_MAX),
    skipped,
  }
}

/** What a token does not say is not zero: its balances would be left behind and nobody told. */
function refuseSilent({ symbol, id }: Asset, address: Address): GatewayError {
  const detail =
    `${symbol} (${id}) does not say what ${toChecksumAddress(address)} holds. Try another node, or ` +
    `leave the token out with --without ${symbol}.`
  return new GatewayError('not_acceptable_state', detail)
}

function refuseOwnDestination(): GatewayError {
  return new GatewayError('invalid_request', `--to: ${OWN_DESTINATION}.`)
}

function describeSponsor(
  index: number,
  address: Address,
  { nonce, nativeUnits }: { nonce: number; nativeUnits: bigint },
): Sponsor {
  return { index, address, nonce, balanceUnits: nativeUnits }
}

async function readEntries(
  chain: SweepChain,
  request: PlanSweepRequest,
  blockNumber: number,
  delegate: Address,
): Promise<SweepEntry[]> {
  const { account, assets, lastIndex, signal } = request
  const tokens = assets.flatMap(({ token }) => (token === null ? [] : [token]))
  const entries: SweepEntry[] = []
  for (let first = 0; first <= lastIndex; first += ADDRESSES_PER_ROUND) {
    const count = Math.min(ADDRESSES_PER_ROUND, lastIndex - first + 1)
    const indexes = Array.from({ length: count }, (_, i) => first + i)
    const addresses = deriveAddressRange(account, indexes)
    if (addresses.includes(request.destination)) throw refuseOwnDestination()
    const states = await chain.readAccounts(addresses, tokens, blockNumber, signal)
    for (const [i, { address, nonce, code, nativeUnits, tokenUnits }] of states.entries()) {
      const units = assets.map(({ token }) =>
        token === null ? nativeUnits : (tokenUnits[tokens.indexOf(token)] ?? null),
      )
      const silent = assets[units.indexOf(null)]
      if (silent !== undefined) throw refuseSilent(silent, address)
      const balances = assets
        .map(({ id }, place) => ({ assetId: id, units: units[place] as bigint }))
        .filter((balance) => balance.units > 0n)
      if (balances.length === 0) continue
      const delegated = code === `0xef0100${delegate.slice(2)}`
      entries.push({ index: indexes[i] as number, address, nonce, delegated, balances })
    }
    request.onProgress?.(first + count, lastIndex + 1)
  }
  return entries
}
