import { type Address, type Asset, toChecksumAddress } from '../money/asset.ts'

/** EIP-681 link of a payment; all numbers are plain digits. `recipient` is in checksum form. */
export function paymentUri(asset: Asset, recipient: Address, units: bigint): string {
  if (asset.token === null) return `ethereum:${recipient}@${asset.chainId}?value=${units}`
  const token = toChecksumAddress(asset.token)
  return `ethereum:${token}@${asset.chainId}/transfer?address=${recipient}&uint256=${units}`
}
