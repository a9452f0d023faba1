/**
 * Kills the gateway again and again under load, at moments that a seed chooses, also while it
 * starts. Shops order with idempotency keys, shoppers pay, blocks are mined and replaced, a receiver
 * fails now and then; none of them knows of the kills. The ledger holds what they were promised and
 * what they did; `checkLedger` compares the gateway with it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hex } from 'viem'
import { createRandom, type Random } from '../simulation/random.ts'
import { type Answer, waitFor } from './gateway-process.ts'
import { payInvoice, unitsDue } from './pay-invoice.ts'
import type { PaymentWorld } from './payment-world.ts'

const SHOPS = 3
/** A shop orders this often at most. */
const ORDER_PAUSE_MS = [60, 200] as const
const BLOCK_PAUSE_MS = [150, 350] as const
/** Most are killed while they work: this long after they listen. */
const WORK_MS = [50, 2_000] as const
/** The others at any moment of a start, which takes about a second. */
const EARLY_SHARE = 0.2
const START_MS = [50, 1_500] as const
const LISTEN_DEADLINE_MS = 60_000
/** Less than the depth that is asked for: no payment that was confirmed is taken back. */
const REORG_DEPTH_MAX = 3
const REORG_SHARE = 0.12
const PRICE = { amount: '12.50', currency: 'USD' }

export type PaymentPlan = 'none' | 'exact' | 'in_parts' | 'too_much' | 'too_little'
const PLANS: readonly PaymentPlan[] = [
  ...(['exact', 'exact', 'exact', 'in_parts', 'too_much', 'too_little', 'none'] as const),
]

export type Order = {
  readonly key: string
  /** The first acknowledged answer. */
  readonly invoice: any
  readonly plan: PaymentPlan
  /** Hash of each payment, with its units. */
  readonly sent: Map<Hex, bigint>
}

export type Ledger = {
  readonly orders: Order[]
  kills: number
  /** Kills of a process that did not listen yet. */
  earlyKills: number
  reorgs: number
  blocks: number
}

export type KillLoopOptions = { readonly kills: number; readonly seed: number }

/** The gateway must run. Afterwards it runs again, all orders are acknowledged and all is mined. */
export async function runKillLoop(world: PaymentWorld, options: KillLoopOptions): Promise<Ledger> {
  const ledger: Ledger = { orders: [], kills: 0, earlyKills: 0, reorgs: 0, blocks: 0 }
  const load = { isOver: false }
  const isOver = () => load.isOver
  const seedOf = (actor: number) => createRandom(options.seed * 1_000 + actor)
  // Blocks are replaced with all they held, so nobody may send meanwhile.
  const alone = createMutex()
  const actors = [
    mineBlocks(world, ledger, { random: seedOf(0), alone, isOver }),
    ...Array.from({ length: SHOPS }, (_, shop) =>
      runShop(world, ledger, { shop, random: seedOf(1 + shop), alone, isOver }),
    ),
  ]
  const watched = Promise.all(actors)
  watched.catch(() => {
    load.isOver = true // an actor that failed ends the run; it rejects below
  })
  const random = seedOf(100)
  while (ledger.kills < options.kills && !isOver()) {
    if (random.chance(EARLY_SHARE)) await sleep(random.between(...START_MS))
    else {
      await waitFor('the API to listen', () => listens(world), LISTEN_DEADLINE_MS)
      await sleep(random.between(...WORK_MS))
    }
    if (!(await listens(world))) ledger.earlyKills += 1
    await world.gateway.kill()
    ledger.kills += 1
    await world.gateway.start({ expectReady: false })
  }
  load.isOver = true
  await world.gateway.waitReady()
  await watched
  return ledger
}

async function listens({ gateway }: PaymentWorld): Promise<boolean> {
  return (await fetch(`${gateway.url}/healthz`).catch(() => null)) !== null
}

type Actor = {
  readonly random: Random
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>
  readonly isOver: () => boolean
}

async function runShop(
  world: PaymentWorld,
  ledger: Ledger,
  { shop, random, alone, isOver }: Actor & { readonly shop: number },
): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const key = `shop-${shop}-order-${n}`
    const order: Order = {
      key,
      invoice: await orderUntilAcknowledged(world, key),
      plan: random.pick(PLANS),
      sent: new Map(),
    }
    ledger.orders.push(order)
    for (const units of splitPayment(unitsDue(order.invoice, world.usdc.asset), order.plan)) {
      const hash = await alone(() => payInvoice(world, order.invoice, { units }))
      order.sent.set(hash, units)
    }
    await sleep(random.between(...ORDER_PAUSE_MS))
  }
}

/** The answers of one key must be one answer, however often it was asked and whoever died. */
export async function orderUntilAcknowledged(world: PaymentWorld, key: string): Promise<any> {
  const body = { price: PRICE, accept: [world.usdc.asset], order_id: key }
  for (;;) {
    const headers = { 'idempotency-key': key }
    const answer: Answer | null = await world.gateway
      .request('POST', '/v1/invoices', body, headers)
      .catch(() => null)
    if (answer?.status === 201) return answer.body
    // 409: the first try is still being worked on. 503: the chain was not looked at yet.
    if (answer !== null && answer.status !== 409 && answer.status !== 503) {
      throw new Error(`order ${key}: ${answer.status} ${JSON.stringify(answer.body)}`)
    }
    await sleep(50)
  }
}

function splitPayment(due: bigint, plan: PaymentPlan): bigint[] {
  switch (plan) {
    case 'none':
      return []
    case 'exact':
      return [due]
    case 'in_parts':
      return [due / 3n, due - due / 3n]
    case 'too_much':
      return [due + 1n]
    case 'too_little':
      return [due - 1n]
  }
}

async function mineBlocks(
  { chain }: PaymentWorld,
  ledger: Ledger,
  { random, alone, isOver }: Actor,
): Promise<void> {
  while (!isOver()) {
    await sleep(random.between(...BLOCK_PAUSE_MS))
    await alone(async () => {
      if (random.chance(REORG_SHARE)) {
        await replaceBlocks(chain, random.between(1, REORG_DEPTH_MAX), random)
        ledger.reorgs += 1
      }
      await chain.mine(1)
      ledger.blocks += 1
    })
  }
}

/** The same transactions in the same order, in other blocks. */
async function replaceBlocks(chain: PaymentWorld['chain'], depth: number, random: Random) {
  const head = await chain.blockNumber()
  const hashes: Hex[] = []
  for (let number = head - depth + 1; number <= head; number++) {
    const parameters = [`0x${number.toString(16)}`, false]
    const block = await chain.rpc<{ transactions: Hex[] }>('eth_getBlockByNumber', parameters)
    hashes.push(...block.transactions)
  }
  const raws = await Promise.all(hashes.map((hash) => chain.rawTransaction(hash)))
  const places = raws.map(() => random.below(depth)).sort((a, b) => a - b)
  await chain.reorg({ depth, transactions: raws.map((raw, i) => [raw, places[i] as number]) })
}

function createMutex(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task)
    last = result.catch(() => undefined)
    return result
  }
}
