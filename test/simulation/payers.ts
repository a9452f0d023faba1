/** Payers: exact, in parts, too much, too late, in the wrong asset, to addresses nobody gave out. */
import type { InvoiceResource } from '../../src/core/invoice/present-invoice.ts'
import type { Address, Asset, Hash } from '../../src/core/money/asset.ts'
import { MAX_UNITS } from '../../src/core/money/decimal.ts'
import { payByCalls, spendCoins } from './coin-payers.ts'
import type { Step } from './history.ts'
import { createRandom, type Random } from './random.ts'
import type { SimulatedChain } from './simulated-chain.ts'
import { paddedHex } from './simulated-chain.ts'
import type { World } from './simulated-world.ts'
import {
  collectTransaction,
  noiseTransaction,
  payManyTransaction,
  payTransaction,
  shortTransaction,
} from './transactions.ts'

type PayStep = Step & { do: 'pay' }

/** Ends of `to` as a payer knows them: lower case, from the answer. */
const addressOf = ({ address }: InvoiceResource): Address => address.toLowerCase() as Address

const HUGE = 2n ** 255n

/** How often somebody collects beside a payment; drawn apart, so that payments stay as they were. */
const COLLECTED_SHARE = 0.3
const COLLECT_SEED = 0x0c01_1ec7

export function movePayers(world: World, step: PayStep): void {
  pay(world, step)
  const random = createRandom(step.seed ^ COLLECT_SEED)
  if (random.chance(COLLECTED_SHARE)) collect(world, random)
}

/** All or a part of what an address has on the best branch; another branch may have less. */
function collect(world: World, random: Random): void {
  const asset = random.pick(world.settings).assets.find((each) => each.token !== null) as Asset
  const chain = chainOf(world, asset)
  const held = [...world.ledger.addresses.keys()]
    .map((holder) => ({
      holder,
      units: chain.tokenBalance(chain.bestTip(), asset.token as Address, holder),
    }))
    .filter(({ units }) => units > 0n)
  if (held.length === 0) return
  const { holder, units } = random.pick(held)
  // Huge payments add up to more than one transfer can move.
  const whole = units < MAX_UNITS ? units : MAX_UNITS
  const taken = random.chance(0.7) ? whole : (whole + 1n) / 2n
  world.tell(`  ${taken} of ${asset.symbol} on ${asset.chainId} collected from ${holder}`)
  chain.broadcast(collectTransaction(nextHash(world), asset, holder, taken))
}

function pay(world: World, step: PayStep): void {
  const random = createRandom(step.seed)
  const answered = world.orders.flatMap(({ resource }) => (resource === null ? [] : [resource]))
  const assets = world.settings.flatMap((settings) => settings.assets)
  const asset = random.pick(assets)
  if (step.mode === 'look_ahead') {
    const waiting = waitingAddresses(world)
    const to = waiting[random.below(Math.min(3, waiting.length))]
    if (to !== undefined) payTo(world, asset, to, BigInt(random.between(1, 10_000_000)))
    return
  }
  // The latest invoices are paid most.
  const recent = answered.slice(-3)
  const invoice = random.chance(0.7) ? random.pick(recent) : random.pick(answered)
  if (invoice === undefined) return
  if (step.mode === 'many') payMany(world, answered, random)
  else if (step.mode === 'call') {
    payByCalls(world, answered, waitingAddresses(world), random, nextHash(world))
  } else if (step.mode === 'spend') spendCoins(world, random, nextHash(world))
  else if (step.mode === 'short') payShort(world, invoice, random)
  else if (step.mode === 'noise') makeNoise(world, asset, addressOf(invoice), random)
  else if (step.mode === 'other_asset') {
    payTo(world, asset, addressOf(invoice), BigInt(random.between(1, 50_000_000)))
  } else payInvoice(world, step.mode, invoice, random)
}

