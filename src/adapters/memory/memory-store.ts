import { createLocalChain } from '../../core/chain/local-chain.ts'
import type { Invoice } from '../../core/invoice/invoice.ts'
import { deadlineMs } from '../../core/invoice/invoice.ts'
import type { Event } from '../../core/webhook/event.ts'
import { GatewayError } from '../../errors.ts'
import type {
  AccountStore,
  ChainStore,
  EventFilter,
  InvoiceStore,
  InvoiceWithPayments,
  Store,
  StoredChain,
  WebhookStore,
} from '../../ports/store.ts'
import { applyChangeSet } from './apply-change-set.ts'
import { balanceReads } from './balances-in-memory.ts'
import { claimDeliveries, nextDeliveryAtMs, releaseDelivery } from './claim-in-memory.ts'
import { findMissedEvents } from './find-missed-events.ts'
import {
  blockKey,
  createJournal,
  createMemoryState,
  type Entry,
  entriesOf,
  idempotencyKey,
  type MemoryState,
  type Table,
  valuesOf,
} from './memory-state.ts'
import { outflowReads } from './outflows-in-memory.ts'
import { refundReads } from './refunds-in-memory.ts'
import { takePage } from './take-page.ts'

/** The store without a disk, for tests and simulation. What it hands out is frozen. */
export function createMemoryStore(): Store {
  const state = createMemoryState()
  let lastPosition = 0
  let isClosed = false
  const nextPosition = (): number => {
    lastPosition += 1
    return lastPosition
  }
  return {
    async commit(changes) {
      if (isClosed) throw new GatewayError('storage_unavailable', 'Storage is closed.')
      return applyChangeSet({ state, journal: createJournal(nextPosition) }, changes)
    },
    async removeOutdated({ answersSinceMs, attemptsSinceMs, limit }) {
      const oldest = <T>(table: Table<T>) => valuesOf(table).slice(0, limit)
      const answers = oldest(state.idempotency).filter((one) => one.createdAtMs < answersSinceMs)
      const attempts = oldest(state.attempts).filter((one) => one.atMs < attemptsSinceMs)
      for (const { scope, key } of answers) state.idempotency.delete(idempotencyKey(scope, key))
      for (const { id } of attempts) state.attempts.delete(id)
      return answers.length + attempts.length
    },
    async close() {
      isClosed = true
    },
    ...chainReads(state),
    ...balanceReads(state),
    ...invoiceReads(state),
    ...outflowReads(state),
    ...refundReads(state),
    ...webhookReads(state),
    ...accountReads(state),
  }
}

function chainReads(state: MemoryState): ChainStore {
  return {
    async loadChain(chainId, limit) {
      return loadChain(state, chainId, limit)
    },
    async findCanonicalBlocks(chainId, fromNumber) {
      const canonical = valuesOf(state.blocks)
        .filter((stored) => stored.chainId === chainId && stored.canonical)
        .map(({ block }) => block)
        .sort((a, b) => a.number - b.number)
      const nearest = canonical.findLast(({ number }) => number < fromNumber)?.number ?? 0
      return canonical.filter(({ number }) => number >= nearest)
    },
    async findBlocks(chainId, hashes) {
      return [...new Set(hashes)]
        .flatMap((hash) => {
          const stored = state.blocks.get(blockKey(chainId, hash))?.value
          return stored === undefined ? [] : [{ ref: stored.block, proofLevel: stored.proofLevel }]
        })
        .sort((a, b) => a.ref.number - b.ref.number || (a.ref.hash < b.ref.hash ? -1 : 1))
    },
    async findDepositAddresses(addresses) {
      return [...new Set(addresses)].flatMap((address) => {
        const found = state.addresses.get(address)
        return found === undefined ? [] : [found.value]
      })
    },
    async findIncludedPayments(chainId) {
      return valuesOf(state.payments).filter(({ observation, position }) => {
        const block = state.blocks.get(blockKey(chainId, observation.blockHash))?.value
        if (observation.chainId !== chainId || position !== 'included') return false
        return block?.canonical === true
      })
    },
    async findCreditsAbove(chainId, blockNumber) {
      return valuesOf(state.payments).flatMap((payment) => {
        const { observation, position, accepted, dust, invoiceId } = payment
        const isOther = observation.chainId !== chainId || observation.blockNumber <= blockNumber
        if (isOther || position !== 'confirmed' || !accepted || dust) return []
        const invoice = state.invoices.get(invoiceId ?? '')?.value
        return invoice === undefined ? [] : [{ payment, terms: invoice.terms }]
      })
    },
    async findPaymentsInBlocks(chainId, hashes) {
      const wanted = new Set(hashes)
      return valuesOf(state.payments).filter(
        ({ observation }) => observation.chainId === chainId && wanted.has(observation.blockHash),
      )
    },
    async findPaymentsTo(chainId, addresses) {
      const wanted = new Set(addresses)
      return valuesOf(state.payments).filter(
        ({ observation }) => observation.chainId === chainId && wanted.has(observation.to),
      )
    },
    async findPaymentsOf(chainId, txHashes) {
      const wanted = new Set(txHashes)
      return valuesOf(state.payments).filter(
        ({ observation: { chainId: ofChain, txHash }, attributions }) =>
          ofChain === chainId &&
          [txHash, ...attributions.map((one) => one.txHash)].some(
            (made) => made !== null && wanted.has(made),
          ),
      )
    },
    async findInvoicesPastDeadline(beforeMs, limit, skip = 0) {
      return valuesOf(state.invoices)
        .filter(({ status }) => status === 'open' || status === 'processing')
        .filter(({ terms }) => deadlineMs(terms) < beforeMs)
        .sort((a, b) => deadlineMs(a.terms) - deadlineMs(b.terms))
        .slice(skip, skip + limit)
        .map(({ id }) => id)
    },
  }
}

