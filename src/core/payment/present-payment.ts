import { countConfirmations } from '../chain/confirmations.ts'
import { toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import { payerOf, transactionOf } from './attribution.ts'
import type { Payment } from './payment.ts'

/** Height of our tip per chain, to count confirmations; undefined for a chain not observed. */
export type TipNumbers = (chainId: number) => number | undefined

export type PaymentResource = ReturnType<typeof presentPayment>

/** A payment as answers and events show it. */
export function presentPayment(payment: Payment, tipNumber: TipNumbers) {
  const { observation } = payment
  const { asset, chainId } = observation
  const from = payerOf(payment)
  return {
    id: observation.id,
    object: 'payment' as const,
    invoice: payment.invoiceId,
    asset: asset.id,
    chain_id: chainId,
    symbol: asset.symbol,
    decimals: asset.decimals,
    kind: observation.kind,
    amount: formatDecimal(observation.amountUnits, asset.decimals),
    amount_units: observation.amountUnits.toString(),
    counted: formatDecimal(payment.countedUnits, asset.decimals),
    counted_units: payment.countedUnits.toString(),
    flag: flagOf(payment),
    from: from === null ? null : toChecksumAddress(from),
    to: toChecksumAddress(observation.to),
    tx_hash: transactionOf(payment),
    block_number: observation.blockNumber,
    block_hash: observation.blockHash,
    log_index: observation.logIndex,
    position: payment.position,
    waits_for: waitsFor(payment),
    confirmations: confirmationsOf(payment, tipNumber(chainId)),
    in_time: payment.inTime,
    accepted: payment.accepted,
    ...presentAttributions(payment),
  }
}

/** Only where a balance told of the payment first, and its calls later. */
function presentAttributions({ observation, attributions }: Payment) {
  if (attributions.length === 0) return {}
  return {
    attributions: attributions.map(({ txHash, from, amountUnits }) => ({
      tx_hash: txHash,
      from: toChecksumAddress(from),
      amount: formatDecimal(amountUnits, observation.asset.decimals),
      amount_units: amountUnits.toString(),
    })),
  }
}

/** What keeps it from being confirmed: its depth, or the cap on what its chain credits before finality. */
function waitsFor({ position, heldByCap }: Payment): 'finality' | 'finality_cap' | null {
  if (position !== 'included') return null
  return heldByCap ? 'finality_cap' : 'finality'
}

/** Why less than the amount counts; null when all of it does. */
function flagOf({ dust, countedUnits, observation }: Payment): 'dust' | 'shortfall' | null {
  if (dust) return 'dust'
  return countedUnits < observation.amountUnits ? 'shortfall' : null
}

function confirmationsOf(payment: Payment, tipNumber: number | undefined): number {
  if (payment.position === 'orphaned' || tipNumber === undefined) return 0
  return countConfirmations({ number: tipNumber }, payment.observation.blockNumber)
}
