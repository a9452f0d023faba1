import {
  type Abi,
  type Address,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  hexToBigInt,
  hexToNumber,
  numberToHex,
  type RpcTransactionReceipt,
} from 'viem'
import { type ContractName, loadArtifact } from './artifacts.ts'
import { type DevAccount, deriveDevAccounts } from './dev-accounts.ts'
import { callRpc } from './json-rpc.ts'
import { type ReorgParameters, reorgChain, revertChain, rollbackChain } from './rewrite-chain.ts'
import {
  type NativeTransfer,
  planNativeTransfer,
  planTokenTransfer,
  signTransaction,
  type TokenTransfer,
  type TransactionOptions,
  type UnsignedTransaction,
} from './sign-transaction.ts'

export type TokenTerms = { name: string; symbol: string; decimals: number }
export type Deployment = { address: Address; hash: Hex }
export type ContractCall = {
  contract: ContractName
  address: Address
  functionName: string
  args?: readonly unknown[]
}

/**
 * A local chain under a test's control. What sends a transaction returns its hash at once; nothing
 * is mined unless the node mines by itself or `mine` is called. Account 0 deploys and mints,
 * account 1 pays.
 */
export type LocalChain = {
  url: string
  accounts: readonly DevAccount[]
  rpc<Result = unknown>(method: string, params?: readonly unknown[]): Promise<Result>

  deploy(contract: ContractName, args?: readonly unknown[]): Promise<Deployment>
  deployToken(terms: TokenTerms): Promise<Deployment>
  mint(token: Address, to: Address, units: bigint): Promise<Hex>
  sendNative(transfer: NativeTransfer): Promise<Hex>
  sendToken(transfer: TokenTransfer): Promise<Hex>
  /** Calls any function of a contract of ours in a transaction. */
  sendCall(call: ContractCall & TransactionOptions & { units?: bigint }): Promise<Hex>
  sendRaw(raw: Hex): Promise<Hex>
  /** Signs without sending. Two in a row get the same nonce unless one is given. */
  signNative(transfer: NativeTransfer): Promise<Hex>
  signToken(transfer: TokenTransfer): Promise<Hex>

  blockNumber(): Promise<number>
  /** The receipt as the node renders it, or null while the transaction is not in a block. */
  receipt(hash: Hex): Promise<RpcTransactionReceipt | null>
  /** A known transaction in the raw form that `reorg` takes. */
  rawTransaction(hash: Hex): Promise<Hex>
  nativeBalance(address: Address): Promise<bigint>
  tokenBalance(token: Address, address: Address): Promise<bigint>
  read<Result = unknown>(call: ContractCall): Promise<Result>

  /** Mines blocks, dated `intervalS` apart, else by the clock: often several in the same second. */
  mine(count?: number, options?: { intervalS?: number }): Promise<void>
  reorg(parameters: ReorgParameters): Promise<void>
  rollback(depth: number): Promise<void>
  snapshot(): Promise<Hex>
  revert(snapshotId: Hex): Promise<void>
  setNextBlockTimestamp(timestampS: number): Promise<void>
  increaseTime(seconds: number): Promise<void>
  dropTransaction(hash: Hex): Promise<void>
  dropMempool(): Promise<void>
  setBalance(address: Address, units: bigint): Promise<void>
}

const DEPLOY_GAS_LIMIT = 3_000_000n
// Enough for a batch of a hundred, and six fit into a block even by their limits.
const CALL_GAS_LIMIT = 5_000_000n

/** Connects to the anvil at `url`. Nothing is asked until the first call. */
export function connectLocalChain(url: string): LocalChain {
  const rpc = <Result>(method: string, params: readonly unknown[] = []) =>
    callRpc<Result>(url, method, params)
  const accounts = deriveDevAccounts()
  const { sign, send, sendRaw } = createSender(rpc, accounts[1]!)
  const from = accounts[0]!

  const sendCall: LocalChain['sendCall'] = async (call) => {
    const { contract, address, functionName, args, ...options } = call
    const data = encodeCall(await loadAbi(contract), functionName, args)
    return (await send({ gasLimit: CALL_GAS_LIMIT, ...options, to: address, data })).hash
  }
  const deploy: LocalChain['deploy'] = async (contract, args = []) => {
    const { abi, bytecode } = await loadArtifact(contract)
    const data = encodeDeployData({ abi, bytecode, args })
    const { hash, nonce } = await send({ from, gasLimit: DEPLOY_GAS_LIMIT, data })
    return { address: getContractAddress({ from: from.address, nonce: BigInt(nonce) }), hash }
  }
  const read: LocalChain['read'] = async <Result>(call: ContractCall) => {
    const abi = await loadAbi(call.contract)
    const { address: to, functionName } = call
    const data = encodeCall(abi, functionName, call.args)
    const answer = await rpc<Hex>('eth_call', [{ to, data }, 'latest'])
    return decodeFunctionResult({ abi, functionName, data: answer }) as Result
  }

  return {
    url,
    accounts,
    rpc,
    deploy,
    deployToken: ({ name, symbol, decimals }) => deploy('TestToken', [name, symbol, decimals]),
    // All tokens of ours have this function, so one ABI serves.
    mint: (token, to, units) => {
      const call = { contract: 'TestToken', address: token, functionName: 'mint' } as const
      return sendCall({ ...call, args: [to, units], from, gasLimit: 200_000n })
    },
    sendNative: async (transfer) => (await send(planNativeTransfer(transfer))).hash,
    sendToken: async (transfer) => (await send(planTokenTransfer(transfer))).hash,
    sendCall,
    sendRaw,
    signNative: (transfer) => sign(planNativeTransfer(transfer)),
    signToken: (transfer) => sign(planTokenTransfer(transfer)),
    ...createReaders(rpc),
    read,
    tokenBalance: (address, owner) =>
      read({ contract: 'TestToken', address, functionName: 'balanceOf', args: [owner] }),
    ...createControls(rpc),
  }
}

