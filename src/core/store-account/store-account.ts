import { blockAt, type LocalChain, tipOf } from '../chain/local-chain.ts'
import type { Address } from '../money/asset.ts'

/** A merchant's shop: owner of invoices, keys and endpoints. `store` on the wire. */
export type StoreAccount = {
  readonly id: string
  readonly name: string
  /** The account key new addresses derive from. Public, yet private: it shows every order. */
  readonly xpub: string
  readonly fingerprint: string
  /** Account keys of earlier epochs: their addresses stay watched and are checked against them. */
  readonly formerXpubs: readonly string[]
  readonly settings: StoreSettings
  readonly createdAtMs: number
  readonly revision: number
}

/** Name of the first store until somebody names it; shoppers are not shown it. */
export const UNNAMED_STORE = 'default'

/** What a merchant sets for a store; null is the default of the installation. */
export type StoreSettings = {
  readonly toleranceBps: number | null
  readonly graceS: number | null
  /** Where shoppers may be sent back to, such as `https://shop.example`; null: anywhere. */
  readonly redirectOrigins: readonly string[] | null
  /** Sites that may show the checkout page in a frame of theirs; null: none. */
  readonly frameOrigins: readonly string[] | null
  /** Colour of the checkout page, `#0b6e4f`; null: the page's own. */
  readonly accent: string | null
  /** Picture of the shop as a data URI, held against what it says by `readLogo`; null: none. */
  readonly logo: string | null
  /** Whether a shopper may take a fresh price for an expired invoice; null: no. */
  readonly renewsExpired: boolean | null
}

export const DEFAULT_SETTINGS: StoreSettings = {
  toleranceBps: null,
  graceS: null,
  redirectOrigins: null,
  frameOrigins: null,
  accent: null,
  logo: null,
  renewsExpired: null,
}

export const API_KEY_SCOPES = [
  'invoices:read',
  'invoices:write',
  'payments:read',
  'payments:write',
  'webhooks:manage',
  'events:read',
  'admin',
] as const

export type ApiKeyScope = (typeof API_KEY_SCOPES)[number]

export type ApiKey = {
  readonly id: string
  readonly storeId: string
  readonly name: string
  /** Hex of SHA-256 of the key; the key itself is shown once and kept nowhere. */
  readonly hash: string
  /** First characters, for people to tell keys apart. */
  readonly prefix: string
  /** `admin` stands for all. */
  readonly scopes: readonly ApiKeyScope[]
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
  /** Some time within the minute of its last use; written by `keyUses` of a change set alone. */
  readonly lastUsedAtMs: number | null
  readonly revision: number
}

/** An address of an account key: waiting (look-ahead) or given to one invoice for ever. */
export type DepositAddress = {
  readonly address: Address
  readonly storeId: string
  readonly fingerprint: string
  readonly index: number
  readonly issued: Issue | null
}

export type Issue = {
  readonly invoiceId: string
  readonly atMs: number
  /**
   * Our tip per chain when the address was given out. Money in that block or an ancestor was there
   * before and belongs to nobody; all later money belongs to the invoice.
   */
  readonly tips: Readonly<Record<number, { readonly number: number; readonly hash: string }>>
}

/**
 * Whether a transfer in a block that is being connected came after the address was given out: the
 * block is above our tip of that time, or on a branch that replaced it. `chain` holds the block.
 */
export function isAfterIssue(issue: Issue, chain: LocalChain, blockNumber: number): boolean {
  const tip = issue.tips[chain.chainId]
  if (tip === undefined || blockNumber > tip.number) return true
  const held = blockAt(chain, tip.number)
  if (held !== null) return held.hash !== tip.hash
  // Above our tip: a shorter branch has replaced the one of the issue. Below the ring nothing is known
  // any more; a block that low is not being connected for the first time.
  return tip.number > tipOf(chain).number
}
