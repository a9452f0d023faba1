/** Reading secrets from standard input, and from nowhere else. */
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { invalidField } from '../../errors.ts'
import type { KeysIo } from './keys-io.ts'

/** 24 words of any language and a long passphrase take 1 kB. More is not what it should be: refused. */
const INPUT_MAX_BYTES = 16_384

export type Secrets = { readonly words: string; readonly passphrase: string }

/**
 * The mnemonic, and with `wantsPassphrase` the BIP-39 passphrase: prompted for without echo when a
 * person types, else read to the end of the input (first line words, second line passphrase).
 */
export async function readSecrets(io: KeysIo, wantsPassphrase: boolean): Promise<Secrets> {
  return io.isTTY ? promptSecrets(io, wantsPassphrase) : readPiped(io, wantsPassphrase)
}

async function readPiped(io: KeysIo, wantsPassphrase: boolean): Promise<Secrets> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of io.stdin) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk
    size += bytes.length
    if (size > INPUT_MAX_BYTES) {
      throw invalidField('', 'too_long', `standard input: more than ${INPUT_MAX_BYTES} bytes.`)
    }
    chunks.push(bytes)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (!wantsPassphrase) return { words: text, passphrase: '' }
  const [words = '', passphrase] = text.split(/\r?\n/)
  if (passphrase === undefined) {
    throw invalidField('', 'missing', '--passphrase: its line is missing after that of the words.')
  }
  return { words, passphrase }
}

async function promptSecrets(io: KeysIo, wantsPassphrase: boolean): Promise<Secrets> {
  // readline echoes to its output; this one shows nothing, so that no screen or log keeps the words.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: io.stdin,
    output: silent,
    terminal: true,
    historySize: 0,
  })
  try {
    const words = await ask(io, lines, 'Mnemonic (not shown): ')
    if (!wantsPassphrase) return { words, passphrase: '' }
    const passphrase = await ask(io, lines, 'Passphrase (not shown): ')
    const repeated = await ask(io, lines, 'Passphrase again: ')
    // Any passphrase is valid and opens another wallet: a slip would show only when money is missing.
    if (passphrase !== repeated) {
      throw invalidField('', 'mismatch', '--passphrase: the two entries differ.')
    }
    return { words, passphrase }
  } finally {
    lines.close()
  }
}

function ask(io: KeysIo, lines: Interface, prompt: string): Promise<string> {
  io.stderr.write(prompt)
  return new Promise((resolve, reject) => {
    const abandon = () => {
      io.stderr.write('\n')
      reject(invalidField('', 'missing', 'standard input: ended before it was answered.'))
    }
    lines.once('close', abandon)
    lines.once('SIGINT', () => lines.close())
    lines.question('', (answer) => {
      lines.off('close', abandon)
      io.stderr.write('\n')
      resolve(answer)
    })
  })
}
