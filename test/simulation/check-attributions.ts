/** Who sent coins of which only a balance told: calls that happened, and just what came by them. */
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import type { CoinMove } from './coin-accounts.ts'
import { isHaltedIn, type Ledger } from './ledger.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

type Chains = ReadonlyMap<number, SimulatedChain>

/** Of a commit that took effect. */
export function checkAttributions(
  ledger: Ledger,
  { attributions = [] }: ChangeSet,
  chains: Chains,
): void {
  for (const id of new Set(attributions.map(({ paymentId }) => paymentId))) {
    const payment = ledger.payments.get(id) as Payment
    const calls = openCalls(ledger, payment, chains)
    const told = payment.attributions
    demand(isByBalance(payment), 'attributed', () => `${id} told itself who paid`)
    for (const { place, from, txHash, amountUnits } of told) {
      const call = calls.find(({ index, path }) => `call:${index}:${path}` === place)
      const isTrue = call?.from === from && call.txHash === txHash && call.units === amountUnits
      demand(isTrue, 'attributed', () => `${id}: ${place} is no call that brought ${amountUnits}`)
    }
    const sum = told.reduce((total, { amountUnits }) => total + amountUnits, 0n)
    const { amountUnits } = payment.observation
    demand(sum === amountUnits, 'attributed', () => `${id}: ${sum} of ${amountUnits} are explained`)
  }
}

/** In the end, where nodes show calls: whoever is known to have paid is written down. */
export function judgeAttributions(ledger: Ledger, chains: Chains): void {
  for (const payment of ledger.payments.values()) {
    const { observation, position, attributions } = payment
    const { id, chainId, amountUnits, to } = observation
    if (!isByBalance(payment) || position === 'orphaned' || isHaltedIn(ledger, chainId)) continue
    const calls = openCalls(ledger, payment, chains)
    const sum = calls.reduce((total, { units }) => total + units, 0n)
    const isMixed = paymentsBeside(ledger, payment).some(({ observation: { place } }) => {
      return place.startsWith('log:') || place.startsWith('net:')
    })
    if (sum !== amountUnits || isMixed) continue
    demand(attributions.length > 0, 'attributed', () => `nobody learned who paid ${id} to ${to}`)
  }
}

function isByBalance({ observation }: Payment): boolean {
  return observation.place.startsWith('balance:')
}

function paymentsBeside(ledger: Ledger, { observation }: Payment): Payment[] {
  const { id, blockHash, to, asset } = observation
  return [...ledger.payments.values()].filter(({ observation: other }) => {
    const isThere = other.blockHash === blockHash && other.to === to
    return isThere && other.id !== id && other.asset.id === asset.id
  })
}

/** Calls that brought coins to the address in this block, and are no payments of their own. */
function openCalls(ledger: Ledger, payment: Payment, chains: Chains): CoinMove[] {
  const { blockHash, chainId, to } = payment.observation
  const chain = chains.get(chainId) as SimulatedChain
  const { coins } = chain.getBlock(blockHash) as SimulatedBlock
  const own = new Set(paymentsBeside(ledger, payment).map(({ observation }) => observation.place))
  return coins.moves.filter(
    (move) => move.to === to && move.path !== null && !own.has(`call:${move.index}:${move.path}`),
  )
}
