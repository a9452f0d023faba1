/** Counters and timings, by name; the adapter knows their help texts. Labels are few and bounded. */
export type Metrics = {
  count(name: MetricCounter, labels?: Readonly<Record<string, string>>, by?: number): void
}

export type MetricCounter =
  | 'blocks_connected_total'
  | 'blocks_disconnected_total'
  | 'transfers_seen_total'
  | 'transfers_malformed_total'
  | 'chain_faults_total'
  | 'invoices_created_total'
  | 'webhook_attempts_total'
  | 'address_mismatches_total'
