/**
 * Ground truth: reads the chain and the list of invoices, and nothing of the gateway's code, and
 * says what must be credited. `expectCreditedAsOnChain` compares it with what the API shows.
 *
 * The chain must stand still and the gateway must have followed it (`world.synced()`).
 */
import { pad } from 'viem'
import { expect } from 'vitest'
import type { LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { K, type PaymentWorld } from './payment-world.ts'

type Hex = `0x${string}`

/** One movement of money on the canonical chain, named like in a payment resource. */
export type ChainTransfer = {
  asset: string
  from: string
  to: string
  amount_units: string
  tx_hash: string
  block_hash: string
  block_number: number
  log_index: number | null
}

export type OracleInvoice = {
  id: string
  /** Money up to this block was there before the address was given out. Default: none was. */
  issuedAtBlock?: number
}

type NodeLog = {
  address: Hex
  topics: Hex[]
  data: Hex
  blockHash: Hex
  blockNumber: Hex
  transactionHash: Hex
  logIndex: Hex
}
type NodeTransaction = { hash: Hex; from: Hex; to: Hex | null; value: Hex }
type NodeBlock = { hash: Hex; number: Hex; transactions: NodeTransaction[] }

const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const CHAIN_PREFIX = 'eip155:31337'
const BLOCKS_PER_BATCH = 250

/** All transfers of these tokens and of the native coin to these addresses, in chain order. */
export async function readTransfers(
  chain: LocalChain,
  tokens: readonly string[],
  to: readonly string[],
): Promise<ChainTransfer[]> {
  const wanted = new Set(to.map((address) => address.toLowerCase()))
  const found = [
    ...(await readTokenTransfers(chain, tokens, wanted)),
    ...(await readNativeTransfers(chain, wanted)),
  ]
  return found.sort((a, b) => a.block_number - b.block_number)
}

async function readTokenTransfers(
  chain: LocalChain,
  tokens: readonly string[],
  wanted: ReadonlySet<string>,
): Promise<ChainTransfer[]> {
  const recipients = [...wanted].map((address) => pad(address as Hex))
  const filter = { fromBlock: '0x0', toBlock: 'latest', address: tokens }
  const logs = await chain.rpc<NodeLog[]>('eth_getLogs', [
    { ...filter, topics: [TRANSFER, null, recipients] },
  ])
  return logs.flatMap((log) => {
    if (log.topics.length !== 3 || log.data.length !== 66) return []
    const [from, to] = log.topics.slice(1).map((topic) => `0x${topic.slice(26)}`)
    if (from === to || BigInt(log.data) === 0n) return []
    return {
      asset: `${CHAIN_PREFIX}/erc20:${log.address.toLowerCase()}`,
      from: from as string,
      to: to as string,
      amount_units: BigInt(log.data).toString(),
      tx_hash: log.transactionHash,
      block_hash: log.blockHash,
      block_number: Number(log.blockNumber),
      log_index: Number(log.logIndex),
    }
  })
}

async function readNativeTransfers(
  chain: LocalChain,
  wanted: ReadonlySet<string>,
): Promise<ChainTransfer[]> {
  const transfers: ChainTransfer[] = []
  for (const block of await readBlocks(chain)) {
    for (const { hash, from, to, value } of block.transactions) {
      if (to === null || from === to || BigInt(value) === 0n || !wanted.has(to)) continue
      if ((await chain.receipt(hash))?.status !== '0x1') continue
      transfers.push({
        asset: `${CHAIN_PREFIX}/slip44:60`,
        from,
        to,
        amount_units: BigInt(value).toString(),
        tx_hash: hash,
        block_hash: block.hash,
        block_number: Number(block.number),
        log_index: null,
      })
    }
  }
  return transfers
}

/** All blocks in a few batches: one request each would take longer than the gateway does. */
async function readBlocks(chain: LocalChain): Promise<NodeBlock[]> {
  const head = await chain.blockNumber()
  const blocks: NodeBlock[] = []
  for (let from = 0; from <= head; from += BLOCKS_PER_BATCH) {
    const count = Math.min(BLOCKS_PER_BATCH, head - from + 1)
    const calls = Array.from({ length: count }, (_, id) => {
      const params = [`0x${(from + id).toString(16)}`, true]
      return { jsonrpc: '2.0', id, method: 'eth_getBlockByNumber', params }
    })
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify(calls) }
    const answer = await fetch(chain.url, request)
    const results = (await answer.json()) as { id: number; result: NodeBlock }[]
    blocks.push(...results.sort((a, b) => a.id - b.id).map(({ result }) => result))
  }
  expect(blocks.map(({ number }) => Number(number))).toEqual(blocks.map((_, i) => i))
  return blocks
}

/** Compares payments, credits, status and events of these invoices with the chain. */
export async function expectCreditedAsOnChain(
  world: PaymentWorld,
  invoices: readonly OracleInvoice[],
  tokens: readonly string[] = [world.usdc.address, world.dai.address],
): Promise<void> {
  const resources = await Promise.all(invoices.map(({ id }) => world.getInvoice(id)))
  const addresses = resources.map(({ address }) => address as string)
  const transfers = await readTransfers(world.chain, tokens, addresses)
  const head = await world.chain.blockNumber()
  for (const [i, resource] of resources.entries()) {
    const { issuedAtBlock = -1 } = invoices[i] as OracleInvoice
    const due = transfers.filter(
      ({ to, block_number }) =>
        to === resource.address.toLowerCase() && block_number > issuedAtBlock,
    )
    const payments = await listAll(world, `/v1/payments?invoice=${resource.id}`)
    expectPayments(payments, due, head)
    await expectOrphansGone(world.chain, payments)
    expectCredit(resource, due, head)
    expectEvents(await listAll(world, `/v1/events?invoice=${resource.id}`), payments)
  }
}

