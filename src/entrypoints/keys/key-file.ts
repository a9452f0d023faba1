/**
 * Words in a file, behind a password: scrypt makes a key of it (RFC 7914), AES-256-GCM seals the words.
 * What is not secret is authenticated with them, so that nobody can weaken it unseen.
 */
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto'
import { invalidField } from '../../errors.ts'
import { parseMnemonic } from './mnemonic.ts'

const KIND = 'quittance-key-file'
/**
 * scrypt's cost: 128 MB of memory and some tenths of a second for each guess (OWASP's advice for
 * 2^17). One form only: a file that asks for less is not ours, and one that asks for more is an attack.
 */
const SCRYPT = { n: 2 ** 17, r: 8, p: 1 } as const
const SCRYPT_MEMORY_BYTES = 256 * 1024 * 1024
const KEY_BYTES = 32
const SALT_BYTES = 32
/** AES-GCM: 96 bits of nonce, 128 of tag (NIST SP 800-38D). */
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Guessing goes on for as long as somebody has a copy of the file. */
export const PASSWORD_MIN_CHARS = 12
const HEX = /^(?:[0-9a-f]{2})+$/

/** The text of a key file. Throws `invalid_request` for a password that is too short. */
export async function sealKeyFile(
  mnemonic: string,
  password: string,
  randomBytes: (count: number) => Uint8Array,
): Promise<string> {
  if ([...password].length < PASSWORD_MIN_CHARS) {
    throw refuse('too_short', `the password has fewer than ${PASSWORD_MIN_CHARS} characters`)
  }
  const salt = Buffer.from(randomBytes(SALT_BYTES))
  const nonce = Buffer.from(randomBytes(NONCE_BYTES))
  const header = describeHeader(salt.toString('hex'), nonce.toString('hex'))
  const key = await deriveFileKey(password, salt)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(JSON.stringify(header)))
  const sealed = [cipher.update(mnemonic, 'utf8'), cipher.final(), cipher.getAuthTag()]
  key.fill(0)
  const file = { ...header, data: Buffer.concat(sealed).toString('hex') }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** The words of a key file. Throws `invalid_request`; whether file or password is wrong, nobody can tell. */
export async function openKeyFile(text: string, password: string): Promise<string> {
  const { salt, nonce, data } = readParts(text)
  const bytes = Buffer.from(data, 'hex')
  const key = await deriveFileKey(password, Buffer.from(salt, 'hex'))
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'hex'))
  key.fill(0)
  decipher.setAAD(Buffer.from(JSON.stringify(describeHeader(salt, nonce))))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const words = [decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]
    return parseMnemonic(Buffer.concat(words).toString('utf8'))
  } catch {
    throw refuse('wrong_password', 'the password is wrong, or the file was changed')
  }
}

/** All that is not secret, in the order in which it is authenticated. */
function describeHeader(salt: string, nonce: string) {
  return {
    kind: KIND,
    version: 1,
    kdf: { name: 'scrypt', ...SCRYPT, salt },
    cipher: 'aes-256-gcm',
    nonce,
  }
}

type Parts = { readonly salt: string; readonly nonce: string; readonly data: string }

function readParts(text: string): Parts {
  const { data, ...header } = readObject(text)
  const salt = asHex(readObject(JSON.stringify(header.kdf ?? null)).salt, SALT_BYTES)
  const nonce = asHex(header.nonce, NONCE_BYTES)
  const sealed = asHex(data, null)
  // Field by field in our order: what is not exactly what we write is not ours.
  if (salt !== null && nonce !== null && sealed !== null) {
    const expected = JSON.stringify(describeHeader(salt, nonce))
    if (JSON.stringify(header) === expected) return { salt, nonce, data: sealed }
  }
  throw refuse('malformed', 'is no key file of this program, or is of another version')
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function asHex(value: unknown, bytes: number | null): string | null {
  if (typeof value !== 'string' || !HEX.test(value)) return null
  return bytes === null || value.length === 2 * bytes ? value : null
}

/** The same password typed on two keyboards may come as other code points: NFKD, as BIP-39 does. */
function deriveFileKey(password: string, salt: Buffer): Promise<Buffer> {
  const { n: N, r, p } = SCRYPT
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: SCRYPT_MEMORY_BYTES }
    scrypt(password.normalize('NFKD'), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

function refuse(code: string, detail: string) {
  return invalidField('', code, `--key-file: ${detail}.`)
}
