/**
 * The consensus form of what a node answers in JSON: transactions, receipts, headers, withdrawals
 * and block access lists, and the commitments of a header to them. Sources: Yellow Paper, EIP-2718,
 * 2930, 1559, 4844, 7702, 4895, 4788, 7685, 7928, 7843, and the OP-stack specification of deposits.
 */
import { bytesToHex, concat, type Hex, hexToBigInt, hexToBytes, keccak256, toRlp } from 'viem'
import { computeListRoot, encodeQuantity } from './merkle-root.ts'

export type Json = Record<string, any>
type Rlp = Hex | Rlp[]

const BLOOM_BYTES = 256

/** The raw transaction as it stands in a block; its keccak256 is the transaction hash. */
export function encodeTransaction(transaction: Json): Hex {
  return prefix(transaction, toRlp(listFields(transaction)))
}

/** What the sender signs: without the signature; in legacy ones with the chain id (EIP-155). */
export function encodeForSigning(transaction: Json): Hex {
  const placeholders = { r: '0x0', s: '0x0', v: '0x0', yParity: '0x0' }
  const fields = listFields({ ...transaction, ...placeholders }).slice(0, -3)
  const legacy: Rlp[] = [...fields, number(transaction.chainId), '0x', '0x']
  return prefix(transaction, toRlp(transaction.type === '0x0' ? legacy : fields))
}

function listFields(transaction: Json): Rlp[] {
  const fields = TRANSACTION_FIELDS[Number(transaction.type ?? 0)]
  if (fields === undefined) throw new Error(`no such transaction type: ${transaction.type}`)
  return fields(transaction)
}

/** EIP-2718: the type in front, of all but the first. */
function prefix({ type = '0x0' }: Json, body: Hex): Hex {
  return type === '0x0' ? body : concat([number(type), body])
}

const number = (value: Hex): Hex => encodeQuantity(hexToBigInt(value))
const recipient = (value: Hex | null | undefined): Hex => value ?? '0x'
const parity = ({ yParity, v }: Json): Hex => number(yParity ?? v)
const signature = (t: Json): Hex[] => [parity(t), number(t.r), number(t.s)]
const accesses = ({ accessList }: Json): Rlp =>
  accessList.map(({ address, storageKeys }: Json) => [address, storageKeys])
const authorizations = ({ authorizationList }: Json): Rlp =>
  authorizationList.map((item: Json) => [
    number(item.chainId),
    item.address,
    number(item.nonce),
    ...signature(item),
  ])
const payment = (t: Json): Rlp[] => [number(t.gas), recipient(t.to), number(t.value), t.input]
const dynamicFee = (t: Json): Rlp[] => [
  number(t.chainId),
  number(t.nonce),
  number(t.maxPriorityFeePerGas),
  number(t.maxFeePerGas),
  ...payment(t),
  accesses(t),
]

const TRANSACTION_FIELDS: Record<number, (transaction: Json) => Rlp[]> = {
  0: (t) => [number(t.nonce), number(t.gasPrice), ...payment(t), ...[t.v, t.r, t.s].map(number)],
  1: (t) => [
    number(t.chainId),
    number(t.nonce),
    number(t.gasPrice),
    ...payment(t),
    accesses(t),
    ...signature(t),
  ],
  2: (t) => [...dynamicFee(t), ...signature(t)],
  3: (t) => [...dynamicFee(t), number(t.maxFeePerBlobGas), t.blobVersionedHashes, ...signature(t)],
  4: (t) => [...dynamicFee(t), authorizations(t), ...signature(t)],
  126: (t) => [
    t.sourceHash,
    t.from,
    recipient(t.to),
    number(t.mint ?? '0x0'),
    number(t.value),
    number(t.gas),
    t.isSystemTx ? '0x01' : '0x',
    t.input,
  ],
}

