import type { ChainNodes } from '../../operations/check-transaction.ts'
import type { Deps } from '../../operations/deps.ts'
import type { KeyUses } from '../../operations/record-key-uses.ts'
import type { ProviderHealth } from '../../ports/chain-source.ts'
import type { Timings } from '../../ports/metrics.ts'
import type { TestChain } from '../../ports/test-chain.ts'
import type { CheckDestination } from '../../ports/webhook-sender.ts'

/** The settings that make a commit durable, and what is wrong with them (null: nothing). */
export type DatabaseHealth = {
  readonly journalMode: string
  readonly synchronous: number
  readonly foreignKeys: number
  readonly fault: string | null
}

/** What the HTTP side needs beyond the operations. */
export type HttpDeps = Deps & {
  /** Requests per second and API key; more are answered 429. */
  readonly rateLimitPerSecond: number
  /** Where each request notes the use of its key. */
  readonly keyUses: KeyUses
  /** Signs cursors. At least 32 bytes, the same on every instance. */
  readonly cursorKey: Uint8Array
  /** Where each answer notes how long it took. */
  readonly timings: Timings
  /** Text of /metrics, in the form of Prometheus. */
  readonly renderMetrics: () => Promise<string>
  /** The hands on a test chain's node; null for every other chain. */
  readonly testChainOf: (chainId: number) => TestChain | null
  /** The nodes of a chain; null where it is not configured. */
  readonly nodesOf: (chainId: number) => ChainNodes | null
  readonly checkDestination: CheckDestination
  /** How the nodes of a chain are doing, for /readyz; empty where nobody knows. */
  readonly providersOf?: (chainId: number) => readonly ProviderHealth[]
  /** What the store's own connection runs with, for /readyz; absent where there is none to ask. */
  readonly describeDatabase?: () => DatabaseHealth
  readonly version: string
}
