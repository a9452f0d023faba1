/**
 * Signed transactions as a file: what `broadcast` sends and `verify` looks at. It holds no secret, but
 * whoever has it can send it.
 */
import { type Address, type AssetId, type Hash, toChecksumAddress } from '../money/asset.ts'
import { ASSETS_MAX, ENTRIES_MAX } from './read-facts.ts'
import {
  asAddress,
  asAssetId,
  asBoolean,
  asHash,
  asIndex,
  asInteger,
  asList,
  asObject,
  asText,
  asUnits,
  asWord,
  type ReadResult,
  readFields,
  wrong,
} from './read-fields.ts'
import type { PayoutStep, PlannedTransaction, SweepFacts, SweepStep } from './sweep-plan.ts'

export const SIGNED_KIND = 'quittance-sweep-signed'

export type Signed = {
  readonly planned: PlannedTransaction
  readonly hash: Hash
  readonly raw: `0x${string}`
}

/** A transaction to send, and where it stands in the order. */
export type SendableTransaction = {
  readonly step: SweepStep | PayoutStep
  readonly phase: number
  readonly from: Address
  readonly nonce: number
  readonly hash: Hash
  readonly raw: `0x${string}`
}

/** What must be gone from an address afterwards. */
export type ExpectedSweep = {
  readonly index: number
  readonly address: Address
  readonly assetId: AssetId
  readonly units: bigint
}

export type SignedSweep = {
  readonly chainId: number
  readonly destination: Address
  readonly planDigest: string
  readonly clear: boolean
  readonly transactions: readonly SendableTransaction[]
  readonly expected: readonly ExpectedSweep[]
}

/** The file, as a JSON value. */
export function renderSigned(facts: SweepFacts, planDigest: string, signed: readonly Signed[]) {
  return {
    kind: SIGNED_KIND,
    version: 1,
    chain_id: facts.chainId,
    destination: toChecksumAddress(facts.destination),
    plan_digest: planDigest,
    clear: facts.clear,
    transactions: renderSignedTransactions(signed),
    expected: facts.entries.flatMap(({ index, address, balances }) =>
      balances.map(({ assetId, units }) => ({
        index,
        address: toChecksumAddress(address),
        asset: assetId,
        units: units.toString(),
      })),
    ),
  }
}

export function renderSignedTransactions(signed: readonly Signed[]) {
  return signed.map(({ planned, hash, raw }) => ({
    step: planned.step,
    phase: planned.phase,
    from: toChecksumAddress(planned.from.address),
    nonce: planned.nonce,
    hash,
    raw,
  }))
}

const STEPS: readonly SweepStep[] = ['deploy', 'top-up', 'transfer', 'collect', 'clear']
const RAW = /^0x(?:[0-9a-f]{2})+$/
export const DIGEST = /^[0-9a-f]{64}$/
/** Two for each address with a top-up, and some for batches. */
const TRANSACTIONS_MAX = 2 * ENTRIES_MAX + 1_000
const EXPECTED_MAX = ENTRIES_MAX * ASSETS_MAX

/** Reads the file, or names the first field that is not of its form. */
export function readSigned(value: unknown): ReadResult<SignedSweep> {
  return readFields(() => {
    const file = asObject(value, 'the file')
    if (file.kind !== SIGNED_KIND) throw wrong('kind', 'is not that of signed transactions')
    if (file.version !== 1) throw wrong('version', 'is not known to this program')
    return {
      chainId: asInteger(file.chain_id, 'chain_id', 1),
      destination: asAddress(file.destination, 'destination'),
      planDigest: asText(file.plan_digest, 'plan_digest', DIGEST),
      clear: asBoolean(file.clear, 'clear'),
      transactions: readSignedTransactions(file.transactions, TRANSACTIONS_MAX, STEPS),
      expected: asList(file.expected, 'expected', EXPECTED_MAX, readExpected),
    }
  })
}

/** The list of transactions of a signed file of any kind, at most `max`, of these steps only. */
export function readSignedTransactions(
  value: unknown,
  max: number,
  steps: readonly SendableTransaction['step'][],
): SendableTransaction[] {
  return asList(value, 'transactions', max, (item, at) => {
    const transaction = asObject(item, at)
    return {
      step: asWord(transaction.step, `${at}.step`, steps),
      phase: asInteger(transaction.phase, `${at}.phase`, 0),
      from: asAddress(transaction.from, `${at}.from`),
      nonce: asInteger(transaction.nonce, `${at}.nonce`, 0),
      hash: asHash(transaction.hash, `${at}.hash`),
      raw: asText(transaction.raw, `${at}.raw`, RAW) as `0x${string}`,
    }
  })
}

function readExpected(value: unknown, at: string): ExpectedSweep {
  const expected = asObject(value, at)
  return {
    index: asIndex(expected.index, `${at}.index`),
    address: asAddress(expected.address, `${at}.address`),
    assetId: asAssetId(expected.asset, `${at}.asset`),
    units: asUnits(expected.units, `${at}.units`),
  }
}
