/**
 * What the memory store holds, and the journal by which a change set is taken back. Values are
 * copied and frozen on their way in, so that no caller can change what is stored.
 */
import type { AuditRow } from '../../core/audit.ts'
import type { BlockRef, ProofLevel } from '../../core/chain/block.ts'
import type { KnownBalance } from '../../core/chain/known-balance.ts'
import type { FinalityMarks } from '../../core/chain/local-chain.ts'
import type { IdempotencyRecord } from '../../core/change-set.ts'
import type { Invoice } from '../../core/invoice/invoice.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import type { Outflow } from '../../core/payment/outflow.ts'
import type { Payment } from '../../core/payment/payment.ts'
import type { RefundProposal } from '../../core/refund/proposal.ts'
import type { Refund } from '../../core/refund/refund.ts'
import type {
  ApiKey,
  DepositAddress,
  StoreAccount,
} from '../../core/store-account/store-account.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '../../core/webhook/delivery.ts'
import type { Event } from '../../core/webhook/event.ts'

/** A value and its place in the order of insertion, which replacing it does not change. */
export type Entry<T> = { readonly position: number; readonly value: T }

export type Table<T> = Map<string, Entry<T>>

export type StoredBlock = {
  readonly chainId: number
  readonly block: BlockRef
  readonly canonical: boolean
  readonly proofLevel: ProofLevel | null
}

export type StoredDelivery = {
  readonly delivery: Delivery
  readonly leaseUntilMs: number | null
}

export type ChainState = {
  readonly tipHash: Hash | null
  readonly haltReason: string | null
  readonly marks: FinalityMarks
  readonly genesisHash: Hash | null
}

export type MemoryState = {
  readonly stores: Table<StoreAccount>
  readonly apiKeys: Table<ApiKey>
  readonly endpoints: Table<WebhookEndpoint>
  readonly invoices: Table<Invoice>
  readonly payments: Table<Payment>
  readonly outflows: Table<Outflow>
  readonly refunds: Table<Refund>
  readonly refundProposals: Table<RefundProposal>
  readonly addresses: Table<DepositAddress>
  readonly events: Table<Event>
  readonly deliveries: Table<StoredDelivery>
  readonly attempts: Table<DeliveryAttempt>
  readonly idempotency: Table<IdempotencyRecord>
  readonly audit: Table<AuditRow>
  readonly chains: Table<ChainState>
  readonly blocks: Table<StoredBlock>
  readonly balances: Table<KnownBalance>
  /** Every value of a unique index besides the ids, e.g. `token/...`, and the id that has it. */
  readonly unique: Table<string>
}

export function createMemoryState(): MemoryState {
  return {
    stores: new Map(),
    apiKeys: new Map(),
    endpoints: new Map(),
    invoices: new Map(),
    payments: new Map(),
    outflows: new Map(),
    refunds: new Map(),
    refundProposals: new Map(),
    addresses: new Map(),
    events: new Map(),
    deliveries: new Map(),
    attempts: new Map(),
    idempotency: new Map(),
    audit: new Map(),
    chains: new Map(),
    blocks: new Map(),
    balances: new Map(),
    unique: new Map(),
  }
}

/** The writes of one change set, so that they can be taken back. */
export type Journal = {
  put<T>(table: Table<T>, key: string, value: T): void
  remove<T>(table: Table<T>, key: string): void
  rollBack(): void
}

/** `nextPosition` counts over the life of the store; gaps after a rollback do no harm. */
export function createJournal(nextPosition: () => number): Journal {
  const undo: (() => void)[] = []
  const restore = <T>(table: Table<T>, key: string, old: Entry<T> | undefined): void => {
    if (old === undefined) table.delete(key)
    else table.set(key, old)
  }
  return {
    put(table, key, value) {
      const old = table.get(key)
      undo.push(() => restore(table, key, old))
      table.set(key, { position: old?.position ?? nextPosition(), value: copyFrozen(value) })
    },
    remove(table, key) {
      const old = table.get(key)
      undo.push(() => restore(table, key, old))
      table.delete(key)
    },
    rollBack() {
      for (const step of undo.reverse()) step()
    },
  }
}

export function blockKey(chainId: number, hash: Hash): string {
  return `${chainId}/${hash}`
}

export function balanceKey(chainId: number, address: Address): string {
  return `${chainId}/${address}`
}

export function idempotencyKey(scope: string, key: string): string {
  return JSON.stringify([scope, key])
}

/** Values in the order of insertion. */
export function valuesOf<T>(table: Table<T>): T[] {
  return entriesOf(table).map((entry) => entry.value)
}

/** A map keeps that order, but for keys that a rollback put back. */
export function entriesOf<T>(table: Table<T>): Entry<T>[] {
  return [...table.values()].sort((a, b) => a.position - b.position)
}

function copyFrozen<T>(value: T): T {
  return deepFreeze(structuredClone(value))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
