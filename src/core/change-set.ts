/**
 * A decision as a value. The store writes it in one database transaction, or not at all; there is no
 * other way to change state. What is absent does not change.
 */
import type { BlockRef, ProofLevel } from './chain/block.ts'
import type { KnownBalance } from './chain/known-balance.ts'
import type { FinalityMarks } from './chain/local-chain.ts'
import type { Invoice } from './invoice/invoice.ts'
import type { Hash } from './money/asset.ts'
import type { Attribution } from './payment/attribution.ts'
import type { Outflow } from './payment/outflow.ts'
import type { Payment } from './payment/payment.ts'
import type { RefundProposal } from './refund/proposal.ts'
import type { Refund } from './refund/refund.ts'
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
  /** Written beside the revisions of keys; a key that is gone, or was used later, stays as it is. */
  readonly keyUses?: readonly KeyUse[]
  readonly endpoints?: readonly WebhookEndpoint[]
  readonly invoices?: readonly Invoice[]
  /** A payment of revision 1 inserts its observation too, which nothing changes afterwards. */
  readonly payments?: readonly Payment[]
  /**
   * Appended, all of a payment at once: one that has some already conflicts. The payment is in the same
   * change set, so that its revision tells writers of each other.
   */
  readonly attributions?: readonly Attribution[]
  /** Appended; of a place that was seen before, nothing is written. */
  readonly outflows?: readonly Outflow[]
  readonly refunds?: readonly Refund[]
  /** Appended; what nobody confirmed leads to nothing. */
  readonly refundProposals?: readonly RefundProposal[]
  /** Inserted, or given out once: an address that is issued already conflicts. */
  readonly addresses?: readonly DepositAddress[]
  readonly chain?: ChainAdvance
  /** Each replaces what was known of the address on this chain. */
  readonly balances?: readonly KnownBalance[]
  /** Appended in this order; the order is the total order of all events. */
  readonly events?: readonly Event[]
  /** Inserted when new; otherwise status, attempts made and next attempt are replaced, the lease ends. */
  readonly deliveries?: readonly Delivery[]
  readonly attempts?: readonly DeliveryAttempt[]
  readonly idempotency?: IdempotencyRecord
  readonly audit?: readonly AuditEntry[]
}

/** When an API key was used. */
export type KeyUse = { readonly apiKeyId: string; readonly atMs: number }

/**
 * How one chain moved. Conflicts when our tip is no longer `expectedTip` (null: not yet observed), and
 * where it `lowersFinal`.
 */
export type ChainAdvance = {
  readonly chainId: number
  readonly expectedTip: Hash | null
  /** Blocks that are no longer canonical. They are kept and flagged, never deleted. */
  readonly disconnected: readonly BlockRef[]
  /** Ascending; the last is the new tip. May be blocks that were canonical once before. */
  readonly connected: readonly BlockRef[]
  /**
   * Canonical blocks below the tip that were forgotten and in which something was found now. The tip
   * stays where it is.
   */
  readonly restored?: readonly BlockRef[]
  /**
   * What spoke for the content of blocks that were read. Of several readings of a block the weakest
   * is kept: what was found in it may come from that one. Blocks that are not kept are left out.
   */
  readonly proofLevels?: ReadonlyMap<Hash, ProofLevel>
  /** Canonical blocks of level 0 of which two nodes have the same transfers: they rise to level 1. */
  readonly corroborated?: ReadonlySet<Hash>
  /** Blocks below this height without any observation may be forgotten. */
  readonly pruneBelow: number
  /** Why the chain is halted, or null while it is followed. */
  readonly haltReason: string | null
  /** Where the tags stand; absent: as they stood. */
  readonly marks?: FinalityMarks
  /** An operator's decision: what was final may be so no longer. */
  readonly mayLowerFinal?: boolean
  /** Hash of the chain's first block, once it is known. Kept with the first that comes, for ever. */
  readonly genesisHash?: Hash | null
}

/**
 * Whether it was decided before something higher became final: by another turn, of which the tip alone
 * tells nothing. What is final does not fall.
 */
export function lowersFinal(
  finalized: FinalityMarks['finalized'],
  { marks, mayLowerFinal = false }: ChainAdvance,
): boolean {
  const next = marks?.finalized ?? null
  return !mayLowerFinal && finalized !== null && next !== null && next.number < finalized.number
}

/** The answer to a request, kept so that a repetition gets the same one. */
export type IdempotencyRecord = {
  /** Credential and route: keys of different callers never meet. */
  readonly scope: string
  readonly key: string
  /** Hex SHA-256 of the canonical request body. */
  readonly requestHash: string
  readonly status: number
  readonly body: KeptBody
  readonly createdAtMs: number
}

/**
 * The body of a kept answer: its text, sealed by the vault when it holds a secret, or the data of an
 * event of the same change set, which is not written twice.
 */
export type KeptBody =
  | { readonly kind: 'text' | 'sealed'; readonly text: string }
  | { readonly kind: 'event'; readonly eventId: string }

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
