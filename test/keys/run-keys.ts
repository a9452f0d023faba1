import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Command, CommanderError } from 'commander'
import { buildKeysCommand } from '../../src/entrypoints/keys/keys-command.ts'
import type { KeysIo } from '../../src/entrypoints/keys/keys-io.ts'

export const KEYS_MAIN = fileURLToPath(
  new URL('../../src/entrypoints/keys/main.ts', import.meta.url),
)

export type KeysRun = { readonly code: number; readonly stdout: string; readonly stderr: string }

type RunOptions = {
  readonly stdin?: string
  /** Lines typed by a person, one after the other. */
  readonly typed?: readonly string[]
  readonly randomBytes?: (count: number) => Uint8Array
}

/** Runs the tool in this process with a world of its own. */
export function runKeys(args: readonly string[], options: RunOptions = {}): Promise<KeysRun> {
  return runHere(buildKeysCommand, args, options)
}

/** Runs a command of the offline tools in this process. */
export async function runHere(
  build: (io: KeysIo) => Command,
  args: readonly string[],
  options: RunOptions = {},
): Promise<KeysRun> {
  const stdin = new PassThrough()
  const stdout = collect()
  const stderr = collect()
  let code = 0
  const command = build({
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    isTTY: options.typed !== undefined,
    randomBytes: options.randomBytes ?? randomBytes,
    setExitCode: (value) => {
      code = value
    },
    readFile: (path) => readFile(path, 'utf8'),
    createFile: (path, text) => writeFile(path, text, { flag: 'wx', mode: 0o600 }),
  })
  if (options.typed === undefined) stdin.end(options.stdin ?? '')
  else typeLines(stdin, stderr.stream, options.typed)
  try {
    await command.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
  }
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** Runs the tool as a process, below other programs such as `unshare -n` when asked. */
export function spawnKeys(
  args: readonly string[],
  options: {
    stdin?: string
    below?: readonly string[]
    env?: NodeJS.ProcessEnv
    cwd?: string
  } = {},
): Promise<KeysRun> {
  const [file, ...rest] = [...(options.below ?? []), process.execPath, KEYS_MAIN, ...args]
  return new Promise((resolve, reject) => {
    const { cwd } = options
    const child = spawn(file as string, rest, { cwd, env: { ...process.env, ...options.env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
    child.stdin.end(options.stdin ?? '')
  })
}

/** `unshare` with the flags that take the network away here; null where that is not allowed. */
export function withoutNetwork(): readonly string[] | null {
  const forms = [
    ['unshare', '-n'],
    ['unshare', '-r', '-n'],
  ]
  return (
    forms.find((form) => spawnSync(form[0] as string, [...form.slice(1), 'true']).status === 0) ??
    null
  )
}

/** A person types the next line when the next prompt stands on the screen. */
function typeLines(stdin: PassThrough, screen: PassThrough, lines: readonly string[]): void {
  const waiting = [...lines]
  screen.on('data', (chunk: Buffer) => {
    if (!chunk.toString().endsWith(': ')) return
    const line = waiting.shift()
    setImmediate(() => (line === undefined ? stdin.end() : stdin.write(`${line}\r`)))
  })
}

function collect() {
  const stream = new PassThrough()
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}
