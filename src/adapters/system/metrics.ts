import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ChainDirectory } from '../../ports/chain-directory.ts'
import type { ProviderHealth } from '../../ports/chain-source.ts'
import type { MetricCounter, Metrics, MetricTiming, Timings } from '../../ports/metrics.ts'

const PREFIX = 'quittance_'

const COUNTERS: Readonly<Record<MetricCounter, { help: string; labels: readonly string[] }>> = {
  blocks_connected_total: { help: 'Blocks that became canonical', labels: ['chain'] },
  blocks_disconnected_total: { help: 'Blocks that left our chain in a reorg', labels: ['chain'] },
  finality_faults_total: {
    help: 'Times the finalized tag began to fail, by kind: alarm',
    labels: ['chain', 'kind'],
  },
  payments_held_total: {
    help: 'Payments that began to wait for room under finality_cap',
    labels: ['chain'],
  },
  payments_unproven_total: {
    help: 'Payments in blocks that are not proven, which wait until they are final',
    labels: ['chain'],
  },
  blocks_corroborated_total: {
    help: 'Blocks with money that nothing proves, of which two nodes had the same transfers',
    labels: ['chain'],
  },
  payments_refuted_total: {
    help: 'Payments that a second look at their block did not find, by verdict: alarm',
    labels: ['chain', 'verdict'],
  },
  senders_corrected_total: {
    help: 'Blocks in which a node named another sender of coins than the one who signed: alarm',
    labels: ['chain'],
  },
  transfers_seen_total: { help: 'Transfers of watched assets, to anyone', labels: ['chain'] },
  transfers_malformed_total: { help: 'Odd Transfer logs that were ignored', labels: ['chain'] },
  logs_inconsistent_total: {
    help: 'Blocks of which a node left logs out of an answer: alarm',
    labels: ['chain'],
  },
  logs_blocks_read_total: {
    help: 'Blocks read whole where logs say which ones',
    labels: ['chain', 'reason'],
  },
  payments_short_total: { help: 'Payments that no balance covers: alarm', labels: ['chain'] },
  books_checks_total: {
    help: 'Balances held against what was received and left, by outcome; short is an alarm',
    labels: ['chain', 'outcome'],
  },
  balance_faults_total: { help: 'Balances not read, by kind', labels: ['chain', 'kind'] },
  chain_faults_total: { help: 'Turns that failed, by kind of fault', labels: ['chain', 'kind'] },
  native_logs_suspect_total: {
    help: 'Blocks whose coin logs miss a value: alarm',
    labels: ['chain'],
  },
  internal_transfers_total: {
    help: 'Native coins that arrived by contracts, by how they were found',
    labels: ['chain', 'found_by'],
  },
  expiry_checks_total: {
    help: 'Looks at the address of an order before it expires, by outcome',
    labels: ['chain', 'outcome'],
  },
  final_looks_total: {
    help: 'Second looks at blocks that became final, by outcome',
    labels: ['chain', 'outcome'],
  },
  balance_sweeps_total: {
    help: 'Calls that read balances, by outcome',
    labels: ['chain', 'outcome'],
  },
  unexplained_balance_total: {
    help: 'Rises of a balance that no transaction explains',
    labels: ['chain'],
  },
  payments_attributed_total: {
    help: 'Payments known by a balance alone of which calls told the sender later',
    labels: ['chain'],
  },
  attribution_faults_total: {
    help: 'Blocks whose calls could not be had for that, by kind',
    labels: ['chain', 'kind'],
  },
  balance_shortfalls_total: { help: 'Balances below what was credited: alarm', labels: ['chain'] },
  node_quarantines_total: {
    help: 'Nodes set aside because of what they served: alarm',
    labels: ['chain', 'node', 'reason'],
  },
  node_conflicts_total: {
    help: 'Heights at which nodes have different blocks and no majority',
    labels: ['chain'],
  },
  block_proofs_total: {
    help: 'Blocks held against their headers, by proof and verdict',
    labels: ['chain', 'proof', 'verdict'],
  },
  proof_downgrades_total: {
    help: 'Times that no node served blocks that prove: alarm',
    labels: ['chain'],
  },
  alerts_total: { help: 'Times that activity was unusual, by kind', labels: ['kind'] },
  rate_faults_total: {
    help: 'Times a source began to have no price to be believed, by reason',
    labels: ['source', 'reason'],
  },
  rate_refusals_total: {
    help: 'Times a pair began to have no rate, by reason: alarm',
    labels: ['pair', 'reason'],
  },
  invoices_created_total: { help: 'Invoices created', labels: [] },
  webhook_attempts_total: { help: 'Webhook attempts by outcome', labels: ['outcome'] },
  address_mismatches_total: { help: 'Stored addresses that do not derive: alarm', labels: [] },
}

