import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ChainDirectory } from '../../ports/chain-directory.ts'
import type { MetricCounter, Metrics } from '../../ports/metrics.ts'

const PREFIX = 'quittance_'

const COUNTERS: Readonly<Record<MetricCounter, { help: string; labels: readonly string[] }>> = {
  blocks_connected_total: { help: 'Blocks that became canonical', labels: ['chain'] },
  blocks_disconnected_total: { help: 'Blocks that left our chain in a reorg', labels: ['chain'] },
  transfers_seen_total: { help: 'Transfers of watched assets, to anyone', labels: ['chain'] },
  transfers_malformed_total: { help: 'Odd Transfer logs that were ignored', labels: ['chain'] },
  chain_faults_total: { help: 'Turns that failed, by kind of fault', labels: ['chain', 'kind'] },
  invoices_created_total: { help: 'Invoices created', labels: [] },
  webhook_attempts_total: { help: 'Webhook attempts by outcome', labels: ['outcome'] },
  address_mismatches_total: { help: 'Stored addresses that do not derive: alarm', labels: [] },
}

/** Prometheus metrics of this process, and their text for `/metrics`. */
export function createMetrics(chains: ChainDirectory): Metrics & { render(): Promise<string> } {
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
  return {
    count: (name, labels = {}, by = 1) => void counters.get(name)?.inc(labels, by),
    render: () => registry.metrics(),
  }
}
