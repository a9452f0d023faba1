import { type Address, toChecksumAddress } from '../money/asset.ts'

/** `transfer(address,uint256)` of ERC-20. */
const TRANSFER = '0xa9059cbb'
const WORD_DIGITS = 64

export type PaymentTransaction = {
  readonly to: Address
  readonly valueUnits: bigint
  readonly data: `0x${string}`
}

/** The call that moves `units` of an asset: of the token contract, or of the coin where it is null. */
export function paymentTransaction(
  token: Address | null,
  recipient: Address,
  units: bigint,
): PaymentTransaction {
  if (token === null) {
    return { to: toChecksumAddress(recipient), valueUnits: units, data: '0x' }
  }
  const words = [recipient.slice(2), units.toString(16)]
  const data = words.map((word) => word.padStart(WORD_DIGITS, '0')).join('')
  return { to: toChecksumAddress(token), valueUnits: 0n, data: `${TRANSFER}${data}` }
}
