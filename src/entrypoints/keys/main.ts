/** The offline keys tool by itself: `node src/entrypoints/keys/main.ts new`. */
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { CommanderError } from 'commander'
import { buildKeysCommand } from './keys-command.ts'

const command = buildKeysCommand({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTTY: process.stdin.isTTY === true,
  randomBytes,
  setExitCode: (code) => {
    process.exitCode = code
  },
})

command.name('quittance keys')
try {
  await command.parseAsync(process.argv.slice(2), { from: 'user' })
} catch (error) {
  // Already told, and the exit code set.
  if (!(error instanceof CommanderError)) throw error
}
