/**
 * A cap on what a chain has credited and may still take back. Each payment asks for room when it is
 * as deep as its order wants; what is final by then asks for none. Money of no order, or in an asset
 * that its order does not take, credits nobody and is worth nothing here.
 *
 *     cap 1000   [ 400 ][ 350 ]    room for 250: one of 300 waits, a later one of 200 does not
 *                [ 350 ][ 200 ]    the 400 are final: 300 fits
 *
 * Whoever waits, waits until it is final at the longest. Worth is counted in the smallest unit of the
 * cap's currency, of each payment rounded up, so that sums are exact and never too low.
 */
import { assert } from '../assert.ts'
import { type ChainSettings, finalRule } from '../chain/chain-settings.ts'
import { type FinalityRule, meetsFinality } from '../chain/finality.ts'
import type { LocalChain } from '../chain/local-chain.ts'
import type { PaymentOption, Terms } from '../invoice/invoice.ts'
import type { Hash } from '../money/asset.ts'
import { parseFiatAmount } from '../money/currency.ts'
import { ceilFraction } from '../money/fraction.ts'
import type { Payment } from '../payment/payment.ts'

/** A confirmed payment with the terms it was credited by. */
export type Credit = { readonly payment: Payment; readonly terms: Terms }

/** A draft, as the settlement it belongs to: steps take room from it and give it back. */
export type CreditRoom = {
  readonly capUnits: bigint
  /** In a closed one nothing fits: only what is final is credited. */
  readonly isOpen: boolean
  readonly currency: string
  /** When what was credited gives its room back. */
  readonly finality: FinalityRule
  /** Credited and not final, by payment id. */
  readonly taken: Map<string, Taken>
  /** Sum of what is taken; of so many nobody knows what they are worth: no room is left. */
  sumUnits: bigint
  unvalued: number
}

type Taken = {
  readonly payment: Payment
  /** In the smallest unit of the currency; null where nobody knows. */
  readonly worthUnits: bigint | null
}

/** Null where the chain has no cap. */
export function openRoom(
  settings: Pick<ChainSettings, 'finality' | 'finalizedTag' | 'finalityCap'>,
  credits: readonly Credit[],
): CreditRoom | null {
  const { finalityCap = null } = settings
  if (finalityCap === null) return null
  const { currency } = finalityCap
  const capUnits = parseFiatAmount(finalityCap)
  assert(capUnits !== null, 'the configuration lets only amounts through')
  const room = emptyRoom({ capUnits, isOpen: true, currency, finality: finalRule(settings) })
  for (const { payment, terms } of credits) add(room, payment, worthOf(payment, terms, currency))
  return room
}

/** The same room for who must take nothing of it. */
export function closeRoom(room: CreditRoom): CreditRoom {
  return emptyRoom({ ...room, isOpen: false })
}

function emptyRoom(
  parts: Pick<CreditRoom, 'capUnits' | 'isOpen' | 'currency' | 'finality'>,
): CreditRoom {
  const { capUnits, isOpen, currency, finality } = parts
  return { capUnits, isOpen, currency, finality, taken: new Map(), sumUnits: 0n, unvalued: 0 }
}

function add(room: CreditRoom, payment: Payment, worthUnits: bigint | null): void {
  if (worthUnits === 0n) return
  room.taken.set(payment.observation.id, { payment, worthUnits })
  if (worthUnits === null) room.unvalued += 1
  else room.sumUnits += worthUnits
}

function remove(room: CreditRoom, { payment, worthUnits }: Taken): void {
  room.taken.delete(payment.observation.id)
  if (worthUnits === null) room.unvalued -= 1
  else room.sumUnits -= worthUnits
}

/**
 * What counts of a payment, by the frozen terms of its order, rounded up; null where they do not say
 * what it is worth in this currency.
 */
export function worthOf(payment: Payment, terms: Terms | null, currency: string): bigint | null {
  const { accepted, countedUnits, observation } = payment
  if (terms === null || !accepted || countedUnits === 0n) return 0n
  const option = terms.options.find(({ asset }) => asset.id === observation.asset.id)
  if (option === undefined) return 0n
  const wholeUnits = wholeWorth(terms, option, currency)
  if (wholeUnits === null) return null
  const { amountDueUnits } = option
  return ceilFraction({ numerator: countedUnits * wholeUnits, denominator: amountDueUnits })
}

function wholeWorth({ price }: Terms, { worth }: PaymentOption, currency: string): bigint | null {
  const amount = [price, worth].find((one) => one?.currency === currency)
  return amount === undefined ? null : parseFiatAmount(amount)
}

/** Gives back the room of what left the chain and of what is final now. */
export function giveBack(
  room: CreditRoom,
  chain: LocalChain,
  disconnected: ReadonlySet<Hash>,
): void {
  for (const one of room.taken.values()) {
    const { blockHash } = one.payment.observation
    if (disconnected.has(blockHash) || isFinalBy(room, chain, one.payment)) remove(room, one)
  }
}

/** Whether a payment of our chain may be credited: it is final, or what it is worth fits. */
export function hasRoom(
  room: CreditRoom,
  chain: LocalChain,
  payment: Payment,
  terms: Terms | null,
): boolean {
  if (isFinalBy(room, chain, payment)) return true
  const worthUnits = worthOf(payment, terms, room.currency)
  if (worthUnits === 0n) return true
  if (!room.isOpen || worthUnits === null || room.unvalued > 0) return false
  return room.sumUnits + worthUnits <= room.capUnits
}

/** Takes the room of a payment that is credited. */
export function takeRoom(
  room: CreditRoom,
  chain: LocalChain,
  payment: Payment,
  terms: Terms | null,
): void {
  if (isFinalBy(room, chain, payment)) return
  add(room, payment, worthOf(payment, terms, room.currency))
}

/** Who asks first: the lower block, then the place in it, so that everybody decides the same. */
export function compareInChain({ observation: a }: Payment, { observation: b }: Payment): number {
  return a.blockNumber - b.blockNumber || comparePlaces(a.place, b.place)
}

/** Of numbers without leading zeros the longer is the higher one; between kinds any order will do. */
function comparePlaces(a: string, b: string): number {
  const [parts, others] = [a.split(/[:.]/), b.split(/[:.]/)]
  for (const [at, part] of parts.entries()) {
    const other = others[at] ?? ''
    if (part.length !== other.length) return part.length - other.length
    if (part !== other) return part < other ? -1 : 1
  }
  return parts.length - others.length
}

function isFinalBy({ finality }: CreditRoom, chain: LocalChain, { observation }: Payment): boolean {
  const { blockNumber: number, blockTimestampS: timestampS } = observation
  return meetsFinality(chain, finality, { number, timestampS })
}
