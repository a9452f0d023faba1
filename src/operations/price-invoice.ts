/** From a price and accepted assets to payment options with locked amounts. */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { chooseFinality } from '../core/invoice/choose-finality.ts'
import { freezeWorth } from '../core/invoice/freeze-worth.ts'
import type { PaymentOption } from '../core/invoice/invoice.ts'
import { quotePrice } from '../core/invoice/quote.ts'
import type { Asset, AssetId } from '../core/money/asset.ts'
import { fiatDecimals } from '../core/money/currency.ts'
import { type DecimalFault, MAX_UNITS, parseDecimal } from '../core/money/decimal.ts'
import { createFraction, type Fraction, multiplyFractions } from '../core/money/fraction.ts'
import { crossRate, type Rate } from '../core/money/rate.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { Deps } from './deps.ts'

export type PriceRequest = {
  readonly amount: string
  readonly currency: string
  /** Assets asked for by the caller; null for all that can be offered. */
  readonly accept: readonly AssetId[] | null
}

type Candidate = { readonly asset: Asset; readonly chain: ChainSettings }
type Rates = ReadonlyMap<string, Rate>

/** Currency that feeds quote in; cross rates take one hop through it. */
export const HOP = 'USD'

const AMOUNT_FAULTS: Readonly<Record<DecimalFault, string>> = {
  malformed: 'must be a plain decimal number in a string, such as "25.00"',
  too_many_decimals: 'has more digits after the point than the currency has',
  out_of_range: 'is larger than any chain can move',
}

/** Payment options of a new invoice. Rejects naming the wrong field, or with what cannot be trusted. */
export async function priceInvoice(
  deps: Pick<Deps, 'chains' | 'rates' | 'clock'>,
  request: PriceRequest,
): Promise<PaymentOption[]> {
  const decimals = fiatDecimals(request.currency)
  return decimals === null
    ? priceInCoin(deps, request)
    : priceInFiat(deps, request, parseAmount(request.amount, decimals), decimals)
}

async function priceInFiat(
  deps: Pick<Deps, 'chains' | 'rates' | 'clock'>,
  request: PriceRequest,
  amountMinor: bigint,
  currencyDecimals: number,
): Promise<PaymentOption[]> {
  const candidates = selectCandidates(deps, request.accept, () => true)
  const rates = await loadRates(deps, candidates, request.currency)
  const value = () => createFraction(amountMinor, 10n ** BigInt(currencyDecimals))
  const options = candidates.flatMap(({ asset, chain }) => {
    const rate = findRate(rates, asset.symbol, request.currency)
    if (rate === null) return []
    const amountDueUnits = quotePrice({
      amountMinor,
      currencyDecimals,
      rate: rate.value,
      assetDecimals: asset.decimals,
    })
    assertPayable(amountDueUnits)
    const valueIn = (currency: string) => convert(rates, value(), request.currency, currency)
    return [
      {
        asset,
        chainName: chain.name,
        networkName: chain.networkName,
        amountDueUnits,
        rate: { value: rate.text, source: rate.source, atMs: rate.atMs },
        finality: chooseFinality(chain, valueIn),
        ...freezeWorth(chain, request.currency, valueIn),
      },
    ]
  })
  if (options.length === 0 || (request.accept !== null && options.length < candidates.length)) {
    throw new GatewayError(
      'rate_unavailable',
      `No current ${request.currency} rate for an accepted asset. Nothing was created.`,
      { retryable: true },
    )
  }
  return options
}

async function priceInCoin(
  deps: Pick<Deps, 'chains' | 'rates' | 'clock'>,
  request: PriceRequest,
): Promise<PaymentOption[]> {
  const known = deps.chains.list().flatMap((chain) => chain.assets)
  if (!known.some((asset) => asset.symbol === request.currency)) {
    throw invalidField(
      '/price/currency',
      'unknown_currency',
      'is neither a fiat currency code nor the symbol of an enabled asset',
    )
  }
  const candidates = selectCandidates(
    deps,
    request.accept,
    (asset) => asset.symbol === request.currency,
  )
  const coarsest = Math.min(...candidates.map(({ asset }) => asset.decimals))
  const units = parseAmount(request.amount, coarsest)
  const rates = await loadRates(deps, candidates, HOP)
  const value = createFraction(units, 10n ** BigInt(coarsest))
  return candidates.map(({ asset, chain }) => {
    const amountDueUnits = units * 10n ** BigInt(asset.decimals - coarsest)
    assertPayable(amountDueUnits)
    const valueIn = (currency: string) => convert(rates, value, asset.symbol, currency)
    return {
      asset,
      chainName: chain.name,
      networkName: chain.networkName,
      amountDueUnits,
      rate: null,
      finality: chooseFinality(chain, valueIn),
      ...freezeWorth(chain, request.currency, valueIn),
    }
  })
}

/**
 * The assets to offer. An asset the caller named must be enabled, fit the price and be on a ready
 * chain; without names, whatever is ready is offered.
 */
