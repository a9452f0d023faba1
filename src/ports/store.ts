import type { AuditRow } from '../core/audit.ts'
import type { BlockRef, ProofLevel } from '../core/chain/block.ts'
import type { LocalChain } from '../core/chain/local-chain.ts'
import type { ChangeSet, CommitResult, IdempotencyRecord } from '../core/change-set.ts'
import type { Invoice, InvoiceStatus } from '../core/invoice/invoice.ts'
import type { Address, AssetId, Hash } from '../core/money/asset.ts'
import type { Payment } from '../core/payment/payment.ts'
import type { Credit } from '../core/settlement/credit-room.ts'
import type { ApiKey, DepositAddress, StoreAccount } from '../core/store-account/store-account.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '../core/webhook/delivery.ts'
import type { Event } from '../core/webhook/event.ts'
import type { BalanceStore } from './balance-store.ts'
import type { OutflowStore } from './outflow-store.ts'
import type { RefundStore } from './refund-store.ts'

/**
 * Everything that lasts. Reads load what a decision needs; `commit` is the only write besides the
 * lease of a claimed delivery, its release, and the removal of what is outdated. Rejects with GatewayError `storage_unavailable` when the disk or the
 * database fails; nothing is half-written then.
 */
export type Store = CommitStore &
  ChainStore &
  BalanceStore &
  InvoiceStore &
  OutflowStore &
  RefundStore &
  WebhookStore &
  AccountStore

export type CommitStore = {
  commit(changes: ChangeSet): Promise<CommitResult>
  /** Removes kept answers and delivery attempts that are older, the oldest first. Returns how many. */
  removeOutdated(retention: Retention): Promise<number>
  close(): Promise<void>
}

/** Since when what is kept for a time must still be there; at most `limit` of each kind go at once. */
export type Retention = {
  readonly answersSinceMs: number
  readonly attemptsSinceMs: number
  readonly limit: number
}

/** What the chain watcher loads. */
export type ChainStore = {
  /** The latest canonical blocks, at most `limit`, and whether the chain is halted; null: never observed. */
  loadChain(chainId: number, limit: number): Promise<StoredChain | null>
  /**
   * Canonical blocks that are still kept from this height on, ascending, and before them the nearest
   * one below it.
   */
  findCanonicalBlocks(chainId: number, fromNumber: number): Promise<BlockRef[]>
  /** Those of these blocks that are kept, canonical or not, by height. */
  findBlocks(chainId: number, hashes: readonly Hash[]): Promise<KeptBlock[]>
  /** Which of these recipients are ours. One query for all of them. */
  findDepositAddresses(addresses: readonly Address[]): Promise<DepositAddress[]>
  /** Payments `included` in a canonical block of this chain: those that wait for depth. */
  findIncludedPayments(chainId: number): Promise<Payment[]>
  /**
   * Payments of orders that are `confirmed` in a block of this chain above this height, in an asset that
   * their order takes, with the terms of the order. Costs what is there, however many are below.
   */
  findCreditsAbove(chainId: number, blockNumber: number): Promise<Credit[]>
  /** All payments observed in these blocks, orphaned ones too: a block may come back. */
  findPaymentsInBlocks(chainId: number, hashes: readonly Hash[]): Promise<Payment[]>
  /** All payments to these addresses on one chain, orphaned ones too, oldest first. */
  findPaymentsTo(chainId: number, addresses: readonly Address[]): Promise<Payment[]>
  /**
   * All payments these transactions made on one chain, or a part of, orphaned ones too, oldest first.
   */
  findPaymentsOf(chainId: number, txHashes: readonly Hash[]): Promise<Payment[]>
  /**
   * Ids of open and processing invoices whose expiry + grace is before this time, oldest first, after
   * the first `skip` (0) of them.
   */
  findInvoicesPastDeadline(beforeMs: number, limit: number, skip?: number): Promise<string[]>
}

export type KeptBlock = {
  readonly ref: BlockRef
  /** Of its weakest reading; null where it was never read whole, or before this was kept. */
  readonly proofLevel: ProofLevel | null
}

export type StoredChain = {
  /** With the marks it was given last; whether tags are followed is for its settings to say. */
  readonly chain: LocalChain
  readonly haltReason: string | null
  /** Null where it was never known: what was stored before the gateway kept it. */
  readonly genesisHash: Hash | null
}

export type InvoiceStore = {
  /** The invoices that exist, each with all its payments, oldest first. */
  loadInvoices(ids: readonly string[]): Promise<InvoiceWithPayments[]>
  findInvoiceByToken(token: string): Promise<InvoiceWithPayments | null>
  listInvoices(filter: InvoiceFilter, page: PageRequest): Promise<Page<InvoiceWithPayments>>
  getPayment(id: string): Promise<Payment | null>
  listPayments(filter: PaymentFilter, page: PageRequest): Promise<Page<Payment>>
  findIdempotencyRecord(scope: string, key: string): Promise<IdempotencyRecord | null>
}

export type InvoiceWithPayments = {
  readonly invoice: Invoice
  readonly payments: readonly Payment[]
}

