/**
 * The local chain on Hardhat's node. It lacks anvil's own methods; a reorg is made of what it has:
 * a snapshot before each block, a return to one, and other blocks from there.
 */
import {
  type Hex,
  hexToBigInt,
  hexToNumber,
  numberToHex,
  serializeTransaction,
  type TransactionSerializable,
} from 'viem'
import { connectLocalChain, type LocalChain } from './local-chain.ts'
import { type ReorgParameters, renderCoinbase } from './rewrite-chain.ts'
import { hashTransaction } from './sign-transaction.ts'

/** How far back a reorg can go: the last blocks of each `mine` get a snapshot each. */
const SNAPSHOTS_PER_MINE = 32

type Header = { hash: Hex; timestamp: Hex }

/** Connects to the Hardhat node at `url`. Reorgs reach the blocks that were mined by this object. */
export function connectHardhatChain(url: string): LocalChain {
  const chain = connectLocalChain(url)
  const { rpc } = chain
  /** By the height that was the head when it was taken. */
  const snapshots = new Map<number, Hex>()

  const mine: LocalChain['mine'] = async (count = 1, { intervalS = 0 } = {}) => {
    for (let left = count; left > 0; left -= 1) {
      if (left <= SNAPSHOTS_PER_MINE) {
        snapshots.set(await chain.blockNumber(), await rpc<Hex>('evm_snapshot'))
      }
      // One at a time: the node makes up the blocks in the middle of many, without real parents.
      await rpc('hardhat_mine', ['0x1', numberToHex(intervalS)])
    }
  }
  const revert: LocalChain['revert'] = async (snapshotId) => {
    const oldHead = await rpc<Header>('eth_getBlockByNumber', ['latest', false])
    if (!(await rpc<boolean>('evm_revert', [snapshotId]))) {
      throw new Error(`there is no snapshot ${snapshotId}: each one can be reverted to once`)
    }
    // Snapshots taken later went with it.
    const head = await chain.blockNumber()
    for (const number of snapshots.keys()) if (number >= head) snapshots.delete(number)
    await rpc('hardhat_setCoinbase', [renderCoinbase(oldHead.hash)])
  }
  const dropMempool = async () => {
    const pending = await rpc<{ hash: Hex }[]>('eth_pendingTransactions')
    for (const { hash } of pending) await rpc('hardhat_dropTransaction', [hash])
  }
  const rollback = async (depth: number) => {
    const height = (await chain.blockNumber()) - depth
    const snapshotId = snapshots.get(height)
    if (snapshotId === undefined) throw new Error(`no snapshot was taken at block ${height}`)
    const pending = await rpc<Header>('eth_getBlockByNumber', ['pending', false])
    await revert(snapshotId)
    // The mempool came back as it was then; anvil leaves it empty of what had been mined.
    await dropMempool()
    await rpc('evm_setNextBlockTimestamp', [hexToNumber(pending.timestamp)])
  }

  return {
    ...chain,
    mine,
    revert,
    dropMempool,
    rollback,
    reorg: (parameters) => reorg({ ...chain, mine, rollback }, parameters),
    rawTransaction: (hash) => rebuildTransaction(chain, hash),
    dropTransaction: async (hash) => {
      if (!(await rpc<boolean>('hardhat_dropTransaction', [hash]))) {
        throw new Error(`transaction ${hash} is not in the mempool`)
      }
    },
    setBalance: async (address, units) => {
      await rpc('hardhat_setBalance', [address, numberToHex(units)])
    },
  }
}

async function reorg(chain: LocalChain, { depth, transactions = [], intervalS }: ReorgParameters) {
  await chain.rollback(depth)
  for (let index = 0; index < depth; index += 1) {
    for (const [raw, blockIndex] of transactions) if (blockIndex === index) await chain.sendRaw(raw)
    await chain.mine(1, intervalS === undefined ? {} : { intervalS })
  }
  for (const [raw, blockIndex] of transactions) {
    const hash = hashTransaction(raw)
    if ((await chain.receipt(hash)) !== null) continue
    throw new Error(`reorg left out transaction ${hash} of replacement block ${blockIndex}`)
  }
}

type NodeTransaction = {
  [Field in
    | 'nonce'
    | 'gas'
    | 'gasPrice'
    | 'maxFeePerGas'
    | 'maxPriorityFeePerGas'
    | 'value'
    | 'input'
    | 'chainId'
    | 'type'
    | 'v'
    | 'r'
    | 's']: Hex
} & { to: Hex | null }

/** The node does not give out raw transactions; their fields say all there is in one. */
async function rebuildTransaction(chain: LocalChain, hash: Hex): Promise<Hex> {
  const found = await chain.rpc<NodeTransaction | null>('eth_getTransactionByHash', [hash])
  if (found === null) throw new Error(`the node does not know transaction ${hash}`)
  const common = {
    chainId: hexToNumber(found.chainId),
    nonce: hexToNumber(found.nonce),
    gas: hexToBigInt(found.gas),
    value: hexToBigInt(found.value),
    data: found.input,
    ...(found.to !== null && { to: found.to }),
  }
  const isLegacy = hexToNumber(found.type) === 0
  const transaction: TransactionSerializable = isLegacy
    ? { ...common, type: 'legacy', gasPrice: hexToBigInt(found.gasPrice) }
    : {
        ...common,
        type: 'eip1559',
        maxFeePerGas: hexToBigInt(found.maxFeePerGas),
        maxPriorityFeePerGas: hexToBigInt(found.maxPriorityFeePerGas),
      }
  const { r, s } = found
  const v = hexToBigInt(found.v)
  const raw = serializeTransaction(
    transaction,
    isLegacy ? { r, s, v } : { r, s, yParity: Number(v) },
  )
  if (hashTransaction(raw) !== hash) throw new Error(`transaction ${hash} could not be rebuilt`)
  return raw
}
