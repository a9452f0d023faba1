/** Counters, by name; the adapter knows their help texts. Labels are few and bounded. */
export type Metrics = {
  count(name: MetricCounter, labels?: Readonly<Record<string, string>>, by?: number): void
}

export type MetricCounter =
  | 'blocks_connected_total'
  | 'blocks_disconnected_total'
  | 'finality_faults_total'
  | 'payments_held_total'
  | 'payments_unproven_total'
  | 'payments_refuted_total'
  | 'blocks_corroborated_total'
  | 'senders_corrected_total'
  | 'transfers_seen_total'
  | 'transfers_malformed_total'
  | 'payments_short_total'
  | 'books_checks_total'
  | 'expiry_checks_total'
  | 'final_looks_total'
  | 'logs_inconsistent_total'
  | 'logs_blocks_read_total'
  | 'balance_faults_total'
  | 'chain_faults_total'
  | 'native_logs_suspect_total'
  | 'internal_transfers_total'
  | 'balance_sweeps_total'
  | 'unexplained_balance_total'
  | 'payments_attributed_total'
  | 'attribution_faults_total'
  | 'balance_shortfalls_total'
  | 'node_quarantines_total'
  | 'node_conflicts_total'
  | 'proof_downgrades_total'
  | 'block_proofs_total'
  | 'alerts_total'
  | 'rate_faults_total'
  | 'rate_refusals_total'
  | 'invoices_created_total'
  | 'webhook_attempts_total'
  | 'address_mismatches_total'

/** How long something took that somebody waited for. */
export type Timings = {
  time(name: MetricTiming, seconds: number, labels?: Readonly<Record<string, string>>): void
}

export type MetricTiming = 'answer_seconds' | 'webhook_first_attempt_seconds'
