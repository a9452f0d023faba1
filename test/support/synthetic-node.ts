/**
 * A JSON-RPC node over HTTP that serves a synthetic chain: blocks that no program executed, but
 * whose every commitment is true, in forks and forms that anvil does not have.
 *
 *   const chain = await createSyntheticChain({ fork: 'amsterdam' })  // EIP-7708 logs, EIP-7928 lists
 *   const node = await startSyntheticNode(chain)
 *   await chain.mine({ transactions: [{ to: shop, units: 5n }] })
 *   await chain.mine({ transactions: [payByContract(safe, [{ to: shop, units: 7n }])] })
 *   node.tags.finalized = 1
 *   node.answer('eth_getBlockAccessList', () => { throw methodNotFound() })  // lacks a method
 *   node.rewrite((method, params, result) => ...)                            // lies
 *
 * Serves eth_chainId, eth_blockNumber, eth_syncing, net_version, web3_clientVersion,
 * eth_getBlockByNumber/ByHash, eth_getBlockReceipts (hash, `{ blockHash }`, number, tag),
 * eth_getTransactionByHash, eth_getTransactionReceipt, eth_getLogs (blockHash or range, addresses,
 * topics), eth_getBalance (number, tag, hash, `{ blockHash }`), eth_getBlockAccessList (EIP-7928;
 * `{address, storageChanges, storageReads, balanceChanges: [{index, value}], nonceChanges,
 * codeChanges}`, as execution-apis has it), eth_call of `decimals()` and `balanceOf(address)` for
 * `node.tokens`, eth_getCode. Others are -32601. Unknown blocks are null, or -32000 "unknown block".
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { Address, Hex } from 'viem'
import type { Json } from './sealed-blocks/encode-block.ts'
import { hex, lower, TRANSFER_TOPIC } from './sealed-blocks/seal-block.ts'
import type { SyntheticBlock, SyntheticChain } from './synthetic-chain.ts'

type Params = readonly any[]
export type Answer = (params: Params) => unknown
export type Rewrite = (method: string, params: Params, result: any) => unknown

export type SyntheticNode = {
  readonly url: string
  readonly chain: SyntheticChain
  /** Heights that `safe` and `finalized` name; null: the tag is refused. Both start at null. */
  readonly tags: { safe: number | null; finalized: number | null }
  /** Decimals by token, lower case. What is not here has no code. */
  readonly tokens: Record<Address, number>
  /** Answers a method in its own way from now on; throw a `NodeError` to refuse. */
  answer(method: string, answer: Answer): void
  /** Sees a copy of every result and returns what is sent instead; null: honest. */
  rewrite(rewrite: Rewrite | null): void
  countCalls(method: string): number
  /** HTTP requests so far, a batch as one. */
  countRequests(): number
  stop(): Promise<void>
}

/** What a node says instead of a result. */
export type NodeError = { readonly code: number; readonly message: string }

export const methodNotFound = (): NodeError => ({
  code: -32_601,
  message: 'the method does not exist/is not available',
})
const unknownBlock = (): NodeError => ({ code: -32_000, message: 'unknown block' })

const DECIMALS = '0x313ce567'
const BALANCE_OF = '0x70a08231'

export async function startSyntheticNode(chain: SyntheticChain): Promise<SyntheticNode> {
  const calls = new Map<string, number>()
  const answers = new Map<string, Answer>()
  let rewriter: Rewrite | null = null
  let requests = 0
  const tags: SyntheticNode['tags'] = { safe: null, finalized: null }
  const tokens: Record<Address, number> = {}
  for (const [method, answer] of Object.entries(createAnswers(chain, tags, tokens))) {
    answers.set(method, answer)
  }
  const respond = ({ id, method, params = [] }: Json): Json => {
    calls.set(method, (calls.get(method) ?? 0) + 1)
    try {
      const answer = answers.get(method)
      if (answer === undefined) throw methodNotFound()
      const result = answer(params)
      const sent = rewriter === null ? result : rewriter(method, params, structuredClone(result))
      return { jsonrpc: '2.0', id, result: sent ?? null }
    } catch (error) {
      if (error instanceof Error) throw error
      return { jsonrpc: '2.0', id, error }
    }
  }
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await readText(request))
    requests += 1
    const document = Array.isArray(body) ? body.map(respond) : respond(body)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    chain,
    tags,
    tokens,
    answer: (method, answer) => void answers.set(method, answer),
    rewrite: (rewrite) => {
      rewriter = rewrite
    },
    countCalls: (method) => calls.get(method) ?? 0,
    countRequests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function createAnswers(
  chain: SyntheticChain,
  tags: SyntheticNode['tags'],
  tokens: Record<Address, number>,
): Record<string, Answer> {
  const find = (name: unknown) => findBlock(chain, tags, name)
  const require = (name: unknown): SyntheticBlock => {
    const block = find(name)
    if (block === null) throw unknownBlock()
    return block
  }
  const findTransaction = (hash: string): { block: SyntheticBlock; index: number } | null => {
    for (let number = chain.head().number; number >= 0; number -= 1) {
      const block = chain.at(number)!
      const index = block.block.transactions.findIndex((item: Json) => item.hash === hash)
      if (index >= 0) return { block, index }
    }
    return null
  }
  const getBlock: Answer = ([name, whole]) => {
    const block = find(name)
    if (block === null || whole) return block?.block ?? null
    return { ...block.block, transactions: block.block.transactions.map((t: Json) => t.hash) }
  }
  return {
    web3_clientVersion: () => 'Synthetic/v1.0.0',
    net_version: () => String(chain.chainId),
    eth_chainId: () => hex(chain.chainId),
    eth_syncing: () => false,
    eth_blockNumber: () => hex(chain.head().number),
    eth_getBlockByNumber: getBlock,
    eth_getBlockByHash: getBlock,
    eth_getBlockReceipts: ([name]) => find(name)?.receipts ?? null,
    eth_getTransactionByHash: ([hash]) => {
      const found = findTransaction(hash)
      return found === null ? null : found.block.block.transactions[found.index]
    },
    eth_getTransactionReceipt: ([hash]) => {
      const found = findTransaction(hash)
      return found === null ? null : found.block.receipts[found.index]
    },
    eth_getLogs: ([filter]) => selectLogs(chain, tags, filter),
    eth_getBalance: ([address, name]) => hex(require(name).balances.get(lower(address)) ?? 0n),
    eth_getCode: ([address]) => (tokens[lower(address)] === undefined ? '0x' : '0x60'),
    eth_getBlockAccessList: ([name]) => {
      const { accessList } = require(name)
      if (accessList === null) throw { code: -32_001, message: 'no access list before Amsterdam' }
      return accessList
    },
    eth_call: ([call, name]) => callToken(chain, require(name ?? 'latest'), tokens, call),
  }
}

