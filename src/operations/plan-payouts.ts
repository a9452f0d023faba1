/** What a list asks to be paid, as the facts of a plan; written down so that it is planned once. */
import { type AccountKey, deriveSponsorAddress } from '../core/keys/deposit-address.ts'
import { type Address, type Asset, nativeAssetId, toChecksumAddress } from '../core/money/asset.ts'
import { formatDecimal, parseDecimal } from '../core/money/decimal.ts'
import { type Arrangement, arrangePayouts } from '../core/payout/arrange-payouts.ts'
import { journalPayouts } from '../core/payout/journal.ts'
import { sumPayouts } from '../core/payout/payout-file.ts'
import type { ListedPayout } from '../core/payout/payout-list.ts'
import type { JournaledPayout, Payout, PayoutFacts } from '../core/payout/payout-plan.ts'
import { judgeRecipient, planPayoutTransactions } from '../core/payout/payout-transactions.ts'
import { maxFeeUnits } from '../core/sweep/sweep-gas.ts'
import type { Sponsor } from '../core/sweep/sweep-plan.ts'
import { GatewayError } from '../errors.ts'
import type { PayoutJournal } from '../ports/payout-journal.ts'
import type { Store } from '../ports/store.ts'
import type { AccountState, SweepChain } from '../ports/sweep-chain.ts'

export type PlanPayoutsDeps = {
  readonly chain: SweepChain
  readonly store: Pick<Store, 'findDepositAddresses'>
  /** Nobody else plans payouts meanwhile. */
  readonly journal: PayoutJournal
}

export type PlanPayoutsRequest = {
  readonly account: AccountKey
  readonly payerIndex: number
  /** All of this chain. */
  readonly payouts: readonly ListedPayout[]
  /** Of the chain, as configured. */
  readonly assets: readonly Asset[]
  /** Take the nonces of payouts that were planned before, were not sent, and are not in the list. */
  readonly replace: boolean
  readonly signal: AbortSignal
}

export type PlannedPayouts = {
  readonly facts: PayoutFacts
  /** Planned before, with a nonce that is used by now: not planned again. */
  readonly left: readonly JournaledPayout[]
}

/** A payout of the list whose amount fits its asset. */
type Wanted = Payout & { readonly place: string; readonly asset: Asset }

/** Recipients asked for in one request, and transfers tried at the same time. */
const RECIPIENTS_PER_ROUND = 200
const TRIED_AT_ONCE = 10

/**
 * Rejects with `invalid_request` naming line and field of a payout that cannot be made, and with
 * `not_acceptable_state` when the payer has too little or an earlier plan is still to be sent.
 */
export async function planPayouts(
  { chain, store, journal }: PlanPayoutsDeps,
  request: PlanPayoutsRequest,
): Promise<PlannedPayouts> {
  const { account, assets, signal } = request
  const payerAddress = deriveSponsorAddress(account, request.payerIndex)
  const wanted = request.payouts.map((payout) => toWanted(payout, assets))
  await refuseOwnAddresses(store, wanted)
  const head = await chain.getHead(signal)
  const fees = await chain.suggestFees(signal)
  const tokens = assets.flatMap(({ token }) => token ?? [])
  const [holder] = await chain.readAccounts([payerAddress], tokens, head.number, signal)
  const held = holder as AccountState
  const payer: Sponsor = {
    index: request.payerIndex,
    address: payerAddress,
    nonce: held.nonce,
    balanceUnits: held.nativeUnits,
  }
  const key = { chainId: chain.chainId, payer: payerAddress }
  const before = journal.read(key)
  const arranged = arrangePayouts(wanted, before, payer.nonce, request.replace)
  if (arranged.kind !== 'arranged') throw refuseArrangement(arranged)
  const contracts = await findContracts(chain, arranged.placed, head.number, signal)
  const used = new Set(arranged.placed.map(({ assetId }) => assetId))
  const facts: PayoutFacts = {
    chainId: chain.chainId,
    block: head,
    fingerprint: account.fingerprint,
    accountNumber: account.accountNumber,
    fees,
    assets: assets.filter(({ id }) => used.has(id)),
    payer,
    payouts: arranged.placed.map(({ reference, assetId, to, units, nonce }) => {
      return { reference, assetId, to, units, nonce, toContract: contracts.has(to) }
    }),
  }
  for (const one of arranged.placed) {
    const detail = judgeRecipient({ payer, assets }, one)
    if (detail !== null) throw refuse(`${one.place}, to`, detail)
  }
  refuseShortfall(facts, tokens, held)
  await tryTransfers(chain, payerAddress, arranged.placed, signal)
  journal.write(key, journalPayouts(before, facts.payouts))
  return { facts, left: arranged.left }
}

