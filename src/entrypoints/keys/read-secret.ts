/** Reading secrets from standard input, and from nowhere else. */
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { invalidField } from '../../errors.ts'
import { openKeyFile } from './key-file.ts'
import type { KeysIo } from './keys-io.ts'
import { deriveSeed, parseMnemonic } from './mnemonic.ts'

/** 24 words of any language and a long passphrase take 1 kB. More is not what it should be: refused. */
const INPUT_MAX_BYTES = 16_384

/** How the words are had, by the options of a command. */
export type WalletOptions = {
  /** Also ask for a BIP-39 passphrase. */
  readonly passphrase?: true
  /** Take the words from this file, and ask for its password instead. */
  readonly keyFile?: string
}

/** A secret to ask for. In a pipe each has a line, in the order asked. */
export type Question = {
  readonly prompt: string
  /** Asked again under this prompt: a slip would otherwise show when it is too late. */
  readonly again?: string
  /** What a fault names. */
  readonly name: string
}

export const WORDS: Question = { prompt: 'Mnemonic (not shown): ', name: 'words' }
/** Any passphrase is valid and opens another wallet: a slip would show only when money is missing. */
const PASSPHRASE: Question = {
  prompt: 'Passphrase (not shown): ',
  again: 'Passphrase again: ',
  name: '--passphrase',
}
const PASSWORD: Question = { prompt: 'Password of the key file (not shown): ', name: '--key-file' }

/** The 64-byte seed of the words that are typed, piped, or in the key file. */
export async function readSeed(
  io: KeysIo,
  { passphrase: wantsPassphrase, keyFile }: WalletOptions,
): Promise<Uint8Array> {
  const sealed = keyFile === undefined ? null : await readKeyFile(io, keyFile)
  const source = sealed === null ? WORDS : PASSWORD
  const questions = wantsPassphrase === true ? [source, PASSPHRASE] : [source]
  const [first = '', passphrase = ''] = await readAnswers(io, questions)
  const mnemonic = sealed === null ? parseMnemonic(first) : await openKeyFile(sealed, first)
  return deriveSeed(mnemonic, passphrase)
}

async function readKeyFile(io: KeysIo, path: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch {
    throw invalidField('', 'not_readable', '--key-file: the file cannot be read.')
  }
}

/**
 * One answer for each question: prompted for without echo when a person types, else read to the end
 * of the input. A single question takes all of it.
 */
export async function readAnswers(io: KeysIo, questions: readonly Question[]): Promise<string[]> {
  return io.isTTY ? promptAnswers(io, questions) : readPiped(io, questions)
}

async function readPiped(io: KeysIo, questions: readonly Question[]): Promise<string[]> {
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
  if (questions.length === 1) return [text.replace(/\r?\n$/, '')]
  const lines = text.split(/\r?\n/)
  const missing = questions[lines.length]
  if (missing !== undefined) {
    const detail = `${missing.name}: its line is missing; each secret has a line of its own.`
    throw invalidField('', 'missing', detail)
  }
  return lines.slice(0, questions.length)
}

async function promptAnswers(io: KeysIo, questions: readonly Question[]): Promise<string[]> {
  // readline echoes to its output; this one shows nothing, so that no screen or log keeps the words.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: io.stdin,
    output: silent,
    terminal: true,
    historySize: 0,
  })
  const answers: string[] = []
  try {
    for (const { prompt, again, name } of questions) {
      const answer = await ask(io, lines, prompt)
      if (again !== undefined && (await ask(io, lines, again)) !== answer) {
        throw invalidField('', 'mismatch', `${name}: the two entries differ.`)
      }
      answers.push(answer)
    }
    return answers
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