function payInvoice(
  world: World,
  mode: PayStep['mode'],
  invoice: InvoiceResource,
  random: Random,
): void {
  const assets = world.settings.flatMap((settings) => settings.assets)
  const option = random.pick(invoice.payment_options)
  const accepted = assets.find(({ id }) => id === option.asset) as Asset
  const units = chooseUnits(mode, BigInt(option.amount_due_units), random)
  payTo(world, accepted, addressOf(invoice), units)
}

/** What is due, of which a part arrives. */
function payShort(world: World, invoice: InvoiceResource, random: Random): void {
  const assets = world.settings.flatMap((settings) => settings.assets)
  const tokens = assets.filter(({ token }) => token !== null)
  const options = invoice.payment_options.filter(({ asset }) =>
    tokens.some(({ id }) => id === asset),
  )
  const option = options[random.below(Math.max(1, options.length))]
  const token = tokens.find(({ id }) => id === option?.asset)
  if (option === undefined || token === undefined) return
  const units = BigInt(option.amount_due_units)
  const moved = (units * BigInt(random.between(1, 99))) / 100n || 1n
  world.tell(`  ${units} of ${token.symbol} on ${token.chainId}, of which ${moved} arrive`)
  const to = addressOf(invoice)
  chainOf(world, token).broadcast(shortTransaction(nextHash(world), token, to, units, moved))
}

function chooseUnits(mode: PayStep['mode'], due: bigint, random: Random): bigint {
  const share = (due * BigInt(random.between(1, 99))) / 100n
  switch (mode) {
    case 'part':
      return share === 0n ? 1n : share
    case 'rest':
      return due - share
    case 'over':
      return due + share + 1n
    case 'dust':
      return 1n
    case 'huge':
      return random.chance(0.5) ? HUGE + BigInt(random.next()) : 2n ** 256n - 1n
    default:
      return random.chance(0.1) ? due - 1n || 1n : due
  }
}

/** Look-ahead addresses in the order they will be given out. */
function waitingAddresses({ ledger }: World): Address[] {
  const rows = [...ledger.addresses.values()].map(({ row }) => row)
  const issued = rows.filter((row) => row.issued !== null).map(({ index }) => index)
  const from = Math.max(-1, ...issued)
  return rows
    .filter((row) => row.issued === null && row.index > from)
    .sort((a, b) => a.index - b.index)
    .map(({ address }) => address)
}

function nextHash(world: World): Hash {
  world.transactions += 1
  return paddedHex((0xfeedn << 64n) + BigInt(world.transactions), 64)
}

function chainOf({ chains }: World, asset: Asset): SimulatedChain {
  return chains.get(asset.chainId) as SimulatedChain
}

function payTo(world: World, asset: Asset, to: Address, units: bigint): void {
  world.tell(`  ${units} of ${asset.symbol} on ${asset.chainId} to ${to}`)
  chainOf(world, asset).broadcast(payTransaction(nextHash(world), asset, to, units))
}

/** One transaction for several invoices, one of them perhaps twice. */
function payMany(world: World, invoices: readonly InvoiceResource[], random: Random): void {
  const token = random.pick(world.settings).assets.find((asset) => asset.token !== null)
  if (token === undefined) return
  const shares = Array.from({ length: random.between(2, 4) }, () => {
    const invoice = random.pick(invoices)
    const option = invoice.payment_options.find(({ asset }) => asset === token.id)
    const due = option === undefined ? 5n : BigInt(option.amount_due_units)
    return { to: addressOf(invoice), units: random.chance(0.5) ? due : due / 2n + 1n }
  })
  world.tell(`  ${shares.length} payments in one transaction on ${token.chainId}`)
  chainOf(world, token).broadcast(payManyTransaction(nextHash(world), token, shares))
}

function makeNoise(world: World, asset: Asset, to: Address, random: Random): void {
  const settings = world.settings.find(({ chainId }) => chainId === asset.chainId)
  const token = settings?.assets.find((each) => each.token !== null)?.token as Address
  const units = BigInt(random.between(1, 100_000_000))
  chainOf(world, asset).broadcast(
    noiseTransaction(nextHash(world), token, to, units, random, settings?.nativeMode === 'direct'),
  )
}
