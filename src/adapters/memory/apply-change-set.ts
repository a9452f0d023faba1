import { assert } from '../../core/assert.ts'
import { chainAuditEntry } from '../../core/audit.ts'
import type { BlockRef, ProofLevel } from '../../core/chain/block.ts'
import { NO_MARKS } from '../../core/chain/local-chain.ts'
import {
  type ChainAdvance,
  type ChangeSet,
  type CommitResult,
  lowersFinal,
} from '../../core/change-set.ts'
import type { Hash } from '../../core/money/asset.ts'
import type { Attribution } from '../../core/payment/attribution.ts'
import type { Payment } from '../../core/payment/payment.ts'
import type { DepositAddress } from '../../core/store-account/store-account.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '../../core/webhook/delivery.ts'
import type { Event } from '../../core/webhook/event.ts'
import {
  balanceKey,
  blockKey,
  idempotencyKey,
  type Journal,
  type MemoryState,
  type Table,
  valuesOf,
} from './memory-state.ts'

/** Thrown to leave from anywhere; never seen outside. */
const CONFLICT = Symbol('conflict')

type Target = { readonly state: MemoryState; readonly journal: Journal }

/**
 * Writes all or nothing, by the rules of `change-set.ts`; a bug is thrown, and nothing is written.
 */
export function applyChangeSet(target: Target, changes: ChangeSet): CommitResult {
  try {
    writeAll(target, changes)
    return 'committed'
  } catch (error) {
    target.journal.rollBack()
    if (error === CONFLICT) return 'conflict'
    throw error
  }
}

/** In this order: what is referred to stands before what refers to it. */
function writeAll(target: Target, changes: ChangeSet): void {
  const { state } = target
  for (const store of changes.stores ?? []) putRevision(target, state.stores, store.id, store)
  for (const key of changes.apiKeys ?? []) {
    requireStore(target, key.storeId)
    const lastUsedAtMs = state.apiKeys.get(key.id)?.value.lastUsedAtMs ?? null
    putRevision(target, state.apiKeys, key.id, { ...key, lastUsedAtMs })
    claimUnique(target, `api_key_hash/${key.hash}`, key.id)
  }
  for (const { apiKeyId, atMs } of changes.keyUses ?? []) {
    const key = state.apiKeys.get(apiKeyId)?.value
    if (key === undefined) continue
    const lastUsedAtMs = Math.max(key.lastUsedAtMs ?? 0, atMs)
    target.journal.put(state.apiKeys, apiKeyId, { ...key, lastUsedAtMs })
  }
  for (const endpoint of changes.endpoints ?? []) writeEndpoint(target, endpoint)
  for (const invoice of changes.invoices ?? []) {
    requireStore(target, invoice.storeId)
    putRevision(target, state.invoices, invoice.id, invoice)
    claimUnique(target, `invoice_token/${invoice.token}`, invoice.id)
  }
  for (const address of changes.addresses ?? []) writeAddress(target, address)
  if (changes.chain !== undefined) writeChain(target, changes.chain)
  for (const known of changes.balances ?? []) {
    target.journal.put(state.balances, balanceKey(known.chainId, known.address), known)
  }
  for (const payment of changes.payments ?? []) writePayment(target, payment)
  writeAttributions(target, changes.attributions ?? [])
  for (const outflow of changes.outflows ?? []) {
    requireStore(target, outflow.storeId)
    assert(outflow.asset.chainId === outflow.chainId, 'an asset is observed on its own chain')
    // A block that comes back, or is read again, shows what it showed before.
    if (!state.outflows.has(outflow.id)) target.journal.put(state.outflows, outflow.id, outflow)
  }
  for (const refund of changes.refunds ?? []) {
    requireInvoice(target, refund.invoiceId)
    putRevision(target, state.refunds, refund.id, refund)
  }
  for (const proposal of changes.refundProposals ?? []) {
    requireInvoice(target, proposal.invoiceId)
    insert(target, state.refundProposals, proposal.id, proposal)
  }
  for (const event of changes.events ?? []) writeEvent(target, event)
  for (const delivery of changes.deliveries ?? []) writeDelivery(target, delivery)
  for (const attempt of changes.attempts ?? []) writeAttempt(target, attempt)
  if (changes.idempotency !== undefined) {
    const { scope, key, body } = changes.idempotency
    const isThere = body.kind !== 'event' || state.events.has(body.eventId)
    assert(isThere, 'a kept answer refers to an event that exists')
    insert(target, state.idempotency, idempotencyKey(scope, key), changes.idempotency)
  }
  for (const entry of changes.audit ?? []) {
    const row = chainAuditEntry(valuesOf(state.audit).at(-1) ?? null, entry)
    target.journal.put(state.audit, String(row.seq), row)
  }
  if (changes.chain !== undefined) pruneBlocks(target, changes.chain)
}

