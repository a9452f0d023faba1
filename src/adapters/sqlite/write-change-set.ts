import { chainAuditEntry } from '../../core/audit.ts'
import type { ChangeSet, CommitResult } from '../../core/change-set.ts'
import type { DepositAddress } from '../../core/store-account/store-account.ts'
import {
  API_KEY_COLUMNS,
  type ApiKeyRow,
  AUDIT_COLUMNS,
  type AuditLogRow,
  apiKeyToRow,
  auditToRow,
  IDEMPOTENCY_COLUMNS,
  type IdempotencyRow,
  idempotencyToRow,
  rowToAudit,
  STORE_COLUMNS,
  type StoreRow,
  storeToRow,
} from './account-rows.ts'
import { INVOICE_COLUMNS, type InvoiceRow, invoiceToRow } from './invoice-rows.ts'
import { OUTFLOW_COLUMNS, type OutflowRow, outflowToRow } from './outflow-rows.ts'
import {
  ADDRESS_COLUMNS,
  type AddressRow,
  ATTRIBUTION_COLUMNS,
  type AttributionRow,
  attributionToRow,
  depositAddressToRow,
  OBSERVATION_COLUMNS,
  type ObservationRow,
  observationToRow,
  PAYMENT_COLUMNS,
  type PaymentRow,
  paymentToRow,
} from './payment-rows.ts'
import { BALANCE_COLUMNS, type BalanceRow, balanceToRow } from './read-balances.ts'
import {
  PROPOSAL_COLUMNS,
  type ProposalRow,
  proposalToRow,
  REFUND_COLUMNS,
  type RefundRow,
  refundToRow,
} from './refund-rows.ts'
import { bytesToAddress } from './row-values.ts'
import { isUniqueClash } from './sqlite-error.ts'
import { entityTable, insertInto, type Statements, writeRevision } from './statements.ts'
import { pruneBlocks, writeChain } from './write-chain.ts'
import { writeAttempts, writeDeliveries, writeEndpoints, writeEvents } from './write-webhooks.ts'

/** Writes one part of a change set; false when somebody else wrote first. */
type Writer = (sql: Statements, changes: ChangeSet) => boolean

/** In this order: what is referred to stands before what refers to it. */
const WRITERS: readonly Writer[] = [
  writeStores,
  writeApiKeys,
  writeKeyUses,
  (sql, changes) => writeEndpoints(sql, changes.endpoints ?? []),
  writeInvoices,
  writeAddresses,
  (sql, changes) => changes.chain === undefined || writeChain(sql, changes.chain),
  writeBalances,
  writePayments,
  writeAttributions,
  writeOutflows,
  writeRefunds,
  (sql, changes) => writeEvents(sql, changes.events ?? []),
  (sql, changes) => writeDeliveries(sql, changes.deliveries ?? []),
  (sql, changes) => writeAttempts(sql, changes.attempts ?? []),
  writeIdempotency,
  writeAudit,
  // After the payments: a block in which this very change set observed something is kept.
  (sql, changes) => changes.chain === undefined || pruneBlocks(sql, changes.chain),
]

/**
 * Writes a change set inside the transaction or savepoint of the caller, who takes it back unless
 * the result is `committed`. Throws for faults of the storage and for bugs (a reference to
 * nothing).
 */
export function writeChangeSet(sql: Statements, changes: ChangeSet): CommitResult {
  try {
    return WRITERS.every((write) => write(sql, changes)) ? 'committed' : 'conflict'
  } catch (error) {
    if (isUniqueClash(error)) return 'conflict'
    throw error
  }
}

const STORES = entityTable<StoreRow>('store_accounts', STORE_COLUMNS)
const API_KEYS = entityTable<Omit<ApiKeyRow, 'last_used_at_ms'>>('api_keys', API_KEY_COLUMNS)
const INVOICES = entityTable<InvoiceRow>('invoices', INVOICE_COLUMNS)
const REFUNDS = entityTable<RefundRow>('refunds', REFUND_COLUMNS)
const PAYMENTS = entityTable<PaymentRow>('payments', PAYMENT_COLUMNS)

function writeStores(sql: Statements, changes: ChangeSet): boolean {
  return (changes.stores ?? []).every((store) => writeRevision(sql, STORES, storeToRow(store)))
}

function writeApiKeys(sql: Statements, changes: ChangeSet): boolean {
  return (changes.apiKeys ?? []).every((key) => writeRevision(sql, API_KEYS, apiKeyToRow(key)))
}

const WRITE_KEY_USE = `UPDATE api_keys SET last_used_at_ms = max(coalesce(last_used_at_ms, 0), ?)
  WHERE id = ?`

function writeKeyUses(sql: Statements, changes: ChangeSet): boolean {
  for (const { apiKeyId, atMs } of changes.keyUses ?? []) sql(WRITE_KEY_USE).run(atMs, apiKeyId)
  return true
}

function writeInvoices(sql: Statements, changes: ChangeSet): boolean {
  return (changes.invoices ?? []).every((invoice) =>
    writeRevision(sql, INVOICES, invoiceToRow(invoice)),
  )
}

const writeBalance = insertInto<BalanceRow>(
  'native_balances',
  BALANCE_COLUMNS,
  `ON CONFLICT (chain_id, address) DO UPDATE SET block_number = excluded.block_number,
    block_hash = excluded.block_hash, balance_units = excluded.balance_units`,
)

function writeBalances(sql: Statements, changes: ChangeSet): boolean {
  for (const known of changes.balances ?? []) writeBalance(sql, balanceToRow(known))
  return true
}

