import type { Invoice } from '../core/invoice/invoice.ts'
import type { Address } from '../core/money/asset.ts'
import type { DepositAddress } from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'

type Guard = Pick<Deps, 'addressBook' | 'logger' | 'metrics'>
type Derived = {
  readonly address: Address
  readonly fingerprint: string
  readonly derivationIndex: number
}

/** Whether a stored address is what its account key gives. A mismatch is an alarm. */
export function isDerived(deps: Guard, stored: Derived): boolean {
  const { address, fingerprint, derivationIndex } = stored
  if (deps.addressBook.derive(fingerprint, derivationIndex) === address) return true
  deps.metrics.count('address_mismatches_total')
  deps.logger.error(
    { fingerprint, derivation_index: derivationIndex, stored_address: address },
    'ALARM: a stored address does not derive from its account key; it is not shown and not credited',
  )
  return false
}

/** Those of these stored addresses that are what their account keys give; derived together. */
export function keepDerived<Row extends DepositAddress>(deps: Guard, rows: readonly Row[]): Row[] {
  for (const [fingerprint, ofKey] of Map.groupBy(rows, (row) => row.fingerprint)) {
    const indexes = ofKey.map(({ index }) => index)
    deps.addressBook.prepare(fingerprint, indexes)
  }
  return rows.filter((row) => isDerived(deps, { ...row, derivationIndex: row.index }))
}

/** An invoice is shown only with an address that its store's account key gives. */
export function assertServable(deps: Guard, invoice: Invoice): void {
  if (isDerived(deps, invoice)) return
  throw new GatewayError(
    'address_mismatch',
    'The stored address of this invoice does not derive from the store’s extended public key. ' +
      'It is not shown. Run `quittance check` and look into the database.',
  )
}
