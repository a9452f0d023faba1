/** One block with all that can stand in a block of its fork: each type, odd logs, failures. */
import type { Address } from 'viem'
import { keccak256, stringToHex } from 'viem'
import type { Json } from './encode-block.ts'
import {
  addressOfKey,
  FORKS,
  type Fork,
  keyOf,
  type SealedBlock,
  sealBlock,
  type TransactionDescription,
  tokenTransfer,
  transferLog,
} from './seal-block.ts'

export const TOKEN: Address = '0x7070707070707070707070707070707070707070'
export const OTHER_TOKEN: Address = '0x0707070707070707070707070707070707070707'
/** Deposit addresses of the shop; nobody has their keys. */
export const shopAddress = (n: number): Address =>
  `0x${keccak256(stringToHex(`shop ${n}`)).slice(26)}`

export const CHAIN_ID = 31_337

/** Twelve transactions, of the types the fork knows; eight pay, in coin and token, some both. */
export function sealEveryKind(
  fork: Fork = 'prague',
  header: Json = {},
  accessList: readonly Json[] = [],
): Promise<SealedBlock> {
  return sealBlock({
    chainId: CHAIN_ID,
    number: 4_660,
    parentHash: keccak256(stringToHex('parent')),
    timestampS: 1_790_000_000,
    fork,
    transactions: describeEveryKind(fork),
    ...(FORKS.indexOf(fork) >= FORKS.indexOf('shanghai') && {
      withdrawals: [{ address: addressOfKey(8), gwei: 17n }],
    }),
    header,
    accessList,
  })
}

/** The payments in it, in the order of the chain source: coin by transaction, then logs. */
export function describeTransfers(): { from: Address; to: Address; amountUnits: bigint }[] {
  const [a, b, c] = [1, 2, 3].map(addressOfKey) as [Address, Address, Address]
  const moved: [from: Address, to: Address, units: bigint][] = [
    [a, shopAddress(1), 10n ** 18n],
    [b, shopAddress(2), 3n],
    [a, shopAddress(7), 5n],
    [a, shopAddress(10), 11n],
    [c, shopAddress(11), 12n],
    [c, shopAddress(3), 25_000_000n],
    [a, shopAddress(4), 1n],
    [a, shopAddress(5), 2n ** 255n],
    [c, shopAddress(6), 77n],
    [b, shopAddress(8), 9n],
    [b, shopAddress(12), 4n],
  ]
  return moved.map(([from, to, amountUnits]) => ({ from, to, amountUnits }))
}

function describeEveryKind(fork: Fork): TransactionDescription[] {
  const since = (other: Fork, type: 2 | 3 | 4): { type: 0 | 2 | 3 | 4 } => ({
    type: FORKS.indexOf(fork) >= FORKS.indexOf(other) ? type : 0,
  })
  const [a, b, c] = [1, 2, 3].map(addressOfKey) as [Address, Address, Address]
  const long = transferLog(OTHER_TOKEN, a, shopAddress(1), 1n)
  return [
    { type: 0, to: shopAddress(1), units: 10n ** 18n },
    { type: 1, privateKey: keyOf(2), to: shopAddress(2), units: 3n, input: '0x1234' },
    { ...tokenTransfer(TOKEN, 3, shopAddress(3), 25_000_000n), ...since('london', 2) },
    // Pays three in one transaction, with a log of no interest between.
    {
      ...since('london', 2),
      to: b,
      gasUsed: 150_000,
      logs: [
        transferLog(TOKEN, a, shopAddress(4), 1n),
        { address: b, topics: [], data: '0x00ff' },
        transferLog(TOKEN, a, shopAddress(5), 2n ** 255n),
        transferLog(TOKEN, c, shopAddress(6), 77n),
      ],
    },
    // Coin and token in one.
    {
      ...since('cancun', 3),
      to: shopAddress(7),
      units: 5n,
      logs: [transferLog(TOKEN, b, shopAddress(8), 9n)],
    },
    { to: shopAddress(9), units: 99n, succeeded: false },
    { ...since('prague', 4), to: shopAddress(10), units: 11n },
    { to: null, units: 6n, input: '0x6000' },
    {
      to: TOKEN,
      logs: [
        { ...long, data: `${long.data}00` },
        { ...long, topics: [...long.topics, long.data] },
      ],
    },
    { type: 0x7e, from: c, to: shopAddress(11), units: 12n, fields: { mint: '0xc' } },
    { to: a, units: 1n },
    tokenTransfer(OTHER_TOKEN, 2, shopAddress(12), 4n),
  ]
}
