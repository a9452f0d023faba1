/**
 * What goes wrong with payments, one click each, on a local chain: the gateway pays the order from
 * the node's own wallet, too little, too much, too late, in another token or on another chain.
 */
import type { Asset, QuittanceClient } from 'quittance/client'
import type { Order, OrderBook } from './orders.ts'

export const REHEARSALS = {
  underpaid: 'Half of it is paid',
  overpaid: 'Half as much again is paid',
  late: 'It is paid after the deadline',
  'wrong-token': 'It is paid in another token',
  'wrong-chain': 'It is paid on another chain',
  refund: 'Too much is paid, and given back',
} as const

export type RehearsalName = keyof typeof REHEARSALS

export function isRehearsal(name: string): name is RehearsalName {
  return Object.hasOwn(REHEARSALS, name)
}

/** Seconds that a late order is open: as short as the gateway allows. */
const LATE_EXPIRES_IN_S = 1

export type Rehearsals = {
  /** Places an order and pays it the wrong way. A late one is paid once the gateway says `expired`. */
  play(name: RehearsalName): Promise<Order>
  /** Pays what is waiting for the deadline of this order, if anything is. */
  payAfterDeadline(order: Order): Promise<void>
}

export function createRehearsals(quittance: QuittanceClient, book: OrderBook): Rehearsals {
  const lateOrders = new Set<string>()
  return {
    async play(name) {
      const { usdc, otherToken, otherChain } = await findAssets(quittance)
      const isLate = name === 'late'
      const order = await book.place('books', {
        accept: [usdc.id],
        ...(isLate ? { expiresInS: LATE_EXPIRES_IN_S } : {}),
      })
      const pay = (asset: Asset, amount: string) =>
        quittance.payTestInvoice(order.invoiceId, { asset: asset.id, amount })
      const { priceUsd } = order.product
      if (isLate) lateOrders.add(order.id)
      else if (name === 'underpaid') await pay(usdc, '12.5')
      else if (name === 'overpaid' || name === 'refund') await pay(usdc, '37.5')
      else if (name === 'wrong-token') await pay(otherToken, priceUsd)
      else await pay(otherChain(), priceUsd)
      return order
    },
    async payAfterDeadline(order) {
      if (order.state !== 'expired' || !lateOrders.delete(order.id)) return
      await quittance.payTestInvoice(order.invoiceId)
    },
  }
}

/** The shop asks for USDC on the first local chain; the rest is what payers take for it. */
async function findAssets(quittance: QuittanceClient) {
  const assets = (await quittance.listAssets()).data.filter((asset) => asset.test)
  const need = (asset: Asset | undefined, what: string): Asset => {
    if (asset === undefined) throw new Error(`This takes ${what}, and none is configured.`)
    return asset
  }
  const usdc = need(
    assets.find(({ symbol }) => symbol === 'USDC'),
    'USDC on a local chain',
  )
  const isNear = ({ chain_id }: Asset) => chain_id === usdc.chain_id
  const otherToken = assets.find((asset) => isNear(asset) && asset.token && asset.id !== usdc.id)
  const farUsdc = assets.find((asset) => !isNear(asset) && asset.symbol === usdc.symbol)
  return {
    usdc,
    otherToken: need(otherToken, 'a second token'),
    otherChain: () => need(farUsdc, 'a second local chain with USDC'),
  }
}
