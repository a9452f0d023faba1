/** Signed payouts as a file: what `broadcast` sends, and which transaction pays what. No secret. */
import { type Address, type Hash, toChecksumAddress } from '../money/asset.ts'
import {
  asAddress,
  asHash,
  asInteger,
  asList,
  asObject,
  asText,
  type ReadResult,
  readFields,
  wrong,
} from '../sweep/read-fields.ts'
import {
  DIGEST,
  readSignedTransactions,
  renderSignedTransactions,
  type SendableTransaction,
  type Signed,
} from '../sweep/signed-file.ts'
import { PAYOUTS_MAX } from './payout-list.ts'
import type { Payout, PayoutFacts } from './payout-plan.ts'
import { TRANSACTIONS_MAX } from './payout-transactions.ts'
import { readPayoutTerms } from './read-payout.ts'

export const SIGNED_PAYOUTS_KIND = 'quittance-payout-signed'

export type SignedPayout = Payout & { readonly nonce: number; readonly txHash: Hash }

export type SignedPayouts = {
  readonly chainId: number
  readonly payer: Address
  readonly planDigest: string
  readonly transactions: readonly SendableTransaction[]
  readonly payouts: readonly SignedPayout[]
}

/** The file, as a JSON value. */
export function renderSignedPayouts(
  facts: PayoutFacts,
  planDigest: string,
  signed: readonly Signed[],
) {
  const hashes = new Map(signed.map(({ planned, hash }) => [planned.nonce, hash]))
  return {
    kind: SIGNED_PAYOUTS_KIND,
    version: 1,
    chain_id: facts.chainId,
    payer: toChecksumAddress(facts.payer.address),
    plan_digest: planDigest,
    transactions: renderSignedTransactions(signed),
    payouts: facts.payouts.map(({ reference, assetId, to, units, nonce }) => ({
      reference,
      to: toChecksumAddress(to),
      asset: assetId,
      units: units.toString(),
      nonce,
      tx_hash: hashes.get(nonce),
    })),
  }
}

/** Reads the file, or names the first field that is not of its form. */
export function readSignedPayouts(value: unknown): ReadResult<SignedPayouts> {
  return readFields(() => {
    const file = asObject(value, 'the file')
    if (file.kind !== SIGNED_PAYOUTS_KIND) throw wrong('kind', 'is not that of signed payouts')
    if (file.version !== 1) throw wrong('version', 'is not known to this program')
    return {
      chainId: asInteger(file.chain_id, 'chain_id', 1),
      payer: asAddress(file.payer, 'payer'),
      planDigest: asText(file.plan_digest, 'plan_digest', DIGEST),
      transactions: readSignedTransactions(file.transactions, TRANSACTIONS_MAX, ['pay', 'cancel']),
      payouts: asList(file.payouts, 'payouts', PAYOUTS_MAX, readSignedPayout),
    }
  })
}

function readSignedPayout(value: unknown, at: string): SignedPayout {
  const payout = asObject(value, at)
  return { ...readPayoutTerms(payout, at), txHash: asHash(payout.tx_hash, `${at}.tx_hash`) }
}