/** The latest canonical blocks as far down as they are linked; single observed ones stand below. */
function loadChain(state: MemoryState, chainId: number, limit: number): StoredChain | null {
  const chain = state.chains.get(String(chainId))?.value
  if (chain === undefined) return null
  const canonical = valuesOf(state.blocks)
    .filter((stored) => stored.chainId === chainId && stored.canonical)
    .map((stored) => stored.block)
    .sort((a, b) => b.number - a.number)
    .slice(0, limit)
  const gap = canonical.findIndex((block, i) => {
    const child = canonical[i - 1]
    return child !== undefined && child.parentHash !== block.hash
  })
  const blocks = (gap === -1 ? canonical : canonical.slice(0, gap)).reverse()
  if (blocks.length === 0) return null
  const { haltReason, marks, genesisHash } = chain
  const local = createLocalChain(chainId, blocks, { kind: 'tag', marks })
  return { chain: local, haltReason, genesisHash }
}

function invoiceReads(state: MemoryState): InvoiceStore {
  const attach = (invoice: Invoice): InvoiceWithPayments => ({
    invoice,
    payments: valuesOf(state.payments).filter((payment) => payment.invoiceId === invoice.id),
  })
  return {
    async loadInvoices(ids) {
      const wanted = new Set(ids)
      return valuesOf(state.invoices)
        .filter(({ id }) => wanted.has(id))
        .map(attach)
    },
    async findInvoiceByToken(token) {
      const invoice = valuesOf(state.invoices).find((stored) => stored.token === token)
      return invoice === undefined ? null : attach(invoice)
    },
    async listInvoices(filter, page) {
      const { items, cursor } = takePage(entriesOf(state.invoices), page, (invoice) => {
        if (invoice.storeId !== filter.storeId) return false
        if (!fits(filter.status, invoice.status) || !fits(filter.orderId, invoice.orderId)) {
          return false
        }
        const { createdAfterMs = -Infinity, createdBeforeMs = Infinity } = filter
        return invoice.createdAtMs > createdAfterMs && invoice.createdAtMs < createdBeforeMs
      })
      return { items: items.map(attach), cursor }
    },
    async getPayment(id) {
      return state.payments.get(id)?.value ?? null
    },
    async listPayments(filter, page) {
      return takePage(entriesOf(state.payments), page, (payment) => {
        if (payment.storeId !== filter.storeId) return false
        if (filter.unassigned === true && payment.invoiceId !== null) return false
        if (!fits(filter.invoiceId, payment.invoiceId)) return false
        return fits(filter.assetId, payment.observation.asset.id)
      })
    },
    async findIdempotencyRecord(scope, key) {
      return state.idempotency.get(idempotencyKey(scope, key))?.value ?? null
    },
  }
}

