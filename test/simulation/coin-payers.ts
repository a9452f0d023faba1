/** Who sends coins by contracts, and takes them away from addresses that got them. */
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import type { InvoiceResource } from '../../src/core/invoice/present-invoice.ts'
import type { Address, Asset, Hash } from '../../src/core/money/asset.ts'
import { MAX_UNITS } from '../../src/core/money/decimal.ts'
import { drawCalls } from './call-trees.ts'
import { FEE_UNITS } from './coin-accounts.ts'
import type { Random } from './random.ts'
import type { SimulatedChain, SimulatedTransaction } from './simulated-chain.ts'
import type { World } from './simulated-world.ts'
import { PAYER, ROUTER, TREASURY } from './transactions.ts'

type Payee = { readonly to: Address; readonly dueUnits: bigint | null }

/** A contract pays an order, or whom it will; the transaction may fail as a whole. */
export function payByCalls(
  world: World,
  payees: readonly InvoiceResource[],
  waiting: readonly Address[],
  random: Random,
  hash: Hash,
): void {
  const { coin, chain } = pickCoin(world, random)
  const { to, dueUnits } = pickPayee(coin, payees, waiting, random)
  const due = dueUnits ?? BigInt(random.between(1, 50_000_000)) * 1_000_000_000n
  const part = (due * BigInt(random.between(1, 99))) / 100n || 1n
  const units = random.pick([due, due, due, part, part, due + part])
  const succeeded = random.chance(0.85)
  const calls = drawCalls(random, ROUTER, to, units, succeeded)
  const moved = calls.moves.reduce((sum, move) => sum + (move.to === to ? move.units : 0n), 0n)
  world.tell(`  a contract pays ${moved} of ${units} on ${coin.chainId} to ${to}`)
  const value = random.chance(0.5) ? units : 0n
  const own = { hash, from: PAYER, to: ROUTER, valueUnits: value, succeeded, logs: [], calls }
  chain.broadcast({ ...own, movesValue: succeeded && value > 0n ? coin : null })
}

function pickPayee(
  coin: Asset,
  payees: readonly InvoiceResource[],
  waiting: readonly Address[],
  random: Random,
): Payee {
  const next = waiting[random.below(Math.min(3, waiting.length))]
  if (payees.length === 0 || (next !== undefined && random.chance(0.1))) {
    return { to: next ?? ROUTER, dueUnits: null }
  }
  const taking = payees.filter((one) => one.payment_options.some(({ asset }) => asset === coin.id))
  const some = taking.length > 0 && random.chance(0.85) ? taking : payees
  const invoice = random.pick(random.chance(0.7) ? some.slice(-3) : some)
  const option = invoice.payment_options.find(({ asset }) => asset === coin.id)
  return {
    to: invoice.address.toLowerCase() as Address,
    dueUnits: option === undefined ? null : BigInt(option.amount_due_units),
  }
}

/** The merchant sends coins of an address away, all but the fees or a half, if they are there. */
export function spendCoins(world: World, random: Random, hash: Hash): void {
  const { coin, chain } = pickCoin(world, random)
  const held = [...world.ledger.addresses.keys()]
    .map((holder) => ({ holder, units: chain.coinBalance(chain.bestTip(), holder) }))
    .filter(({ units }) => units > 10n * FEE_UNITS)
  if (held.length === 0) return
  const { holder, units } = random.pick(held)
  // Never the same rest: what leaves and comes again to the unit between two looks, no balance shows.
  const spare = units - 8n * FEE_UNITS + BigInt(random.below(100_000))
  // Huge payments add up to more than one transaction can move.
  const most = spare < MAX_UNITS ? spare : MAX_UNITS
  const value = random.chance(0.6) ? most : most / 2n
  world.tell(`  ${value} of ${coin.symbol} on ${coin.chainId} leave ${holder}`)
  const spent: SimulatedTransaction = {
    hash,
    from: holder,
    to: TREASURY,
    valueUnits: value,
    succeeded: true,
    logs: [],
    movesValue: null,
    spends: { token: null, holder, units: value + FEE_UNITS },
  }
  // One that fails costs its fee.
  chain.broadcast(random.chance(0.15) ? { ...spent, succeeded: false } : spent)
}

function pickCoin(
  { settings, chains }: World,
  random: Random,
): { coin: Asset; chain: SimulatedChain } {
  const looking = settings.filter(({ nativeMode }) => nativeMode !== 'direct')
  const { chainId, assets } = random.pick(looking.length > 0 ? looking : settings) as ChainSettings
  const coin = assets.find(({ token }) => token === null) as Asset
  return { coin, chain: chains.get(chainId) as SimulatedChain }
}
