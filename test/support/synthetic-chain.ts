/**
 * A tree of sealed blocks with balances, and one branch of it that is shown: what a synthetic node
 * (synthetic-node.ts) serves. Payments are described by what they move; logs, receipts, EIP-7708
 * logs and EIP-7928 access lists follow from that.
 */
import type { Address, Hex } from 'viem'
import { keccak256, pad, stringToHex } from 'viem'
import type { Json } from './sealed-blocks/encode-block.ts'
import {
  addressOfKey,
  type BlockDescription,
  type Fork,
  GAS_PRICE_WEI,
  hex,
  keyOf,
  lower,
  type SealedBlock,
  sealBlock,
  type TransactionDescription,
  transferLog,
} from './sealed-blocks/seal-block.ts'

/** The emitter of EIP-7708 logs, and the caller of system calls. */
export const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
const FUNDS_WEI = 10n ** 24n
const DEFAULT_BLOCK_TIME_S = 12
/** Keys 1 to 9 are payers with funds. */
const PAYERS = Array.from({ length: 9 }, (_, index) => addressOfKey(index + 1))

/** Native money moved by code inside a transaction; no transaction says it, only logs or balances. */
export type InternalTransfer = { from: Address; to: Address; units: bigint }

export type Payment = TransactionDescription & { internal?: readonly InternalTransfer[] }

/** What a block holds; the chain fills in where it stands. */
export type NextBlock = Partial<Omit<BlockDescription, 'transactions' | 'accessList'>> & {
  transactions?: readonly Payment[]
}

export type SyntheticBlock = SealedBlock & {
  readonly number: number
  readonly timestampS: number
  readonly parentHash: Hex
  /** Wei of every account that ever had any, after the block. */
  readonly balances: ReadonlyMap<Address, bigint>
}

export type SyntheticChainOptions = {
  /** Default: 31337. */
  chainId?: number
  /** Default: prague. From `amsterdam` on headers commit to access lists. */
  fork?: Fork
  /** Whether native value emits logs (EIP-7708). Default: from Amsterdam on. */
  nativeLogs?: boolean
  /** Time of the first block, seconds since 1970. */
  genesisTimestampS?: number
  balances?: Readonly<Record<Address, bigint>>
}

export type SyntheticChain = {
  readonly chainId: number
  head(): SyntheticBlock
  /** Blocks of the branch shown, by height. */
  at(number: number): SyntheticBlock | null
  /** Blocks of every branch. */
  byHash(hash: string): SyntheticBlock | null
  /** Appends one block to the branch shown. */
  mine(next?: NextBlock): Promise<SyntheticBlock>
  /** Appends empty blocks. */
  mineEmpty(count: number): Promise<void>
  /** Builds blocks on any block without showing them; `show` the last one to reorganise. */
  branch(parentHash: Hex, blocks: readonly NextBlock[]): Promise<SyntheticBlock[]>
  /** Makes the branch that ends in this block the one shown. */
  show(hash: Hex): void
}

export async function createSyntheticChain(
  options: SyntheticChainOptions = {},
): Promise<SyntheticChain> {
  const { chainId = 31_337, fork = 'prague', genesisTimestampS = 1_790_000_000 } = options
  const nativeLogs = options.nativeLogs ?? fork === 'amsterdam'
  const blocks = new Map<Hex, SyntheticBlock>()
  let shown: SyntheticBlock[] = []
  let salts = 0

  const append = async (
    parent: SyntheticBlock | null,
    { transactions = [], ...next }: NextBlock,
    salt: string,
  ): Promise<SyntheticBlock> => {
    const number = parent === null ? 0 : parent.number + 1
    const before = parent?.balances ?? startBalances(options.balances)
    const balances = new Map(before)
    const accessList = applyToBalances(balances, transactions, next.withdrawals ?? [])
    const description: BlockDescription = {
      chainId,
      number,
      parentHash: parent?.hash ?? pad('0x0', { size: 32 }),
      timestampS: parent === null ? genesisTimestampS : parent.timestampS + DEFAULT_BLOCK_TIME_S,
      fork,
      salt,
      ...next,
      transactions: nativeLogs ? transactions.map(withNativeLogs) : transactions,
      accessList,
    }
    const sealed = await sealBlock(description)
    const { timestampS, parentHash } = description
    const block = { ...sealed, number, timestampS, parentHash, balances }
    blocks.set(block.hash, block)
    return block
  }
  shown.push(await append(null, {}, 'genesis'))

  const branch: SyntheticChain['branch'] = async (parentHash, contents) => {
    salts += 1
    const salt = `branch ${salts}`
    const made: SyntheticBlock[] = []
    for (const next of contents) {
      const parent = made.at(-1) ?? blocks.get(parentHash)
      if (parent === undefined) throw new Error(`no block ${parentHash} to build on`)
      made.push(await append(parent, next, salt))
    }
    return made
  }
  const mine = async (next: NextBlock = {}) => {
    const block = await append(shown.at(-1)!, next, '')
    shown.push(block)
    return block
  }
  return {
    chainId,
    head: () => shown.at(-1)!,
    at: (number) => shown[number] ?? null,
    byHash: (hash) => blocks.get(hash as Hex) ?? null,
    mine,
    mineEmpty: async (count) => {
      for (let index = 0; index < count; index += 1) await mine()
    },
    branch,
    show: (hash) => {
      const branchShown: SyntheticBlock[] = []
      let block = blocks.get(hash)
      if (block === undefined) throw new Error(`no block ${hash} to show`)
      while (block !== undefined) {
        branchShown.unshift(block)
        block = blocks.get(block.parentHash)
      }
      shown = branchShown
    },
  }
}

