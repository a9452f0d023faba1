/**
 * The offline tools by themselves: `node src/entrypoints/keys/main.ts new`, and
 * `node src/entrypoints/keys/main.ts sweep sign ...` or `payout sign ...`.
 */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { CommanderError } from 'commander'
import { buildKeysCommand } from './keys-command.ts'
import type { KeysIo } from './keys-io.ts'
import { buildPayoutCommand } from './payout-sign-command.ts'
import { buildSweepCommand } from './sweep-sign-command.ts'

const io: KeysIo = {
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
const signing = { sweep: buildSweepCommand, payout: buildPayoutCommand }
const isSigning = first === 'sweep' || first === 'payout'
const command = isSigning
  ? signing[first](io).name(`quittance ${first}`)
  : buildKeysCommand(io).name('quittance keys')
try {
  await command.parseAsync(isSigning ? rest : process.argv.slice(2), { from: 'user' })
} catch (error) {
  // Already told, and the exit code set.
  if (!(error instanceof CommanderError)) throw error
}
