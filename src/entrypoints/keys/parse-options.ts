/** Command-line text to values. A fault names the option and what it takes, never what was given. */
import type { Command } from 'commander'
import { MAX_DERIVATION_INDEX, parseAccountKey } from '../../core/keys/deposit-address.ts'
import { type Address, parseTypedAddress } from '../../core/money/asset.ts'
import { type GatewayError, invalidField } from '../../errors.ts'
import { type Account, accountPath } from './account.ts'
import { NEW_WORD_COUNTS, type NewWordCount } from './mnemonic.ts'

/** Hardened account numbers end where normal indexes do (BIP-32). */
export const ACCOUNT_MAX = MAX_DERIVATION_INDEX

const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,9})$/

/** The options by which every command that needs the words has them: see `readSeed`. */
export function addWalletOptions(command: Command): Command {
  return command
    .option('--passphrase', 'also ask for a BIP-39 passphrase (piped: on the second line)')
    .option('--key-file <file>', 'take the words from this file, and ask for its password')
}

/** A whole number in plain digits, within both bounds. */
export function parseCount(option: string, text: string, min: number, max: number): number {
  const value = WHOLE_NUMBER.test(text) ? Number.parseInt(text, 10) : Number.NaN
  if (value >= min && value <= max) return value
  throw refuse(option, 'out_of_range', `takes a whole number from ${min} to ${max}.`)
}

export function parseWordCount(text: string): NewWordCount {
  const found = NEW_WORD_COUNTS.find((count) => String(count) === text)
  if (found !== undefined) return found
  throw refuse('--words', 'out_of_range', `takes ${NEW_WORD_COUNTS.join(' or ')}.`)
}

/** The account of `--xpub`; secrets pasted by mistake are refused without showing them. */
export function parseXpub(text: string): Account {
  const parsed = parseAccountKey(text.trim())
  if (!parsed.ok) throw refuse('--xpub', parsed.fault, `${parsed.detail}.`)
  const number = parsed.key.accountNumber
  return { key: parsed.key, path: accountPath(number), number }
}

/** An address in one case of hex, or with the right checksum (EIP-55). */
export function parseChecksummed(text: string): Address {
  const typed = parseTypedAddress(text.trim())
  if (typed.ok) return typed.address
  throw typed.fault === 'malformed'
    ? refuse('ADDRESS', 'malformed', 'takes 0x and 40 hex digits.')
    : refuse('ADDRESS', 'checksum', 'the checksum is wrong: a character was changed.')
}

function refuse(option: string, code: string, detail: string): GatewayError {
  return invalidField('', code, `${option}: ${detail}`)
}
