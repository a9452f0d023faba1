/** The largest block there is: how long until it is committed, and what the API feels of it. */
import type { ChainNode } from '../support/chain-node.ts'
import type { Figure } from '../support/figures.ts'
import { type Gateway, waitForCursor } from '../support/gateway.ts'
import { randomHex } from '../support/make-blocks.ts'
import { readMemory, wallMs } from '../support/own-process.ts'

const LOGS = 30_000
const LOGS_PER_TRANSACTION = 20
const LOOK_EVERY_MS = 10
/** As the design asks: a block of 34,000 logs. */
const BLOCK_MS = 5_000
const API_WAIT_MS = 1_000
const RSS_MB = 512

/** A block of transfers to strangers on top of the chain that the stopped gateway has followed. */
export async function measureBigBlock(gateway: Gateway, node: ChainNode): Promise<Figure[]> {
  await gateway.start()
  const transfers = Array.from({ length: LOGS }, (_, n) => ({
    to: randomHex(20),
    units: BigInt(n + 1),
  }))
  const head = await node.extend([transfers], LOGS_PER_TRANSACTION)
  const startMs = wallMs()
  let isDone = false
  const answering = timeAnswers(gateway, () => isDone)
  const tookMs = (await waitForCursor(gateway, head, LOOK_EVERY_MS)) - startMs
  isDone = true
  const slowestMs = await answering
  const memory = readMemory(gateway.pid())
  await gateway.stop()
  const figure = (name: string, unit: string, value: number, limit: number): Figure => ({
    name: `block of ${LOGS} logs: ${name}`,
    unit,
    value,
    floor: null,
    target: { kind: 'limit', limit },
  })
  const figures = [
    figure('shown to proven and committed', 'ms', tookMs, BLOCK_MS),
    figure('longest answer of the API meanwhile', 'ms', slowestMs, API_WAIT_MS),
  ]
  if (memory === null) return figures
  return [...figures, figure('resident memory at its highest', 'MB', memory.peakMb, RSS_MB)]
}

/** Asks for something small again and again; the longest that an answer took. */
async function timeAnswers({ url }: Gateway, isDone: () => boolean): Promise<number> {
  let slowestMs = 0
  while (!isDone()) {
    const startMs = wallMs()
    await (await fetch(`${url}/healthz`)).text()
    slowestMs = Math.max(slowestMs, wallMs() - startMs)
  }
  return slowestMs
}
