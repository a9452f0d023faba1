/** I2 of tokens that move less than they say: no more counts than came, and nothing less either. */
import type { Payment } from '../../src/core/payment/payment.ts'
import type { CommittedChain, Ledger } from './ledger.ts'
import type { Movement, SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

/** Of payments that a commit confirms: what counts at their addresses is there in our blocks. */
export function checkBacked(
  ledger: Ledger,
  truth: SimulatedChain,
  written: readonly Payment[],
): void {
  const confirmed = written.filter(
    ({ position, observation: { chainId, asset } }) =>
      position === 'confirmed' && chainId === truth.chainId && asset.token !== null,
  )
  if (confirmed.length === 0) return
  const came = canonicalMovements(ledger, truth)
  for (const { observation, countedUnits, dust } of confirmed) {
    const { id, asset, to, amountUnits } = observation
    const own = came.filter((one) => one.asset.id === asset.id && one.to === to)
    const isHonest = own.every(({ moved }) => moved === undefined)
    const whole = dust ? 0n : amountUnits
    // Where everything came that was told, all of it counts; alone, exactly what came.
    if (isHonest) {
      demand(countedUnits === whole, 'I2', () => `${id}: ${countedUnits} of ${whole} count`)
    }
    const [only, ...others] = own
    if (only?.moved !== undefined && others.length === 0 && !dust) {
      demand(
        countedUnits === only.moved,
        'I2',
        () => `${id}: ${countedUnits} of ${only.moved} count`,
      )
    }
    const arrived = own.reduce((sum, { units, moved = units }) => sum + moved, 0n)
    const counted = countedAt(ledger, asset.id, to)
    demand(counted <= arrived, 'I2', () => `${counted} count at ${to}, ${arrived} came`)
  }
}

function canonicalMovements(ledger: Ledger, truth: SimulatedChain): Movement[] {
  const { blocks } = ledger.chains.get(truth.chainId) as CommittedChain
  return [...blocks.values()].flatMap((hash) => truth.getBlock(hash)?.movements ?? [])
}

function countedAt({ payments }: Ledger, assetId: string, to: string): bigint {
  let sum = 0n
  for (const { observation, position, countedUnits } of payments.values()) {
    const isThere = observation.asset.id === assetId && observation.to === to
    if (isThere && position === 'confirmed') sum += countedUnits
  }
  return sum
}
