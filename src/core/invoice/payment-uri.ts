import { type Address, type Asset, toChecksumAddress } from '../money/asset.ts'

/** EIP-681 link of a payment; all numbers are plain digits. `recipient` is in checksum form. */
export function paymentUri(asset: Asset, recipient: Address, units: bigint): string {
  if (asset.token === null) return `ethereum:${recipient}@${asset.chainId}?value=${units}`
  const token = checksumToken(asset.token)
  return `ethereum:${token}@${asset.chainId}/transfer?address=${recipient}&uint256=${units}`
}

/** Tokens are few, and every invoice names each of them. Beyond this many, all are forgotten. */
const MAX_TOKENS = 1_000
const tokens = new Map<Address, Address>()

function checksumToken(address: Address): Address {
  const known = tokens.get(address)
  if (known !== undefined) return known
  const form = toChecksumAddress(address)
  if (tokens.size >= MAX_TOKENS) tokens.clear()
  tokens.set(address, form)
  return form
}
