import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database as Connection } from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimDeliveries, nextDeliveryAtMs } from '../../../src/adapters/sqlite/claim-deliveries.ts'
import { findMissedEvents } from '../../../src/adapters/sqlite/find-missed-events.ts'
import { createKnownAddresses } from '../../../src/adapters/sqlite/known-addresses.ts'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { findOutflowsFrom, listOutflows } from '../../../src/adapters/sqlite/outflow-rows.ts'
import * as accounts from '../../../src/adapters/sqlite/read-accounts.ts'
import * as balances from '../../../src/adapters/sqlite/read-balances.ts'
import * as chains from '../../../src/adapters/sqlite/read-chain.ts'
import * as invoices from '../../../src/adapters/sqlite/read-invoices.ts'
import * as refunds from '../../../src/adapters/sqlite/read-refunds.ts'
import * as webhooks from '../../../src/adapters/sqlite/read-webhooks.ts'
import { removeOutdated } from '../../../src/adapters/sqlite/remove-outdated.ts'
import { cacheStatements, type Statements } from '../../../src/adapters/sqlite/statements.ts'
import { writeChangeSet } from '../../../src/adapters/sqlite/write-change-set.ts'
import type { ChangeSet } from '../../../src/core/change-set.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  sampleAddress,
  sampleBlock,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleHash,
  sampleIdempotency,
  sampleInvoice,
  sampleIssuedAddress,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../../support/fixtures.ts'
import { explainAll, scansOf } from './explain-all.ts'

let directory: string
let db: Connection
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  db = openDatabase({ path: join(directory, 'quittance.db') })
  // One of each: reads then use all of their statements.
  const event = sampleEvent(1, { invoiceId: 'inv_1', sequence: 1 })
  write({
    stores: [sampleStore()],
    endpoints: [sampleEndpoint(1)],
    invoices: [sampleInvoice(1)],
    payments: [samplePayment(sampleObservation(1), { invoiceId: 'inv_1' })],
    events: [event],
    deliveries: [sampleDelivery(event, 1, { nextAttemptAtMs: 0 })],
    chain: { ...CHAIN, expectedTip: null, disconnected: [], connected: [sampleBlock(10)] },
  })
})
afterAll(() => {
  db.close()
  rmSync(directory, { recursive: true })
})

const CHAIN = { chainId: SAMPLE_CHAIN_ID, pruneBelow: 5, haltReason: null }

/** Plans of every statement that `run` uses, line by line. */
function plansOf(run: (sql: Statements) => unknown): string[] {
  return explainAll(db, run)
}

const HASHES = [sampleHash(1)]
const PAGE = { limit: 10, before: 5 }
const MINE = { storeId: 'st_sample' }
const RANGE = { endpointId: 'w', fromMs: 1, toMs: 9, nowMs: 1, limit: 1 }
const LATER = { revision: 2, invoiceId: 'inv_1' }
const OPEN = { chainId: SAMPLE_CHAIN_ID, fromBlock: 3, limit: 10 }
const CLAIM = { nowMs: 1, leaseUntilMs: 2, limit: 10, perEndpoint: 2, perStore: 5 }

