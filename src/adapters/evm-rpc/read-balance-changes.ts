/**
 * The access list of a block (EIP-7928), held against the hash of it in the block's header, and that
 * header against the hash of the block: nothing else proves what a list credits. The whole list is
 * encoded for that, also the parts nobody asked for.
 */
import type { BalanceChanges } from '../../core/chain/balance-changes.ts'
import type { BlockRef } from '../../core/chain/block.ts'
import { parseAddress } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import { writeAgain } from './answer-bytes.ts'
import { readHash, readQuantity } from './decode-answers.ts'
import { createCursor } from './json-cursor.ts'
import { requireResult } from './json-rpc-client.ts'
import { loadKeccak } from './keccak.ts'
import type { EvmNode } from './node.ts'
import { isHeaderOf } from './read-block-json.ts'

const LIST = 'eth_getBlockAccessList'
const HEADER = 'eth_getBlockByHash'
/** First bytes of strings and lists in RLP, and the longest payload whose length is in them. */
const STRING_BASE = 0x80
const LIST_BASE = 0xc0
const SHORT_MAX = 55
const UINT256 = /^0x[0-9a-fA-F]{1,64}$/
const BYTES = /^0x(?:[0-9a-fA-F]{2})*$/

type Fields = Readonly<Record<string, unknown>>
type Rlp = `0x${string}` | readonly Rlp[]

/** Null when the node has no such method, or the block is of a fork without lists. */
export async function readBalanceChanges(
  node: EvmNode,
  ref: BlockRef,
  signal: AbortSignal,
): Promise<readonly BalanceChanges[] | null> {
  const found = await node.client.call(HEADER, [ref.hash, false], signal)
  const header = requireResult(node.client, HEADER, found)
  if (header === null) throw notThere(node, ref)
  const { hash, blockAccessListHash } = readObject(header)
  if (hash !== ref.hash) {
    throw new ChainSourceError('inconsistent', `${node.client.name} sent another header`)
  }
  if (blockAccessListHash === undefined || blockAccessListHash === null) return null
  const keccak = await loadKeccak()
  if (!isHeaderOf(createCursor(writeAgain(header, HEADER), HEADER), ref, keccak)) {
    const text = `${node.client.name}: the header with the list's hash does not have hash ${ref.hash}`
    throw new ChainSourceError('inconsistent', text)
  }
  const answer = await node.client.call(LIST, [ref.hash], signal)
  if (answer.kind === 'unsupported') return null
  const list = requireResult(node.client, LIST, answer)
  if (list === null) throw notThere(node, ref)
  const accounts = readArray(list).map(readObject)
  const wanted = readHash(blockAccessListHash, HEADER, 'blockAccessListHash')
  const digest = keccak(Buffer.from(encodeRlp(accounts.map(encodeAccount)), 'hex'))
  if (`0x${Buffer.from(digest).toString('hex')}` !== wanted) {
    const text = `${node.client.name} sent an access list that the header of ${ref.hash} is not of`
    throw new ChainSourceError('inconsistent', text)
  }
  return accounts.map(readChanges).filter(({ changes }) => changes.length > 0)
}

function encodeAccount(account: Fields): Rlp {
  const changes = (items: unknown, field: string, encode: (value: unknown) => Rlp): Rlp =>
    readArray(items).map((item) => {
      const change = readObject(item)
      return [encodeNumber(change.index), encode(change[field])]
    })
  const slots = readArray(account.storageChanges).map((item): Rlp => {
    const { key, changes: values } = readObject(item)
    return [encodeNumber(key), changes(values, 'value', encodeNumber)]
  })
  return [
    readBytes(account.address),
    slots,
    readArray(account.storageReads).map(encodeNumber),
    changes(account.balanceChanges, 'value', encodeNumber),
    changes(account.nonceChanges, 'value', encodeNumber),
    changes(account.codeChanges, 'code', readBytes),
  ]
}

function readChanges(account: Fields): BalanceChanges {
  const address = parseAddress(readBytes(account.address))
  if (address === null) throw malformed('an account has no address')
  return {
    address,
    changes: readArray(account.balanceChanges).map((item) => {
      const { index, value } = readObject(item)
      return { index: readQuantity(index, LIST, 'index'), balanceUnits: BigInt(readNumber(value)) }
    }),
  }
}

/** RLP (Ethereum yellow paper, appendix B), in hex without 0x. */
function encodeRlp(item: Rlp): string {
  if (typeof item !== 'string') return withHeader(LIST_BASE, item.map(encodeRlp).join(''))
  const digits = item.slice(2)
  return digits.length === 2 && digits < '80' ? digits : withHeader(STRING_BASE, digits)
}

/** The length in the first byte where it fits, else behind the length of the length. */
function withHeader(base: number, digits: string): string {
  const length = digits.length / 2
  if (length <= SHORT_MAX) return `${toHexBytes(base + length)}${digits}`
  const lengthDigits = toHexBytes(length)
  return `${toHexBytes(base + SHORT_MAX + lengthDigits.length / 2)}${lengthDigits}${digits}`
}

function toHexBytes(value: number): string {
  const digits = value.toString(16)
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

/** An integer in RLP: no leading zeros, and nothing at all for zero. */
function encodeNumber(value: unknown): `0x${string}` {
  const digits = readNumber(value).slice(2).replace(/^0+/, '').toLowerCase()
  return digits === '' ? '0x' : `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}

function readNumber(value: unknown): string {
  if (typeof value === 'string' && UINT256.test(value)) return value
  throw malformed('a number is no hex of at most 256 bits')
}

function readBytes(value: unknown): `0x${string}` {
  if (typeof value === 'string' && BYTES.test(value)) return value.toLowerCase() as `0x${string}`
  throw malformed('bytes are no hex')
}

/** Left out is empty, as nodes write it. */
function readArray(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw malformed('a list is none')
}

function readObject(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw malformed('a part is no object')
}

function malformed(what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${LIST}: ${what}`)
}

function notThere(node: EvmNode, ref: BlockRef): ChainSourceError {
  return new ChainSourceError('not_there', `${node.client.name} has no access list of ${ref.hash}`)
}
