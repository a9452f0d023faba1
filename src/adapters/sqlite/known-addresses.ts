/**
 * Which addresses (deposits, and where refunds go) may be in the database, told without a look there:
 * four bits of a large field for each (a Bloom filter). Of the thousands of recipients of a block
 * hardly any is ours, and a lookup among a million addresses costs more than reading the transfer. May
 * take a stranger for one of ours, who is then looked up; never one of ours for a stranger. See
 * docs/adr/0043.
 */

import type { Address } from '../../core/money/asset.ts'
import { nibbleOf } from '../../core/proof/hex-digits.ts'
import type { Statements } from './statements.ts'

export type KnownAddresses = {
  /** Reads what the database holds, a slice per turn of the event loop; again when it must. */
  load(): void
  /**
   * Whether the address of these 40 hex digits is certainly not in the database. False, too, while
   * that is not known: before `load` is through, and after another process wrote.
   */
  isStranger(source: Uint8Array, start: number): boolean
  /** The same of text: those that are not certainly strangers. */
  leaveOutStrangers(addresses: readonly Address[]): Address[]
  /** To be told of addresses that were written, before anybody else hears of them. */
  add(addresses: readonly Address[]): void
  /** Whether all that is in the database is known. */
  isLoaded(): boolean
}

/**
 * As one text: a buffer for each of a million addresses is more garbage than the engine keeps up with.
 * The tables check that each has 20 bytes, so that all stand where they are looked for.
 */
const SLICE_OF_ADDRESSES = `SELECT group_concat(hex(address), '') AS digits, max(address) AS last
  FROM (SELECT address FROM deposit_addresses WHERE address > ? ORDER BY address LIMIT ?) AS slice`
const DESTINATIONS = `SELECT coalesce(group_concat(hex(destination), ''), '')
  FROM (SELECT DISTINCT destination FROM refunds WHERE destination > x'') AS slice`
const LATEST_INVOICE = 'SELECT max(position) FROM invoices'

/** Read in one turn of the event loop: about two milliseconds. */
const SLICE = 2_000
/** Bits for each address: of a thousand strangers two to three are looked up in vain. */
const BITS_PER_ADDRESS = 16
/** Room for as many again, and for those that wait without an invoice. */
const GROWTH = 2
const LEAST_ADDRESSES = 2 ** 15
/** 32 MB of field. Fuller, it takes more strangers for ours and is as right as before. */
const MOST_ADDRESSES = 2 ** 24
/** The digits of an address are those of a hash: each eight of them are a place by themselves. */
const PLACES = 4
const DIGITS_PER_PLACE = 8
const HEX_PREFIX = 2
const ADDRESS_DIGITS = 40

/** No digits behind the last address. */
type AddressSlice = { readonly digits: string | null; readonly last: Buffer }

export function createKnownAddresses(
  sql: Statements,
  readVersion: () => number,
  isOpen: () => boolean,
): KnownAddresses {
  const digits = Buffer.alloc(ADDRESS_DIGITS)
  let field = new Uint8Array(0)
  let mask = 0
  let count = 0
  let capacity = 0
  /** Of the database when loading began; null while nothing is known. */
  let version: number | null = null
  let isLoading = false

  const mark = (place: number) => {
    field[place >>> 3]! |= 1 << (place & 7)
  }
  const put = (source: Uint8Array, start: number) => {
    for (let i = 0; i < PLACES; i += 1) mark(readPlace(source, start + DIGITS_PER_PLACE * i) & mask)
    count += 1
  }
  const write = (address: Address) => {
    digits.write(address.slice(HEX_PREFIX), 'latin1')
    return digits
  }
  const putAll = (text: string) => {
    const source = Buffer.from(text, 'latin1')
    for (let start = 0; start < source.length; start += ADDRESS_DIGITS) put(source, start)
  }
  /** A fault of the disk is told by whoever reads next and needs it; here everybody is looked up. */
  const attempt = (work: () => void) => {
    try {
      if (isOpen()) work()
    } catch {
      version = null
      isLoading = false
    }
  }
  const begin = () => {
    const issued = (sql(LATEST_INVOICE).pluck().get() as number | null) ?? 0
    capacity = Math.min(Math.max(GROWTH * Math.max(issued, count), LEAST_ADDRESSES), MOST_ADDRESSES)
    const bits = 2 ** Math.ceil(Math.log2(capacity * BITS_PER_ADDRESS))
    field = new Uint8Array(bits / 8)
    mask = bits - 1
    count = 0
    version = readVersion()
    isLoading = true
    // Few beside the addresses: one read takes them all.
    putAll(sql(DESTINATIONS).pluck().get() as string)
    readSlice(Buffer.alloc(0))
  }
  const readSlice = (after: Buffer) => {
    const { digits, last } = sql(SLICE_OF_ADDRESSES).get(after, SLICE) as AddressSlice
    if (digits !== null) putAll(digits)
    isLoading = digits?.length === SLICE * ADDRESS_DIGITS
    if (isLoading) setImmediate(attempt, () => readSlice(last)).unref()
  }
  /** What another process wrote is not in the field. */
  const isCertain = () => {
    if (version === null || isLoading) return false
    const isFull = count > capacity && capacity < MOST_ADDRESSES
    if (readVersion() === version && !isFull) return true
    attempt(begin)
    return false
  }
  const isAbsent = (source: Uint8Array, start: number) => {
    for (let i = 0; i < PLACES; i += 1) {
      const place = readPlace(source, start + DIGITS_PER_PLACE * i) & mask
      if ((field[place >>> 3]! & (1 << (place & 7))) === 0) return true
    }
    return false
  }
  return {
    load() {
      if (version === null) attempt(begin)
    },
    isStranger: (source, start) => isCertain() && isAbsent(source, start),
    leaveOutStrangers(addresses) {
      if (!isCertain()) return [...addresses]
      return addresses.filter((address) => !isAbsent(write(address), 0))
    },
    add(addresses) {
      if (version === null) return
      for (const address of addresses) put(write(address), 0)
    },
    isLoaded: () => version !== null && !isLoading,
  }
}

function readPlace(source: Uint8Array, start: number): number {
  let place = 0
  for (let i = start; i < start + DIGITS_PER_PLACE; i += 1) {
    place = (place << 4) | nibbleOf(source[i]!)
  }
  return place >>> 0
}