function conflictUnless(condition: boolean): void {
  if (!condition) throw CONFLICT
}

function insert<T>(target: Target, table: Table<T>, key: string, value: T): void {
  conflictUnless(!table.has(key))
  target.journal.put(table, key, value)
}

/** Revision 1 is an insert; n + 1 replaces n. */
function putRevision<T extends { readonly revision: number }>(
  target: Target,
  table: Table<T>,
  key: string,
  value: T,
): void {
  const revision = table.get(key)?.value.revision ?? 0
  conflictUnless(value.revision === revision + 1)
  target.journal.put(table, key, value)
}

/** A unique index: the same owner may write its value again. */
function claimUnique(target: Target, key: string, owner: string): void {
  const holder = target.state.unique.get(key)?.value
  conflictUnless(holder === undefined || holder === owner)
  target.journal.put(target.state.unique, key, owner)
}

function requireStore(target: Target, storeId: string): void {
  assert(target.state.stores.has(storeId), 'what belongs to a store needs the store')
}

function requireInvoice(target: Target, invoiceId: string | null): void {
  const exists = invoiceId === null || target.state.invoices.has(invoiceId)
  assert(exists, 'what refers to an invoice needs the invoice')
}

function writeEndpoint(target: Target, endpoint: WebhookEndpoint): void {
  const { state, journal } = target
  requireStore(target, endpoint.storeId)
  putRevision(target, state.endpoints, endpoint.id, endpoint)
  if (endpoint.deletedAtMs === null) return
  for (const { delivery } of valuesOf(state.deliveries)) {
    if (delivery.endpointId !== endpoint.id || delivery.status !== 'pending') continue
    const canceled: Delivery = { ...delivery, status: 'canceled' }
    journal.put(state.deliveries, delivery.id, { delivery: canceled, leaseUntilMs: null })
  }
}

function writeAddress(target: Target, address: DepositAddress): void {
  const { state, journal } = target
  requireStore(target, address.storeId)
  const stored = state.addresses.get(address.address)?.value
  conflictUnless(stored === undefined || stored.issued === null)
  claimUnique(target, `address_index/${address.fingerprint}/${address.index}`, address.address)
  if (stored !== undefined) {
    conflictUnless(stored.fingerprint === address.fingerprint && stored.index === address.index)
  }
  if (address.issued !== null) {
    requireInvoice(target, address.issued.invoiceId)
    claimUnique(target, `address_invoice/${address.issued.invoiceId}`, address.address)
  }
  journal.put(state.addresses, address.address, address)
}

function writeChain(target: Target, advance: ChainAdvance): void {
  const { state, journal } = target
  const { chainId, expectedTip, haltReason } = advance
  const stored = state.chains.get(String(chainId))?.value
  conflictUnless((stored?.tipHash ?? null) === expectedTip)
  conflictUnless(!lowersFinal(stored?.marks.finalized ?? null, advance))
  for (const { hash } of advance.disconnected) {
    const key = blockKey(chainId, hash)
    const block = state.blocks.get(key)?.value
    assert(block?.canonical === true, 'only a canonical block is disconnected')
    journal.put(state.blocks, key, { ...block, canonical: false })
    journal.remove(state.unique, `canonical/${chainId}/${block.block.number}`)
  }
  for (const block of [...advance.connected, ...(advance.restored ?? [])]) {
    claimUnique(target, `canonical/${chainId}/${block.number}`, block.hash)
    const key = blockKey(chainId, block.hash)
    const proofLevel = state.blocks.get(key)?.value.proofLevel ?? null
    journal.put(state.blocks, key, { chainId, block, canonical: true, proofLevel })
  }
  for (const [hash, level] of advance.proofLevels ?? [])
    lowerProofLevel(target, chainId, hash, level)
  for (const hash of advance.corroborated ?? []) {
    const block = state.blocks.get(blockKey(chainId, hash))?.value
    if (block?.canonical !== true || block.proofLevel !== 0) continue
    journal.put(state.blocks, blockKey(chainId, hash), { ...block, proofLevel: 1 })
  }
  const marks = advance.marks ?? stored?.marks ?? NO_MARKS
  const genesisHash = stored?.genesisHash ?? advance.genesisHash ?? null
  const chain = { tipHash: tipAfter(advance), haltReason, marks, genesisHash }
  journal.put(state.chains, String(chainId), chain)
}

