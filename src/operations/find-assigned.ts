/** Payments that merchants gave to invoices, of transactions that came onto our chain once more. */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { Address } from '../core/money/asset.ts'
import type { Payment } from '../core/payment/payment.ts'
import type { DepositAddress } from '../core/store-account/store-account.ts'
import type { Deps } from './deps.ts'

/** An invoice other than the one its address was issued to: only an assignment gives that. */
export async function findAssigned(
  { store }: Pick<Deps, 'store'>,
  { chainId }: ChainSettings,
  addresses: ReadonlyMap<Address, DepositAddress>,
  transfers: readonly Transfer[],
): Promise<Payment[]> {
  const hashes = transfers.flatMap(({ to, txHash }) => {
    return addresses.has(to) && txHash !== null ? [txHash] : []
  })
  if (hashes.length === 0) return []
  const made = await store.findPaymentsOf(chainId, hashes)
  return made.filter(({ invoiceId, observation }) => {
    return invoiceId !== null && invoiceId !== addresses.get(observation.to)?.issued?.invoiceId
  })
}
