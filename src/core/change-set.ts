/**
 * A decision as a value. The store writes it in one database transaction, or not at all; there is no
 * other way to change state. What is absent does not change.
 */
import type { BlockRef } from './chain/block.ts'
import type { Invoice } from './invoice/invoice.ts'
import type { Hash } from './money/asset.ts'
import type { Payment } from './payment/payment.ts'
import type { ApiKey, DepositAddress, StoreAccount } from './store-account/store-account.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from './webhook/delivery.ts'
import type { Event } from './webhook/event.ts'

export type ChangeSet = {
  /**
   * Entities with a `revision` are written whole. Revision 1 is an insert; revision n + 1 replaces
   * revision n and conflicts with anything else.
   */
  readonly stores?: readonly StoreAccount[]
  readonly apiKeys?: readonly ApiKey[]
  readonly endpoints?: readonly WebhookEndpoint[]
  readonly invoices?: readonly Invoice[]
  /** A payment of revision 1 inserts its observation too, which nothing changes afterwards. */
  readonly payments?: readonly Payment[]
  /** Inserted, or given out once: an address that is issued already conflicts. */
  readonly addresses?: readonly DepositAddress[]
  readonly chain?: ChainAdvance
  /** Appended in this order; the order is the total order of all events. */
  readonly events?: readonly Event[]
  /** Inserted when new; otherwise status, attempts made and next attempt are replaced, the lease ends. */
  readonly deliveries?: readonly Delivery[]
  readonly attempts?: readonly DeliveryAttempt[]
  readonly idempotency?: IdempotencyRecord
  readonly audit?: readonly AuditEntry[]
}

/** How one chain moved. Conflicts when our tip is no longer `expectedTip` (null: not yet observed). */
export type ChainAdvance = {
  readonly chainId: number
  readonly expectedTip: Hash | null
  /** Blocks that are no longer canonical. They are kept and flagged, never deleted. */
  readonly disconnected: readonly BlockRef[]
  /** Ascending; the last is the new tip. May be blocks that were canonical once before. */
  readonly connected: readonly BlockRef[]
  /** Blocks below this height without any observation may be forgotten. */
  readonly pruneBelow: number
  /** Why the chain is halted, or null while it is followed. */
  readonly haltReason: string | null
}

/** The answer to a request, kept so that a repetition gets the same one. */
export type IdempotencyRecord = {
  /** Credential and route: keys of different callers never meet. */
  readonly scope: string
  readonly key: string
  /** Hex SHA-256 of the canonical request body. */
  readonly requestHash: string
  readonly status: number
  /** Answer body; sealed by the vault when it holds a secret. */
  readonly body: string
  readonly sealed: boolean
  readonly createdAtMs: number
}

/** What a person or key did. The store chains the rows by hash. */
export type AuditEntry = {
  readonly atMs: number
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly before: string | null
  readonly after: string | null
}

/** `conflict`: somebody else wrote first, nothing of it was written; load again and decide again. */
export type CommitResult = 'committed' | 'conflict'
