import { hmac } from '@noble/hashes/hmac'
import { sha256 } from '@noble/hashes/sha2'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils'
import { assert } from '../assert.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { isPublicKey, isSignedBy, isSigningKey, signByKey } from './ed25519-key.ts'

/**
 * Signing as Standard Webhooks 1.0 says: HMAC-SHA256 over `id.timestamp.body`, base64, `v1,` in
 * front. While a secret rotates, the header lists one signature per secret, separated by spaces. An
 * endpoint may have an Ed25519 key beside its secret; its signature stands in the same list.
 */

/**
 * Standard Webhooks asks for 24 to 64 random bytes: below it is guessable, above HMAC hashes it
 * first.
 */
export const SECRET_BYTES_MIN = 24
export const SECRET_BYTES_MAX = 64

/** Clock difference and transport that a receiver tolerates, both ways (Standard Webhooks). */
export const SIGNATURE_TOLERANCE_S = 300

/**
 * Signatures looked at in one header: a rotation needs two; a long list is somebody's attempt to
 * burn our time.
 */
const SIGNATURES_MAX = 16

const SECRET_PREFIX = 'whsec_'
const SCHEME_PREFIX = 'v1,'
const TIMESTAMP_FORM = /^(0|[1-9][0-9]{0,11})$/

type SignedContent = {
  /** Event id, the same over all attempts. Without a dot, since dots separate the signed parts. */
  readonly id: string
  /** Seconds since 1970 of this attempt, not of the event. */
  readonly timestampS: number
  /** The exact bytes of the body; text is taken as UTF-8. */
  readonly body: string | Uint8Array
}

export type WebhookRefusal =
  | 'missing_header'
  | 'malformed_timestamp'
  | 'too_old'
  | 'too_new'
  | 'no_matching_signature'

export type WebhookVerification =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: WebhookRefusal }

/** A secret as merchants see it: `whsec_` and the base64 of 24 to 64 random bytes. */
export function createSecret(random: Uint8Array): string {
  assert(isSecretLength(random.length), 'a webhook secret has 24 to 64 bytes')
  return SECRET_PREFIX + encodeBase64(random)
}

/**
 * One signature of one attempt: `v1,<base64>` by a secret (`whsec_...`), `v1a,<base64>` by a signing
 * key (`whsk_...`).
 */
export function signWebhook(parameters: SignedContent & { readonly secret: string }): string {
  const { secret } = parameters
  const content = renderContent(parameters)
  return isSigningKey(secret) ? signByKey(secret, content) : signBySecret(secret, content)
}

function signBySecret(secret: string, content: Uint8Array): string {
  return SCHEME_PREFIX + encodeBase64(hmac(sha256, decodeSecret(secret), content))
}

/** The bytes that are signed: `id.timestamp.body`. */
function renderContent({ id, timestampS, body }: SignedContent): Uint8Array {
  assert(id !== '' && !id.includes('.'), 'a webhook id has no dot')
  assert(
    Number.isSafeInteger(timestampS) && timestampS >= 0,
    'a webhook timestamp is whole seconds',
  )
  const bytes = typeof body === 'string' ? utf8ToBytes(body) : body
  return concatBytes(utf8ToBytes(`${id}.${timestampS}.`), bytes)
}

/**
 * The `webhook-signature` header: one signature per secret and signing key that is in force, newest
 * first.
 */
export function renderSignatureHeader(secrets: readonly string[], content: SignedContent): string {
  assert(secrets.length > 0, 'a webhook is signed by at least one secret')
  return secrets.map((secret) => signWebhook({ ...content, secret })).join(' ')
}

/**
 * Whether a received webhook was signed by one of the secrets (`whsec_...`), or by the signing key of
 * one of the public keys among them (`whpk_...`), and recently enough. `receivedAtS` is the receiver's
 * clock in seconds; `headers` are the three `webhook-*` values, undefined when absent.
 */
export function verifyWebhook(parameters: {
  readonly secrets: readonly string[]
  readonly headers: {
    readonly id: string | undefined
    readonly timestamp: string | undefined
    readonly signature: string | undefined
  }
  readonly body: string | Uint8Array
  readonly receivedAtS: number
  readonly toleranceS?: number
}): WebhookVerification {
  const { secrets, headers, body, receivedAtS, toleranceS = SIGNATURE_TOLERANCE_S } = parameters
  assert(secrets.length > 0, 'a webhook is verified with at least one secret')
  const { id, timestamp, signature } = headers
  if (!id || !timestamp || !signature) return { ok: false, reason: 'missing_header' }
  // One canonical form only: what is signed is then exactly what stands in the header.
  if (!TIMESTAMP_FORM.test(timestamp)) return { ok: false, reason: 'malformed_timestamp' }
  const timestampS = Number(timestamp)
  if (receivedAtS - timestampS > toleranceS) return { ok: false, reason: 'too_old' }
  if (timestampS - receivedAtS > toleranceS) return { ok: false, reason: 'too_new' }
  if (id.includes('.')) return { ok: false, reason: 'no_matching_signature' }

  const given = signature.split(' ', SIGNATURES_MAX)
  const content = renderContent({ id, timestampS, body })
  let matches = false
  for (const secret of secrets) {
    if (isPublicKey(secret)) {
      // Nothing here is secret, so it may end early.
      matches ||= given.some((candidate) => isSignedBy(secret, candidate, content))
      continue
    }
    const expected = signBySecret(secret, content)
    // No early exit: the time taken does not tell which secret or which signature matched.
    for (const candidate of given) if (equalsInConstantTime(candidate, expected)) matches = true
  }
  return matches ? { ok: true } : { ok: false, reason: 'no_matching_signature' }
}

function isSecretLength(count: number): boolean {
  return count >= SECRET_BYTES_MIN && count <= SECRET_BYTES_MAX
}

function decodeSecret(secret: string): Uint8Array {
  assert(secret.startsWith(SECRET_PREFIX), 'a webhook secret starts with whsec_')
  const bytes = decodeBase64(secret.slice(SECRET_PREFIX.length))
  assert(
    bytes !== null && isSecretLength(bytes.length),
    'a webhook secret is base64 of 24-64 bytes',
  )
  return bytes
}

/** The time depends on the lengths only, which are public. */
function equalsInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < b.length; i++) difference |= (a.charCodeAt(i) | 0) ^ b.charCodeAt(i)
  return difference === 0
}
