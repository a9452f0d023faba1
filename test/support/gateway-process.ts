/** The gateway as users run it: a process of its own, a SQLite file, a configuration file. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { guardAgainstOrphan } from '../../hardhat-local/src/guard-against-orphan.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/entrypoints/cli/quittance.js', import.meta.url))
/** As `npm start` and the deployments of docs/operating/deploy.md run it. */
export const SERVER_FLAGS = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--initial-heap-size=124',
  '--disable-proto=delete',
]
const READY_DEADLINE_MS = 20_000
const POLL_MS = 25

/** Account key of the well-known test mnemonic, m/44'/60'/0'. No real money ever goes to it. */
export const TEST_XPUB =
  'xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP'
export const TEST_MNEMONIC = 'test test test test test test test test test test test junk'

/** Most of a start is compiling modules: with what the last one kept it takes half the time. */
export const QUICK_START = { NODE_COMPILE_CACHE: join(tmpdir(), 'quittance-compile-cache') }

export type Answer<T = any> = { status: number; body: T; headers: Headers }

export type GatewayProcess = {
  readonly url: string
  readonly apiKey: string
  readonly folder: string
  readonly configPath: string
  /** Everything the process wrote so far, over all starts. */
  output(): string
  start(options?: StartOptions): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, as a power cut or the OOM killer would. */
  kill(): Promise<void>
  exitCode(): number | null
  /** True before the first start, and once the process is gone, however it went. */
  hasEnded(): boolean
  waitReady(): Promise<void>
  /** Sends a message to a process started with `channel`, and resolves when it has taken it. */
  tell(message: number | string): Promise<void>
  request<T = any>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>
  /** Runs a command of the tool on this installation. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** The same while it runs, for what must not come to its end. */
  spawnTool(...args: string[]): ChildProcess
  /** `quittance check`: the number of violations must be zero. */
  dispose(): Promise<void>
}

export type StartOptions = {
  args?: readonly string[]
  expectReady?: boolean
  /** For this start only. */
  env?: Record<string, string>
  /** With a channel for `tell`. */
  channel?: boolean
}

export type GatewayOptions = {
  /** The configuration file's content. */
  config: object
  env?: Record<string, string>
}

/** Prepares an installation in a folder of its own; `start` runs it. */
export async function prepareGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'quittance-e2e-'))
  const configPath = join(folder, 'quittance.config.json')
  writeFileSync(configPath, JSON.stringify(options.config))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const apiKey = `qk_${randomBytes(24).toString('hex')}`
  const env = {
    ...inheritedEnvironment(),
    ...QUICK_START,
    QUITTANCE_CONFIG: configPath,
    QUITTANCE_XPUB: TEST_XPUB,
    QUITTANCE_API_KEY: apiKey,
    QUITTANCE_PORT: String(port),
    QUITTANCE_WEBHOOK_SCHEDULE: '1s,2s,3s',
    ...options.env,
  }
  let child: ChildProcess | null = null
  let output = ''

  const hasEnded = () => child === null || child.exitCode !== null || child.signalCode !== null

  async function start(start: StartOptions = {}) {
    const { args = [], expectReady = true, env: extra = {}, channel = false } = start
    const started = spawn(process.execPath, [...SERVER_FLAGS, LAUNCHER, 'serve', ...args], {
      cwd: folder,
      env: { ...env, ...extra },
      stdio: channel ? ['pipe', 'pipe', 'pipe', 'ipc'] : 'pipe',
    })
    const release = guardAgainstOrphan(started)
    started.once('exit', release)
    child = started
    for (const stream of [started.stdout, started.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8')
      })
    }
    if (expectReady) await waitReady()
  }

  async function waitReady() {
    await waitFor(
      'the gateway to be ready',
      async () => {
        if (hasEnded()) {
          const how = child?.exitCode ?? child?.signalCode
          throw new Error(`the gateway exited with ${how}:\n${output.slice(-2_000)}`)
        }
        const answer = await fetch(`${url}/readyz`).catch(() => null)
        return answer?.status === 200
      },
      READY_DEADLINE_MS,
    )
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const running = child
    if (running === null || running.exitCode !== null || running.signalCode !== null) {
      return running?.exitCode ?? null
    }
    const ended = new Promise<number | null>((resolve) => running.once('exit', resolve))
    running.kill(signal)
    return ended
  }

  return {
    url,
    apiKey,
    folder,
    configPath,
    output: () => output,
    start,
    stop: () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL')
    },
    exitCode: () => child?.exitCode ?? null,
    hasEnded,
    waitReady,
    async tell(message) {
      const running = child
      if (running === null) throw new Error('nobody to tell')
      const taken = once(running, 'message', { signal: AbortSignal.timeout(READY_DEADLINE_MS) })
      running.send(message)
      await taken
    },
    request: (method, path, body, headers = {}) =>
      requestJson(url, apiKey, method, path, body, headers),
    run: (...args) => runTool(args, folder, env),
    spawnTool: (...args) => spawn(process.execPath, [LAUNCHER, ...args], { cwd: folder, env }),
    async dispose() {
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Polls until true; rejects with what was waited for. */
export async function waitFor(
  what: string,
  isDone: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await sleep(POLL_MS)
  }
}

async function requestJson(
  url: string,
  apiKey: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const hasBody = body !== undefined
  const answer = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(hasBody ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  return {
    status: answer.status,
    body: isJson && text !== '' ? JSON.parse(text) : text,
    headers: answer.headers,
  }
}

function runTool(
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [LAUNCHER, ...args], { cwd, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, stdout, stderr })
    })
  })
}

/** Ours without the settings of whoever runs the tests. */
function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('QUITTANCE_') || name.startsWith('npm_')
        ? []
        : [[name, value]],
    ),
  )
}