test.each<[string, string, (sql: Statements) => unknown]>([
  [
    'findDepositAddresses',
    'deposit_addresses_by_address (address=?)',
    (sql) => chains.findDepositAddresses(sql, [sampleAddress(1)]),
  ],
  [
    'a slice of known addresses',
    'COVERING INDEX deposit_addresses_by_address (address>?)',
    (sql) =>
      createKnownAddresses(
        sql,
        () => 1,
        () => true,
      ).load(),
  ],
  ['findIncludedPayments', 'payments_included', (sql) => chains.findIncludedPayments(sql, 1)],
  [
    'findCreditsAbove',
    'blocks_canonical (chain_id=? AND number>?)',
    (sql) => chains.findCreditsAbove(sql, SAMPLE_CHAIN_ID, 1_000),
  ],
  [
    'findPaymentsInBlocks',
    'chain_id=? AND block_hash=?',
    (sql) => chains.findPaymentsInBlocks(sql, 1, HASHES),
  ],
  [
    'findPaymentsTo',
    'observations_by_recipient',
    (sql) => chains.findPaymentsTo(sql, SAMPLE_CHAIN_ID, [sampleAddress(1)]),
  ],
  [
    'findOutflowsFrom',
    'outflows_by_sender',
    (sql) => findOutflowsFrom(sql, SAMPLE_CHAIN_ID, [sampleAddress(1)]),
  ],
  [
    'findPaymentsOf',
    'observations_by_transaction',
    (sql) => chains.findPaymentsOf(sql, SAMPLE_CHAIN_ID, HASHES),
  ],
  [
    'findPaymentsOf, by what was learned later',
    'attributions_by_transaction',
    (sql) => chains.findPaymentsOf(sql, SAMPLE_CHAIN_ID, HASHES),
  ],
  [
    'what was learned of a payment',
    'SEARCH t USING INDEX sqlite_autoindex_attributions_1 (payment_id=?)',
    (sql) => invoices.getPayment(sql, 'p'),
  ],
  [
    'findUnattributed',
    'observations_by_balance (chain_id=? AND (block_number,id)>(?,?))',
    (sql) => balances.findUnattributed(sql, { ...OPEN, after: null }),
  ],
  [
    'findInvoicesPastDeadline',
    'invoices_unfinished',
    (sql) => chains.findInvoicesPastDeadline(sql, 1, 1),
  ],
  ...(['unfinished', 'recent', 'idle'] as const).map(
    (group): [string, string, (sql: Statements) => unknown] => [
      `findSweepTargets, ${group}`,
      group === 'unfinished' ? 'invoices_unfinished' : 'invoices_finished',
      (sql) =>
        balances.findSweepTargets(sql, {
          chainId: SAMPLE_CHAIN_ID,
          assetId: SAMPLE_COIN.id,
          group,
          sinceMs: 1,
          after: null,
          limit: 10,
        }),
    ],
  ),
  [
    'findCanonicalBlocks',
    'blocks_canonical',
    (sql) => chains.findCanonicalBlocks(sql, SAMPLE_CHAIN_ID, 1),
  ],
  ['findBlocks', 'PRIMARY KEY (chain_id=? AND hash=?)', (sql) => chains.findBlocks(sql, 1, HASHES)],
  ['loadChain', 'blocks_canonical', (sql) => chains.loadChain(sql, SAMPLE_CHAIN_ID, 1)],
  ['loadInvoices', 'id=?', (sql) => invoices.loadInvoices(sql, ['inv_1'])],
  ['findInvoiceByToken', 'token=?', (sql) => invoices.findInvoiceByToken(sql, 't')],
  [
    'findIdempotencyRecord',
    'scope=? AND key=?',
    (sql) => invoices.findIdempotencyRecord(sql, 's', 'k'),
  ],
  ['getRefund', 'id=?', (sql) => refunds.getRefund(sql, 'r')],
  ['findRefundsOf', 'refunds_by_invoice', (sql) => refunds.findRefundsOf(sql, ['inv_1'])],
  [
    'findRefundsTo',
    'refunds_by_destination',
    (sql) => refunds.findRefundsTo(sql, SAMPLE_CHAIN_ID, [sampleAddress(1)]),
  ],
  ['refunds that wait', 'refunds_sent', (sql) => refunds.findRefundsInBlocks(sql, 1, [])],
  ['refunds in blocks', 'refunds_by_block', (sql) => refunds.findRefundsInBlocks(sql, 1, HASHES)],
  [
    'the page of refunds of an invoice',
    'invoice_id=?',
    (sql) => refunds.listRefunds(sql, { ...MINE, invoiceId: 'i' }, PAGE),
  ],
  [
    'listRefundProposals',
    'refund_proposals_by_invoice',
    (sql) => refunds.listRefundProposals(sql, 'inv_1'),
  ],
  ['getPayment', 'id=?', (sql) => invoices.getPayment(sql, 'p')],
  [
    'the events of an invoice',
    'invoice_id=?',
    (sql) => webhooks.readEventsAfter(sql, { ...MINE, invoiceId: 'i' }, null, 1),
  ],
  [
    'the page of events of an invoice',
    'invoice_id=?',
    (sql) => webhooks.listEvents(sql, { ...MINE, invoiceId: 'i' }, PAGE),
  ],
  [
    'the page of payments of an invoice',
    'invoice_id=?',
    (sql) => invoices.listPayments(sql, { ...MINE, invoiceId: 'i' }, PAGE),
  ],
  [
    'the page of deliveries of an event',
    'event_id=?',
    (sql) => webhooks.listDeliveries(sql, { ...MINE, eventId: 'e' }, PAGE),
  ],
  [
    'countEvents',
    'events_by_time (store_id=? AND at_ms>?)',
    (sql) => webhooks.countEvents(sql, 's', 1),
  ],
  ['getDelivery', 'event_id=? AND endpoint_id=?', (sql) => webhooks.getDelivery(sql, 'e', 'w')],
  [
    'findMissedEvents',
    'events_by_time (store_id=? AND at_ms>? AND at_ms<?)',
    (sql) => findMissedEvents(sql, { ...MINE, ...RANGE }),
  ],
  [
    'findMissedEvents, its deliveries',
    'event_id=? AND endpoint_id=?',
    (sql) => findMissedEvents(sql, { ...MINE, ...RANGE }),
  ],
  ['listEndpoints', 'webhook_endpoints_by_store', (sql) => webhooks.listEndpoints(sql, ['s'])],
  ['findApiKeyByHash', 'hash=?', (sql) => accounts.findApiKeyByHash(sql, 'h')],
  [
    'maxIssuedIndex',
    'deposit_addresses_by_index (fingerprint=?)',
    (sql) => accounts.maxIssuedIndex(sql, 'f'),
  ],
  [
    'listWaitingAddresses',
    'deposit_addresses_waiting',
    (sql) => accounts.listWaitingAddresses(sql, 'f', 0, 1),
  ],
  ['listAudit', 'INTEGER PRIMARY KEY', (sql) => accounts.listAudit(sql, 0, 1)],
])('%s uses an index and walks through nothing', (_, index, run) => {
  const plan = plansOf(run)
  expect(plan.join('\n')).toContain(index)
  expect(scansOf(plan)).toEqual([])
})

