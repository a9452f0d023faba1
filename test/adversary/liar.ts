/** One node on loopback that tells about one block whatever a test puts into its mouth. */
import { createServer, type IncomingMessage } from 'node:http'
import {
  createEvmChainSource,
  type EvmChainSource,
  type EvmChainSourceSettings,
} from '../../src/adapters/evm-rpc/evm-chain-source.ts'
import type {
  BlockRef,
  BlockTransaction,
  ProofLevel,
  VerifiedBlock,
} from '../../src/core/chain/block.ts'
import { setAllProofs } from '../../src/core/chain/chain-settings.ts'
import { NATIVE_LOG_EMITTER } from '../../src/core/chain/native-coin.ts'
import { extractTransfers, type Transfer } from '../../src/core/chain/transfer.ts'
import { recoverSenders } from '../../src/core/proof/recover-senders.ts'
import { ChainSourceError } from '../../src/errors.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import { GENESIS } from '../adapters/evm-rpc/scripted-chain.ts'
import { createManualClock, never, silentLogger } from '../adapters/evm-rpc/support.ts'
import type { Json } from '../support/sealed-blocks/encode-block.ts'
import { CHAIN_ID, OTHER_TOKEN, TOKEN } from '../support/sealed-blocks/every-kind.ts'
import { hex, type SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import type { Told } from './lies-about-a-block.ts'

export type Liar = {
  readonly url: string
  /** What it knows: asked for by the hash of the true block, and answered with this. */
  told: Told
  /** Changes the text of every answer just before it is sent. */
  spoil: ((text: string, method: string) => string | Buffer) | null
  /** Changes what it lists of logs; null: those of the receipts it tells. */
  list: ((logs: Json[]) => Json[]) | null
  /** The node has no `eth_getBlockReceipts`: receipts are asked for one by one. */
  oneByOne: boolean
  stop(): Promise<void>
}

/** Both tokens and the coin: a lie about any of them would be seen. */
export const WATCHED = {
  chainId: CHAIN_ID,
  tokens: new Set([TOKEN, OTHER_TOKEN]),
  native: 'value-or-logs',
} as const
const TIMEOUT_MS = 2_000

export async function startLiar(truth: SealedBlock): Promise<Liar> {
  const respond = ({ id, method, params }: Json): Json => {
    if (method === 'eth_getBlockReceipts' && liar.oneByOne) {
      return { jsonrpc: '2.0', id, error: { code: -32_601, message: 'method not found' } }
    }
    return { jsonrpc: '2.0', id, result: answer(method, params) }
  }
  const answer = (method: string, [first]: unknown[]): unknown => {
    const { block, receipts } = liar.told
    switch (method) {
      case 'eth_chainId':
        return hex(CHAIN_ID)
      case 'eth_getBlockByNumber':
        return first === '0x0' ? GENESIS : block
      case 'eth_getBlockByHash':
        return first === truth.hash ? block : null
      case 'eth_getBlockReceipts':
        return receipts
      case 'eth_getTransactionReceipt':
        return receipts.find(({ transactionHash }) => transactionHash === first) ?? null
      case 'eth_call': {
        const { to, data } = first as Json
        return to === undefined ? readBalances(truth, data) : word(6)
      }
      case 'eth_getLogs': {
        const logs = receipts
          .flatMap((receipt) => receipt.logs ?? [])
          .filter(isWanted(first as Json))
        return liar.list === null ? logs : liar.list(logs)
      }
      case 'eth_getTransactionByHash':
        return block.transactions.find(({ hash }: Json) => hash === first) ?? null
      case 'eth_getBlockAccessList':
        return truth.accessList
      case 'debug_traceBlockByHash':
        return block.transactions.map(traceOf)
      case 'eth_getBalance':
      case 'eth_getTransactionCount':
        return '0x5'
      case 'eth_getCode':
        return '0x'
      default:
        return null
    }
  }
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await readText(request))
    const document = Array.isArray(body) ? body.map(respond) : respond(body)
    const text = JSON.stringify(document)
    const { method } = [body].flat().at(-1)
    response.setHeader('content-type', 'application/json')
    response.end(liar.spoil === null ? text : liar.spoil(text, method))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const liar: Liar = {
    url: `http://127.0.0.1:${port}`,
    told: tell(truth),
    spoil: null,
    list: null,
    oneByOne: false,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return liar
}

const word = (value: bigint | number): string => `0x${value.toString(16).padStart(64, '0')}`

/** In the gateway's code for balances: PUSH20, an address, BALANCE. */
const BALANCE_CODE = /73[0-9a-f]{40}31/g

/** What that code returns: where it ran, and as many balances as it asks for. */
function readBalances({ block }: SealedBlock, code: string): string {
  const balances = (code.match(BALANCE_CODE) ?? []).map(() => word(5))
  const words = [word(BigInt(block.number)), word(CHAIN_ID), block.parentHash, ...balances]
  return `0x${words.map((one) => one.slice(2)).join('')}`
}

/** As `eth_getLogs` filters by contracts and topics. */
function isWanted({ address, topics = [] }: Json): (log: Json | undefined) => boolean {
  const isIn = (wanted: any, value: unknown) =>
    wanted === null || wanted === undefined || [wanted].flat().includes(value)
  return (log) =>
    isIn(address, log?.address) &&
    topics.every((wanted: unknown, place: number) => isIn(wanted, log?.topics?.[place]))
}

/** As geth's callTracer: what a transaction sent is passed on by one call. */
function traceOf({ hash, from, to, value }: Json): Json {
  const call = { type: 'CALL', from: to ?? from, to: from, value }
  return { txHash: hash, result: { type: 'CALL', from, to, value, calls: [call] } }
}

/** The truth, in a copy that may be spoilt. */
export function tell({ block, receipts }: SealedBlock): Told {
  return structuredClone({ block, receipts: [...receipts] })
}

export function connectTo(
  liar: Liar,
  overrides: Partial<EvmChainSourceSettings> = {},
): EvmChainSource {
  return createEvmChainSource({
    chainId: CHAIN_ID,
    watched: { contracts: new Set([TOKEN, OTHER_TOKEN, NATIVE_LOG_EMITTER]), native: true },
    proofs: setAllProofs('on'),
    urls: [liar.url],
    timeoutMs: TIMEOUT_MS,
    clock: createManualClock(),
    logger: silentLogger,
    ...overrides,
  })
}

export function refOf({ block, hash }: SealedBlock): BlockRef {
  const { number, parentHash, timestamp } = block
  return { number: Number(number), hash, parentHash, timestampS: Number(timestamp) }
}

/** What is credited, from and to whom and why. */
export type Reading = { readonly credits: readonly Transfer[]; readonly proofLevel: ProofLevel }

/** As the gateway does it for what it matches: who signed is the sender, whomever the node names. */
export function readingOf(block: VerifiedBlock): Reading {
  const signed = recoverSenders(block, (told) => told.valueUnits > 0n && !TRUE.has(claimOf(told)))
  for (const transaction of signed.transactions) TRUE.add(claimOf(transaction))
  return { credits: extractTransfers(signed, WATCHED).transfers, proofLevel: block.proofLevel }
}

/** Who signed what, once recovered: lies by the thousand leave most senders as they are. */
const TRUE = new Set<string>()

function claimOf({ from, signing }: BlockTransaction): string {
  if (signing === undefined) return ''
  const { digest, r, s, isOdd } = signing
  return [from, Buffer.from(digest).toString('hex'), r, s, isOdd].join()
}

/** What a source finds, or null where it refuses the block; anything else is thrown. */
export async function readCredits(source: ChainSource, ref: BlockRef): Promise<Reading | null> {
  try {
    return readingOf(await source.getBlock(ref, never()))
  } catch (error) {
    if (error instanceof ChainSourceError) return null
    throw error
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
