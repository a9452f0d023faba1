/** What goes wrong with payments, each as a story that begins with one click in the shop. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Order } from '../../examples/shop/orders.ts'
import { isRehearsal, REHEARSALS, type RehearsalName } from '../../examples/shop/rehearsals.ts'
import { checkSequence } from './play-story.ts'
import { createStage, type Print, type Stage } from './stage.ts'
import { CONFIRMATIONS, type World } from './start-world.ts'

export const MISHAPS = Object.keys(REHEARSALS).filter(isRehearsal)

/** Blocks are dated in whole seconds: this much after the deadline is after it on the chain, too. */
const AFTER_DEADLINE_MS = 1_100

/** Where the shopper wants the money; nobody's. */
const SHOPPER_ADDRESS = '0x000000000000000000000000000000000000c0de'

const PLAYS: Readonly<Record<RehearsalName, (stage: Stage, order: Order) => Promise<void>>> = {
  underpaid: playUnderpaid,
  overpaid: playOverpaid,
  late: playLate,
  'wrong-token': (stage, order) => playUnexpected(stage, order, 'chain'),
  'wrong-chain': (stage, order) => playUnexpected(stage, order, 'secondChain'),
  refund: playRefund,
}

/** Plays one mishap and prints a timeline. Rejects with the step that failed. */
export async function playMishap(world: World, name: RehearsalName, print: Print): Promise<Order> {
  const stage = createStage(world, print)
  const order = await stage.click(`/rehearsals/${name}`)
  stage.tell('shop', `order ${order.id}: ${REHEARSALS[name].toLowerCase()}`)
  await PLAYS[name](stage, order)
  checkSequence(stage, order)
  stage.close()
  return order
}

/** Half of it, and later the rest: the same address, the same invoice. */
async function playUnderpaid(stage: Stage, order: Order): Promise<void> {
  await stage.world.chain.mine(1)
  await stage.expectEvent(order, 'invoice.underpaid')
  await expectOpen(stage, order, ({ underpaid }) => underpaid)
  stage.tell('shop', order.story.at(-1) ?? '')
  await stage.click(`/orders/${order.id}/pay`)
  await stage.world.chain.mine(1)
  stage.tell('shopper', 'pays the rest')
  await stage.confirm()
  await stage.expectOrder(order, 'paid')
}

/** Settled all the same; what is over is told, to be given back. */
async function playOverpaid(stage: Stage, order: Order): Promise<void> {
  await stage.world.chain.mine(1)
  await stage.expectEvent(order, 'invoice.processing')
  await stage.confirm()
  await stage.expectOrder(order, 'paid')
  await stage.expectEvent(order, 'invoice.overpaid')
  const { payment_options, paid } = await stage.getInvoice(order)
  if (!paid.overpaid) throw new Error('overpaid: the invoice does not say so')
  stage.tell('gateway', `over: ${payment_options[0]?.excess} ${payment_options[0]?.symbol}`)
}

/** Asked for by a click, paid from the merchant's wallet, recognised on the chain. */
async function playRefund(stage: Stage, order: Order): Promise<void> {
  const { chain } = stage.world
  await playOverpaid(stage, order)
  await stage.waitFor('the offer of a refund', () => order.canRefund)
  await stage.click(`/orders/${order.id}/refund`, { destination: SHOPPER_ADDRESS })
  await stage.expectEvent(order, 'refund.requested')
  // The wallet pays when it hears of it; what it sent is in the block after that.
  await stage.waitFor('a transaction of the merchant', async () => {
    await chain.mine(1)
    return stage.eventsOf(order).some(({ type }) => type === 'refund.sent')
  })
  await stage.confirm()
  await stage.expectEvent(order, 'refund.confirmed')
  stage.tell('shop', order.story.at(-1) ?? '')
  const token = stage.world.usdc
  const received = await chain.tokenBalance(token, SHOPPER_ADDRESS)
  if (received === 0n) throw new Error('refund: nothing came to the shopper')
}

/** Stays expired until a person at the shop accepts what came. */
async function playLate(stage: Stage, order: Order): Promise<void> {
  const { chain } = stage.world
  const { expires_at } = await stage.getInvoice(order)
  await sleep(Date.parse(expires_at) + AFTER_DEADLINE_MS - Date.now())
  await stage.waitFor('the chain past the deadline, at its depth', async () => {
    await chain.mine(1)
    return order.state === 'expired'
  })
  stage.tell('shop', `order ${order.id} is expired`)
  await stage.waitFor('a late payment', async () => {
    await chain.mine(1)
    return (await stage.getInvoice(order)).payments_total > 0
  })
  await stage.confirm()
  await stage.expectEvent(order, 'invoice.paid_late')
  await stage.waitFor('the late payment in the shop', () => order.canAccept)
  stage.tell('merchant', 'accepts what came')
  await stage.click(`/orders/${order.id}/accept`)
  await stage.expectOrder(order, 'paid')
}

/** Seen and told, and counted for nothing. */
async function playUnexpected(
  stage: Stage,
  order: Order,
  where: 'chain' | 'secondChain',
): Promise<void> {
  const chain = stage.world[where]
  if (chain === null) throw new Error('a second chain: this world has none')
  await chain.mine(1)
  await stage.expectEvent(order, 'payment.unexpected')
  stage.tell('shop', order.story.at(-1) ?? '')
  await chain.mine(CONFIRMATIONS)
  await expectOpen(stage, order, ({ underpaid }) => !underpaid)
  await stage.expectOrder(order, 'waiting')
}

type PaidFacts = Awaited<ReturnType<Stage['getInvoice']>>['paid']

async function expectOpen(stage: Stage, order: Order, holds: (paid: PaidFacts) => boolean) {
  const { status, paid } = await stage.getInvoice(order)
  if (status !== 'open' || !holds(paid)) {
    throw new Error(`the invoice: ${status}, ${JSON.stringify(paid)}`)
  }
}
