import type { StoreAccount } from '../core/store-account/store-account.ts'

/** The account keys this process trusts. */
export type Accounts = {
  /**
   * Makes an account key usable: checked against what was pinned outside the database, its addresses
   * derivable and its indexes countable. Cheap when done before. Rejects with `xpub_mismatch`.
   */
  ensure(account: StoreAccount): Promise<void>
}
