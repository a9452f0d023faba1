/**
 * Usage: node --expose-gc measure-sends.ts URL COUNT [URL COUNT]... Sends to one after the other, each
 * so many at once, with the limits of the product, and prints what it took (SendReport[]) as JSON. A
 * process of its own: the memory is that of the sender and of nothing else.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSystemClock } from '../../src/adapters/system/clock.ts'
import { parseAllowedHosts } from '../../src/adapters/webhook-http/address-guard.ts'
import { createWebhookSender } from '../../src/adapters/webhook-http/webhook-sender.ts'

export type SendReport = {
  /** `answered 200`, or the reason of the failure; one per attempt. */
  readonly outcomes: readonly string[]
  readonly shortestMs: number
  readonly longestMs: number
  /** Of the attempt that read most. */
  readonly bytesReadMax: number
  /** Open sockets once all attempts have ended. */
  readonly socketsLeft: number
  /** Resident set after the attempts, less what it was before them. */
  readonly grownBytes: number
}

/** Sockets close, and memory is given back, soon after an attempt has ended; not at once. */
const SETTLE_MS = 300

const [...words] = process.argv.slice(2)
const rounds = Array.from({ length: words.length / 2 }, (_, i) => ({
  url: words[2 * i] as string,
  count: Number(words[2 * i + 1]),
}))
const sender = createWebhookSender({
  clock: createSystemClock(),
  allowedHosts: parseAllowedHosts(rounds.map(({ url }) => new URL(url).host)),
})
let sockets: Socket[] = []
subscribe('net.client.socket', (message) => {
  sockets.push((message as { socket: Socket }).socket)
})

const reports: SendReport[] = []
for (const round of rounds) reports.push(await measure(round))
process.stdout.write(JSON.stringify(reports))

async function measure(round: { url: string; count: number }): Promise<SendReport> {
  const before = await readResidentBytes()
  sockets = []
  const results = await Promise.all(
    Array.from({ length: round.count }, () => {
      return sender.send({ url: round.url, headers: {}, body: '{}' })
    }),
  )
  const durations = results.map(({ durationMs }) => durationMs)
  await sleep(SETTLE_MS)
  const bytesReadMax = Math.max(...sockets.map(({ bytesRead }) => bytesRead))
  sockets = []
  return {
    outcomes: results.map((result) =>
      result.kind === 'failed' ? result.reason : `answered ${result.status}`,
    ),
    shortestMs: Math.min(...durations),
    longestMs: Math.max(...durations),
    bytesReadMax,
    socketsLeft: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    grownBytes: (await readResidentBytes()) - before,
  }
}

async function readResidentBytes(): Promise<number> {
  globalThis.gc?.()
  await sleep(SETTLE_MS)
  globalThis.gc?.()
  return process.memoryUsage.rss()
}