function webhookReads(state: MemoryState): WebhookStore {
  return {
    async getEvent(id) {
      return state.events.get(id)?.value ?? null
    },
    async listEvents(filter, page) {
      return takePage(entriesOf(state.events), page, (event) => fitsEvent(filter, event))
    },
    async readEventsAfter(filter, afterEventId, limit) {
      const after = afterEventId === null ? 0 : state.events.get(afterEventId)?.position
      if (after === undefined) return []
      return entriesOf(state.events)
        .filter(({ position, value }) => position > after && fitsEvent(filter, value))
        .slice(0, limit)
        .map(({ value }) => value)
    },
    async countEvents(storeId, afterMs) {
      const counts = new Map<string, number>()
      for (const event of valuesOf(state.events)) {
        if (event.storeId !== storeId || event.atMs <= afterMs) continue
        counts.set(event.type, (counts.get(event.type) ?? 0) + 1)
      }
      return counts
    },
    async getEndpoint(id) {
      return state.endpoints.get(id)?.value ?? null
    },
    async listEndpoints(storeIds) {
      return valuesOf(state.endpoints).filter(
        ({ storeId, deletedAtMs }) => deletedAtMs === null && storeIds.includes(storeId),
      )
    },
    async claimDeliveries(claim) {
      return claimDeliveries(state, claim)
    },
    async releaseDelivery(id, attemptsMade) {
      releaseDelivery(state, id, attemptsMade)
    },
    async nextDeliveryAtMs() {
      return nextDeliveryAtMs(state)
    },
    async hasDeliveredSince(endpointId, sinceMs) {
      const ids = new Set(
        valuesOf(state.deliveries)
          .filter(({ delivery }) => delivery.endpointId === endpointId)
          .map(({ delivery }) => delivery.id),
      )
      return valuesOf(state.attempts).some(
        ({ deliveryId, outcome, atMs }) =>
          outcome === 'delivered' && atMs >= sinceMs && ids.has(deliveryId),
      )
    },
    async getDelivery(eventId, endpointId) {
      const found = valuesOf(state.deliveries).find(
        ({ delivery }) => delivery.eventId === eventId && delivery.endpointId === endpointId,
      )
      return found?.delivery ?? null
    },
    async listDeliveries(filter, page) {
      const { items, cursor } = takePage(entriesOf(state.deliveries), page, ({ delivery }) => {
        if (delivery.storeId !== filter.storeId) return false
        if (!fits(filter.endpointId, delivery.endpointId)) return false
        return fits(filter.eventId, delivery.eventId)
      })
      const logged = items.map(({ delivery }) => ({
        delivery,
        eventType: (state.events.get(delivery.eventId) as Entry<Event>).value.type,
        attempts: valuesOf(state.attempts).filter(({ deliveryId }) => deliveryId === delivery.id),
      }))
      return { items: logged, cursor }
    },
    async findMissedEvents(query) {
      return findMissedEvents(state, query)
    },
  }
}

function accountReads(state: MemoryState): AccountStore {
  return {
    async listStores() {
      return valuesOf(state.stores)
    },
    async listApiKeys(storeId) {
      return valuesOf(state.apiKeys).filter((key) => key.storeId === storeId)
    },
    async findApiKeyByHash(hash) {
      return valuesOf(state.apiKeys).find((key) => key.hash === hash) ?? null
    },
    async maxIssuedIndex(fingerprint) {
      return valuesOf(state.addresses)
        .filter((address) => address.fingerprint === fingerprint && address.issued !== null)
        .reduce((highest, { index }) => Math.max(highest, index), -1)
    },
    async listWaitingAddresses(fingerprint, fromIndex, limit) {
      return valuesOf(state.addresses)
        .filter((address) => address.fingerprint === fingerprint && address.issued === null)
        .filter(({ index }) => index >= fromIndex)
        .sort((a, b) => a.index - b.index)
        .slice(0, limit)
    },
    async listAudit(afterSeq, limit) {
      return valuesOf(state.audit)
        .filter(({ seq }) => seq > afterSeq)
        .slice(0, limit)
    },
  }
}

/** A filter that was not asked for fits everything. */
function fits<T>(wanted: T | undefined, found: T | null): boolean {
  return wanted === undefined || wanted === found
}

function fitsEvent(filter: EventFilter, event: Event): boolean {
  if (event.storeId !== filter.storeId || !fits(filter.invoiceId, event.invoiceId)) return false
  return fits(filter.type, event.type as string)
}