function lowerProofLevel(
  { state, journal }: Target,
  chainId: number,
  hash: Hash,
  level: ProofLevel,
): void {
  const key = blockKey(chainId, hash)
  const stored = state.blocks.get(key)?.value
  if (stored === undefined) return
  const proofLevel = Math.min(stored.proofLevel ?? level, level) as ProofLevel
  journal.put(state.blocks, key, { ...stored, proofLevel })
}

/** The last connected block; after a disconnection alone, the parent of the lowest that left. */
function tipAfter(advance: ChainAdvance): Hash | null {
  const last = advance.connected.at(-1)
  if (last !== undefined) return last.hash
  const lowest = advance.disconnected.reduce<BlockRef | null>(
    (low, block) => (low === null || block.number < low.number ? block : low),
    null,
  )
  return lowest === null ? advance.expectedTip : lowest.parentHash
}

function pruneBlocks(target: Target, advance: ChainAdvance): void {
  const { state, journal } = target
  const observed = new Set(
    [
      ...valuesOf(state.payments).map(({ observation }) => observation),
      ...valuesOf(state.outflows),
    ].map(({ chainId, blockHash }) => blockKey(chainId, blockHash)),
  )
  for (const { chainId, block } of valuesOf(state.blocks)) {
    const key = blockKey(chainId, block.hash)
    if (chainId !== advance.chainId || block.number >= advance.pruneBelow) continue
    if (observed.has(key)) continue
    journal.remove(state.blocks, key)
    const height = `canonical/${chainId}/${block.number}`
    if (state.unique.get(height)?.value === block.hash) journal.remove(state.unique, height)
  }
}

/** The observation is the one of revision 1, whatever later revisions carry; so is what was learned. */
function writePayment(target: Target, payment: Payment): void {
  const { state } = target
  const { id, chainId, blockHash, place, asset } = payment.observation
  assert(asset.chainId === chainId, 'an asset is observed on its own chain')
  requireInvoice(target, payment.invoiceId)
  const stored = state.payments.get(id)?.value
  const observation = stored?.observation ?? payment.observation
  const attributions = stored?.attributions ?? []
  putRevision(target, state.payments, id, { ...payment, observation, attributions })
  claimUnique(target, `observation/${chainId}/${blockHash}/${place}`, id)
}

function writeAttributions({ state, journal }: Target, attributions: readonly Attribution[]): void {
  for (const [id, learned] of Map.groupBy(attributions, ({ paymentId }) => paymentId)) {
    const payment = state.payments.get(id)?.value
    assert(payment !== undefined, 'what is learned of a payment needs the payment')
    conflictUnless(payment.attributions.length === 0)
    conflictUnless(new Set(learned.map(({ place }) => place)).size === learned.length)
    journal.put(state.payments, id, { ...payment, attributions: learned })
  }
}

function writeEvent(target: Target, event: Event): void {
  requireInvoice(target, event.invoiceId)
  insert(target, target.state.events, event.id, event)
  if (event.invoiceId === null || event.sequence === null) return
  claimUnique(target, `event_sequence/${event.invoiceId}/${event.sequence}`, event.id)
}

/** A result that arrives after its endpoint was deleted revives nothing. */
function writeDelivery(target: Target, delivery: Delivery): void {
  const { state, journal } = target
  const endpoint = state.endpoints.get(delivery.endpointId)?.value
  assert(state.events.has(delivery.eventId), 'a delivery tells of an event that exists')
  assert(endpoint !== undefined, 'a delivery goes to an endpoint that exists')
  claimUnique(target, `delivery/${delivery.eventId}/${delivery.endpointId}`, delivery.id)
  const isRevived = delivery.status === 'pending' && endpoint.deletedAtMs !== null
  const status = isRevived ? 'canceled' : delivery.status
  const { attemptsMade, nextAttemptAtMs } = delivery
  const base = state.deliveries.get(delivery.id)?.value.delivery ?? delivery
  journal.put(state.deliveries, delivery.id, {
    delivery: { ...base, status, attemptsMade, nextAttemptAtMs },
    leaseUntilMs: null,
  })
}

function writeAttempt(target: Target, attempt: DeliveryAttempt): void {
  assert(target.state.deliveries.has(attempt.deliveryId), 'an attempt belongs to a delivery')
  insert(target, target.state.attempts, attempt.id, attempt)
}
