/**
 * A plan as a file. It holds the facts and, beside them, everything that follows from them, so that
 * a person can read it and whoever signs can find what was changed: the file is read, made again
 * from its facts alone, and compared field by field.
 */
import { sha256 } from '@noble/hashes/sha2'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils'
import { type Address, type AssetId, toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import { delegateAddress } from './delegate-code.ts'
import { judgeFacts } from './judge-facts.ts'
import { planTransactions } from './plan-transactions.ts'
import { readFacts } from './read-facts.ts'
import { maxFeeUnits } from './sweep-gas.ts'
import type { PlannedTransaction, SweepFacts } from './sweep-plan.ts'

export const PLAN_KIND = 'quittance-sweep-plan'
export const PLAN_VERSION = 1
const CHECK_DIGITS = 8

export type PlanFile = ReturnType<typeof renderPlan>

export type ReadPlan =
  | { readonly ok: true; readonly facts: SweepFacts; readonly file: PlanFile }
  /** `field` is a path such as `entries[3].nonce`. */
  | { readonly ok: false; readonly field: string; readonly detail: string }

/** The file of a plan, as a JSON value. */
export function renderPlan(facts: SweepFacts) {
  const transactions = planTransactions(facts)
  const body = {
    kind: PLAN_KIND,
    version: PLAN_VERSION,
    chain: `eip155:${facts.chainId}`,
    chain_id: facts.chainId,
    block: facts.block,
    account: { fingerprint: facts.fingerprint, number: facts.accountNumber },
    destination: toChecksumAddress(facts.destination),
    method: facts.method,
    clear: facts.clear,
    fees: withCheck({
      max_fee_per_gas: facts.fees.maxFeePerGasUnits.toString(),
      max_priority_fee_per_gas: facts.fees.maxPriorityFeePerGasUnits.toString(),
      extra_per_transaction: facts.fees.extraPerTransactionUnits.toString(),
    }),
    sponsor: withCheck({
      path: `m/44'/60'/${facts.accountNumber}'/1/${facts.sponsor.index}`,
      index: facts.sponsor.index,
      address: toChecksumAddress(facts.sponsor.address),
      nonce: facts.sponsor.nonce,
      balance: facts.sponsor.balanceUnits.toString(),
    }),
    delegate: {
      address: toChecksumAddress(delegateAddress(facts.destination)),
      deployed: facts.delegateDeployed,
    },
    assets: facts.assets.map(({ id, symbol, decimals }) => ({ id, symbol, decimals })),
    entries: facts.entries.map((entry) =>
      withCheck({
        path: `m/44'/60'/${facts.accountNumber}'/0/${entry.index}`,
        index: entry.index,
        address: toChecksumAddress(entry.address),
        nonce: entry.nonce,
        delegated: entry.delegated,
        balances: entry.balances.map(({ assetId, units }) => renderAmount(facts, assetId, units)),
      }),
    ),
    skipped: facts.skipped.map(({ index, address, assetId, units, reason }) => ({
      index,
      address: toChecksumAddress(address),
      ...renderAmount(facts, assetId, units),
      reason,
    })),
    totals: renderTotals(facts),
    transactions: transactions.map(renderTransaction),
    max_fee: maxFeeUnits(transactions, facts.fees).toString(),
  }
  return { ...body, digest: digestOf(body) }
}

/** Tells in which part of a file something was changed. No protection: whoever changes it can too. */
function withCheck<Part extends object>(part: Part) {
  return { ...part, check: digestOf(part).slice(0, CHECK_DIGITS) }
}

function digestOf(value: object): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(value))))
}

/**
 * Reads and makes it again; the first field that differs is named. With a destination, the plan must
 * be for it.
 */
export function readPlan(value: unknown, destination: Address | null = null): ReadPlan {
  const read = readFacts(value)
  if (!read.ok) return read
  if (destination !== null && read.value.destination !== destination) {
    return { ok: false, field: 'destination', detail: 'is not the one that was asked for' }
  }
  const fault = judgeFacts(read.value)
  if (fault !== null) return { ok: false, ...fault }
  const file = renderPlan(read.value)
  const path = findDifference(value, file, '')
  if (path === null) return { ok: true, facts: read.value, file }
  const field = path.replace(/\.check$/, '')
  return { ok: false, field, detail: 'does not fit the rest of the plan: it was changed' }
}

function renderAmount(facts: SweepFacts, assetId: AssetId, units: bigint) {
  const asset = facts.assets.find(({ id }) => id === assetId)
  const amount = formatDecimal(units, asset?.decimals ?? 0)
  return { asset: assetId, units: units.toString(), amount }
}

function renderTotals(facts: SweepFacts) {
  return facts.assets.flatMap(({ id, symbol }) => {
    const balances = facts.entries.flatMap((entry) => entry.balances)
    const of = balances.filter(({ assetId }) => assetId === id)
    if (of.length === 0) return []
    const units = of.reduce((sum, balance) => sum + balance.units, 0n)
    return [{ ...renderAmount(facts, id, units), symbol, addresses: of.length }]
  })
}

function renderTransaction(transaction: PlannedTransaction) {
  const { from } = transaction
  return {
    step: transaction.step,
    phase: transaction.phase,
    from: toChecksumAddress(from.address),
    signer: from.kind === 'sponsor' ? 'sponsor' : from.index,
    nonce: transaction.nonce,
    to: toChecksumAddress(transaction.to),
    value: transaction.valueUnits.toString(),
    data: transaction.data,
    gas_limit: transaction.gasLimit.toString(),
    authorizations: transaction.authorizations.map(({ index, address, nonce, delegate }) => ({
      index,
      address: toChecksumAddress(address),
      nonce,
      delegate: toChecksumAddress(delegate),
    })),
  }
}

/** Path of the first value that is not the same in both, or null. Fields in excess differ too. */
function findDifference(given: unknown, expected: unknown, path: string): string | null {
  if (Object.is(given, expected)) return null
  if (typeof given !== 'object' || typeof expected !== 'object') return path
  if (given === null || expected === null || Array.isArray(given) !== Array.isArray(expected)) {
    return path
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(given)])
  for (const name of names) {
    const place = Array.isArray(expected)
      ? `${path}[${name}]`
      : `${path}.${name}`.replace(/^\./, '')
    const [left, right] = [given, expected].map((one) => (one as Record<string, unknown>)[name])
    if (!(name in given) || !(name in expected)) return place
    const found = findDifference(left, right, place)
    if (found !== null) return found
  }
  return null
}
