/**
 * A list of payouts, as a merchant or another program writes it: CSV with a header line, or JSON.
 *
 *   chain,asset,to,amount,reference
 *   8453,eip155:8453/erc20:0x8335...,0xd8dA...,12.50,refund 1001
 *
 * Whoever signs reads the same list again, so nothing in it may depend on a plan or a configuration:
 * assets are CAIP-19 ids, amounts decimals, and a reference names one payout for ever.
 */
import { type Address, type AssetId, chainIdOf, parseTypedAddress } from '../money/asset.ts'
import {
  asAssetId,
  asList,
  asObject,
  asText,
  type Fields,
  type ReadResult,
  readFields,
  wrong,
} from '../sweep/read-fields.ts'
import { parseCsv } from './parse-csv.ts'

export type ListedPayout = {
  /** Where it stands in the list, for people: `line 3` or `payouts[2]`. */
  readonly place: string
  readonly reference: string
  readonly chainId: number
  readonly assetId: AssetId
  readonly to: Address
  /** A decimal; how many digits its fraction may have, the asset knows. */
  readonly amount: string
}

/** What one signer looks through in a sitting; also keeps nonces of one plan in a few batches. */
export const PAYOUTS_MAX = 1_000
const FIELDS = ['chain', 'asset', 'to', 'amount', 'reference']
/** `chain` follows from the asset, and is there for people. */
const NEEDED = ['asset', 'to', 'amount', 'reference']
const AMOUNT = /^(?:0|[1-9][0-9]{0,77})(?:\.[0-9]{1,36})?$/
/** Any text of one line: an order, an invoice, a refund. */
export const REFERENCE = /^[^\p{C}]{1,128}$/u
const CHAIN = /^(?:eip155:)?([1-9][0-9]{0,15})$/
const ZERO_ADDRESS = `0x${'0'.repeat(40)}`

/** The payouts in their order, or the first field that is not what it must be. */
export function readPayoutList(text: string): ReadResult<ListedPayout[]> {
  return readFields(() => {
    const isJson = /^\s*[[{]/.test(text)
    const payouts = isJson ? readJson(text) : readCsv(text)
    if (payouts.length === 0) throw wrong('the list', 'has no payouts')
    const seen = new Set<string>()
    for (const { place, reference } of payouts) {
      if (seen.has(reference)) throw wrong(`${place}, reference`, 'stands in the list twice')
      seen.add(reference)
    }
    return payouts
  })
}

/** An array, or an object with the array in `payouts`. */
function readJson(text: string): ListedPayout[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong('the list', 'is not JSON')
  }
  const list = Array.isArray(value) ? value : asObject(value, 'the list').payouts
  return asList(list, 'payouts', PAYOUTS_MAX, (item, at) => {
    const fields = asObject(item, at)
    assertFields(Object.keys(fields), at)
    return readPayout(fields, at)
  })
}

function readCsv(text: string): ListedPayout[] {
  const records = parseCsv(text.replace(/^\ufeff/, ''))
  if ('faultLine' in records) throw wrong(`line ${records.faultLine}`, 'is not CSV (RFC 4180)')
  const [header, ...rows] = records
  const names = (header?.cells ?? []).map((name) => name.trim())
  assertFields(names, 'line 1')
  if (rows.length > PAYOUTS_MAX) throw wrong('the list', `has more than ${PAYOUTS_MAX} payouts`)
  return rows.map(({ line, cells }) => {
    const place = `line ${line}`
    if (cells.length !== names.length) {
      throw wrong(place, `has ${cells.length} cells, the header has ${names.length}`)
    }
    const entries = names.map((name, i) => [name, cells[i]?.trim()])
    return readPayout(Object.fromEntries(entries), place)
  })
}

function assertFields(names: readonly string[], place: string): void {
  const stranger = names.find((name) => !FIELDS.includes(name))
  if (stranger !== undefined) {
    throw wrong(place, `has a field that is none of ${FIELDS.join(', ')}`)
  }
  const missing = NEEDED.find((name) => !names.includes(name))
  if (missing !== undefined) throw wrong(place, `misses the field ${missing}`)
  if (new Set(names).size !== names.length) throw wrong(place, 'names a field twice')
}

function readPayout(fields: Fields, place: string): ListedPayout {
  const assetId = asAssetId(fields.asset, `${place}, asset`)
  const chainId = chainIdOf(assetId)
  if (fields.chain !== undefined && fields.chain !== '') {
    const chain = CHAIN.exec(String(fields.chain))?.[1]
    if (chain !== String(chainId)) throw wrong(`${place}, chain`, 'is not the chain of the asset')
  }
  const amount = asText(fields.amount, `${place}, amount`, AMOUNT)
  if (/^[0.]*$/.test(amount)) throw wrong(`${place}, amount`, 'is zero')
  const reference = asText(fields.reference, `${place}, reference`, REFERENCE)
  return { place, reference, chainId, assetId, to: readRecipient(fields.to, place), amount }
}

function readRecipient(value: unknown, place: string): Address {
  const field = `${place}, to`
  const typed = parseTypedAddress(typeof value === 'string' ? value : '')
  if (!typed.ok && typed.fault === 'malformed') {
    throw wrong(field, 'is not an address: 0x and 40 hex digits')
  }
  if (!typed.ok) throw wrong(field, 'has a wrong checksum: a character was changed')
  if (typed.address === ZERO_ADDRESS) throw wrong(field, 'is the zero address')
  return typed.address
}
