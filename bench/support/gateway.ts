/** The gateway as users run it, for measuring: a process, a SQLite file, a configuration file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  cpSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { guardProcess, wallMs } from './own-process.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/entrypoints/cli/quittance.js', import.meta.url))
/** m/44'/60'/7' of the public test mnemonic: account 0 has the addresses of anvil's own accounts. */
export const XPUB =
  'xpub6Ce9NcJvTk37JBtr1eY9EsMZtMiNE1eTP4tmjVpfv5jBrmMxag6m2Vx99tzFbrPSgbYYCGJE82UetSJzNurv8JAzgEx2Duh3aa4p5ZW2gHX'
/** As `npm start` runs it. A larger young generation costs memory and cache, and gains little. */
const NODE_FLAGS = readStartFlags()
/** The same for a floor: the gateway asks for the last one itself. */
export const ENGINE_FLAGS = [...NODE_FLAGS, '--no-flush-bytecode']
const READY_DEADLINE_MS = 30_000
const POLL_MS = 10
const CURSOR_DEADLINE_MS = 180_000
/** What a killed process needs to be gone. */
const KILL_MS = 100

export type Gateway = {
  readonly url: string
  readonly apiKey: string
  readonly folder: string
  readonly databasePath: string
  pid(): number
  start(options?: { roles?: string; waitReady?: boolean }): Promise<void>
  /** Of one that was started without waiting. */
  waitReady(): Promise<void>
  stop(): Promise<void>
  request<Body>(method: string, path: string, body?: unknown): Promise<Body>
  /** Another configuration, for the next start. */
  configure(config: object): void
  /** A stopped installation as it is now, for `restore`. */
  snapshot(): void
  restore(): void
  dispose(): Promise<void>
}

export type GatewayOptions = { readonly config: object; readonly allowedHosts?: string }

export async function prepareGateway(options: GatewayOptions): Promise<Gateway> {
  const home = mkdtempSync(join(tmpdir(), 'quittance-bench-'))
  const forget = () => rmSync(home, { recursive: true, force: true })
  // When the benchmark is interrupted; the gateway may write until it is gone.
  const abandon = () => {
    child?.kill('SIGKILL')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, KILL_MS)
    forget()
  }
  process.once('exit', abandon)
  const folder = join(home, 'gateway')
  const kept = join(home, 'kept')
  mkdirSync(folder)
  const configPath = join(folder, 'quittance.config.json')
  writeFileSync(configPath, JSON.stringify(options.config))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const apiKey = `qk_${randomBytes(24).toString('hex')}`
  const env = describeEnvironment(configPath, apiKey, port, options.allowedHosts)
  let child: ChildProcess | null = null
  let output = ''

  const end = async (signal: NodeJS.Signals) => {
    const running = child
    if (running === null || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await ended
  }
  return {
    url,
    apiKey,
    folder,
    databasePath: join(folder, 'data/quittance.db'),
    pid: () => child?.pid as number,
    async start({ roles = 'api,watch,webhooks', waitReady: wait = true } = {}) {
      output = ''
      const started = spawn(process.execPath, [...NODE_FLAGS, LAUNCHER, 'serve', '--role', roles], {
        cwd: folder,
        env,
      })
      guardProcess(started)
      child = started
      for (const stream of [started.stdout, started.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output = (output + chunk.toString('utf8')).slice(-4_000)
        })
      }
      if (wait) await waitReady(url, started, () => output)
    },
    waitReady: () => waitReady(url, child as ChildProcess, () => output),
    stop: () => end('SIGTERM'),
    configure: (config) => writeFileSync(configPath, JSON.stringify(config)),
    request: (method, path, body) => requestJson(url + path, apiKey, method, body),
    snapshot: () => cpSync(folder, kept, { recursive: true }),
    restore() {
      rmSync(folder, { recursive: true, force: true })
      cpSync(kept, folder, { recursive: true })
      writeOut(folder)
    },
    async dispose() {
      await end('SIGTERM')
      process.off('exit', abandon)
      forget()
    },
  }
}

function readStartFlags(): string[] {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { start } = (JSON.parse(text) as { scripts: { start: string } }).scripts
  return start.split(' ').filter((word) => word.startsWith('--'))
}

/** As a stopped installation is: the disk is not busy with its files when it is started. */
function writeOut(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = openSync(join(entry.parentPath, entry.name), 'r+')
    fsyncSync(file)
    closeSync(file)
  }
}

/** Ours without the settings of whoever measures. BENCH_NODE_OPTIONS: e.g. --cpu-prof. */
function describeEnvironment(
  configPath: string,
  apiKey: string,
  port: number,
  allowedHosts: string | undefined,
): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^(QUITTANCE_|npm_|NODE_)/.test(name) ? [] : [[name, value]],
  )
  const nodeOptions = process.env.BENCH_NODE_OPTIONS
  return {
    ...Object.fromEntries(inherited),
    QUITTANCE_CONFIG: configPath,
    QUITTANCE_XPUB: XPUB,
    QUITTANCE_API_KEY: apiKey,
    QUITTANCE_PORT: String(port),
    QUITTANCE_LOG_LEVEL: 'warn',
    ...(allowedHosts === undefined ? {} : { QUITTANCE_WEBHOOK_ALLOWED_HOSTS: allowedHosts }),
    ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
  }
}

async function waitReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  await waitFor('the gateway to be ready', READY_DEADLINE_MS, async () => {
    if (child.exitCode !== null) throw new Error(`the gateway ended:\n${output()}`)
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    return answer?.status === 200
  })
}

type Readiness = {
  readonly chains: readonly { readonly cursor: number | null; readonly state: string }[]
}

/** Until the first chain was polled and is followed to its head. */
export async function waitForPoll({ url }: Gateway): Promise<void> {
  await waitFor('the first poll', READY_DEADLINE_MS, async () => {
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer === null) return false
    const { chains } = (await answer.json()) as Readiness
    return chains[0]?.state === 'ok'
  })
}

/** When the cursor of the first chain, as committed, was seen at a height; by the wall clock. */
export async function waitForCursor(
  { url }: Gateway,
  height: number,
  lookEveryMs: number,
): Promise<number> {
  let doneMs = 0
  await waitFor(
    'the gateway to catch up',
    CURSOR_DEADLINE_MS,
    async () => {
      const answer = await fetch(`${url}/readyz`).catch(() => null)
      if (answer === null) return false
      const { chains } = (await answer.json()) as Readiness
      doneMs = wallMs()
      return chains[0]?.cursor === height
    },
    lookEveryMs,
  )
  return doneMs
}

/** Polls until true; rejects with what was waited for. */
export async function waitFor(
  what: string,
  timeoutMs: number,
  isDone: () => boolean | Promise<boolean>,
  pollMs = POLL_MS,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await sleep(pollMs)
  }
}

async function requestJson<Body>(
  url: string,
  apiKey: string,
  method: string,
  body: unknown,
): Promise<Body> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`)
  return JSON.parse(text)
}
