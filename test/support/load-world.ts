/**
 * A gateway as `npm start` runs it on a node of prepared blocks, which costs far less than the
 * gateway that reads from it: what load scenarios measure is the gateway.
 *
 *   LOAD=full npx vitest run test/e2e/load-addresses.test.ts
 *
 * takes the numbers of the scenarios; without it they are scaled down to what CI has time for.
 */
import {
  type ChainNode,
  type ConfigOptions,
  describeConfig,
  startChainNode,
} from '../../bench/support/chain-node.ts'
import { type Gateway, prepareGateway } from '../../bench/support/gateway.ts'
import type { PlannedTransfer } from '../../bench/support/make-blocks.ts'
import { randomHex } from '../../bench/support/make-blocks.ts'
import { wallMs } from '../../bench/support/own-process.ts'
import { type Receiver, startReceiver } from '../../bench/support/receiver.ts'

export type LoadWorld = {
  readonly node: ChainNode
  readonly gateway: Gateway
  readonly receiver: Receiver
}

export type LoadOptions = Pick<
  ConfigOptions,
  'pollMs' | 'confirmations' | 'nativeMode' | 'byLogs' | 'dustUnits'
> & {
  /** How many will follow the first ones, so that the last is about now. */
  readonly blocks: number
}

/** Below everything that follows, so that the first start has something to begin at. */
const EARLY_BLOCKS = 40
const LOOK_EVERY_MS = 50
/** Strangers who are paid again and again, as on a real chain. */
const STRANGERS = Array.from({ length: 20_000 }, () => randomHex(20))

/** All are gone afterwards, however `run` ends. The gateway is not started yet. */
export async function withLoadWorld(
  { blocks, ...options }: LoadOptions,
  run: (world: LoadWorld) => Promise<void>,
): Promise<void> {
  const node = await startChainNode(EARLY_BLOCKS + blocks)
  const receiver = await startReceiver()
  try {
    await node.extend(planBlocks(EARLY_BLOCKS, 0))
    const config = describeConfig({ rpc: node.url, ...options })
    const gateway = await prepareGateway({ config, allowedHosts: receiver.host })
    try {
      await run({ node, gateway, receiver })
    } finally {
      await gateway.dispose()
    }
  } finally {
    await receiver.stop()
    await node.stop()
  }
}

let stranger = 0

/** Blocks of so many transfers, none of them to us but those that are given for a block. */
export function planBlocks(
  count: number,
  transfers: number,
  paidAt: (block: number) => readonly PlannedTransfer[] = () => [],
): PlannedTransfer[][] {
  return Array.from({ length: count }, (_, block) => [
    ...Array.from({ length: transfers }, (_, place) => ({
      to: STRANGERS[(stranger++ * 7_919) % STRANGERS.length] as `0x${string}`,
      units: BigInt(place + 1) * 1_000n,
    })),
    ...paidAt(block),
  ])
}

/** The longest that a small answer of the API took while `work` was under way. */
export async function timeAnswers(gateway: Gateway, work: Promise<unknown>): Promise<number> {
  let isDone = false
  const ended = work.finally(() => {
    isDone = true
  })
  let slowestMs = 0
  while (!isDone) {
    const startMs = wallMs()
    await gateway.request('GET', '/v1/invoices?limit=1')
    slowestMs = Math.max(slowestMs, wallMs() - startMs)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  await ended
  return slowestMs
}
