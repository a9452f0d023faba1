/** Webhooks per second that the dispatcher gets rid of, beside bare posts. */
import { MAX_PER_ENDPOINT } from '../../src/operations/dispatch-webhooks.ts'
import { describeConfig, startChainNode } from '../support/chain-node.ts'
import { type Figure, median } from '../support/figures.ts'
import { prepareGateway, waitFor } from '../support/gateway.ts'
import { runLoad } from '../support/http-load.ts'
import { startPart } from '../support/own-process.ts'
import type { PosterRequest } from './bare-poster.ts'
import type { Count, ReceiverCommand } from './receiver-part.ts'

export type DeliveriesPlan = { readonly rounds: number; readonly deliveries: number }

const ENDPOINTS = 8
const EARLY_BLOCKS = 20
const BODY_BYTES = 2_500
const DEADLINE_MS = 120_000

/**
 * Deliveries are queued while no dispatcher runs; then one starts and drains them. Each round has
 * one endpoint, as most shops have, and then several.
 */
export async function measureDeliveries(plan: DeliveriesPlan): Promise<Figure[]> {
  const one = await measure(plan, 1)
  const several = await measure(plan, ENDPOINTS)
  return [one, several]
}

async function measure(plan: DeliveriesPlan, endpoints: number): Promise<Figure> {
  const node = await startChainNode(EARLY_BLOCKS)
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const receiver = startPart(new URL('./receiver-part.ts', import.meta.url))
  const poster = startPart(new URL('./bare-poster.ts', import.meta.url))
  const tell = <Answer>(command: ReceiverCommand) => receiver.ask<Answer>(command)
  const host = await tell<string>('listen')
  const config = describeConfig({ rpc: node.url, pollMs: 250, confirmations: 12 })
  const gateway = await prepareGateway({ config, allowedHosts: host })
  const inFlight = endpoints * MAX_PER_ENDPOINT
  try {
    await gateway.start({ roles: 'api,watch' })
    for (let number = 0; number < endpoints; number++) {
      const url = `http://${host}/hooks/${number}`
      await gateway.request('POST', '/v1/webhook-endpoints', { url, events: ['*'] })
    }
    await runLoad({
      url: gateway.url,
      path: '/v1/invoices',
      connections: 20,
      requests: Math.ceil(plan.deliveries / endpoints),
      headers: () => [`Authorization: Bearer ${gateway.apiKey}`],
      body: () => JSON.stringify({ price: { amount: '25.00', currency: 'USD' } }),
    })
    await gateway.stop()
    gateway.snapshot()
    const rounds: number[] = []
    const floors: number[] = []
    for (let round = 0; round < plan.rounds; round++) {
      const url = `http://${host}/bare`
      const request: PosterRequest = {
        url,
        posts: plan.deliveries,
        inFlight,
        bodyBytes: BODY_BYTES,
      }
      floors.push(await poster.ask<number>(request))
      await tell('reset')
      gateway.restore()
      await gateway.start({ waitReady: false })
      const isDone = async () => (await tell<Count>('count')).received >= plan.deliveries
      await waitFor('all webhooks to arrive', DEADLINE_MS, isDone)
      rounds.push((await tell<Count>('count')).perS)
      await gateway.stop()
    }
    return {
      name: `webhooks, ${endpoints === 1 ? 'one endpoint' : `${endpoints} endpoints`}, ${inFlight} in flight`,
      unit: '/s',
      value: median(rounds),
      floor: { what: `bare posts, ${inFlight} in flight`, value: median(floors) },
      target: null,
      rounds,
      floorRounds: floors,
    }
  } finally {
    await gateway.dispose()
    await poster.stop()
    await receiver.stop()
    await node.stop()
  }
}
