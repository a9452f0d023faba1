/**
 * The hands of a rehearsal on a local node (anvil, Hardhat): it pays from accounts the node holds
 * unlocked, mines when told and rewrites its own past. Of no use, and never made, for other chains.
 */
import { assert } from '../../core/assert.ts'
import { type Address, type Asset, type Hash, parseAddress } from '../../core/money/asset.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { TestChain } from '../../ports/test-chain.ts'
import { readHash, readQuantity } from './decode-answers.ts'
import { createJsonRpcClient, type JsonRpcClient, requireResult } from './json-rpc-client.ts'

/** A local node answers at once; this bounds one that hangs. */
const CALL_TIMEOUT_MS = 10_000
/** transfer(address,uint256) and balanceOf(address), EIP-20. */
const TRANSFER_SELECTOR = '0xa9059cbb'
const BALANCE_SELECTOR = '0x70a08231'
/** Coins left for gas: a token transfer on a local node costs a thousandth of it. */
const GAS_RESERVE_UNITS = 10n ** 16n

type Node = Pick<JsonRpcClient, 'name' | 'call' | 'batch'>
type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** A test chain behind its first node: all of them would show the same chain. */
export function createTestChain(
  target: { readonly urls: readonly string[]; readonly clock: Clock } | { client: JsonRpcClient },
): TestChain {
  const client = 'client' in target ? target.client : connect(target.urls, target.clock)
  const ask: Ask = async (method, params) => {
    const answer = await client.call(method, params, AbortSignal.timeout(CALL_TIMEOUT_MS))
    return requireResult(client, method, answer)
  }
  return {
    pay: (asset, to, units) => pay(ask, asset, to, units),
    mine: (blocks) => mine(client, ask, blocks),
    reorg: async (depth) => {
      if (await tryCall(client, 'anvil_reorg', [depth, []])) return
      throw new GatewayError('not_acceptable_state', 'This node cannot reorganise: anvil can.')
    },
  }
}

function connect(urls: readonly string[], clock: Clock): JsonRpcClient {
  const [url] = urls
  assert(url !== undefined, 'a configured chain has at least one node')
  return createJsonRpcClient({ url, clock, timeoutMs: CALL_TIMEOUT_MS })
}

async function pay(ask: Ask, asset: Asset, to: Address, units: bigint): Promise<Hash> {
  const from = await findPayer(ask, asset, units)
  const transaction =
    asset.token === null
      ? { from, to, value: toHex(units) }
      : { from, to: asset.token, data: `${TRANSFER_SELECTOR}${word(to)}${word(toHex(units))}` }
  const hash = await ask('eth_sendTransaction', [transaction])
  return readHash(hash, 'eth_sendTransaction', 'the transaction hash')
}

/** The first unlocked account that has enough of the asset and of gas. */
async function findPayer(ask: Ask, asset: Asset, units: bigint): Promise<Address> {
  const accounts = await ask('eth_accounts', [])
  for (const account of Array.isArray(accounts) ? accounts : []) {
    const address = typeof account === 'string' ? parseAddress(account) : null
    if (address === null) continue
    const coins = readUnits(await ask('eth_getBalance', [address, 'latest']))
    const needed = GAS_RESERVE_UNITS + (asset.token === null ? units : 0n)
    if (coins < needed) continue
    if (asset.token === null || (await tokenBalance(ask, asset.token, address)) >= units) {
      return address
    }
  }
  throw new GatewayError(
    'not_acceptable_state',
    `No unlocked account of the node has that much ${asset.symbol}.`,
  )
}

async function tokenBalance(ask: Ask, token: Address, owner: Address): Promise<bigint> {
  const call = { to: token, data: `${BALANCE_SELECTOR}${word(owner)}` }
  return readUnits(await ask('eth_call', [call, 'latest']))
}

/**
 * `evm_mine` where anvil's method is missing: Hardhat's own for many blocks makes up those in the
 * middle, without a parent hash, and no watcher follows such a chain.
 */
async function mine(client: Node, ask: Ask, blocks: number): Promise<number> {
  const isMined = await tryCall(client, 'anvil_mine', [`0x${blocks.toString(16)}`])
  if (!isMined) {
    const calls = Array.from({ length: blocks }, () => ({ method: 'evm_mine', params: [] }))
    const answers = await client.batch(calls, AbortSignal.timeout(CALL_TIMEOUT_MS))
    for (const answer of answers) requireResult(client, 'evm_mine', answer)
  }
  return readQuantity(await ask('eth_blockNumber', []), 'eth_blockNumber', 'the height')
}

/** False when the node lacks the method; a refusal is an error. */
async function tryCall(client: Node, method: string, params: readonly unknown[]) {
  const answer = await client.call(method, params, AbortSignal.timeout(CALL_TIMEOUT_MS))
  if (answer.kind === 'unsupported') return false
  if (answer.kind === 'refused') {
    throw new GatewayError('not_acceptable_state', `The node refused ${method}: ${answer.message}`)
  }
  requireResult(client, method, answer)
  return true
}

/** A node that holds no such contract answers `0x`: no balance. */
function readUnits(value: unknown): bigint {
  return typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value) ? BigInt(value) : 0n
}

function toHex(units: bigint): string {
  return `0x${units.toString(16)}`
}

/** A value as one 32-byte word of calldata, without `0x`. */
function word(hex: string): string {
  return hex.slice(2).padStart(64, '0')
}
