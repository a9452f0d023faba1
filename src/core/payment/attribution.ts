/**
 * Who made a payment of which only a balance told at first. The observation stays as it was seen: its
 * key and its amount never change. What its block's calls tell later stands beside it, call by call.
 */

import type { BlockRef } from '../chain/block.ts'
import { type BlockFrames, extractFrames } from '../chain/call-frames.ts'
import type { Transfer } from '../chain/transfer.ts'
import type { Address, Hash } from '../money/asset.ts'
import type { Payment } from './payment.ts'

/** One call that brought a payment, or a part of it. Written once, never changed. */
export type Attribution = {
  readonly paymentId: string
  /** `call:3:0.2`, the frame within the block: unique within the payment. */
  readonly place: string
  readonly txHash: Hash
  readonly from: Address
  readonly amountUnits: bigint
  /** When it was learned, by the gateway's clock. */
  readonly learnedAtMs: number
}

/** A payment that nothing but a balance tells of so far. */
export function isUnattributed({ observation, attributions }: Payment): boolean {
  return observation.kind === 'internal' && observation.txHash === null && attributions.length === 0
}

/** The transaction that made a payment; null while none is known, and where several made it. */
export function transactionOf({ observation, attributions }: Payment): Hash | null {
  return observation.txHash ?? onlyOne(attributions.map(({ txHash }) => txHash))
}

/** Who made a payment; null while nobody is known, and where several did. */
export function payerOf({ observation, attributions }: Payment): Address | null {
  return observation.from ?? onlyOne(attributions.map(({ from }) => from))
}

/** Whether a transaction made a payment, or a part of it. */
export function isMadeBy({ observation, attributions }: Payment, txHash: Hash): boolean {
  return observation.txHash === txHash || attributions.some((one) => one.txHash === txHash)
}

function onlyOne<T>(values: readonly T[]): T | null {
  const [first = null] = new Set(values)
  return values.every((value) => value === first) ? first : null
}

/**
 * The calls that brought exactly what a payment is, where there can be no doubt: all calls to its
 * address that are no payments of their own, and to the last unit. Null otherwise: when they are more
 * or less, when calls took from the address too, or when logs told of coins it got in the same block,
 * so that nobody can say which call was which.
 *
 * @param held All payments of the block; the payment itself may be among them.
 */
export function explainByCalls(
  { observation }: Payment,
  held: readonly Payment[],
  block: BlockRef,
  frames: BlockFrames,
): readonly Transfer[] | null {
  const { id, chainId, asset, to, amountUnits } = observation
  const places = held
    .map((payment) => payment.observation)
    .filter((other) => other.id !== id && other.to === to && other.asset.id === asset.id)
    .map(({ place }) => place)
  if (places.some((place) => !place.startsWith('tx:') && !place.startsWith('call:'))) return null
  const calls = extractFrames({ ref: block }, chainId, frames)
  if (calls.some(({ from }) => from === to)) return null
  const arrived = calls.filter((call) => call.to === to && !places.includes(call.place))
  const arrivedUnits = arrived.reduce((sum, call) => sum + call.amountUnits, 0n)
  return arrived.length > 0 && arrivedUnits === amountUnits ? arrived : null
}
