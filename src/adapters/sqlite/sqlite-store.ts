import { resolve } from 'node:path'
import type { ChangeSet } from '../../core/change-set.ts'
import type { Store } from '../../ports/store.ts'
import { checkInBackground, type IntegrityCheck, SOUND } from './check-integrity.ts'
import {
  claimDeliveries,
  hasDueDelivery,
  nextDeliveryAtMs,
  releaseDelivery,
  releaseLeases,
} from './claim-deliveries.ts'
import { createLogCopier } from './copy-log.ts'
import { findMissedEvents } from './find-missed-events.ts'
import { closedError, createGroupCommit } from './group-commit.ts'
import { createKnownAddresses, type KnownAddresses } from './known-addresses.ts'
import {
  type DatabaseOptions,
  type DatabaseSettings,
  isCheckedLater,
  openDatabase,
  readSettings,
} from './open-database.ts'
import { findOutflowsFrom, listOutflows } from './outflow-rows.ts'
import * as accounts from './read-accounts.ts'
import * as balances from './read-balances.ts'
import * as chains from './read-chain.ts'
import * as invoices from './read-invoices.ts'
import * as refunds from './read-refunds.ts'
import { createReadTogether } from './read-together.ts'
import * as webhooks from './read-webhooks.ts'
import { createReadMemory } from './remember-reads.ts'
import { removeOutdated } from './remove-outdated.ts'
import { toGatewayError } from './sqlite-error.ts'
import { cacheStatements, type Statements } from './statements.ts'
import { watchVersion } from './watch-version.ts'

export type SqliteStore = Store & {
  /** What the connection runs with, for `doctor`. */
  describe(): DatabaseSettings
  /** Of a file that is checked later; of any other it is done. */
  readonly integrity: IntegrityCheck
  /** Which addresses are certainly not in it, once `knownAddresses.load` was asked for. */
  readonly knownAddresses: Pick<KnownAddresses, 'load' | 'isStranger'>
  /** Ends the leases that a killed process left. For the holder of the lock, before it claims. */
  releaseLeases(): Promise<void>
}

/**
 * The store in one SQLite file. Reads see what is committed; `commit` calls of one turn of the
 * event loop share one durable transaction. Throws `storage_unavailable` when the file cannot be
 * used.
 */
export function openSqliteStore(options: DatabaseOptions): SqliteStore {
  const { path, lateCheck } = options
  const isLater = isCheckedLater(options)
  const db = openDatabase(options)
  const task = { path: resolve(path), waitsFor: lateCheck?.waitsFor ?? null }
  const integrity = isLater ? checkInBackground(task) : SOUND
  const sql = cacheStatements(db)
  const readVersion = watchVersion(sql)
  const { remember, forgetChanged } = createReadMemory(sql, readVersion)
  const readTogether = createReadTogether(db, sql)
  const known = createKnownAddresses(sql, readVersion, () => db.open)
  const log = createLogCopier(db, sql)
  const onWritten = (changes: ChangeSet) => {
    forgetChanged(changes)
    known.add((changes.addresses ?? []).map(({ address }) => address))
    known.add((changes.refunds ?? []).map(({ destination }) => destination))
  }
  const group = createGroupCommit(db, sql, onWritten, log.onGroup)
  const lease = db.transaction(claimDeliveries).immediate
  const claim = (...[, request]: Parameters<typeof lease>) => {
    if (!hasDueDelivery(sql, request.nowMs)) return []
    // A lease that a power cut takes back ends as that of any dead process: it waits for no disk. By
    // `exec`: a statement for each of the two would cost more than the claim.
    db.exec('PRAGMA synchronous = NORMAL')
    try {
      return lease(sql, request)
    } finally {
      db.exec('PRAGMA synchronous = FULL')
    }
  }
  const release = db.transaction(releaseDelivery)
  const remove = db.transaction(removeOutdated)

  /** A promise for what SQLite answers at once, with its faults typed. */
  const answer =
    <P extends unknown[], R>(read: (sql: Statements, ...parameters: P) => R) =>
    async (...parameters: P): Promise<R> => {
      if (!db.open) throw closedError()
      try {
        return read(sql, ...parameters)
      } catch (error) {
        throw toGatewayError(error)
      }
    }

  return {
    commit: group.commit,
    async close() {
      if (!db.open) return
      await integrity.stop()
      group.close()
      log.stop()
      db.close()
    },
    describe: () => readSettings(db),
    integrity,
    knownAddresses: known,
    releaseLeases: answer(releaseLeases),
    removeOutdated: answer(remove.immediate),
    loadChain: answer(remember(chains.loadChain)),
    findCanonicalBlocks: answer(chains.findCanonicalBlocks),
    findBlocks: answer(chains.findBlocks),
    findDepositAddresses: answer((_sql, addresses) =>
      chains.findDepositAddresses(sql, known.leaveOutStrangers(addresses)),
    ),
    findIncludedPayments: answer(chains.findIncludedPayments),
    findCreditsAbove: answer(chains.findCreditsAbove),
    findPaymentsInBlocks: answer(chains.findPaymentsInBlocks),
    findPaymentsTo: answer(chains.findPaymentsTo),
    findPaymentsOf: answer(chains.findPaymentsOf),
    findInvoicesPastDeadline: answer(chains.findInvoicesPastDeadline),
    findSweepTargets: answer(balances.findSweepTargets),
    findCanonicalAncestor: answer(balances.findCanonicalAncestor),
    findUnattributed: answer(balances.findUnattributed),
    loadInvoices: answer(invoices.loadInvoices),
    findInvoiceByToken: answer(invoices.findInvoiceByToken),
    listInvoices: answer(invoices.listInvoices),
    getPayment: answer(invoices.getPayment),
    listPayments: answer(invoices.listPayments),
    listOutflows: answer(listOutflows),
    findOutflowsFrom: answer(findOutflowsFrom),
    getRefund: answer(refunds.getRefund),
    listRefunds: answer(refunds.listRefunds),
    findRefundsOf: answer(refunds.findRefundsOf),
    findRefundsTo: answer((_sql, chainId, destinations) =>
      refunds.findRefundsTo(sql, chainId, known.leaveOutStrangers(destinations)),
    ),
    findRefundsInBlocks: answer(refunds.findRefundsInBlocks),
    listRefundProposals: answer(refunds.listRefundProposals),
    findIdempotencyRecord: readTogether(invoices.findIdempotencyRecord),
    getEvent: answer(webhooks.getEvent),
    listEvents: answer(webhooks.listEvents),
    readEventsAfter: answer(webhooks.readEventsAfter),
    countEvents: answer(webhooks.countEvents),
    getEndpoint: answer(webhooks.getEndpoint),
    listEndpoints: answer(remember(webhooks.listEndpoints)),
    claimDeliveries: answer(claim),
    releaseDelivery: answer(release.immediate),
    nextDeliveryAtMs: answer(nextDeliveryAtMs),
    hasDeliveredSince: answer(webhooks.hasDeliveredSince),
    getDelivery: answer(webhooks.getDelivery),
    listDeliveries: answer(webhooks.listDeliveries),
    findMissedEvents: answer(findMissedEvents),
    listStores: answer(remember(accounts.listStores)),
    listApiKeys: answer(accounts.listApiKeys),
    findApiKeyByHash: answer(remember(accounts.findApiKeyByHash)),
    maxIssuedIndex: answer(accounts.maxIssuedIndex),
    listWaitingAddresses: answer(accounts.listWaitingAddresses),
    listAudit: answer(accounts.listAudit),
  }
}