function selectCandidates(
  { chains }: Pick<Deps, 'chains'>,
  accept: readonly AssetId[] | null,
  fits: (asset: Asset) => boolean,
): Candidate[] {
  const all = chains.list().flatMap((chain) => chain.assets.map((asset) => ({ asset, chain })))
  const isReady = ({ chain }: Candidate) => chains.healthOf(chain.chainId).state === 'ok'
  if (accept === null) {
    const offered = withoutTestMoney(all).filter(({ asset }) => fits(asset))
    if (offered.length === 0 && all.some(({ asset }) => fits(asset))) {
      const detail = 'must name the assets: only those of test networks have this price’s currency'
      throw invalidField('/accept', 'test_network', detail)
    }
    const ready = offered.filter(isReady)
    if (ready.length === 0) throw notReady(offered[0]?.chain.name)
    return ready
  }
  return accept.map((id, i) => {
    const candidate = all.find(({ asset }) => asset.id === id)
    const pointer = `/accept/${i}`
    if (candidate === undefined) {
      throw invalidField(pointer, 'unknown_asset', 'is not an enabled asset')
    }
    if (!fits(candidate.asset)) {
      throw invalidField(pointer, 'asset_not_of_price', 'is not an asset of the price’s currency')
    }
    if (!isReady(candidate)) throw notReady(candidate.chain.name)
    return candidate
  })
}

/** Coins of a test network have no value: beside real ones they are offered only when named. */
function withoutTestMoney(all: readonly Candidate[]): readonly Candidate[] {
  const hasValue = ({ chain }: Candidate) => !chain.testnet && !chain.test
  return all.some(hasValue) ? all.filter(({ chain }) => !chain.testnet) : all
}

function notReady(chainName: string | undefined): GatewayError {
  if (chainName === undefined) {
    return new GatewayError(
      'not_configured',
      'No chain is configured. Add one to quittance.config.json, see `quittance init`.',
    )
  }
  return new GatewayError(
    'chain_unavailable',
    `The chain ${chainName} is not ready, so no payment to it could be promised. See /readyz.`,
    { retryable: true },
  )
}

function parseAmount(text: string, decimals: number): bigint {
  const parsed = parseDecimal(text, decimals)
  if (!parsed.ok) throw invalidField('/price/amount', parsed.fault, AMOUNT_FAULTS[parsed.fault])
  if (parsed.units === 0n) throw invalidField('/price/amount', 'not_positive', 'must be above zero')
  return parsed.units
}

function assertPayable(units: bigint): void {
  if (units <= MAX_UNITS) return
  throw invalidField('/price/amount', 'out_of_range', AMOUNT_FAULTS.out_of_range)
}

/** Direct rates and the two legs of a hop, for all candidates and tier currencies, in one request. */
function loadRates(
  { rates, clock, chains }: Pick<Deps, 'rates' | 'clock' | 'chains'>,
  candidates: readonly Candidate[],
  currency: string,
): Promise<Rates> {
  const question = `${currency} ${candidates.map(({ asset }) => asset.id).join(' ')}`
  let known = pairsOf.get(chains.list())
  if (known === undefined || known.size >= MAX_QUESTIONS) {
    known = new Map()
    pairsOf.set(chains.list(), known)
  }
  let pairs = known.get(question)
  if (pairs === undefined) {
    pairs = listPairs(candidates, currency)
    known.set(question, pairs)
  }
  return rates.getRates(pairs, clock.nowMs())
}

/** By the configured chains, which are what they are: nearly every order asks for the same pairs. */
const pairsOf = new WeakMap<readonly ChainSettings[], Map<string, readonly string[]>>()
const MAX_QUESTIONS = 1_000

function listPairs(candidates: readonly Candidate[], currency: string): readonly string[] {
  const valued = candidates.flatMap(({ chain }) => [
    ...chain.finality.flatMap(({ upTo }) => upTo ?? []),
    ...(chain.finalityCap ? [chain.finalityCap] : []),
  ])
  const currencies = new Set([currency, HOP, ...valued.map((amount) => amount.currency)])
  const bases = new Set([...candidates.map(({ asset }) => asset.symbol), ...currencies])
  return [...bases].flatMap((base) =>
    [...currencies].filter((quote) => quote !== base).map((quote) => `${base}/${quote}`),
  )
}

/** A direct rate, or the one by one hop; null where neither is known. */
export function findRate(rates: Rates, base: string, quote: string): Rate | null {
  const direct = rates.get(`${base}/${quote}`)
  if (direct !== undefined) return direct
  const baseUsd = rates.get(`${base}/${HOP}`)
  const quoteUsd = rates.get(`${quote}/${HOP}`)
  return baseUsd === undefined || quoteUsd === undefined ? null : crossRate(baseUsd, quoteUsd)
}

function convert(rates: Rates, value: Fraction, from: string, to: string): Fraction | null {
  if (from === to) return value
  const rate = findRate(rates, from, to)
  return rate === null ? null : multiplyFractions(value, rate.value)
}