/** A receipt as the header commits to it. Deposits carry nonce and version since Canyon. */
export function encodeReceipt(receipt: Json): Hex {
  const logs: Rlp = receipt.logs.map(({ address, topics, data }: Json) => [address, topics, data])
  const fields: Rlp[] = [
    number(receipt.status),
    number(receipt.cumulativeGasUsed),
    computeBloom(receipt.logs),
    logs,
  ]
  if (receipt.depositReceiptVersion !== undefined) {
    fields.push(number(receipt.depositNonce), number(receipt.depositReceiptVersion))
  }
  return prefix(receipt, toRlp(fields))
}

export function computeTransactionsRoot(transactions: readonly Json[]): Hex {
  return computeListRoot(transactions.map(encodeTransaction))
}

export function computeReceiptsRoot(receipts: readonly Json[]): Hex {
  return computeListRoot(receipts.map(encodeReceipt))
}

export function computeWithdrawalsRoot(withdrawals: readonly Json[]): Hex {
  return computeListRoot(
    withdrawals.map(({ index, validatorIndex, address, amount }) =>
      toRlp([number(index), number(validatorIndex), address, number(amount)]),
    ),
  )
}

/** M3:2048 of the Yellow Paper over the address and every topic of these logs. */
export function computeBloom(logs: readonly Json[]): Hex {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const { address, topics } of logs) {
    for (const entry of [address, ...topics]) {
      for (const bit of findBits(entry)) bloom[BLOOM_BYTES - 1 - (bit >> 3)]! |= 1 << (bit & 7)
    }
  }
  return bytesToHex(bloom)
}

const knownBits = new Map<Hex, readonly number[]>()

/** The three bits of an entry; remembered, because lies about a block repeat its entries. */
function findBits(entry: Hex): readonly number[] {
  const known = knownBits.get(entry)
  if (known !== undefined) return known
  const hash = hexToBytes(keccak256(entry))
  const bits = [0, 2, 4].map((pair) => ((hash[pair]! << 8) | hash[pair + 1]!) & 2047)
  knownBits.set(entry, bits)
  return bits
}

/** EIP-7928: keccak256 of the RLP of the list. */
export function hashBlockAccessList(list: readonly Json[]): Hex {
  const changes = (items: readonly Json[] = [], field = 'value', encode = number): Rlp =>
    items.map((item) => [number(item.index), encode(item[field])])
  return keccak256(
    toRlp(
      list.map((account) => [
        account.address,
        (account.storageChanges ?? []).map((slot: Json) => [
          number(slot.key),
          changes(slot.changes),
        ]),
        (account.storageReads ?? []).map(number),
        changes(account.balanceChanges),
        changes(account.nonceChanges),
        changes(account.codeChanges, 'code', (code) => code),
      ]),
    ),
  )
}

/** Fields of a header in their order; from `baseFeePerGas` on each fork appended its own. */
const HEADER_FIELDS: readonly (readonly [name: string, kind: 'bytes' | 'number'])[] = [
  ['parentHash', 'bytes'],
  ['sha3Uncles', 'bytes'],
  ['miner', 'bytes'],
  ['stateRoot', 'bytes'],
  ['transactionsRoot', 'bytes'],
  ['receiptsRoot', 'bytes'],
  ['logsBloom', 'bytes'],
  ['difficulty', 'number'],
  ['number', 'number'],
  ['gasLimit', 'number'],
  ['gasUsed', 'number'],
  ['timestamp', 'number'],
  ['extraData', 'bytes'],
  ['mixHash', 'bytes'],
  ['nonce', 'bytes'],
  ['baseFeePerGas', 'number'],
  ['withdrawalsRoot', 'bytes'],
  ['blobGasUsed', 'number'],
  ['excessBlobGas', 'number'],
  ['parentBeaconBlockRoot', 'bytes'],
  ['requestsHash', 'bytes'],
  ['blockAccessListHash', 'bytes'],
  ['slotNumber', 'number'],
]

/** Hash of a block: keccak256 of the RLP of its header. */
export function hashHeader(header: Json): Hex {
  const present = HEADER_FIELDS.filter(([name]) => header[name] !== undefined)
  return keccak256(
    toRlp(present.map(([name, kind]) => (kind === 'bytes' ? header[name] : number(header[name])))),
  )
}