type TimingText = {
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds in seconds, around what the scenarios ask for. */
  readonly buckets: readonly number[]
}

const TIMINGS: Readonly<Record<MetricTiming, TimingText>> = {
  answer_seconds: {
    help: 'From a request to the end of its answer, by what was asked; live pages apart',
    labels: ['surface'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 5],
  },
  webhook_first_attempt_seconds: {
    help: 'From an event to the beginning of its first attempt at an endpoint',
    labels: [],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
  },
}

/** Prometheus metrics of this process, and their text for `/metrics`. */
export function createMetrics(
  chains: ChainDirectory,
  providersOf: (chainId: number) => readonly ProviderHealth[] = () => [],
): Metrics & Timings & { render(): Promise<string> } {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: PREFIX })
  const counters = new Map(
    Object.entries(COUNTERS).map(([name, { help, labels }]) => [
      name,
      new Counter({
        name: PREFIX + name,
        help,
        labelNames: [...labels],
        registers: [registry],
      }),
    ]),
  )
  const timings = createTimings(registry)
  const gauge = (name: string, help: string, read: (chainId: number) => number | null) =>
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames: ['chain'],
      registers: [registry],
      collect() {
        for (const { chainId } of chains.list()) {
          const value = read(chainId)
          if (value !== null) this.set({ chain: String(chainId) }, value)
        }
      },
    })
  gauge('chain_cursor', 'Latest block followed', (id) => chains.healthOf(id).cursor)
  gauge('chain_head', 'Latest block the node showed', (id) => chains.healthOf(id).head)
  gauge('chain_lag_seconds', 'Age of the cursor block', (id) => chains.healthOf(id).lagS)
  gauge('chain_ready', '1 when the chain is ok', (id) =>
    chains.healthOf(id).state === 'ok' ? 1 : 0,
  )
  gauge('chain_finalized', 'Last final block, where the tag is followed', (id) => {
    return chains.healthOf(id).finality?.finalized ?? null
  })
  gauge('payments_held', 'Payments that wait for room under finality_cap', (id) => {
    return chains.healthOf(id).finalityCap?.waiting ?? null
  })
  observeProviders(registry, chains, providersOf)
  return {
    count: (name, labels = {}, by = 1) => void counters.get(name)?.inc(labels, by),
    time: (name, seconds, labels = {}) => void timings.get(name)?.observe(labels, seconds),
    render: () => registry.metrics(),
  }
}

function createTimings(registry: Registry): ReadonlyMap<string, Histogram> {
  return new Map(
    Object.entries(TIMINGS).map(([name, { help, labels, buckets }]) => [
      name,
      new Histogram({
        name: PREFIX + name,
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers: [registry],
      }),
    ]),
  )
}

/** Gauges by node, read when they are asked for; faults by kind as the counter that they are. */
function observeProviders(
  registry: Registry,
  chains: ChainDirectory,
  providersOf: (chainId: number) => readonly ProviderHealth[],
): void {
  const list = () =>
    chains
      .list()
      .flatMap(({ chainId }) =>
        providersOf(chainId).map((provider) => [String(chainId), provider] as const),
      )
  const gauge = (name: string, help: string, read: (provider: ProviderHealth) => number | null) =>
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames: ['chain', 'node'],
      registers: [registry],
      collect() {
        for (const [chain, provider] of list()) {
          const value = read(provider)
          if (value !== null) this.set({ chain, node: provider.name }, value)
        }
      },
    })
  gauge('node_head', 'Latest block the node showed', ({ head }) => head)
  gauge('node_ok', '1 when the node is asked and answers', ({ state }) => (state === 'ok' ? 1 : 0))
  gauge('node_quarantined', '1 while what the node served is not believed', ({ state }) =>
    state === 'quarantined' ? 1 : 0,
  )
  gauge('node_latency_seconds', 'Moving average of its answers', ({ latencyMs }) =>
    latencyMs === null ? null : latencyMs / 1_000,
  )
  gauge('node_error_share', 'Moving average of failed questions', ({ errorShare }) => errorShare)
  new Counter({
    name: `${PREFIX}node_errors_total`,
    help: 'Failed questions, by kind of fault',
    labelNames: ['chain', 'node', 'kind'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [chain, { name, errors }] of list()) {
        for (const [kind, count] of Object.entries(errors)) {
          this.inc({ chain, node: name, kind }, count)
        }
      }
    },
  })
}