test.each<[string, (sql: Statements) => unknown]>([
  ['invoices', (sql) => invoices.listInvoices(sql, MINE, PAGE)],
  ['outflows', (sql) => listOutflows(sql, MINE, PAGE)],
  ['outflows of an asset', (sql) => listOutflows(sql, { ...MINE, assetId: SAMPLE_COIN.id }, PAGE)],
  ['refunds', (sql) => refunds.listRefunds(sql, MINE, PAGE)],
  ['refunds by status', (sql) => refunds.listRefunds(sql, { ...MINE, status: 'sent' }, PAGE)],
  ['invoices by status', (sql) => invoices.listInvoices(sql, { ...MINE, status: 'open' }, PAGE)],
  ['invoices by order', (sql) => invoices.listInvoices(sql, { ...MINE, orderId: 'A' }, PAGE)],
  [
    'invoices by order and status',
    (sql) => invoices.listInvoices(sql, { ...MINE, orderId: 'A', status: 'open' }, PAGE),
  ],
  ['invoices by time', (sql) => invoices.listInvoices(sql, { ...MINE, createdAfterMs: 1 }, PAGE)],
  ['payments', (sql) => invoices.listPayments(sql, MINE, PAGE)],
  [
    'payments of an invoice',
    (sql) => invoices.listPayments(sql, { ...MINE, invoiceId: 'i' }, PAGE),
  ],
  ['payments of nobody', (sql) => invoices.listPayments(sql, { ...MINE, unassigned: true }, PAGE)],
  [
    'payments by asset',
    (sql) => invoices.listPayments(sql, { ...MINE, assetId: SAMPLE_COIN.id }, PAGE),
  ],
  ['events', (sql) => webhooks.listEvents(sql, MINE, PAGE)],
  ['events by type', (sql) => webhooks.listEvents(sql, { ...MINE, type: 't' }, PAGE)],
  ['events after', (sql) => webhooks.readEventsAfter(sql, MINE, 'evt_1', 10)],
  ['deliveries', (sql) => webhooks.listDeliveries(sql, MINE, PAGE)],
  [
    'deliveries of an endpoint',
    (sql) => webhooks.listDeliveries(sql, { ...MINE, endpointId: 'w' }, PAGE),
  ],
])('a page of %s reads only what it shows: no walk, no sort', (_, run) => {
  const plan = plansOf(run).filter((line) => !/candidate|wanted/.test(line))
  expect(scansOf(plan)).toEqual([])
  expect(plan.some((line) => /^SEARCH (invoices|refunds|p|f|events|d) USING/.test(line))).toBe(true)
  expect(plan.filter((line) => /^USE TEMP B-TREE/.test(line)).length).toBeLessThanOrEqual(
    // Payments of the invoices shown, or attempts of the deliveries shown, are put in order.
    plan.filter((line) => /^SEARCH (a|p) USING (INDEX )?\S+ \(\w+=\?\)/.test(line)).length,
  )
})