function expectPayments(payments: readonly any[], due: readonly ChainTransfer[], head: number) {
  const counted = payments
    .filter(({ position }) => position !== 'orphaned')
    .map((payment) => ({
      asset: payment.asset,
      from: payment.from.toLowerCase(),
      to: payment.to.toLowerCase(),
      amount_units: payment.amount_units,
      tx_hash: payment.tx_hash,
      block_hash: payment.block_hash,
      block_number: payment.block_number,
      log_index: payment.log_index,
      position: payment.position,
    }))
  const expected = due.map((transfer) => ({
    ...transfer,
    position: isDeep(transfer, head) ? 'confirmed' : 'included',
  }))
  expect(counted.sort(byPlace)).toEqual(expected.sort(byPlace))
}

async function expectOrphansGone(chain: LocalChain, payments: readonly any[]) {
  for (const { position, block_number, block_hash } of payments) {
    if (position !== 'orphaned') continue
    const number = `0x${block_number.toString(16)}`
    const block = await chain.rpc<NodeBlock | null>('eth_getBlockByNumber', [number, false])
    expect(block?.hash).not.toBe(block_hash)
  }
}

/** Sums, facts and status. What only history knows (reversed, expired, settled before) may stay. */
function expectCredit(invoice: any, due: readonly ChainTransfer[], head: number) {
  const seen = shareOf(invoice, due)
  const confirmed = shareOf(
    invoice,
    due.filter((transfer) => isDeep(transfer, head)),
  )
  for (const option of invoice.payment_options) {
    const units = BigInt(option.amount_due_units)
    const missing = seen.whole - seen.paid
    const outstanding = missing > 0n ? ceilDivide(missing * units, seen.whole) : 0n
    const excess = missing < 0n ? (-missing * units) / seen.whole : 0n
    expect(option.outstanding_units).toBe(outstanding.toString())
    expect(option.excess_units).toBe(excess.toString())
  }
  expect(invoice.paid.underpaid).toBe(seen.paid > 0n && seen.paid < seen.whole)
  expect(invoice.paid.overpaid).toBe(seen.paid > seen.whole)
  expect(allowedStatuses(seen, confirmed)).toContain(invoice.status)
}

/** Paid over due, added up over the assets; `paid` out of `whole`, without rounding. */
type Share = { paid: bigint; whole: bigint }

function shareOf(invoice: any, transfers: readonly ChainTransfer[]): Share {
  return invoice.payment_options.reduce(
    ({ paid, whole }: Share, option: any) => {
      const units = BigInt(option.amount_due_units)
      const arrived = transfers
        .filter(({ asset }) => asset === option.asset)
        .reduce((sum, { amount_units }) => sum + BigInt(amount_units), 0n)
      return { paid: paid * units + arrived * whole, whole: whole * units }
    },
    { paid: 0n, whole: 1n },
  )
}

function allowedStatuses(seen: Share, confirmed: Share): string[] {
  if (confirmed.paid >= confirmed.whole) return ['settled']
  if (seen.paid >= seen.whole) return ['processing', 'settled', 'reversed']
  return ['open', 'reversed', 'expired']
}

/** A gapless story in which every payment that counts came and was confirmed exactly once. */
function expectEvents(newestFirst: readonly any[], payments: readonly any[]) {
  const events = newestFirst.toReversed()
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1))
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  for (const { id, position } of payments) {
    const about = events.filter(({ type, data }) => type.startsWith('payment.') && data.id === id)
    const count = (type: string) => about.filter((event) => event.type === type).length
    const story = {
      detected: count('payment.detected') - count('payment.orphaned'),
      confirmed: count('payment.confirmed') > 0,
      confirmedTwice: count('payment.confirmed') > count('payment.detected'),
    }
    const isOrphaned = position === 'orphaned'
    expect(story).toEqual({
      detected: isOrphaned ? 0 : 1,
      confirmed: isOrphaned ? story.confirmed : position === 'confirmed',
      confirmedTwice: false,
    })
  }
}

/** Every page of a list. */
export async function listAll(world: PaymentWorld, path: string): Promise<any[]> {
  const found: any[] = []
  let cursor: string | null = null
  do {
    const page: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { status, body } = await world.gateway.request('GET', `${path}&limit=100${page}`)
    if (status !== 200) throw new Error(`GET ${path}: ${JSON.stringify(body)}`)
    found.push(...body.data)
    cursor = body.next_cursor
  } while (cursor !== null)
  return found
}

function isDeep({ block_number }: ChainTransfer, head: number): boolean {
  return head - block_number + 1 >= K
}

function byPlace(a: ChainTransfer, b: ChainTransfer): number {
  const placeOf = ({ block_hash, tx_hash, log_index }: ChainTransfer) =>
    `${block_hash} ${tx_hash} ${log_index}`
  return placeOf(a).localeCompare(placeOf(b))
}

function ceilDivide(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator
}