export type InvoiceFilter = {
  readonly storeId: string
  readonly status?: InvoiceStatus | undefined
  readonly orderId?: string | undefined
  readonly createdAfterMs?: number | undefined
  readonly createdBeforeMs?: number | undefined
}

export type PaymentFilter = {
  readonly storeId: string
  readonly invoiceId?: string | undefined
  /** Only money that belongs to no invoice. */
  readonly unassigned?: boolean | undefined
  readonly assetId?: AssetId | undefined
}

/** Newest first. `before` is the `cursor` of an earlier page; null begins at the newest. */
export type PageRequest = { readonly limit: number; readonly before: number | null }

export type Page<T> = {
  readonly items: readonly T[]
  /** Where the next page begins, or null at the end. An insertion order, stable while rows are added. */
  readonly cursor: number | null
}

export type WebhookStore = {
  getEvent(id: string): Promise<Event | null>
  listEvents(filter: EventFilter, page: PageRequest): Promise<Page<Event>>
  /** Oldest first, after this event (null: from the first). */
  readEventsAfter(filter: EventFilter, afterEventId: string | null, limit: number): Promise<Event[]>
  /**
   * How many events of each type a store has after this time, of the latest 20,000 of them.
   */
  countEvents(storeId: string, afterMs: number): Promise<ReadonlyMap<string, number>>
  getEndpoint(id: string): Promise<WebhookEndpoint | null>
  /** Endpoints of these stores that are not deleted, oldest first. */
  listEndpoints(storeIds: readonly string[]): Promise<WebhookEndpoint[]>
  /**
   * Due pending deliveries of enabled endpoints, leased until `leaseUntilMs`. Stores take turns, and
   * so do the endpoints of each (core/webhook/take-turns). Of one (endpoint, invoice) only the earliest
   * pending one is ever claimed, so that events of an invoice arrive in order.
   */
  claimDeliveries(claim: DeliveryClaim): Promise<ClaimedDelivery[]>
  /**
   * Ends the lease of a delivery that was claimed with so many attempts made, so that it is due again.
   * Changes nothing once an attempt was recorded, also one whose commit is under way.
   */
  releaseDelivery(id: string, attemptsMade: number): Promise<void>
  /** When the next pending delivery is due or its lease ends; null when there is none. */
  nextDeliveryAtMs(): Promise<number | null>
  /** Whether an attempt of this endpoint that began at or after this time was delivered. */
  hasDeliveredSince(endpointId: string, sinceMs: number): Promise<boolean>
  getDelivery(eventId: string, endpointId: string): Promise<Delivery | null>
  listDeliveries(filter: DeliveryFilter, page: PageRequest): Promise<Page<LoggedDelivery>>
  /**
   * Events of a range of time that an endpoint did not get, the oldest first: without a delivery,
   * exhausted, or waiting for a later attempt. Looks at the first `limit` events of the range, and at
   * all of the last millisecond, so that the next range never begins inside of one.
   */
  findMissedEvents(query: MissedEventsQuery): Promise<MissedEvents>
}

/** `fromMs` is inside of the range, `toMs` is not. */
export type MissedEventsQuery = {
  readonly storeId: string
  readonly endpointId: string
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  readonly limit: number
}

export type MissedEvents = {
  readonly missed: readonly MissedEvent[]
  /** Where the rest of the range begins; null when there is none. */
  readonly nextFromMs: number | null
}

export type MissedEvent = {
  readonly event: Omit<Event, 'payload'>
  /** What was planned for the endpoint before. */
  readonly delivery: Pick<Delivery, 'id' | 'createdAtMs'> | null
}

export type EventFilter = {
  readonly storeId: string
  readonly invoiceId?: string | undefined
  readonly type?: string | undefined
}

export type DeliveryFilter = {
  readonly storeId: string
  readonly endpointId?: string | undefined
  readonly eventId?: string | undefined
}

export type DeliveryClaim = {
  readonly nowMs: number
  readonly leaseUntilMs: number
  readonly limit: number
  /** Leased at a time for each endpoint and for each store, at most. */
  readonly perEndpoint: number
  readonly perStore: number
}

export type ClaimedDelivery = {
  readonly delivery: Delivery
  readonly event: Event
  readonly endpoint: WebhookEndpoint
}

export type LoggedDelivery = {
  readonly delivery: Delivery
  readonly eventType: string
  readonly attempts: readonly DeliveryAttempt[]
}

export type AccountStore = {
  listStores(): Promise<StoreAccount[]>
  listApiKeys(storeId: string): Promise<ApiKey[]>
  findApiKeyByHash(hash: string): Promise<ApiKey | null>
  /** Highest index of this account key that was given to an invoice; -1 when none was. */
  maxIssuedIndex(fingerprint: string): Promise<number>
  /** Look-ahead: addresses of this account key that wait, from this index on, ascending. */
  listWaitingAddresses(
    fingerprint: string,
    fromIndex: number,
    limit: number,
  ): Promise<DepositAddress[]>
  /** The audit log after this row (0: from the first), oldest first. */
  listAudit(afterSeq: number, limit: number): Promise<AuditRow[]>
}