function findBlock(
  chain: SyntheticChain,
  tags: SyntheticNode['tags'],
  name: any,
): SyntheticBlock | null {
  if (typeof name === 'object' && name !== null) {
    return name.blockHash !== undefined
      ? chain.byHash(name.blockHash)
      : findBlock(chain, tags, name.blockNumber)
  }
  if (name === 'latest' || name === 'pending' || name === undefined) return chain.head()
  if (name === 'earliest') return chain.at(0)
  if (name === 'safe' || name === 'finalized') {
    const number = tags[name as 'safe' | 'finalized']
    if (number === null) throw { code: -39_001, message: 'Unknown block' } satisfies NodeError
    return chain.at(number)
  }
  return name.length === 66 ? chain.byHash(name) : chain.at(Number(name))
}

/** Logs of the branch shown, or of any block by its hash, as `eth_getLogs` filters them. */
function selectLogs(chain: SyntheticChain, tags: SyntheticNode['tags'], filter: Json): Json[] {
  const { blockHash, address, topics = [] } = filter
  const blocks: SyntheticBlock[] = []
  if (blockHash !== undefined) {
    const block = chain.byHash(blockHash)
    if (block === null) throw unknownBlock()
    blocks.push(block)
  } else {
    const from = findBlock(chain, tags, filter.fromBlock ?? 'latest')
    const to = findBlock(chain, tags, filter.toBlock ?? 'latest')
    if (from === null || to === null) {
      throw {
        code: -32_000,
        message: 'block range extends beyond current head block',
      } satisfies NodeError
    }
    for (let number = from.number; number <= to.number; number += 1) blocks.push(chain.at(number)!)
  }
  const addresses = address === undefined ? null : [address].flat().map(lower)
  const isWanted = (log: Json) =>
    (addresses === null || addresses.includes(log.address)) &&
    topics.every((wanted: null | string | string[], place: number) => {
      return wanted === null || [wanted].flat().includes(log.topics[place])
    })
  return blocks.flatMap(({ receipts }) => receipts.flatMap(({ logs }) => logs.filter(isWanted)))
}

/** `decimals()`, and `balanceOf(address)` as the Transfer logs up to the block add up. */
function callToken(
  chain: SyntheticChain,
  block: SyntheticBlock,
  tokens: Record<Address, number>,
  call: Json,
): Hex {
  // Code to run that is not deployed: this node runs none.
  if (call.to === undefined) return '0x'
  const token = lower(call.to)
  const data: string = call.data ?? call.input
  const decimals = tokens[token]
  if (decimals === undefined) return '0x'
  if (data === DECIMALS) return hexWord(BigInt(decimals))
  if (!data.startsWith(BALANCE_OF))
    throw { code: 3, message: 'execution reverted' } satisfies NodeError
  const owner = `0x${data.slice(10)}`
  let balance = 0n
  let at: SyntheticBlock | null = block
  while (at !== null) {
    for (const log of at.receipts.flatMap(({ logs }) => logs)) {
      if (log.address !== token || log.topics[0] !== TRANSFER_TOPIC) continue
      if (log.topics[2] === owner) balance += BigInt(log.data)
      if (log.topics[1] === owner) balance -= BigInt(log.data)
    }
    at = chain.byHash(at.parentHash)
  }
  return hexWord(balance < 0n ? 0n : balance)
}

function hexWord(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
