/** The limits of an attempt against receivers that waste time and memory, in a process of its own. */
import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import * as hostile from '../support/hostile-receiver.ts'
import { allow } from '../support/load-figures.ts'
import type { SendReport } from '../support/measure-sends.ts'

const PROGRAM = fileURLToPath(new URL('../support/measure-sends.ts', import.meta.url))
const DEADLINE_MS = 10_000
const TOLERANCE_MS = 1_000
/** What is read and kept of a body. */
const BODY_BYTES = 64 * 1024
/** The socket hands over as much at a time: the read that crosses a limit was made already. */
const READ_BYTES = 64 * 1024
const MEGABYTE = 1024 ** 2
const MANY = 200

vi.setConfig({ testTimeout: 90_000 })

async function startReceiver(respond: hostile.Answers): Promise<hostile.Receiver> {
  const receiver = await hostile.startReceiver({ respond })
  onTestFinished(() => receiver.stop())
  return receiver
}

/** What came of so many attempts at once, one round after the other. */
async function measure(rounds: readonly (readonly [url: string, count: number])[]) {
  const words = rounds.flatMap(([url, count]) => [url, String(count)])
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--no-warnings', PROGRAM, ...words],
    { maxBuffer: MEGABYTE },
  )
  return JSON.parse(stdout) as SendReport[]
}

test('WH-09 200 that accept and never answer end at the deadline; nothing stays behind', async () => {
  const mute = await startReceiver(hostile.neverAnswer)
  const healthy = await startReceiver(200)
  const reports = await measure([
    [healthy.url, MANY],
    [mute.url, MANY],
    [mute.url, MANY],
  ])
  const [warm, first, second] = reports as [SendReport, SendReport, SendReport]
  expect(warm.outcomes).toEqual(Array(MANY).fill('answered 200'))
  expect(mute.countConnections()).toBe(2 * MANY)
  for (const report of [first, second]) {
    expect(report.outcomes).toEqual(Array(MANY).fill('timeout'))
    expect(report.shortestMs).toBeGreaterThanOrEqual(DEADLINE_MS - TOLERANCE_MS)
    expect(report.longestMs).toBeLessThanOrEqual(DEADLINE_MS + allow(TOLERANCE_MS))
    expect(report.bytesReadMax).toBe(0)
    expect(report.socketsLeft).toBe(0)
  }
  // The first ones may cost what is allocated once; the next two hundred cost nothing more.
  expect(second.grownBytes).toBeLessThan(5 * MEGABYTE)
})

/** 200 and the announcement of 1 GB, poured as fast as the sender reads. */
const gigabyteBody: hostile.Answer = (_request, response) => {
  const chunk = Buffer.alloc(BODY_BYTES, 'x')
  let left = 1024 ** 3
  response.writeHead(200, { 'content-length': String(left) })
  const pour = (): void => {
    while (!response.destroyed && left > 0) {
      left -= chunk.length
      if (!response.write(chunk)) return
    }
  }
  response.on('drain', pour)
  pour()
}

/** Headers without end, none of them long. */
const endlessHeaders: hostile.Answer = (_request, response) => {
  const { socket } = response
  socket?.write('HTTP/1.1 200 OK\r\n')
  const timer = setInterval(() => socket?.write(`x-filler-${'y'.repeat(500)}: z\r\n`.repeat(20)), 1)
  socket?.on('close', () => clearInterval(timer))
}

/** Interim answers without end: each is a header section of its own. */
const endlessInterim: hostile.Answer = (_request, response) => {
  const { socket } = response
  const timer = setInterval(() => socket?.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)), 1)
  socket?.on('close', () => clearInterval(timer))
}

const AT_ONCE = 20

test.each<[string, hostile.Answer, outcome: string]>([
  ['a body of 1 GB', gigabyteBody, 'answered 200'],
  ['a body without end', hostile.endlessBody, 'answered 200'],
  ['a body that trickles without end', hostile.trickleBody, 'timeout'],
  ['1 MB of headers', hostile.hugeHeaders, 'protocol'],
  ['headers without end', endlessHeaders, 'protocol'],
  ['interim answers without end', endlessInterim, 'protocol'],
  ['invalid HTTP', hostile.invalidHttp, 'protocol'],
  ['another protocol', hostile.switchProtocols, 'protocol'],
  ['half of a header', hostile.closeMidHeader, 'reset'],
  ['less of a body than announced', hostile.breakOffBody, 'reset'],
])('WH-10 %s: over by the deadline, little read, no memory kept', async (_, respond, outcome) => {
  const receiver = await startReceiver(respond)
  const round = [receiver.url, AT_ONCE] as const
  const reports = await measure([round, round, round])
  for (const report of reports) {
    expect(report.outcomes).toEqual(Array(AT_ONCE).fill(outcome))
    expect(report.longestMs).toBeLessThanOrEqual(DEADLINE_MS + allow(TOLERANCE_MS))
    expect(report.bytesReadMax).toBeLessThanOrEqual(BODY_BYTES + 2 * READ_BYTES)
    expect(report.socketsLeft).toBe(0)
  }
  // What is allocated once shows in one round; what is kept shows in each of them.
  const grown = reports.slice(1).map(({ grownBytes }) => grownBytes)
  expect(Math.min(...grown)).toBeLessThan(10 * MEGABYTE)
})
