import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { GatewayError } from '../../errors.ts'
import type { Vault } from '../../ports/vault.ts'
import { createText, makeDirectory, readText } from './durable-file.ts'

/** Bytes of the secret key: AES-256. */
export const SECRET_KEY_BYTES = 32

/** Random per sealing. GCM allows 2^32 random ones under one key; we seal a few per endpoint. */
const NONCE_BYTES = 12

/** The full GCM tag. */
const TAG_BYTES = 16

/** Sealed text: version, dot, base64url of nonce, ciphertext and tag. */
const VERSION = 'v1'

const CIPHER = 'aes-256-gcm'

/** Bytes read as a key file at most, as text; a key has 64 characters. */
const KEY_TEXT_CHARACTERS_MAX = 256

/**
 * A key for one purpose (RFC 5869, HKDF-SHA256), so that the one secret key of an installation can
 * serve several without one answering for another. Purposes are constants, e.g. `quittance vault
 * v1`.
 */
export function deriveKey(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), purpose, SECRET_KEY_BYTES))
}

/** Seals by AES-256-GCM with the context as associated data. */
export function createVault(key: Uint8Array): Vault {
  if (key.length !== SECRET_KEY_BYTES) throw refuseKey('the secret key')
  const sealingKey = deriveKey(key, 'quittance vault v1')
  return {
    seal: (plaintext, context) => seal(sealingKey, plaintext, context),
    open: (sealed, context) => open(sealingKey, sealed, context),
  }
}

function seal(key: Uint8Array, plaintext: string, context: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(context, 'utf8'))
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  const bytes = Buffer.concat([nonce, body, cipher.getAuthTag()])
  return `${VERSION}.${bytes.toString('base64url')}`
}

function open(key: Uint8Array, sealed: string, context: string): string {
  const [version, text = '', ...rest] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  // Buffer skips what is not base64url; writing it again shows whether it did.
  const isWhole = bytes.toString('base64url') === text && rest.length === 0
  if (version !== VERSION || !isWhole || bytes.length < NONCE_BYTES + TAG_BYTES) {
    throw refuseSealed()
  }
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(context, 'utf8'))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([body, decipher.final()]).toString('utf8')
  } catch (error) {
    throw refuseSealed(error)
  }
}

function refuseSealed(cause?: unknown): GatewayError {
  const message = 'a sealed secret does not open: another QUITTANCE_SECRET_KEY, or changed data'
  return new GatewayError('internal_error', message, { cause })
}

/**
 * The 32 bytes of the installation's secret key: the given text, else the given file, else the
 * default file, which is made (mode 600, random) when it does not exist. Text is base64, base64url
 * or hex. Messages never repeat the key.
 */
export function loadSecretKey(parameters: {
  /** QUITTANCE_SECRET_KEY */
  readonly value?: string | undefined
  /** QUITTANCE_SECRET_KEY_FILE */
  readonly filePath?: string | undefined
  /** In the state directory; undefined where a key is required (PostgreSQL). */
  readonly defaultPath?: string | undefined
}): Uint8Array {
  const { value, filePath, defaultPath } = parameters
  if (value !== undefined && filePath !== undefined) {
    throw configurationError('give QUITTANCE_SECRET_KEY or QUITTANCE_SECRET_KEY_FILE, not both')
  }
  if (value !== undefined) return parseKey(value, 'QUITTANCE_SECRET_KEY')
  if (filePath !== undefined) {
    const text = readKeyFile(filePath)
    if (text === null) throw configurationError('QUITTANCE_SECRET_KEY_FILE does not exist')
    return parseKey(text, 'QUITTANCE_SECRET_KEY_FILE')
  }
  if (defaultPath !== undefined) return loadOrCreate(defaultPath)
  throw configurationError('QUITTANCE_SECRET_KEY or QUITTANCE_SECRET_KEY_FILE is required')
}

function loadOrCreate(path: string): Uint8Array {
  const text = readKeyFile(path)
  // An existing file is never replaced, even if empty: what it sealed would be lost.
  if (text !== null) return parseKey(text, `the secret key file ${basename(path)}`)
  try {
    makeDirectory(dirname(path))
    createText(path, `${randomBytes(SECRET_KEY_BYTES).toString('base64')}\n`)
  } catch (cause) {
    const message = `the secret key file ${basename(path)} cannot be made`
    throw new GatewayError('storage_unavailable', message, { cause })
  }
  // Read back instead of remembered: another process may have been first.
  return parseKey(readKeyFile(path) ?? '', `the secret key file ${basename(path)}`)
}

function readKeyFile(path: string): string | null {
  try {
    return readText(path)
  } catch (cause) {
    const message = `the secret key file ${basename(path)} cannot be read`
    throw new GatewayError('invalid_configuration', message, { cause })
  }
}

function parseKey(text: string, source: string): Uint8Array {
  const key = text.trim()
  if (key.length > KEY_TEXT_CHARACTERS_MAX) throw refuseKey(source)
  if (/^[0-9a-fA-F]{64}$/.test(key)) return new Uint8Array(Buffer.from(key, 'hex'))
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(key)) throw refuseKey(source)
  const bytes = Buffer.from(key, 'base64')
  if (bytes.length !== SECRET_KEY_BYTES) throw refuseKey(source)
  return new Uint8Array(bytes)
}

function refuseKey(source: string): GatewayError {
  return configurationError(
    `${source} must be 32 random bytes as base64 or hex, not a passphrase; ` +
      'openssl rand -base64 32 makes one',
  )
}

function configurationError(message: string): GatewayError {
  return new GatewayError('invalid_configuration', message)
}
