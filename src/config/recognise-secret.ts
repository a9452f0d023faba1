/**
 * Finds what must never be in a configuration, wherever it was pasted: private keys of any form,
 * and account keys outside their own field. The gateway holds no key; one found here is refused
 * before it can reach a log, a backup or a list of processes.
 */

export type SecretKind = 'extended_private_key' | 'private_key' | 'mnemonic' | 'extended_public_key'

/**
 * An extended key has 111 characters; half of them, so that one cut short counts too. Only from the
 * start of a word, since these four letters stand inside one public key of some thousands.
 */
const EXTENDED_PRIVATE_KEY = /(?<![0-9A-Za-z])[A-Za-z]prv[0-9A-Za-z]{50,}/

const EXTENDED_PUBLIC_KEY = /(?<![0-9A-Za-z])[A-Za-z]pub[0-9A-Za-z]{50,}/

/**
 * 32 bytes in hex as a whole word. Not inside longer words: some nodes are paid for by 64 hex
 * digits in the path of their URL.
 */
const HEX_PRIVATE_KEY = /^(0x)?[0-9a-f]{64}$/i

/** The header of a paid node, whose token may well be 32 bytes in hex. */
const AUTHORIZATION = /^(bearer|token) \S+$/i

/** BIP-39 sentences have 12 to 24 words. */
const MNEMONIC_WORDS_MIN = 12

const LETTERS = /^[\p{L}\p{M}]+$/u

const DETAILS: Readonly<Record<SecretKind, string>> = {
  extended_private_key: 'this holds an extended private key; the gateway must never be given one',
  private_key:
    'this looks like a private key (64 hexadecimal digits); the gateway must never be given one',
  mnemonic: 'this looks like a mnemonic; the gateway must never be given one',
  extended_public_key: 'this is an extended public key, which belongs in QUITTANCE_XPUB alone',
}

/** What kind of key a text looks like, or null. The answer never holds the text. */
export function recogniseSecret(text: string): SecretKind | null {
  if (EXTENDED_PRIVATE_KEY.test(text)) return 'extended_private_key'
  const words = text.split(/[\s,;"']+/).filter((word) => word !== '')
  const hasHexKey = words
    .flatMap((word) => word.split(':'))
    .some((word) => HEX_PRIVATE_KEY.test(word))
  if (hasHexKey && !AUTHORIZATION.test(text)) return 'private_key'
  const parts = words.flatMap((word) => word.split(/[|:_.-]+/)).filter((part) => part !== '')
  const isSentence = parts.length >= MNEMONIC_WORDS_MIN && parts.every((part) => LETTERS.test(part))
  if (isSentence) return 'mnemonic'
  return EXTENDED_PUBLIC_KEY.test(text) ? 'extended_public_key' : null
}

export function describeSecret(kind: SecretKind): string {
  return DETAILS[kind]
}

/** Characters of a name in a message: enough for any real one. */
const NAME_CHARACTERS_MAX = 64

/**
 * A name somebody wrote, fit for a message: keys are hidden, odd characters and length taken away.
 */
export function presentName(name: string): string {
  if (recogniseSecret(name) !== null) return '(hidden)'
  const printable = name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?')
  return printable.length > NAME_CHARACTERS_MAX
    ? `${printable.slice(0, NAME_CHARACTERS_MAX)}...`
    : printable
}
