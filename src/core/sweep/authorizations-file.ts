/**
 * Authorizations signed ahead of need: each lets one deposit address delegate to the delegate of one
 * treasury, on one chain, as its first transaction. Whoever has the file can have money sent to that
 * treasury, and can do nothing else with it.
 */
import { type Address, type Hash, toChecksumAddress } from '../money/asset.ts'
import { delegateAddress } from './delegate-code.ts'
import {
  asAddress,
  asHash,
  asIndex,
  asInteger,
  asList,
  asObject,
  type ReadResult,
  readFields,
  wrong,
} from './read-fields.ts'

const KIND = 'quittance-sweep-authorizations'
/** Some megabytes; more are signed in several files. */
export const AUTHORIZATIONS_MAX = 10_000

/** The signature of an EIP-7702 authorization. */
export type AuthorizationSignature = {
  readonly r: Hash
  readonly s: Hash
  readonly yParity: 0 | 1
}

export type PresignedAuthorization = AuthorizationSignature & {
  readonly index: number
  readonly address: Address
}

export type PresignedAuthorizations = {
  readonly chainId: number
  readonly destination: Address
  /** All with nonce 0: of addresses that sent nothing yet. */
  readonly entries: readonly PresignedAuthorization[]
}

/** The file, as a JSON value. */
export function renderAuthorizations({ chainId, destination, entries }: PresignedAuthorizations) {
  return {
    kind: KIND,
    version: 1,
    chain_id: chainId,
    destination: toChecksumAddress(destination),
    delegate: toChecksumAddress(delegateAddress(destination)),
    nonce: 0,
    entries: entries.map(({ index, address, r, s, yParity }) => {
      return { index, address: toChecksumAddress(address), r, s, y_parity: yParity }
    }),
  }
}

/** Reads the file, or names the first field that is not of its form. */
export function readAuthorizations(value: unknown): ReadResult<PresignedAuthorizations> {
  return readFields(() => {
    const file = asObject(value, 'the file')
    if (file.kind !== KIND) throw wrong('kind', 'is not that of signed authorizations')
    if (file.version !== 1) throw wrong('version', 'is not known to this program')
    const destination = asAddress(file.destination, 'destination')
    if (asAddress(file.delegate, 'delegate') !== delegateAddress(destination)) {
      throw wrong('delegate', 'is not that of the treasury')
    }
    if (file.nonce !== 0) throw wrong('nonce', 'is not 0')
    return {
      chainId: asInteger(file.chain_id, 'chain_id', 1),
      destination,
      entries: asList(file.entries, 'entries', AUTHORIZATIONS_MAX, readEntry),
    }
  })
}

function readEntry(value: unknown, at: string): PresignedAuthorization {
  const entry = asObject(value, at)
  return {
    index: asIndex(entry.index, `${at}.index`),
    address: asAddress(entry.address, `${at}.address`),
    r: asHash(entry.r, `${at}.r`),
    s: asHash(entry.s, `${at}.s`),
    yParity: asInteger(entry.y_parity, `${at}.y_parity`, 0, 1) as 0 | 1,
  }
}
