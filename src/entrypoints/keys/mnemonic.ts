/** Mnemonics as BIP-39 says: made from system randomness, read back strictly, never shown in an error. */
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync, wordlists } from 'bip39'
import { assert } from '../../core/assert.ts'
import { invalidField } from '../../errors.ts'

/** BIP-39 allows more lengths; these two are what wallets make. 12 words are 128 bits, 24 are 256. */
export const NEW_WORD_COUNTS = [12, 24] as const
export type NewWordCount = (typeof NEW_WORD_COUNTS)[number]

/** Lengths BIP-39 defines; all are read. */
const WORD_COUNTS = [12, 15, 18, 21, 24]

/** 32 bits of entropy and one of checksum make three words (BIP-39). */
const ENTROPY_BYTES_PER_THREE_WORDS = 4

/** A new English mnemonic from bytes of the system's random source. */
export function createMnemonic(
  randomBytes: (count: number) => Uint8Array,
  wordCount: NewWordCount,
): string {
  const count = (wordCount / 3) * ENTROPY_BYTES_PER_THREE_WORDS
  const entropy = randomBytes(count)
  assert(entropy.length === count, 'the random source gives as many bytes as asked')
  // A dead source answers constant bytes; by chance that happens once in 2^120 calls.
  assert(new Set(entropy).size > 1, 'the random source does not repeat one byte')
  const hex = Buffer.from(entropy).toString('hex')
  const mnemonic = entropyToMnemonic(hex)
  assert(mnemonicToEntropy(mnemonic) === hex, 'a new mnemonic reads back as what it was made from')
  return mnemonic
}

/**
 * Brings typed words to their one form (NFKD, lower case, single blanks) and checks list and checksum,
 * in any language of BIP-39. Throws `invalid_request`; a fault names a place, never a word.
 */
export function parseMnemonic(text: string): string {
  // Ideographic blanks between Japanese words become plain ones by NFKD.
  const words = text.normalize('NFKD').toLowerCase().trim().split(/\s+/)
  const given = words[0] === '' ? 0 : words.length
  if (given === 0) throw refuse('empty', 'no words were given on standard input.')
  if (!WORD_COUNTS.includes(given)) {
    throw refuse('word_count', `a mnemonic has ${WORD_COUNTS.join(', ')} words, not ${given}.`)
  }
  const mnemonic = words.join(' ')
  const lists = Object.values(wordlists).map((list) => new Set(list))
  const fitting = lists.filter((list) => words.every((word) => list.has(word)))
  if (fitting.length === 0) throw refuse('unknown_word', describeUnknownWord(words, lists))
  if (!fitting.some((list) => hasChecksum(mnemonic, [...list]))) {
    throw refuse('checksum', 'the checksum is wrong: a word is mistyped, missing or out of order.')
  }
  return mnemonic
}

/** The 64-byte seed of a mnemonic from `parseMnemonic`; another passphrase is another wallet. */
export function deriveSeed(mnemonic: string, passphrase: string): Uint8Array {
  return mnemonicToSeedSync(mnemonic, passphrase)
}

/** Counts from one, in the language that knows most of the words. */
function describeUnknownWord(words: readonly string[], lists: readonly Set<string>[]): string {
  const places = lists.map((list) => words.flatMap((word, i) => (list.has(word) ? [] : [i + 1])))
  const fewest = places.reduce((best, each) => (each.length < best.length ? each : best))
  return `word ${fewest[0]} is in no word list of BIP-39.`
}

function hasChecksum(mnemonic: string, list: string[]): boolean {
  try {
    mnemonicToEntropy(mnemonic, list)
    return true
  } catch {
    return false
  }
}

function refuse(code: string, detail: string) {
  return invalidField('', code, `mnemonic: ${detail}`)
}