type Rpc = LocalChain['rpc']

/** Sends in order, one at a time for each sender, so that the node's next nonce is always right. */
function createSender(rpc: Rpc, payer: DevAccount) {
  let chainId: Promise<number> | undefined
  const queues = new Map<Address, Promise<unknown>>()

  const fillAndSign = async (transaction: UnsignedTransaction) => {
    const account = transaction.from ?? payer
    chainId ??= rpc<Hex>('eth_chainId').then(hexToNumber)
    // Never cached: a reorg takes nonces back.
    const nonce = transaction.nonce ?? (await fetchNextNonce(rpc, account.address))
    const gasLimit = transaction.gasLimit ?? CALL_GAS_LIMIT
    const filled = { ...transaction, chainId: await chainId, nonce, gasLimit }
    return { raw: await signTransaction(account, filled), nonce }
  }
  const sendRaw = (raw: Hex) => rpc<Hex>('eth_sendRawTransaction', [raw])
  const send = (transaction: UnsignedTransaction) => {
    const { address } = transaction.from ?? payer
    const result = (queues.get(address) ?? Promise.resolve()).then(async () => {
      const { raw, nonce } = await fillAndSign(transaction)
      return { hash: await sendRaw(raw), nonce }
    })
    // A refused transaction is its caller's affair; the next one goes on.
    queues.set(
      address,
      result.catch(() => undefined),
    )
    return result
  }
  const sign = async (transaction: UnsignedTransaction) => (await fillAndSign(transaction)).raw
  return { sign, send, sendRaw }
}

function createReaders(rpc: Rpc) {
  return {
    blockNumber: async () => hexToNumber(await rpc<Hex>('eth_blockNumber')),
    receipt: (hash) => rpc<RpcTransactionReceipt | null>('eth_getTransactionReceipt', [hash]),
    rawTransaction: async (hash) => {
      const raw = await rpc<Hex | null>('eth_getRawTransactionByHash', [hash])
      if (raw === null) throw new Error(`the node does not know transaction ${hash}`)
      return raw
    },
    nativeBalance: async (address) =>
      hexToBigInt(await rpc<Hex>('eth_getBalance', [address, 'latest'])),
  } satisfies Partial<LocalChain>
}

function createControls(rpc: Rpc) {
  return {
    mine: async (count = 1, { intervalS } = {}) => {
      const interval = intervalS === undefined ? [] : [numberToHex(intervalS)]
      await rpc('anvil_mine', [numberToHex(count), ...interval])
    },
    reorg: (parameters) => reorgChain(rpc, parameters),
    rollback: (depth) => rollbackChain(rpc, depth),
    snapshot: () => rpc<Hex>('evm_snapshot'),
    revert: (snapshotId) => revertChain(rpc, snapshotId),
    setNextBlockTimestamp: async (timestampS) => {
      await rpc('evm_setNextBlockTimestamp', [timestampS])
    },
    increaseTime: async (seconds) => {
      await rpc('evm_increaseTime', [seconds])
    },
    dropTransaction: async (hash) => {
      if ((await rpc('anvil_dropTransaction', [hash])) === null) {
        throw new Error(`transaction ${hash} is not in the mempool`)
      }
    },
    dropMempool: async () => {
      await rpc('anvil_dropAllTransactions')
    },
    setBalance: async (address, units) => {
      await rpc('anvil_setBalance', [address, numberToHex(units)])
    },
  } satisfies Partial<LocalChain>
}

async function fetchNextNonce(rpc: Rpc, address: Address): Promise<number> {
  return hexToNumber(await rpc<Hex>('eth_getTransactionCount', [address, 'pending']))
}

async function loadAbi(contract: ContractName): Promise<Abi> {
  return (await loadArtifact(contract)).abi
}

function encodeCall(abi: Abi, functionName: string, args: readonly unknown[] = []): Hex {
  return encodeFunctionData({ abi, functionName, args })
}
