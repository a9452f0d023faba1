import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hex, hexToNumber } from 'viem'
import { findFreePort } from './find-free-port.ts'
import { callRpc } from './json-rpc.ts'

export type StartAnvilOptions = {
  /** Default: a free loopback port. */
  port?: number
  chainId?: number
  /**
   * `manual` (default) mines only when told, `auto` at each transaction, else every `intervalS`.
   */
  mining?: 'manual' | 'auto' | { intervalS: number }
  /** Loaded at start if it exists, written at `stop`. */
  stateFile?: string
  /** Further arguments, such as `['--slots-in-an-epoch', '2']`. */
  args?: readonly string[]
}

export type LocalNode = {
  url: string
  port: number
  chainId: number
  pid: number
  /** Ends the process, which writes its state file first. Safe to call twice. */
  stop(): Promise<void>
  /** Freezes the process: connections are accepted, nothing is answered. */
  pause(): void
  resume(): void
}

const require = createRequire(import.meta.url)

const START_DEADLINE_MS = 15_000
const POLL_INTERVAL_MS = 50
// Writing a large state file takes a while; after this the process is killed.
const STOP_DEADLINE_MS = 10_000
const STDERR_KEPT_CHARS = 4_096

/** Starts anvil on loopback and resolves when it answers. The process never outlives this one. */
export async function startAnvil(options: StartAnvilOptions = {}): Promise<LocalNode> {
  const { chainId = 31_337 } = options
  // Also for a port asked for: else whoever holds it answers before anvil has found out and left.
  const port = await findFreePort(options.port)
  const url = `http://127.0.0.1:${port}`
  const anvil = spawn(findAnvilBinary(), renderArguments(options, port, chainId), {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stderr = collectStderr(anvil)
  // The promise keeps the failure to start (binary missing) from being an uncaught event.
  const exited = new Promise<void>((resolve) => {
    anvil.once('exit', () => resolve())
    anvil.once('error', () => resolve())
  })
  const pid = anvil.pid
  if (pid === undefined) {
    throw new Error(`anvil could not be started: ${findAnvilBinary()} (install Foundry, or npm ci)`)
  }
  const releaseGuard = guardAgainstOrphan(anvil, pid)
  exited.then(releaseGuard)

  const stop = async () => {
    if (hasExited(anvil)) return
    anvil.ref()
    anvil.kill('SIGCONT') // a stopped process does not see SIGTERM
    anvil.kill('SIGTERM')
    const killTimer = setTimeout(() => anvil.kill('SIGKILL'), STOP_DEADLINE_MS)
    await exited
    clearTimeout(killTimer)
  }
  try {
    await waitUntilAnswering(url, chainId, anvil)
  } catch (error) {
    await stop()
    throw new Error(`anvil did not start on port ${port}: ${stderr() || 'it said nothing'}`, {
      cause: error,
    })
  }
  // A test or demo that forgot to stop its node must still be able to end.
  anvil.unref()
  return {
    url,
    port,
    chainId,
    pid,
    stop,
    pause: () => void anvil.kill('SIGSTOP'),
    resume: () => void anvil.kill('SIGCONT'),
  }
}

function renderArguments(options: StartAnvilOptions, port: number, chainId: number): string[] {
  const { mining = 'manual', stateFile, args = [] } = options
  const result = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)]
  result.push('--quiet')
  if (mining === 'manual') result.push('--no-mining')
  else if (mining !== 'auto') result.push('--block-time', String(mining.intervalS))
  if (stateFile !== undefined) result.push('--state', stateFile)
  // Arrival order makes the content of a block predictable; anvil's default sorts by fee.
  if (!args.includes('--order')) result.push('--order', 'fifo')
  return [...result, ...args]
}

/**
 * The binary of the npm package where there is one for this platform, else the `anvil` of a Foundry
 * installation on the PATH. Never a wrapper script: signals must reach the node itself.
 */
function findAnvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  try {
    return require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`)
  } catch {
    return 'anvil'
  }
}

async function waitUntilAnswering(url: string, chainId: number, anvil: ChildProcess) {
  const deadlineMs = performance.now() + START_DEADLINE_MS
  for (;;) {
    if (hasExited(anvil)) throw new Error(`it exited with code ${anvil.exitCode}`)
    const answer = await callRpc<Hex>(url, 'eth_chainId').catch(() => undefined)
    if (answer !== undefined && !hasExited(anvil)) {
      if (hexToNumber(answer) === chainId) return
      throw new Error(`chain ${answer} answers instead of ${chainId}`)
    }
    if (performance.now() > deadlineMs) throw new Error(`no answer in ${START_DEADLINE_MS} ms`)
    await sleep(POLL_INTERVAL_MS)
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function collectStderr(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk).slice(-STDERR_KEPT_CHARS)
  })
  unrefStream(child.stderr)
  return () => text.trim()
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Ends the child when this process goes, however it goes. The exit listener covers `process.exit`
 * and uncaught errors. A signal or SIGKILL runs no listener, so a small shell waits on a pipe that
 * only this process holds open, and kills the child when the pipe closes. Returns the release of
 * the guard.
 */
function guardAgainstOrphan(child: ChildProcess, pid: number): () => void {
  running.add(child)
  if (process.platform === 'win32') return () => void running.delete(child)
  const watchdog = spawn('sh', ['-c', 'read -r _; kill -9 "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C reaches a process group, and the watchdog must outlive it
  })
  watchdog.on('error', () => {}) // no shell: the exit listener remains
  watchdog.unref()
  unrefStream(watchdog.stdin)
  return () => {
    running.delete(child)
    // Killed before its pipe closes, or it would kill whoever has the child's number by then.
    watchdog.kill('SIGKILL')
  }
}

/** A pipe to a child keeps the event loop alive; its type does not say that it is a socket. */
function unrefStream(stream: Readable | Writable | null) {
  if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
}