const insertObservation = insertInto<ObservationRow>('observations', OBSERVATION_COLUMNS)
const MARK_OBSERVED = 'UPDATE blocks SET observed = 1 WHERE chain_id = ? AND hash = ?'

function writePayments(sql: Statements, changes: ChangeSet): boolean {
  return (changes.payments ?? []).every((payment) => {
    if (payment.revision === 1) {
      const { observation } = payment
      insertObservation(sql, observationToRow(observation))
      sql(MARK_OBSERVED).run(observation.chainId, observation.blockHash)
    }
    return writeRevision(sql, PAYMENTS, paymentToRow(payment))
  })
}

const HAS_ATTRIBUTIONS = 'SELECT 1 FROM attributions WHERE payment_id = ? LIMIT 1'
const insertAttribution = insertInto<AttributionRow>('attributions', ATTRIBUTION_COLUMNS)

function writeAttributions(sql: Statements, { attributions = [] }: ChangeSet): boolean {
  const ids = new Set(attributions.map(({ paymentId }) => paymentId))
  for (const id of ids) if (sql(HAS_ATTRIBUTIONS).get(id) !== undefined) return false
  for (const attribution of attributions) insertAttribution(sql, attributionToRow(attribution))
  return true
}

const insertOutflow = insertInto<OutflowRow>(
  'outflows',
  OUTFLOW_COLUMNS,
  'ON CONFLICT (chain_id, block_hash, place) DO NOTHING',
)

/** A block that comes back, or is read again, shows what it showed before. */
function writeOutflows(sql: Statements, changes: ChangeSet): boolean {
  for (const outflow of changes.outflows ?? []) {
    insertOutflow(sql, outflowToRow(outflow))
    sql(MARK_OBSERVED).run(outflow.chainId, outflow.blockHash)
  }
  return true
}

const insertProposal = insertInto<ProposalRow>('refund_proposals', PROPOSAL_COLUMNS)

function writeRefunds(sql: Statements, changes: ChangeSet): boolean {
  for (const proposal of changes.refundProposals ?? []) insertProposal(sql, proposalToRow(proposal))
  return (changes.refunds ?? []).every((refund) => writeRevision(sql, REFUNDS, refundToRow(refund)))
}

/**
 * In two statements: an upsert that may change a reference copies every page it touches, to take
 * itself back, and nearly every address that is written is new.
 */
const insertAddress = insertInto<AddressRow>(
  'deposit_addresses',
  ADDRESS_COLUMNS,
  'ON CONFLICT (address) DO NOTHING',
)
/**
 * An address that waits is given out or left as it is; one that is issued is never touched again. Found
 * by its index, in whose order they are given out: by the address (hence the plus sign) each would stand
 * on another page.
 */
const ISSUE_ADDRESS = `UPDATE deposit_addresses
  SET store_id = ?, invoice_id = ?, issued_at_ms = ?, issue_tips = ?
  WHERE fingerprint = ? AND idx = ? AND +address = ? AND invoice_id IS NULL`

function writeAddresses(sql: Statements, changes: ChangeSet): boolean {
  return (changes.addresses ?? []).every((address) => {
    if (address.issued !== null && !isNamedBy(sql, changes, address.issued.invoiceId, address)) {
      return false
    }
    const row = depositAddressToRow(address)
    // Of those given out nearly every one waits already; of the others nearly every one is new.
    const isIssued = address.issued !== null
    if (isIssued && issueAddress(sql, row)) return true
    if (insertAddress(sql, row).changes === 1) return true
    return !isIssued && issueAddress(sql, row)
  })
}

function issueAddress(sql: Statements, row: AddressRow): boolean {
  const { store_id, invoice_id, issued_at_ms, issue_tips, fingerprint, idx, address } = row
  const issued = [store_id, invoice_id, issued_at_ms, issue_tips]
  return sql(ISSUE_ADDRESS).run(...issued, fingerprint, idx, address).changes === 1
}

const NAMED_ADDRESS = 'SELECT address FROM invoices WHERE id = ?'

/** An invoice has one address, the one it names: no other is given out to it. */
function isNamedBy(
  sql: Statements,
  changes: ChangeSet,
  invoiceId: string,
  { address }: DepositAddress,
): boolean {
  const written = changes.invoices?.find(({ id }) => id === invoiceId)
  if (written !== undefined) return written.address === address
  const named = sql(NAMED_ADDRESS).pluck().get(invoiceId) as Buffer | undefined
  // To nobody: the reference itself is refused.
  return named === undefined || bytesToAddress(named) === address
}

const insertIdempotency = insertInto<IdempotencyRow>('idempotency', IDEMPOTENCY_COLUMNS)

function writeIdempotency(sql: Statements, changes: ChangeSet): boolean {
  if (changes.idempotency === undefined) return true
  return insertIdempotency(sql, idempotencyToRow(changes.idempotency)).changes === 1
}

const LATEST_AUDIT = 'SELECT * FROM audit ORDER BY seq DESC LIMIT 1'
const insertAudit = insertInto<AuditLogRow>('audit', AUDIT_COLUMNS)

function writeAudit(sql: Statements, changes: ChangeSet): boolean {
  for (const entry of changes.audit ?? []) {
    const latest = sql(LATEST_AUDIT).get() as AuditLogRow | undefined
    const next = chainAuditEntry(latest === undefined ? null : rowToAudit(latest), entry)
    insertAudit(sql, auditToRow(next))
  }
  return true
}
