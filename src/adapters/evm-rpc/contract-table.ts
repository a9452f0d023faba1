/** Which contracts' logs become objects. All others are read, proven and forgotten. */
import type { Address } from '../../core/money/asset.ts'
import { equalsHex, fromHex, nibbleOf } from '../../core/proof/hex-digits.ts'

type Contract = { readonly address: Address; readonly bytes: Uint8Array }

/** Contracts by the first four bytes of their address. */
export type ContractTable = ReadonlyMap<number, readonly Contract[]>

const KEY_DIGITS = 8

export function createContractTable(contracts: ReadonlySet<Address>): ContractTable {
  const table = new Map<number, Contract[]>()
  for (const address of contracts) {
    const digits = Buffer.from(address.slice(2), 'latin1')
    const key = readKey(digits, 0)
    const list = table.get(key) ?? []
    list.push({ address, bytes: fromHex(address) })
    table.set(key, list)
  }
  return table
}

/** The contract whose 40 digits begin at `start`, or null. */
export function findContract(
  table: ContractTable,
  source: Uint8Array,
  start: number,
): Address | null {
  const candidates = table.get(readKey(source, start))
  if (candidates === undefined) return null
  for (const { address, bytes } of candidates) {
    if (equalsHex(bytes, 0, source, start, bytes.length)) return address
  }
  return null
}

function readKey(source: Uint8Array, start: number): number {
  let key = 0
  for (let i = start; i < start + KEY_DIGITS; i += 1) key = (key << 4) | nibbleOf(source[i]!)
  return key
}
