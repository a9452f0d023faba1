/**
 * A collection, decided from what was read of a chain: which transactions bring the money of deposit
 * addresses to one treasury. Pure, and the same wherever it runs: online it makes the plan, offline
 * it makes it again and compares, so that a plan file need not be believed.
 */
import type { Address, Asset, AssetId, Hash } from '../money/asset.ts'

/**
 * `delegate`: the addresses delegate to the treasury's contract and a sponsor pays for a batch
 * (EIP-7702). `direct`: native coin only, each address pays for itself. `top-up`: the sponsor sends
 * each address the gas for its token transfers first.
 */
export type SweepMethod = 'delegate' | 'direct' | 'top-up'

/** What every plan rests on. */
export type CommonFacts = {
  readonly chainId: number
  /** The block at which everything was read. */
  readonly block: { readonly number: number; readonly hash: Hash }
  /** Of the account key whose addresses send. */
  readonly fingerprint: string
  readonly accountNumber: number
  readonly fees: SweepFees
  readonly assets: readonly Asset[]
}

/** What was read at one block, and what the merchant asked for. Everything else follows from it. */
export type SweepFacts = CommonFacts & {
  readonly destination: Address
  readonly method: SweepMethod
  /** Also take the delegations back, in a later transaction. */
  readonly clear: boolean
  readonly sponsor: Sponsor
  /** The delegate of this treasury has code on this chain. */
  readonly delegateDeployed: boolean
  /** Ascending by index. */
  readonly entries: readonly SweepEntry[]
  readonly skipped: readonly SkippedBalance[]
}

/** Units of the native coin per gas (EIP-1559). */
export type SweepFees = {
  readonly maxFeePerGasUnits: bigint
  readonly maxPriorityFeePerGasUnits: bigint
  /** What a transaction costs beside its gas: the data fee of a rollup. Zero elsewhere. */
  readonly extraPerTransactionUnits: bigint
}

/**
 * Pays for gas, or pays out: `m/44'/60'/N'/1/index`, the internal chain of the same account (BIP-44).
 */
export type Sponsor = {
  readonly index: number
  readonly address: Address
  readonly nonce: number
  readonly balanceUnits: bigint
}

export type SweepEntry = {
  readonly index: number
  readonly address: Address
  readonly nonce: number
  /** It delegates to the delegate of this treasury already. */
  readonly delegated: boolean
  readonly balances: readonly Balance[]
}

export type Balance = { readonly assetId: AssetId; readonly units: bigint }

export type SkippedBalance = Balance & {
  readonly index: number
  readonly address: Address
  readonly reason: SkipReason
}

/** Worth less than the merchant's bound; less than it costs; or not to be collected this way. */
export type SkipReason = 'dust' | 'costs_more' | 'method'

export type SweepStep = 'deploy' | 'top-up' | 'transfer' | 'collect' | 'clear'

/** Of a payout plan: pay somebody, or use up a nonce so that an older plan cannot. */
export type PayoutStep = 'pay' | 'cancel'

/** An EIP-1559 or (with authorizations) EIP-7702 transaction, yet to be signed. */
export type PlannedTransaction = {
  readonly step: SweepStep | PayoutStep
  /** Transactions of a phase are sent when all of the phase before are in blocks. */
  readonly phase: number
  readonly from: Signer
  readonly nonce: number
  readonly to: Address
  readonly valueUnits: bigint
  readonly data: `0x${string}`
  readonly gasLimit: bigint
  readonly authorizations: readonly PlannedAuthorization[]
}

/** `deposit` keys lie at `m/44'/60'/N'/0/index`, the others on the internal chain, `/1/index`. */
export type Signer = {
  readonly kind: 'sponsor' | 'payer' | 'deposit'
  readonly index: number
  readonly address: Address
}

/** To be signed by a deposit address: exact nonce, this chain's id, never 0 (EIP-7702). */
export type PlannedAuthorization = {
  readonly index: number
  readonly address: Address
  readonly nonce: number
  /** The delegate; the zero address takes a delegation back. */
  readonly delegate: Address
}