test('an order has few invoices: its status is looked at, not walked through', () => {
  const filter = { ...MINE, orderId: 'A', status: 'open' } as const
  const plan = plansOf((sql) => invoices.listInvoices(sql, filter, PAGE))
  expect(plan.join('\n')).toContain('invoices_by_order (store_id=? AND order_id=? AND rowid<?)')
})

test('claiming reads due deliveries, not all that wait', () => {
  const plan = plansOf((sql) => claimDeliveries(sql, CLAIM))
  const claimable = plan.filter((line) => line.includes('deliveries_claimable'))
  expect(claimable.every((line) => /endpoint_id=\? AND claimable_at_ms<\?/.test(line))).toBe(true)
  expect(claimable).toHaveLength(2)
  // Only the endpoints themselves are walked through, and the leases: no more than are sent at once.
  const [leases, ...others] = scansOf(plan)
  expect(leases).toBe('SCAN deliveries USING INDEX deliveries_leased')
  expect(others.every((line) => line.includes('webhook_endpoints'))).toBe(true)
  const next = plansOf(nextDeliveryAtMs)
  expect(next.join('\n')).toContain('deliveries_claimable (endpoint_id=?)')
  expect(scansOf(next).every((line) => line.includes('webhook_endpoints'))).toBe(true)
})

test('removing what is outdated looks at the oldest rows only', () => {
  const retention = { answersSinceMs: 0, attemptsSinceMs: 0, limit: 5 }
  const plan = plansOf((sql) => removeOutdated(sql, retention))
  expect(plan.filter((line) => /^SEARCH .* USING INTEGER PRIMARY KEY/.test(line))).toHaveLength(2)
  // Walked in the order of the key, as far as the limit goes.
  expect(scansOf(plan)).toEqual(['SCAN idempotency', 'SCAN delivery_attempts'])
  expect(plan.filter((line) => line.includes('TEMP B-TREE'))).toEqual([])
})

test('writing walks through nothing', () => {
  const event = sampleEvent(2, { invoiceId: 'inv_2', sequence: 1 })
  const changes: ChangeSet = {
    invoices: [sampleInvoice(2), sampleInvoice(1, { revision: 2 })],
    endpoints: [sampleEndpoint(2), sampleEndpoint(1, { revision: 2, deletedAtMs: 1 })],
    payments: [samplePayment(sampleObservation(2)), samplePayment(sampleObservation(1), LATER)],
    addresses: [sampleIssuedAddress(2)],
    events: [event],
    deliveries: [sampleDelivery(event, 2)],
    chain: {
      ...CHAIN,
      expectedTip: sampleHash(10),
      disconnected: [sampleBlock(10)],
      connected: [sampleBlock(10, 'b')],
    },
    idempotency: sampleIdempotency(),
    audit: [{ atMs: 1, actor: 'a', action: 'b', target: 'c', before: null, after: null }],
  }
  const plan = plansOf((sql) => expect(writeChangeSet(sql, changes)).toBe('committed'))
  // The latest audit row is the end of the key: one step.
  expect(scansOf(plan)).toEqual(['SCAN audit'])
})

function write(changes: ChangeSet): void {
  expect(writeChangeSet(cacheStatements(db), changes)).toBe('committed')
}
