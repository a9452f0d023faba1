import type { AlertLimits } from '../core/alert/judge-activity.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { Hash } from '../core/money/asset.ts'
import type { RateSettings } from '../core/money/rate-settings.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where a chain is read, beside what it is. */
export type ChainConfig = ChainSettings & {
  /** At least one, http or https. May hold credentials: never shown whole. */
  readonly rpcUrls: readonly string[]
  /** Sent to every node of the chain. Values may be credentials: never shown. */
  readonly rpcHeaders: Readonly<Record<string, string>>
  /** Hash of block 0 that every node must have; null where only the nodes can tell it. */
  readonly genesisHash: Hash | null
  /** Every block by its receipts, or those alone that a query for logs names. */
  readonly detection: 'receipts' | 'logs'
}

/** The key of secrets at rest: given, read from a file, or (null) from the default file. */
export type SecretKeyConfig =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'file'; readonly path: string }

/**
 * Everything an operator decides, checked. Paths are absolute. Holds secrets: log `describeConfig`.
 */
export type GatewayConfig = {
  readonly database: {
    readonly kind: 'sqlite'
    readonly path: string
    /** A missing, empty or foreign one is refused instead of made or taken. */
    readonly mustExist: boolean
  }
  readonly stateDir: string
  readonly host: string
  readonly port: number
  /** The only base of links shown to people; without a slash at its end. */
  readonly publicUrl: string
  /** Account key of the first store; null when the stores are in the database alone. */
  readonly xpub: string | null
  readonly apiKey: string | null
  readonly webhooks: {
    /** Private destinations webhooks may reach. IPv6 hosts stand in brackets. */
    readonly allowedHosts: readonly { readonly host: string; readonly port: number }[]
    /** As `RetrySchedule`; null for the Standard Webhooks schedule. */
    readonly scheduleMs: readonly number[] | null
  }
  readonly secretKey: SecretKeyConfig | null
  readonly logLevel: LogLevel
  readonly chains: readonly ChainConfig[]
  readonly rates: RateSettings
  readonly invoices: {
    readonly expiresInS: number
    readonly graceS: number
    readonly toleranceBps: number
  }
  readonly alerts: AlertLimits
  readonly limits: { readonly requestsPerSecondPerKey: number }
}
