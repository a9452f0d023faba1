/**
 * Complete, self-consistent blocks in the form a node answers them, made from a description: every
 * transaction really signed, every root, bloom and hash true. What a liar changes afterwards is then
 * exactly one lie.
 *
 *   const sealed = await sealBlock({
 *     chainId: 31_337, number: 7, parentHash, timestampS: 1_790_000_000, fork: 'prague',
 *     transactions: [{ to: shop, units: 5n }, { to: token, logs: [transferLog(token, a, b, 5n)] }],
 *   })
 *   sealed.block     // eth_getBlockByHash(hash, true)
 *   sealed.receipts  // eth_getBlockReceipts(hash)
 */
import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  stringToHex,
} from 'viem'
import { privateKeyToAddress, sign } from 'viem/accounts'
import {
  computeBloom,
  computeReceiptsRoot,
  computeTransactionsRoot,
  computeWithdrawalsRoot,
  encodeForSigning,
  encodeTransaction,
  hashBlockAccessList,
  hashHeader,
  type Json,
} from './encode-block.ts'

/** What a header has depends on the fork; each has the fields of those before it. */
export const FORKS = ['berlin', 'london', 'shanghai', 'cancun', 'prague', 'amsterdam'] as const
export type Fork = (typeof FORKS)[number]

export type LogDescription = { address: Address; topics: readonly Hex[]; data: Hex }

export type TransactionDescription = {
  /** Default: 2 from London on, else 0. 0x7e is a deposit of the OP stack, which nobody signs. */
  type?: 0 | 1 | 2 | 3 | 4 | 0x7e
  /** Default: key 1. The sender is its address. */
  privateKey?: Hex
  /** Of deposits only, where no key says it. */
  from?: Address
  /** Null or absent: creates a contract. */
  to?: Address | null
  units?: bigint
  input?: Hex
  nonce?: number
  /** Default: true. A failed transaction has no logs. */
  succeeded?: boolean
  logs?: readonly LogDescription[]
  gasUsed?: number
  /** Merged into the JSON before it is signed: an odd access list, another gas price. */
  fields?: Json
}

export type BlockDescription = {
  chainId: number
  number: number
  parentHash: Hex
  timestampS: number
  /** Default: prague. */
  fork?: Fork
  transactions?: readonly TransactionDescription[]
  withdrawals?: readonly { address: Address; gwei: bigint }[]
  /** EIP-7928, from Amsterdam on; only its hash is in the header. */
  accessList?: readonly Json[]
  /** Two blocks of the same content at one height differ by it. */
  salt?: string
  /** Merged into the header before it is hashed. */
  header?: Json
}

export type SealedBlock = {
  readonly hash: Hex
  /** With whole transactions. */
  readonly block: Json
  readonly receipts: readonly Json[]
  /** EIP-7928 in JSON; null before Amsterdam. */
  readonly accessList: readonly Json[] | null
}

export const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const EMPTY_UNCLES = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
/** SHA-256 of nothing: a block without execution requests (EIP-7685). */
const NO_REQUESTS = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const ZERO_HASH = pad('0x0', { size: 32 })
const GAS_OF_A_TRANSFER = 21_000
const BASE_FEE_WEI = 1_000_000_000
/** What every sender pays for a unit of gas, as the receipt says. */
export const GAS_PRICE_WEI = 2n * BigInt(BASE_FEE_WEI)
const SLOT_S = 12

/** The key of test payer `n`; anyone can spend it. */
export const keyOf = (n: number): Hex => numberToHex(n, { size: 32 })
export const addressOfKey = (n: number): Address => lower(privateKeyToAddress(keyOf(n)))

/** The log of an ERC-20 transfer, and of EIP-7708 where `token` is the system address. */
export function transferLog(
  token: Address,
  from: Address,
  to: Address,
  units: bigint,
): LogDescription {
  const data = numberToHex(units, { size: 32 })
  return { address: lower(token), topics: [TRANSFER_TOPIC, pad(lower(from)), pad(lower(to))], data }
}

