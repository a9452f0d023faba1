import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import {
  createSecret,
  renderSignatureHeader,
  signWebhook,
  verifyWebhook,
} from '../../../src/core/webhook/signature.ts'

const SECRET = createSecret(new Uint8Array(32).map((_, i) => (i * 37 + 11) % 256))
const OTHER_SECRET = createSecret(new Uint8Array(24).fill(7))
const ID = 'evt_01k0000000000000000000000'
const BODY = JSON.stringify({ type: 'invoice.settled', data: { order_id: 'größe 🧾 "x"' } })
const NOW_S = Math.floor(Date.now() / 1000)

/** A received webhook that verifies; each test breaks one part of it. */
function received(change: Partial<Parameters<typeof verifyWebhook>[0]> = {}) {
  const signature = signWebhook({ secret: SECRET, id: ID, timestampS: NOW_S, body: BODY })
  const headers = { id: ID, timestamp: String(NOW_S), signature }
  return { secrets: [SECRET], headers, body: BODY, receivedAtS: NOW_S, ...change }
}

function withHeader(name: 'id' | 'timestamp' | 'signature', value: string | undefined) {
  const base = received()
  return { ...base, headers: { ...base.headers, [name]: value } }
}

describe('against the standardwebhooks library', () => {
  test.each([
    ['an empty body', ''],
    ['a JSON body', BODY],
    ['255 emoji', '🦊'.repeat(255)],
    ['a long body', 'x'.repeat(20_000)],
  ])('%s: same signature, both directions', (_name, body) => {
    const ours = signWebhook({ secret: SECRET, id: ID, timestampS: NOW_S, body })
    const theirs = new Webhook(SECRET).sign(ID, new Date(NOW_S * 1000), body)
    expect(ours).toBe(theirs)

    const headers = { 'webhook-id': ID, 'webhook-timestamp': String(NOW_S) }
    const check = { jsonParse: false }
    new Webhook(SECRET).verify(body, { ...headers, 'webhook-signature': ours }, check)
    const signed = { id: ID, timestamp: String(NOW_S), signature: theirs }
    expect(verifyWebhook(received({ headers: signed, body }))).toEqual({ ok: true })
  })

  test.each([24, 25, 26, 31, 32, 63, 64])('a secret of %i bytes', (count) => {
    const secret = createSecret(new Uint8Array(count).map((_, i) => 255 - i))
    const ours = signWebhook({ secret, id: ID, timestampS: NOW_S, body: BODY })
    expect(ours).toBe(new Webhook(secret).sign(ID, new Date(NOW_S * 1000), BODY))
  })

  test('while a secret rotates, the list verifies with either secret', () => {
    const content = { id: ID, timestampS: NOW_S, body: BODY }
    const signature = renderSignatureHeader([SECRET, OTHER_SECRET], content)
    expect(signature).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/)
    const headers = {
      'webhook-id': ID,
      'webhook-timestamp': String(NOW_S),
      'webhook-signature': signature,
    }
    for (const secret of [SECRET, OTHER_SECRET]) {
      expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY))
      const parameters = { ...withHeader('signature', signature), secrets: [secret] }
      expect(verifyWebhook(parameters)).toEqual({ ok: true })
    }
  })
})

describe('refuses', () => {
  test('a flip of any single bit of the body', () => {
    const bytes = new TextEncoder().encode(BODY)
    expect(verifyWebhook(received({ body: bytes }))).toEqual({ ok: true })
    for (let i = 0; i < bytes.length * 8; i += 3) {
      const flipped = bytes.slice()
      flipped[i >> 3]! ^= 1 << (i & 7)
      expect(verifyWebhook(received({ body: flipped })).ok).toBe(false)
    }
  })

  test.each([
    ['another id', withHeader('id', `${ID.slice(0, -1)}1`), 'no_matching_signature'],
    ['an id with a dot', withHeader('id', `evt.${ID}`), 'no_matching_signature'],
    ['another second', withHeader('timestamp', String(NOW_S + 1)), 'no_matching_signature'],
    ['another secret', received({ secrets: [OTHER_SECRET] }), 'no_matching_signature'],
    ['no id', withHeader('id', undefined), 'missing_header'],
    ['an empty signature', withHeader('signature', ''), 'missing_header'],
    ['a time with a zero', withHeader('timestamp', `0${NOW_S}`), 'malformed_timestamp'],
    ['a time with a fraction', withHeader('timestamp', `${NOW_S}.0`), 'malformed_timestamp'],
    ['a time in words', withHeader('timestamp', 'now'), 'malformed_timestamp'],
  ])('%s', (_name, parameters, reason) => {
    expect(verifyWebhook(parameters)).toEqual({ ok: false, reason })
  })

  test('a signature without version, of another version, cut, longer or with other bits', () => {
    const signature = signWebhook({ secret: SECRET, id: ID, timestampS: NOW_S, body: BODY })
    const text = signature.slice(3)
    const wrong = [
      text,
      `v2,${text}`,
      `v1a,${text}`,
      signature.slice(0, -1),
      `${signature}=`,
      `${signature},`,
      signature.toLowerCase(),
      'v1,',
      ',',
      'v1,\u{1F98A}',
    ]
    for (const value of wrong) expect(verifyWebhook(withHeader('signature', value)).ok).toBe(false)
    const listed = withHeader('signature', `v1a,abc ${wrong[3]} ${signature}`)
    expect(verifyWebhook(listed)).toEqual({ ok: true })
  })

  test.each([
    [-301, 'too_new'],
    [-300, null],
    [300, null],
    [301, 'too_old'],
  ])('clocks %i s apart: %s', (apartS, reason) => {
    const verification = verifyWebhook(received({ receivedAtS: NOW_S + apartS }))
    expect(verification).toEqual(reason === null ? { ok: true } : { ok: false, reason })
  })
})

test('secrets have 24 to 64 bytes of strict base64', () => {
  expect(createSecret(new Uint8Array(24))).toBe(`whsec_${'A'.repeat(32)}`)
  expect(() => createSecret(new Uint8Array(23))).toThrow('24 to 64')
  expect(() => createSecret(new Uint8Array(65))).toThrow('24 to 64')
  const content = { id: ID, timestampS: 1, body: '' }
  const wrong = [
    '',
    'A'.repeat(32),
    'whsec_',
    'whsec_AAAA',
    `${SECRET}A`,
    `whsec_-${'A'.repeat(31)}`,
  ]
  for (const secret of wrong) expect(() => signWebhook({ ...content, secret })).toThrow('secret')
})

test('what is signed is checked: no dot in the id, whole seconds, at least one secret', () => {
  const content = { secret: SECRET, id: ID, timestampS: 1, body: '' }
  expect(() => signWebhook({ ...content, id: 'a.b' })).toThrow('no dot')
  expect(() => signWebhook({ ...content, timestampS: 1.5 })).toThrow('whole seconds')
  expect(() => renderSignatureHeader([], content)).toThrow('at least one')
})
