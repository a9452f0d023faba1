import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSigningKey, isSignedBy, signByKey } from '../../../src/core/webhook/ed25519-key.ts'
import {
  createSecret,
  renderSignatureHeader,
  signWebhook,
  verifyWebhook,
} from '../../../src/core/webhook/signature.ts'

/** RFC 8032, 7.1, tests 1 to 3: seed, public key, message, signature. */
const VECTORS = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const KEY = createSigningKey(new Uint8Array(32).map((_, i) => (i * 41 + 3) % 256))
const OTHER = createSigningKey(new Uint8Array(32).fill(9))
const SECRET = createSecret(new Uint8Array(32).fill(5))
const ID = 'evt_01k0000000000000000000000'
const BODY = '{"type":"invoice.settled","data":{"order_id":"größe 🧾"}}'
const NOW_S = 1_780_000_000
const CONTENT = { id: ID, timestampS: NOW_S, body: BODY }

test.each(VECTORS)('RFC 8032: seed %s', (seed, publicKey, message, signature) => {
  const key = createSigningKey(hex(seed))
  expect(key.publicKey).toBe(`whpk_${Buffer.from(publicKey, 'hex').toString('base64')}`)
  const signed = signByKey(key.secretKey, hex(message))
  expect(signed).toBe(`v1a,${Buffer.from(signature, 'hex').toString('base64')}`)
  expect(isSignedBy(key.publicKey, signed, hex(message))).toBe(true)
})

/** As any other program would: the key and the signature in base64, the content in a line. */
function verifiesElsewhere(publicKey: string, signature: string, content: string): boolean {
  const x = Buffer.from(publicKey.replace('whpk_', ''), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const bytes = Buffer.from(signature.replace('v1a,', ''), 'base64')
  return verify(null, Buffer.from(content), key, bytes)
}

test('a webhook verifies by the public key, also in another implementation', () => {
  const signature = signWebhook({ ...CONTENT, secret: KEY.secretKey })
  expect(signature).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/)
  expect(verifiesElsewhere(KEY.publicKey, signature, `${ID}.${NOW_S}.${BODY}`)).toBe(true)
  expect(verifiesElsewhere(KEY.publicKey, signature, `${ID}.${NOW_S}.${BODY} `)).toBe(false)
})

describe('in one list with the secret', () => {
  const signature = renderSignatureHeader([SECRET, KEY.secretKey], CONTENT)
  const check = (secrets: readonly string[], change: object = {}, body = BODY) => {
    const headers = { id: ID, timestamp: String(NOW_S), signature, ...change }
    return verifyWebhook({ secrets, headers, body, receivedAtS: NOW_S })
  }

  test('either verifies by itself', () => {
    expect(signature.split(' ').map((one) => one.split(',')[0])).toEqual(['v1', 'v1a'])
    expect(check([SECRET])).toEqual({ ok: true })
    expect(check([KEY.publicKey])).toEqual({ ok: true })
    expect(check([OTHER.publicKey, KEY.publicKey])).toEqual({ ok: true })
  })

  const refused = { ok: false, reason: 'no_matching_signature' }
  test.each<[string, readonly string[], object, string?]>([
    ['another key', [OTHER.publicKey], {}],
    ['another id', [KEY.publicKey], { id: `${ID}1` }],
    ['another time', [KEY.publicKey], { timestamp: String(NOW_S + 1) }],
    ['another body', [KEY.publicKey], {}, `${BODY} `],
    ['the secret’s signature alone', [KEY.publicKey], { signature: signature.split(' ')[0] }],
    ['nothing behind the comma', [KEY.publicKey], { signature: 'v1a,' }],
    ['not base64', [KEY.publicKey], { signature: `v1a,${'*'.repeat(88)}` }],
    ['too short', [KEY.publicKey], { signature: `v1a,${'A'.repeat(84)}` }],
    ['zeros', [KEY.publicKey], { signature: `v1a,${'A'.repeat(86)}==` }],
  ])('%s does not', (_name, secrets, change, body) => {
    expect(check(secrets, change, body)).toEqual(refused)
  })

  test('the public key is no shared secret: what anybody signs by it is refused', () => {
    const forged = signWebhook({ ...CONTENT, secret: KEY.publicKey.replace('whpk_', 'whsec_') })
    expect(check([KEY.publicKey], { signature: forged })).toEqual(refused)
  })
})

test('a key has 32 bytes', () => {
  expect(() => createSigningKey(new Uint8Array(31))).toThrow('32')
  for (const wrong of ['whpk_', 'whpk_AAAA', 'whpk_*', `${KEY.publicKey}A`]) {
    expect(() => isSignedBy(wrong, 'v1a,', new Uint8Array())).toThrow('32 bytes')
  }
})
