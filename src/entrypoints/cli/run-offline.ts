/**
 * Starts the keys tool as a process of its own under Node's permission model: it reads the code of
 * this installation and the plan it is to sign, writes the one file it was told to, and can start no
 * other program, thread or native code. Node 24 does not take the network away by it; that this
 * tool loads no network module is held by test/keys/module-graph.test.ts.
 */
import { spawn } from 'node:child_process'
import { extname, resolve, sep } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** An end by a signal: no exit code of the program's own. */
const EXIT_SIGNALED = 2

export type ProgramEnd = { readonly code: number; readonly stdout: string }

/** `keys ...`, `sweep sign ...` and `payout sign ...`: `args` as typed, without `keys`. Resolves with its end. */
export function runOffline(
  args: readonly string[],
  stdout: 'pipe' | 'inherit' = 'inherit',
): Promise<ProgramEnd> {
  return runNode([...permissionsFor(args), KEYS_PROGRAM, ...args], stdout)
}

/** A file beside this one, under the ending it has here: `.ts`, or `.js` once it was built. */
function programAt(path: string): string {
  return fileURLToPath(new URL(path + extname(import.meta.url), import.meta.url))
}

const KEYS_PROGRAM = programAt('../keys/main')

/**
 * Flags of Node. Files are named by options, and by the arguments of `sign`; there every word may be
 * the plan, since which one it is only the tool itself can tell.
 */
export function permissionsFor(args: readonly string[]): string[] {
  const isSign = args[0] === 'sweep' || args[0] === 'payout'
  const words = isSign ? args.slice(2).filter((word) => !word.startsWith('-')) : []
  const lists = isSign ? [...valuesOf('--list', args), ...valuesOf('--authorizations', args)] : []
  const readable = [...words, ...lists, ...valuesOf('--key-file', args)]
  const writable = isSign || args[0] === 'encrypt' ? valuesOf('--out', args) : []
  return [
    '--permission',
    `--allow-fs-read=${codeFolder()}`,
    ...readable.map((path) => `--allow-fs-read=${resolve(path)}`),
    ...writable.map((path) => `--allow-fs-write=${resolve(path)}`),
  ]
}

/**
 * Where the code and its packages are: the project, or where it is installed as a package the
 * outermost `node_modules`, because npm may put the packages it needs beside it.
 */
function codeFolder(): string {
  const project = fileURLToPath(new URL('../../../', import.meta.url))
  const [outside, ...inside] = project.split(`${sep}node_modules${sep}`)
  return inside.length === 0 ? project : `${outside}${sep}node_modules${sep}`
}

/** Values of an option in both its forms, `--out F` and `--out=F`. */
function valuesOf(option: string, args: readonly string[]): string[] {
  return args.flatMap((word, at) => {
    if (word.startsWith(`${option}=`)) return [word.slice(option.length + 1)]
    const value = args[at + 1]
    return word === option && value !== undefined ? [value] : []
  })
}

/** Runs this Node to its end. The first to ask has the keyboard. */
export function runNode(args: readonly string[], stdout: 'pipe' | 'inherit'): Promise<ProgramEnd> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['inherit', stdout, 'inherit'] })
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => done({ code: code ?? EXIT_SIGNALED, stdout: text }))
  })
}
