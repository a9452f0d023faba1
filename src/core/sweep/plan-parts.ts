/** What plan files of every kind have in common: parts with a check, transactions, the comparison. */
import { sha256 } from '@noble/hashes/sha2'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils'
import { toChecksumAddress } from '../money/asset.ts'
import type { FieldFault } from './read-fields.ts'
import type { PlannedTransaction, Sponsor, SweepFees } from './sweep-plan.ts'

const CHECK_DIGITS = 8

/** Tells in which part of a file something was changed. No protection: whoever changes it can too. */
export function withCheck<Part extends object>(part: Part) {
  return { ...part, check: digestOf(part).slice(0, CHECK_DIGITS) }
}

/** SHA-256 of the JSON text, as hex. */
export function digestOf(value: object): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(value))))
}

export function renderFees(fees: SweepFees) {
  return withCheck({
    max_fee_per_gas: fees.maxFeePerGasUnits.toString(),
    max_priority_fee_per_gas: fees.maxPriorityFeePerGasUnits.toString(),
    extra_per_transaction: fees.extraPerTransactionUnits.toString(),
  })
}

/** An account of the internal chain: who pays. */
export function renderInternal(accountNumber: number, account: Sponsor) {
  return withCheck({
    path: `m/44'/60'/${accountNumber}'/1/${account.index}`,
    index: account.index,
    address: toChecksumAddress(account.address),
    nonce: account.nonce,
    balance: account.balanceUnits.toString(),
  })
}

export function renderTransaction(transaction: PlannedTransaction) {
  const { from } = transaction
  return {
    step: transaction.step,
    phase: transaction.phase,
    from: toChecksumAddress(from.address),
    signer: from.kind === 'deposit' ? from.index : from.kind,
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

/**
 * Compares a file with the one made again from its facts: the first field that is not the same in
 * both, or null.
 */
export function findChange(given: unknown, made: unknown): FieldFault | null {
  const path = findDifference(given, made, '')
  if (path === null) return null
  const field = path.replace(/\.check$/, '')
  return { field, detail: 'does not fit the rest of the plan: it was changed' }
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
