/** What people put on a chain: payments, and everything that only looks like one. */
import type { Address, Asset, Hash } from '../../src/core/money/asset.ts'
import type { Random } from './random.ts'
import { FAKE_TOKEN, OWN_SENDER } from './setting.ts'
import {
  type LogDraft,
  NATIVE_LOGGER,
  paddedHex,
  type SimulatedTransaction,
} from './simulated-chain.ts'

const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const APPROVAL = '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925'
export const PAYER: Address = '0x00000000000000000000000000000000000a11ce'
/** Where the merchant collects. */
export const TREASURY: Address = '0x00000000000000000000000000000000007ea5a1'
export const ROUTER: Address = '0x0000000000000000000000000000000000007007'

const word = (value: bigint): string => paddedHex(value, 64)
const topic = (address: Address): string => `0x${address.slice(2).padStart(64, '0')}`

function transferLog(asset: Asset, to: Address, units: bigint, from = PAYER): LogDraft {
  return {
    address: asset.token as Address,
    topics: [TRANSFER, topic(from), topic(to)],
    data: word(units),
    moves: { asset, from, to, units },
  }
}

/** A payment as wallets make it. */
export function payTransaction(
  hash: Hash,
  asset: Asset,
  to: Address,
  units: bigint,
  from = PAYER,
): SimulatedTransaction {
  const common = { hash, from, succeeded: true }
  if (asset.token === null) {
    return { ...common, to, valueUnits: units, logs: [], movesValue: asset }
  }
  const logs = [transferLog(asset, to, units, from)]
  return { ...common, to: asset.token, valueUnits: 0n, logs, movesValue: null }
}

/** A token that tells of `units`, and moves less: a fee, or worse. */
export function shortTransaction(
  hash: Hash,
  asset: Asset,
  to: Address,
  units: bigint,
  moved: bigint,
): SimulatedTransaction {
  const log = transferLog(asset, to, units)
  const moves = { asset, from: PAYER, to, units, moved }
  const common = { hash, from: PAYER, succeeded: true, movesValue: null }
  return { ...common, to: asset.token, valueUnits: 0n, logs: [{ ...log, moves }] }
}

/** Tokens of a deposit address that go to the treasury, sent by a sponsor or whom an approval let. */
export function collectTransaction(
  hash: Hash,
  asset: Asset,
  holder: Address,
  units: bigint,
): SimulatedTransaction {
  return {
    hash,
    from: PAYER,
    to: ROUTER,
    valueUnits: 0n,
    succeeded: true,
    logs: [transferLog(asset, TREASURY, units, holder)],
    movesValue: null,
    spends: { token: asset.token as Address, holder, units },
  }
}

/** One transaction that pays several addresses in a token, through a router. */
export function payManyTransaction(
  hash: Hash,
  asset: Asset,
  shares: readonly { readonly to: Address; readonly units: bigint }[],
): SimulatedTransaction {
  const logs = shares.map(({ to, units }) => transferLog(asset, to, units))
  return {
    hash,
    from: PAYER,
    to: ROUTER,
    valueUnits: 0n,
    succeeded: true,
    logs,
    movesValue: null,
  }
}

/** Native value whose transaction failed, went nowhere, is none, or our own: no payment. */
function voidNative(hash: Hash, to: Address, units: bigint, random: Random): SimulatedTransaction {
  const common = { hash, from: PAYER, logs: [], movesValue: null }
  switch (random.below(5)) {
    case 0:
      return { ...common, to, valueUnits: units, succeeded: false }
    case 4:
      return { ...common, from: OWN_SENDER, to, valueUnits: units, succeeded: true }
    case 1:
      return { ...common, to, valueUnits: 0n, succeeded: true }
    case 2:
      return { ...common, to: null, valueUnits: units, succeeded: true }
    default:
      return { ...common, from: to, to, valueUnits: units, succeeded: true }
  }
}

/** Logs that look like a transfer to this address, and are none we may credit. */
function oddLog(
  token: Address,
  to: Address,
  units: bigint,
  random: Random,
  mayLogCoins: boolean,
): LogDraft {
  const good = { address: token, topics: [TRANSFER, topic(PAYER), topic(to)], data: word(units) }
  const dirty = `0x01${topic(to).slice(4)}`
  const forms: readonly Omit<LogDraft, 'moves'>[] = [
    { ...good, topics: [TRANSFER, topic(PAYER), topic(to), word(units)], data: '0x' },
    { ...good, topics: [TRANSFER], data: `0x${'0'.repeat(192)}` },
    { ...good, topics: [TRANSFER, topic(PAYER), dirty] },
    { ...good, data: '0x' },
    { ...good, data: `${word(units)}00` },
    { ...good, data: word(0n) },
    { ...good, topics: [TRANSFER, topic(to), topic(to)] },
    { ...good, topics: [TRANSFER, topic(OWN_SENDER), topic(to)] },
    { ...good, topics: [APPROVAL, topic(PAYER), topic(to)] },
    { ...good, address: FAKE_TOKEN },
    { ...good, address: NATIVE_LOGGER },
    { ...good, topics: [] },
  ]
  const form = random.pick(forms)
  // Where each movement of coins is logged, that address lies to nobody.
  const isCoin = form.address === NATIVE_LOGGER && !mayLogCoins
  return { ...(isCoin ? good : form), ...(isCoin && { address: FAKE_TOKEN }), moves: null }
}

/** Something at this address that is not a payment. */
export function noiseTransaction(
  hash: Hash,
  token: Address,
  to: Address,
  units: bigint,
  random: Random,
  mayLogCoins: boolean,
): SimulatedTransaction {
  if (random.chance(0.4)) return voidNative(hash, to, units, random)
  const logs = Array.from({ length: random.between(1, 3) }, () =>
    oddLog(token, to, units, random, mayLogCoins),
  )
  return {
    hash,
    from: PAYER,
    to: token,
    valueUnits: 0n,
    succeeded: true,
    logs,
    movesValue: null,
  }
}
