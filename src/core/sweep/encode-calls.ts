/**
 * Calldata of collections and payouts, by the contract ABI of Solidity: four bytes that name the
 * function, the first of keccak256 of its signature, then words of 32 bytes. A list stands behind
 * the arguments; in its place stands the distance to it.
 */
import { assert } from '../assert.ts'
import type { Address } from '../money/asset.ts'

/** `transfer(address,uint256)` of ERC-20. */
const TRANSFER = '0xa9059cbb'
/** `sweepAll(address[],address[])` of hardhat-local/contracts/SweepDelegate.sol. */
const SWEEP_ALL = '0xca245bee'
const WORD_BYTES = 32
const ADDRESS = /^0x[0-9a-fA-F]{40}$/

export function encodeTransfer(to: Address, units: bigint): `0x${string}` {
  return `${TRANSFER}${addressWord(to)}${numberWord(units)}`
}

/** Brings all of every token, and all native coin, of each account to the delegate's treasury. */
export function encodeSweepAll(
  accounts: readonly Address[],
  tokens: readonly Address[],
): `0x${string}` {
  const places = [2, 2 + 1 + accounts.length].map((words) => numberWord(BigInt(words * WORD_BYTES)))
  const lists = [accounts, tokens].map(
    (list) => numberWord(BigInt(list.length)) + list.map(addressWord).join(''),
  )
  return `${SWEEP_ALL}${places.join('')}${lists.join('')}`
}

/** An address as a word: lower case, zeros in front. */
export function addressWord(address: Address): string {
  assert(ADDRESS.test(address), 'calldata names addresses of 20 bytes')
  return address
    .slice(2)
    .toLowerCase()
    .padStart(2 * WORD_BYTES, '0')
}

function numberWord(value: bigint): string {
  assert(value >= 0n && value < 2n ** 256n, 'a number of calldata fits a word')
  return value.toString(16).padStart(2 * WORD_BYTES, '0')
}
