import type { Address, Asset, AssetId } from '../money/asset.ts'
import type { FiatAmount } from '../money/currency.ts'
import { compareFinality, type FinalityRule, tagRule } from './finality.ts'
import type { NativeMode } from './native-mode.ts'

/** One step of a finality policy: invoices worth up to this much need this depth. */
export type FinalityTier = {
  /** Upper bound in whole units of a fiat currency; null for the last tier, which has none. */
  readonly upTo: FiatAmount | null
  readonly rule: FinalityRule
}

/** `on`: a mismatch refuses the block. `observe`: it is told and lowers the proof level. */
export type ProofSwitch = (typeof PROOF_SWITCHES)[number]
export const PROOF_SWITCHES = ['on', 'observe', 'off'] as const

/** What of a block is recomputed and held against its header. */
export type ProofSwitches = {
  readonly headerHash: ProofSwitch
  /** Read only where the native coin is watched: receipts do not commit to `to` and `value`. */
  readonly transactionsRoot: ProofSwitch
  readonly receiptsRoot: ProofSwitch
  readonly bloom: ProofSwitch
}

/** Whether a block that cannot be proven is odd here. Where proofs are only looked at, it is usual. */
export function expectsProof({ headerHash, receiptsRoot }: ProofSwitches): boolean {
  return headerHash === 'on' && receiptsRoot === 'on'
}

/** What the gateway knows of a chain from its configuration. */
export type ChainSettings = {
  readonly chainId: number
  readonly name: string
  /** As wallets and exchanges call it: what a shopper looks for. */
  readonly networkName: string
  /** A local chain: its head may be old, its payments can be simulated. */
  readonly test: boolean
  /** A public test network: its coins have no value. */
  readonly testnet: boolean
  /** Native coin (unless disabled) and tokens, in the order they are offered. */
  readonly assets: readonly Asset[]
  /** At least one; ascending, the last without an upper bound. */
  readonly finality: readonly FinalityTier[]
  /** The most that may be credited and not final yet; absent or null: no limit. */
  readonly finalityCap?: FiatAmount | null
  readonly pollIntervalMs: number
  /** Usual time between two blocks. */
  readonly blockTimeMs: number
  /** Deeper reorgs halt the chain. */
  readonly maxReorgBlocks: number
  /** Whether the `finalized` tag of the nodes says what is final; else what is that deep. */
  readonly finalizedTag: boolean
  /** A tag that has not moved for so long, while the head has, is stuck; absent: none ever is. */
  readonly finalityStuckMs?: number
  /** Tokens whose credits the balance of the address must cover. */
  readonly verifyBalanceOf: readonly AssetId[]
  /** The merchant's own: what they send to a deposit address (gas for a sweep) is no payment. */
  readonly ownSenders: readonly Address[]
  /** Below so many units of an asset a transfer is recorded without events; absent: none is. */
  readonly dustUnits: ReadonlyMap<AssetId, bigint>
  readonly proofs: ProofSwitches
  /** Public nodes a wallet may be told of, when it does not know the chain. */
  readonly walletRpc?: readonly string[]
  /** How native coins that arrive are found. */
  readonly nativeMode: NativeMode
  /** Transaction types that stand outside the roots and the bloom (Polygon's state sync, 0x7f). */
  readonly excludedTxTypes: readonly number[]
}

/** Whether balances are compared with what is known to have arrived. */
export function isSwept(chain: Pick<ChainSettings, 'assets' | 'nativeMode'>): boolean {
  return chain.nativeMode !== 'direct' && chain.assets.some(({ token }) => token === null)
}

/** Every proof with this switch: `observe` where nothing is known of a chain, `on` for local ones. */
export function setAllProofs(to: ProofSwitch): ProofSwitches {
  return { headerHash: to, transactionsRoot: to, receiptsRoot: to, bloom: to }
}

/** A head older than so many block times stands still. */
const STALE_HEAD_BLOCKS = 20
/** Chains with short block times are not called stale before this. */
const STALE_HEAD_MIN_MS = 90_000

/** Age from which a head means that the node stands still, milliseconds. Not for test chains. */
export function staleHeadMs(blockTimeMs: number): number {
  return Math.max(STALE_HEAD_MIN_MS, STALE_HEAD_BLOCKS * blockTimeMs)
}

/** The strictest tier: for what cannot be valued, and for money that belongs to no order. */
export function strictestFinality(chain: Pick<ChainSettings, 'finality'>): FinalityRule {
  return chain.finality
    .map(({ rule }) => rule)
    .reduce((strictest, rule) => (compareFinality(rule, strictest) > 0 ? rule : strictest))
}

/**
 * When what was credited is beyond doubt: by the tag where it is followed, else as deep as the
 * deepest tier asks.
 */
export function finalRule(chain: Pick<ChainSettings, 'finality' | 'finalizedTag'>): FinalityRule {
  return chain.finalizedTag ? tagRule('finalized') : strictestFinality(chain)
}