function toWanted(payout: ListedPayout, assets: readonly Asset[]): Wanted {
  const { place, reference, assetId, to, amount } = payout
  const asset = assets.find(({ id }) => id === assetId)
  if (asset === undefined) throw refuse(`${place}, asset`, 'is not configured on this chain')
  const parsed = parseDecimal(amount, asset.decimals)
  if (!parsed.ok) throw refuse(`${place}, amount`, `takes at most ${asset.decimals} decimals`)
  return { place, reference, assetId, asset, to, units: parsed.units }
}

/** Money sent there would be the merchant's again, or be taken for the payment of an order. */
async function refuseOwnAddresses(
  store: PlanPayoutsDeps['store'],
  wanted: readonly Wanted[],
): Promise<void> {
  const [own] = await store.findDepositAddresses([...new Set(wanted.map(({ to }) => to))])
  const one = wanted.find(({ to }) => to === own?.address)
  if (one !== undefined) throw refuse(`${one.place}, to`, 'is a deposit address of yours')
}

async function findContracts(
  chain: SweepChain,
  placed: readonly Payout[],
  blockNumber: number,
  signal: AbortSignal,
): Promise<Set<Address>> {
  const recipients = [...new Set(placed.map(({ to }) => to))]
  const contracts = new Set<Address>()
  for (let from = 0; from < recipients.length; from += RECIPIENTS_PER_ROUND) {
    const part = recipients.slice(from, from + RECIPIENTS_PER_ROUND)
    for (const { address, code } of await chain.readAccounts(part, [], blockNumber, signal)) {
      if (code !== '0x') contracts.add(address)
    }
  }
  return contracts
}

/** All that is missing at once, so that the payer is filled once. */
function refuseShortfall(facts: PayoutFacts, tokens: readonly Address[], held: AccountState): void {
  const coin = nativeAssetId(facts.chainId)
  const feeUnits = maxFeeUnits(planPayoutTransactions(facts), facts.fees)
  const sums = new Map(sumPayouts(facts).map(({ assetId, units }) => [assetId, units]))
  if (feeUnits > 0n) sums.set(coin, (sums.get(coin) ?? 0n) + feeUnits)
  const missing = [...sums].flatMap(([assetId, needed]) => {
    const asset = facts.assets.find(({ id }) => id === assetId)
    const units =
      assetId === coin ? held.nativeUnits : held.tokenUnits[tokens.indexOf(asset?.token ?? '0x')]
    const [symbol, decimals] = [asset?.symbol ?? 'coins', asset?.decimals ?? 18]
    if (units === null || units === undefined) return [`${symbol}, which does not answer`]
    return units >= needed ? [] : [`${formatDecimal(needed - units, decimals)} ${symbol}`]
  })
  if (missing.length === 0) return
  const payer = toChecksumAddress(facts.payer.address)
  const detail = `The payer ${payer} lacks ${missing.join(' and ')}, fees included. Send it that first.`
  throw new GatewayError('not_acceptable_state', detail)
}

/** A transfer that the token would refuse (frozen, paused) costs gas and pays nobody. */
async function tryTransfers(
  chain: SweepChain,
  from: Address,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<void> {
  for (let first = 0; first < wanted.length; first += TRIED_AT_ONCE) {
    await Promise.all(
      wanted.slice(first, first + TRIED_AT_ONCE).map(async ({ place, asset, to, units }) => {
        if (asset.token === null) return
        const fault = await chain.findTransferFault({ token: asset.token, from, to, units }, signal)
        if (fault !== null) throw refuse(place, `the token refuses the transfer: ${fault}`)
      }),
    )
  }
}

function refuseArrangement(
  arrangement: Exclude<Arrangement<Wanted>, { kind: 'arranged' }>,
): GatewayError {
  switch (arrangement.kind) {
    case 'changed': {
      const { wanted, before } = arrangement
      const was = `${before.units} units of ${before.assetId} to ${toChecksumAddress(before.to)}`
      return refuse(`${wanted.place}, reference`, `was planned before for ${was}`)
    }
    case 'rivals': {
      const [one, other] = arrangement.references
      const detail = `"${one}" and "${other}" took the same place in turn: leave one out.`
      return new GatewayError('not_acceptable_state', detail)
    }
    case 'waiting': {
      const [first, ...others] = arrangement.waiting
      const names = `"${first?.reference}"${others.length > 0 ? ` and ${others.length} more` : ''}`
      const detail =
        `Planned before and not in a block yet: ${names}. Broadcast that plan first, or put them ` +
        'into this list too, or give --replace: then they are not paid unless planned again.'
      return new GatewayError('not_acceptable_state', detail)
    }
  }
}

function refuse(field: string, detail: string): GatewayError {
  return new GatewayError('invalid_request', `${field}: ${detail}.`)
}