/** A contract account that pays out of its own balance, called by a payer. */
export function payByContract(
  contract: Address,
  transfers: readonly { to: Address; units: bigint }[],
  options: Payment = {},
): Payment {
  const internal = transfers.map((transfer) => ({ from: contract, ...transfer }))
  const units = transfers.reduce((sum, transfer) => sum + transfer.units, 0n)
  return { to: contract, units, input: '0x5ec0de00', gasUsed: 90_000, internal, ...options }
}

function startBalances(extra: Readonly<Record<Address, bigint>> = {}): Map<Address, bigint> {
  const balances = new Map<Address, bigint>(PAYERS.map((payer) => [payer, FUNDS_WEI]))
  for (const [address, units] of Object.entries(extra)) {
    balances.set(lower(address as Address), units)
  }
  return balances
}

/** EIP-7708: the transaction's own value first, then every inner movement, then other logs. */
function withNativeLogs(payment: Payment): Payment {
  const { to, units = 0n, succeeded = true, internal = [], logs = [] } = payment
  if (!succeeded) return payment
  const from = senderOf(payment)
  const own = to == null || units === 0n || lower(to) === from ? [] : [{ from, to, units }]
  const moved = [...own, ...internal].filter((move) => lower(move.from) !== lower(move.to))
  const emitted = moved.map((move) => transferLog(SYSTEM_ADDRESS, move.from, move.to, move.units))
  return { ...payment, logs: [...emitted, ...logs] }
}

/**
 * Applies a block to the balances and returns its access list (EIP-7928): post-balances by index,
 * 0 before the first transaction, n + 1 after the last. Storage, nonces and code are left out: the
 * list is what a header commits to, not what an EVM would have touched.
 */
function applyToBalances(
  balances: Map<Address, bigint>,
  payments: readonly Payment[],
  withdrawals: readonly { address: Address; gwei: bigint }[],
): Json[] {
  const changes = new Map<Address, Json[]>()
  const step = (index: number, apply: (move: (address: Address, wei: bigint) => void) => void) => {
    const before = new Map<Address, bigint>()
    apply((address, wei) => {
      const account = lower(address)
      const balance = balances.get(account) ?? 0n
      if (!before.has(account)) before.set(account, balance)
      balances.set(account, balance + wei)
    })
    for (const [account, balance] of before) {
      const list = changes.get(account) ?? []
      changes.set(account, list)
      const after = balances.get(account)!
      if (after < 0n) throw new Error(`${account} cannot pay ${balance - after} wei`)
      if (after !== balance) list.push({ index: hex(index), value: hex(after) })
    }
  }
  for (const [index, payment] of payments.entries()) {
    step(index + 1, (move) => applyPayment(payment, move))
  }
  step(payments.length + 1, (move) => {
    for (const { address, gwei } of withdrawals) move(address, gwei * 10n ** 9n)
  })
  return [...changes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, balanceChanges]) => ({
      address,
      storageChanges: [],
      storageReads: [],
      balanceChanges,
      nonceChanges: [],
      codeChanges: [],
    }))
}

function applyPayment(payment: Payment, move: (address: Address, wei: bigint) => void): void {
  const { to, units = 0n, succeeded = true, internal = [], gasUsed = 21_000, type } = payment
  const from = senderOf(payment)
  if (type !== 0x7e) move(from, -BigInt(gasUsed) * GAS_PRICE_WEI)
  else if (payment.fields?.mint !== undefined) move(from, BigInt(payment.fields.mint))
  if (!succeeded) return
  move(from, -units)
  move(to ?? creationOf(payment), units)
  for (const transfer of internal) {
    move(transfer.from, -transfer.units)
    move(transfer.to, transfer.units)
  }
}

function senderOf({ type, from, privateKey = keyOf(1) }: Payment): Address {
  if (type === 0x7e) return lower(from ?? addressOfKey(1))
  for (const [index, payer] of PAYERS.entries()) if (keyOf(index + 1) === privateKey) return payer
  throw new Error('a payer of a synthetic chain is one of keys 1 to 9')
}

function creationOf(payment: Payment): Address {
  return `0x${keccak256(stringToHex(`created by ${senderOf(payment)} ${payment.nonce}`)).slice(26)}`
}
