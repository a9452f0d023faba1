/** One run of the command-line tool with an environment of its own, as a user or an init system does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../src/entrypoints/cli/quittance.js', import.meta.url))

/** A start that is to be refused has this long; a gateway that starts instead is killed then. */
const EXIT_DEADLINE_MS = 30_000

export type ToolRun = {
  readonly child: ChildProcess
  /** Everything written so far. */
  stdout(): string
  stderr(): string
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>
}

export type ToolOptions = {
  readonly args: readonly string[]
  readonly cwd: string
  /** Added to what the tool needs to run; nothing of the tester's own settings is inherited. */
  readonly env?: Readonly<Record<string, string>>
  /** Runs as this user and group, where the tests run as root. */
  readonly uid?: number
}

export function spawnTool({ args, cwd, env = {}, uid }: ToolOptions): ToolRun {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const collect = (stream: ChildProcess['stdout']) => {
    let text = ''
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
    })
    return () => text
  }
  return {
    child,
    stdout: collect(child.stdout),
    stderr: collect(child.stderr),
    exited: new Promise((resolve) => child.once('close', resolve)),
  }
}

export type ToolResult = {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What a person sees. */
  readonly output: string
}

/** Runs to the end. A process that does not end by itself is killed and has the code null. */
export async function runToEnd(options: ToolOptions): Promise<ToolResult> {
  const run = spawnTool(options)
  const timer = setTimeout(() => run.child.kill('SIGKILL'), EXIT_DEADLINE_MS)
  const code = await run.exited
  clearTimeout(timer)
  const stdout = run.stdout()
  const stderr = run.stderr()
  return { code, stdout, stderr, output: stdout + stderr }
}

/** Files below a folder that hold the text, by their path. */
export function filesHolding(folder: string, text: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes(text) || readFileSync(path).includes(text))
}
