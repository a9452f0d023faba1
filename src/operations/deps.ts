import type { Accounts } from '../ports/accounts.ts'
import type { AddressBook, IndexSource } from '../ports/address-book.ts'
import type { ChainDirectory } from '../ports/chain-directory.ts'
import type { Clock } from '../ports/clock.ts'
import type { IdSource } from '../ports/id-source.ts'
import type { Logger } from '../ports/logger.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { RateSource } from '../ports/rate-source.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

/** What operations ask for. Each takes the part it needs. */
export type Deps = {
  readonly store: Store
  readonly clock: Clock
  readonly ids: IdSource
  readonly logger: Logger
  readonly metrics: Metrics
  readonly chains: ChainDirectory
  readonly rates: RateSource
  readonly addressBook: AddressBook
  readonly indexes: IndexSource
  readonly accounts: Accounts
  readonly vault: Vault
  /** The only base of links, without a slash at the end. */
  readonly publicUrl: string
  readonly invoiceDefaults: InvoiceDefaults
}

export type InvoiceDefaults = {
  readonly expiresInS: number
  readonly graceS: number
  readonly toleranceBps: number
}
