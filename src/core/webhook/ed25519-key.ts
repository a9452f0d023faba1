/**
 * Signatures that are verified by a public key (Standard Webhooks 1.0, asymmetric): `v1a,` and the
 * base64 of Ed25519 over the same content. A receiver that keeps no secret cannot lose one.
 */
import { ed25519 } from '@noble/curves/ed25519'
import { assert } from '../assert.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'

/** Random bytes of a signing key: an Ed25519 seed (RFC 8032, 5.1.5). */
export const SIGNING_KEY_BYTES = 32

const SIGNATURE_BYTES = 64
const SECRET_PREFIX = 'whsk_'
const PUBLIC_PREFIX = 'whpk_'
const SCHEME_PREFIX = 'v1a,'

export type SigningKey = {
  /** `whsk_...`: stays with the gateway. */
  readonly secretKey: string
  /** `whpk_...`: for everybody. */
  readonly publicKey: string
}

/** A new key pair from random bytes. */
export function createSigningKey(random: Uint8Array): SigningKey {
  assert(random.length === SIGNING_KEY_BYTES, 'a signing key has 32 random bytes')
  return {
    secretKey: SECRET_PREFIX + encodeBase64(random),
    publicKey: PUBLIC_PREFIX + encodeBase64(ed25519.getPublicKey(random)),
  }
}

export function isSigningKey(secret: string): boolean {
  return secret.startsWith(SECRET_PREFIX)
}

export function isPublicKey(text: string): boolean {
  return text.startsWith(PUBLIC_PREFIX)
}

/** One signature, `v1a,<base64>`. */
export function signByKey(secretKey: string, content: Uint8Array): string {
  return SCHEME_PREFIX + encodeBase64(ed25519.sign(content, decodeKey(secretKey, SECRET_PREFIX)))
}

/** Whether one entry of the signature list is of this public key. Anything else in it is just no. */
export function isSignedBy(publicKey: string, signature: string, content: Uint8Array): boolean {
  const key = decodeKey(publicKey, PUBLIC_PREFIX)
  if (!signature.startsWith(SCHEME_PREFIX)) return false
  const bytes = decodeBase64(signature.slice(SCHEME_PREFIX.length))
  if (bytes?.length !== SIGNATURE_BYTES) return false
  // Strict as RFC 8032 has it: one signature has one form.
  return ed25519.verify(bytes, content, key, { zip215: false })
}

function decodeKey(text: string, prefix: string): Uint8Array {
  const bytes = text.startsWith(prefix) ? decodeBase64(text.slice(prefix.length)) : null
  assert(bytes?.length === SIGNING_KEY_BYTES, `a key starts with ${prefix} and has 32 bytes`)
  return bytes
}
