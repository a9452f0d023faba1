/** How soon an event is told when a third of the receivers fail, beside bare posts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describeConfig, startChainNode } from '../support/chain-node.ts'
import { type Figure, percentile } from '../support/figures.ts'
import { prepareGateway, waitFor } from '../support/gateway.ts'
import { startPart } from '../support/own-process.ts'
import { postBare } from '../support/post-bare.ts'
import type { AttemptsCommand, Behaviour, Waits } from './attempts-receiver.ts'

export type FirstAttemptsPlan = { readonly durationMs: number }

const DELIVERIES_PER_MINUTE = 1_000
/** Three of ten fail, each in its own way. */
const ENDPOINTS: readonly Behaviour[] = [
  ...Array.from({ length: 7 }, () => 'ok' as const),
  ...(['error', 'reset', 'mute'] as const),
]
/** From the commit of an event to its first attempt, for the slowest in a hundred. */
const P99_MS = 500
/** An endpoint that never answers has four attempts under way for 10 s each, and waits for itself. */
const ANSWERING: readonly Behaviour[] = ['ok', 'error', 'reset']
const EARLY_BLOCKS = 20
const BARE_POSTS = 300
const BODY_BYTES = 2_500
const DEADLINE_MS = 60_000

/**
 * Invoices are created at an even pace; each is an event for every endpoint. Waits count from the time
 * in the event, which is taken before its commit.
 */
export async function measureFirstAttempts(plan: FirstAttemptsPlan): Promise<Figure[]> {
  const node = await startChainNode(EARLY_BLOCKS)
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const receiver = startPart(new URL('./attempts-receiver.ts', import.meta.url))
  const tell = <Answer>(command: AttemptsCommand) => receiver.ask<Answer>(command)
  const host = await tell<string>('listen')
  const config = describeConfig({ rpc: node.url, pollMs: 250, confirmations: 12 })
  const gateway = await prepareGateway({ config, allowedHosts: host })
  try {
    await gateway.start()
    for (const [number, behaviour] of ENDPOINTS.entries()) {
      const url = `http://${host}/${behaviour}/${number}`
      await gateway.request('POST', '/v1/webhook-endpoints', { url, events: ['invoice.created'] })
    }
    const invoices = Math.ceil(
      (DELIVERIES_PER_MINUTE * plan.durationMs) / 60_000 / ENDPOINTS.length,
    )
    const startedMs = performance.now()
    for (let number = 0; number < invoices; number++) {
      const dueMs = startedMs + (number * plan.durationMs) / invoices
      await sleep(Math.max(0, dueMs - performance.now()))
      const price = { amount: '25.00', currency: 'USD' }
      await gateway.request('POST', '/v1/invoices', { price })
    }
    const answering = ENDPOINTS.filter((one) => ANSWERING.includes(one)).length
    const read = async () => {
      const waits = await tell<Waits>('waits')
      return ANSWERING.flatMap((one) => waits[one])
    }
    const isDone = async () => (await read()).length >= invoices * answering
    await waitFor('first attempts', DEADLINE_MS, isDone)
    return [
      describe(
        (await read()).sort((a, b) => a - b),
        await measureBarePosts(host),
      ),
    ]
  } finally {
    await gateway.dispose()
    await receiver.stop()
    await node.stop()
  }
}

async function measureBarePosts(host: string): Promise<number[]> {
  const body = JSON.stringify({ filler: 'x'.repeat(BODY_BYTES) })
  const took: number[] = []
  for (let post = 0; post < BARE_POSTS; post++) took.push(await postBare(`http://${host}/`, body))
  return took.sort((a, b) => a - b)
}

function describe(waits: readonly number[], bare: readonly number[]): Figure {
  const share = 0.99
  return {
    name: `webhooks at ${DELIVERIES_PER_MINUTE} a minute, 30 % failing: first attempt, p99`,
    unit: 'ms',
    value: percentile(waits, share),
    floor: { what: 'a bare post', value: percentile(bare, share) },
    target: { kind: 'limit', limit: P99_MS },
  }
}