/** A wallet's `transfer` with its log. */
export function tokenTransfer(
  token: Address,
  payer: number,
  to: Address,
  units: bigint,
): TransactionDescription {
  const input = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, units] })
  const logs = [transferLog(token, addressOfKey(payer), to, units)]
  return { privateKey: keyOf(payer), to: token, input, logs, gasUsed: 52_000 }
}

export async function sealBlock(description: BlockDescription): Promise<SealedBlock> {
  const { number, timestampS, transactions = [], withdrawals = [], header = {} } = description
  const fork = description.fork ?? 'prague'
  const has = (other: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(other)
  const accessList = has('amsterdam') ? (description.accessList ?? []) : null
  const signed = await Promise.all(
    transactions.map((item, index) => signTransaction(description, has('london'), item, index)),
  )
  const receipts = writeReceipts(transactions, signed)
  const withdrawn = withdrawals.map(({ address, gwei }, index) => ({
    index: hex(number * 16 + index),
    validatorIndex: hex(index),
    address: lower(address),
    amount: hex(gwei),
  }))
  const salt = stringToHex(description.salt ?? '')
  const unsealed: Json = {
    parentHash: description.parentHash,
    sha3Uncles: EMPTY_UNCLES,
    miner: pad('0xc0ffee', { size: 20 }),
    stateRoot: keccak256(stringToHex(`state ${number}`)),
    transactionsRoot: computeTransactionsRoot(signed),
    receiptsRoot: computeReceiptsRoot(receipts),
    logsBloom: computeBloom(receipts.flatMap(({ logs }) => logs)),
    difficulty: '0x0',
    number: hex(number),
    gasLimit: '0x1c9c380',
    gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? '0x0',
    timestamp: hex(timestampS),
    extraData: salt,
    mixHash: keccak256(stringToHex(`mix ${number}`)),
    nonce: '0x0000000000000000',
    ...(has('london') && { baseFeePerGas: hex(BASE_FEE_WEI) }),
    ...(has('shanghai') && { withdrawalsRoot: computeWithdrawalsRoot(withdrawn) }),
    ...(has('cancun') && {
      blobGasUsed: '0x0',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: keccak256(stringToHex(`beacon ${number}`)),
    }),
    ...(has('prague') && { requestsHash: NO_REQUESTS }),
    ...(accessList !== null && {
      blockAccessListHash: hashBlockAccessList(accessList),
      slotNumber: hex(Math.floor(timestampS / SLOT_S)),
    }),
    ...header,
  }
  const hash = hashHeader(unsealed)
  const block: Json = { ...unsealed, hash, size: '0x220', uncles: [], transactions: signed }
  if (has('shanghai')) block.withdrawals = withdrawn
  placeInBlock(block, receipts)
  return { hash, block, receipts, accessList }
}

/** The lowest form a node gives a quantity. */
export function hex(value: number | bigint): Hex {
  return numberToHex(value)
}

export function lower(address: Address): Address {
  return address.toLowerCase() as Address
}

async function signTransaction(
  { chainId, number }: BlockDescription,
  hasDynamicFees: boolean,
  description: TransactionDescription,
  index: number,
): Promise<Json> {
  const type = description.type ?? (hasDynamicFees ? 2 : 0)
  const privateKey = description.privateKey ?? keyOf(1)
  const common: Json = {
    type: hex(type),
    nonce: hex(description.nonce ?? number * 1_000 + index),
    gas: hex(2_000_000),
    to: description.to == null ? null : lower(description.to),
    value: hex(description.units ?? 0n),
    input: description.input ?? '0x',
    from: type === 0x7e ? (description.from ?? addressOfKey(1)) : undefined,
  }
  const unsigned = { ...common, ...fieldsOfType(type, chainId, index), ...description.fields }
  if (type !== 0x7e) {
    const hash = keccak256(encodeForSigning(unsigned))
    const { r, s, yParity = 0 } = await sign({ hash, privateKey })
    const v = type === 0 ? BigInt(yParity) + 35n + 2n * BigInt(chainId) : BigInt(yParity)
    Object.assign(unsigned, { r: shorten(r), s: shorten(s), v: hex(v) })
    if (type !== 0) unsigned.yParity = hex(yParity)
    unsigned.from = lower(privateKeyToAddress(privateKey))
  }
  return { ...unsigned, hash: keccak256(encodeTransaction(unsigned)), transactionIndex: hex(index) }
}

/** Nodes write r and s as quantities: without leading zeros. */
function shorten(value: Hex): Hex {
  return hex(BigInt(value))
}

function fieldsOfType(type: number, chainId: number, index: number): Json {
  const gasPrice = hex(GAS_PRICE_WEI)
  const fees = { gasPrice, maxFeePerGas: gasPrice, maxPriorityFeePerGas: hex(BASE_FEE_WEI) }
  const dynamic = { chainId: hex(chainId), ...fees, accessList: [] }
  switch (type) {
    case 0:
      return { chainId: hex(chainId), gasPrice }
    case 1: {
      const accessList = [{ address: addressOfKey(9), storageKeys: [ZERO_HASH] }]
      return { chainId: hex(chainId), gasPrice, accessList }
    }
    case 2:
      return dynamic
    case 3: {
      const blob = keccak256(stringToHex(`blob ${index}`))
      const blobVersionedHashes = [`0x01${blob.slice(4)}`]
      return { ...dynamic, maxFeePerBlobGas: '0x1', blobVersionedHashes }
    }
    case 4: {
      const chosen = { chainId: hex(chainId), address: addressOfKey(9), nonce: '0x0' }
      const authorizationList = [{ ...chosen, yParity: '0x1', r: '0x1234', s: '0x5678' }]
      return { ...dynamic, authorizationList }
    }
    default: {
      const sourceHash = keccak256(stringToHex(`deposit ${index}`))
      const signature = { gasPrice: '0x0', v: '0x0', r: '0x0', s: '0x0' }
      return { sourceHash, mint: '0x0', isSystemTx: false, ...signature }
    }
  }
}

function writeReceipts(
  descriptions: readonly TransactionDescription[],
  transactions: readonly Json[],
): Json[] {
  let cumulative = 0
  let logCount = 0
  return transactions.map((transaction, index) => {
    const { succeeded = true, logs = [], gasUsed = GAS_OF_A_TRANSFER } = descriptions[index]!
    if (!succeeded && logs.length > 0) throw new Error('a failed transaction has no logs')
    cumulative += gasUsed
    const { type, hash, from, to } = transaction
    const place = { transactionHash: hash, transactionIndex: hex(index) }
    const written = logs.map(({ address, topics, data }, at) => ({
      address: lower(address),
      topics: [...topics],
      data,
      ...place,
      logIndex: hex(logCount + at),
      removed: false,
    }))
    logCount += logs.length
    const isDeposit = type === '0x7e'
    return {
      type,
      status: succeeded ? '0x1' : '0x0',
      cumulativeGasUsed: hex(cumulative),
      gasUsed: hex(gasUsed),
      effectiveGasPrice: transaction.gasPrice,
      logs: written,
      logsBloom: computeBloom(written),
      ...place,
      from,
      to,
      contractAddress: null,
      ...(isDeposit && { depositNonce: transaction.nonce, depositReceiptVersion: '0x1' }),
    }
  })
}

/** The block says its hash only when all is written; its parts repeat it. */
function placeInBlock(block: Json, receipts: readonly Json[]): void {
  const place = { blockHash: block.hash, blockNumber: block.number }
  for (const part of block.transactions) Object.assign(part, place)
  for (const receipt of receipts) {
    Object.assign(receipt, place)
    for (const log of receipt.logs) Object.assign(log, place, { blockTimestamp: block.timestamp })
  }
}
