/**
 * The offline tools by themselves: `node src/entrypoints/keys/main.ts new`, and
 * `node src/entrypoints/keys/main.ts sweep sign ...`.
 */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { CommanderError } from 'commander'
import { buildKeysCommand } from './keys-command.ts'
import { buildSweepCommand, type SweepSignIo } from './sweep-sign-command.ts'

const io: SweepSignIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTTY: process.stdin.isTTY === true,
  randomBytes,
  setExitCode: (code) => {
    process.exitCode = code
  },
  readFile: (path) => readFile(path, 'utf8'),
  createFile: (path, text) => writeFile(path, text, { flag: 'wx', mode: 0o600 }),
}

const [first, ...rest] = process.argv.slice(2)
const isSweep = first === 'sweep'
const command = isSweep
  ? buildSweepCommand(io).name('quittance sweep')
  : buildKeysCommand(io).name('quittance keys')
try {
  await command.parseAsync(isSweep ? rest : process.argv.slice(2), { from: 'user' })
} catch (error) {
  // Already told, and the exit code set.
  if (!(error instanceof CommanderError)) throw error
}
