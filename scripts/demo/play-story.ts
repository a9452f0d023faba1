/** The whole story by itself: create, pay, confirm, settle, a reorg takes it back, paid again. */
import type { Order } from '../../examples/shop/orders.ts'
import { createStage, type Print, type Stage } from './stage.ts'
import { CONFIRMATIONS, type World } from './start-world.ts'

/** Plays the story and prints a timeline. Rejects with the step that failed. */
export async function playStory(world: World, print: Print): Promise<void> {
  const stage = createStage(world, print)
  const { tell, expectEvent, expectStatus, expectOrder } = stage
  const { chain } = world
  const order = await stage.click('/buy', { product: 'books' })
  const invoice = await stage.getInvoice(order)
  const usdc = invoice.payment_options.find(({ symbol }) => symbol === 'USDC')
  if (usdc === undefined) throw new Error('create: the invoice does not offer USDC')
  tell('shop', `order ${order.id}: invoice ${invoice.id} for ${usdc.amount_due} USDC`)
  tell('gateway', `address of this order alone: ${invoice.address}`)
  await expectEvent(order, 'invoice.created')

  const units = BigInt(usdc.amount_due_units)
  const to = invoice.address as `0x${string}`
  const pay = async () => {
    const hash = await chain.sendToken({ token: world.usdc, to, units })
    await chain.mine(1)
    tell('shopper', `pays ${usdc.amount_due} USDC, transaction ${hash.slice(0, 18)}...`)
  }
  await pay()
  await expectEvent(order, 'invoice.processing')
  await stage.confirm()
  await expectStatus(order, 'settled')
  await expectEvent(order, 'invoice.settled')
  await expectOrder(order, 'paid')

  const depth = CONFIRMATIONS + 3
  tell('chain', `a reorg replaces the last ${depth} blocks, without the payment`)
  await chain.reorg({ depth })
  await chain.mine(1)
  await expectStatus(order, 'reversed')
  await expectEvent(order, 'payment.orphaned')
  await expectEvent(order, 'invoice.reversed')
  await expectOrder(order, 'taken back')

  await pay()
  await stage.confirm()
  await expectStatus(order, 'settled')
  await expectEvent(order, 'invoice.settled', 2)
  await expectOrder(order, 'paid')
  checkSequence(stage, order)
  for (const { position, amount, tx_hash } of (await stage.getInvoice(order)).payments) {
    tell('gateway', `payment of ${amount} USDC ${position} (${tx_hash?.slice(0, 18)}...)`)
  }
  stage.close()
}

/** R5: the shop got 1, 2, 3 ... without a gap, in order. */
export function checkSequence({ eventsOf }: Stage, order: Order): void {
  const sequence = eventsOf(order).map((event) => event.sequence)
  if (!sequence.every((number, i) => number === i + 1)) {
    throw new Error(`webhooks: the sequence is ${sequence.join(', ')}`)
  }
}
