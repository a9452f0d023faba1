/** `keys encrypt`: the words in a file behind a password, for whoever does not want to type them weekly. */
import type { Command } from 'commander'
import { deriveAccount } from './account.ts'
import { openKeyFile, PASSWORD_MIN_CHARS, sealKeyFile } from './key-file.ts'
import { createOut, type KeysIo, runTelling } from './keys-io.ts'
import { deriveSeed, parseMnemonic } from './mnemonic.ts'
import { type Question, readAnswers, WORDS } from './read-secret.ts'

const PASSWORD: Question = {
  prompt: `Password of at least ${PASSWORD_MIN_CHARS} characters (not shown): `,
  again: 'Password again: ',
  name: 'password',
}

const HELP_AFTER = `
Give the file to the commands that need your words, with --key-file, on the machine without a network.
It does not take the place of the paper: without the password the file is nothing. A BIP-39
passphrase is not in it; it is asked for where --passphrase says so.`

export function addEncrypt(keys: Command, io: KeysIo): void {
  keys
    .command('encrypt')
    .description('Keep your words in a file behind a password (scrypt, AES-256-GCM).')
    .requiredOption('--out <file>', 'file to make')
    .addHelpText('after', HELP_AFTER)
    .action(({ out }: { out: string }) => runTelling(io, () => encrypt(io, out)))
}

async function encrypt(io: KeysIo, out: string): Promise<void> {
  const [words = '', password = ''] = await readAnswers(io, [WORDS, PASSWORD])
  const mnemonic = parseMnemonic(words)
  const text = await sealKeyFile(mnemonic, password, io.randomBytes)
  // A file that does not open is found now, while the paper is still at hand.
  const { key } = deriveAccount(deriveSeed(await openKeyFile(text, password), ''), 0)
  await createOut(io, out, text)
  io.stdout.write(`${out} made, for ${key.fingerprint} at account 0 without a passphrase.\n`)
}
