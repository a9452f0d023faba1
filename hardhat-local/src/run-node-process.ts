import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hex, hexToNumber } from 'viem'
import { guardAgainstOrphan, unrefStream } from './guard-against-orphan.ts'
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
  const releaseGuard = guardAgainstOrphan(node)
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
