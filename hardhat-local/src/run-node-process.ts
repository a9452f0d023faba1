import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hex, hexToNumber } from 'viem'
import { callRpc } from './json-rpc.ts'

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

export type NodeProgram = {
  /** What people call it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** What to do when the program is not there. */
  readonly hint: string
}

const START_DEADLINE_MS = 15_000
const POLL_INTERVAL_MS = 50
// Writing a large state file takes a while; after this the process is killed.
const STOP_DEADLINE_MS = 10_000
const STDERR_KEPT_CHARS = 4_096

/**
 * Runs a node that listens on this free loopback port, and resolves when it answers. The process
 * never outlives this one.
 */
export async function runNodeProcess(
  program: NodeProgram,
  { port, chainId }: { port: number; chainId: number },
): Promise<LocalNode> {
  const url = `http://127.0.0.1:${port}`
  const node = spawn(program.command, program.args, {
    cwd: program.cwd,
    env: program.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stderr = collectStderr(node)
  // The promise keeps the failure to start (binary missing) from being an uncaught event.
  const exited = new Promise<void>((resolve) => {
    node.once('exit', () => resolve())
    node.once('error', () => resolve())
  })
  const pid = node.pid
  if (pid === undefined) {
    throw new Error(`${program.name} could not be started: ${program.command} (${program.hint})`)
  }
  const releaseGuard = guardAgainstOrphan(node, pid)
  exited.then(releaseGuard)

  const stop = async () => {
    if (hasExited(node)) return
    node.ref()
    node.kill('SIGCONT') // a stopped process does not see SIGTERM
    node.kill('SIGTERM')
    const killTimer = setTimeout(() => node.kill('SIGKILL'), STOP_DEADLINE_MS)
    await exited
    clearTimeout(killTimer)
  }
  try {
    await waitUntilAnswering(url, chainId, node)
  } catch (error) {
    await stop()
    const said = stderr() || 'it said nothing'
    throw new Error(`${program.name} did not start on port ${port}: ${said}`, { cause: error })
  }
  // A test or demo that forgot to stop its node must still be able to end.
  node.unref()
  return {
    url,
    port,
    chainId,
    pid,
    stop,
    pause: () => void node.kill('SIGSTOP'),
    resume: () => void node.kill('SIGCONT'),
  }
}

async function waitUntilAnswering(url: string, chainId: number, node: ChildProcess) {
  const deadlineMs = performance.now() + START_DEADLINE_MS
  for (;;) {
    if (hasExited(node)) throw new Error(`it exited with code ${node.exitCode}`)
    const answer = await callRpc<Hex>(url, 'eth_chainId').catch(() => undefined)
    if (answer !== undefined && !hasExited(node)) {
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
