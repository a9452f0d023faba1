/** Webhooks and invoices that a shop must not believe. */
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Invoice,
  QuittanceError,
  verifyInvoice,
  verifyWebhook,
} from '../../src/client/quittance-client.ts'
import { createSigningKey } from '../../src/core/webhook/ed25519-key.ts'
import { createSecret, renderSignatureHeader } from '../../src/core/webhook/signature.ts'
import { accountXpub } from '../support/account-keys.ts'
import { SAMPLE_COIN, SAMPLE_TOKEN, sampleAddress } from '../support/fixtures.ts'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

/** The failure of a check that must fail. */
function failureOf(check: () => unknown): QuittanceError {
  try {
    check()
  } catch (error) {
    if (error instanceof QuittanceError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('verifyInvoice', () => {
  let gateway: HttpHarness
  let invoice: Invoice
  const xpub = accountXpub(0)
  beforeAll(async () => {
    gateway = await startHttpHarness()
    const accept = [SAMPLE_TOKEN.id, SAMPLE_COIN.id]
    for (let n = 0; n < 12; n++) invoice = await createInvoice(gateway, { accept })
  })
  afterAll(() => gateway.server.close())

  test('derives the address of an invoice again, links included', () => {
    expect(invoice.derivation_path).toBe("m/44'/60'/0'/0/11")
    expect(invoice.payment_options.length).toBe(2)
    expect(verifyInvoice(invoice, xpub)).toBe(invoice.address)
    const lower = { ...invoice, address: invoice.address.toLowerCase() }
    expect(verifyInvoice(lower, xpub)).toBe(invoice.address)
  })

  test('another address, another index, another account: refused', () => {
    const other = sampleAddress(1)
    const cases: [string, object, string][] = [
      ['/address', { address: other }, xpub],
      ['/address', { address: `${invoice.address}0` }, xpub],
      ['/address', { derivation_path: "m/44'/60'/0'/0/12" }, xpub],
      ['/derivation_path', { derivation_path: "m/44'/60'/0'/1/11" }, xpub],
      ['/derivation_path', { derivation_path: "m/44'/60'/1'/0/11" }, xpub],
      ['/derivation_path', { derivation_path: "m/44'/60'/0'/0/011" }, xpub],
      ['/derivation_path', { derivation_path: '' }, xpub],
      ['/derivation_path', {}, accountXpub(1)],
    ]
    for (const [field, change, key] of cases) {
      const failure = failureOf(() => verifyInvoice({ ...invoice, ...change }, key))
      expect([failure.code, failure.field]).toEqual(['invoice_refused', field])
    }
  })

  test('a link that pays somebody else is refused, although the address shown is right', () => {
    const evil = sampleAddress(0xbad)
    const [token, coin] = invoice.payment_options as [
      Invoice['payment_options'][number],
      Invoice['payment_options'][number],
    ]
    const address = invoice.address
    const contract = /^ethereum:(0x\w{40})/.exec(token.uri)?.[1] as string
    const links: [string, string][] = [
      ['token', token.uri.replace(`address=${address}`, `address=${evil}`)],
      ['token', `${token.uri}&address=${evil}`],
      ['token', token.uri.replace(contract, evil)],
      ['token', token.uri.replace('/transfer', '/approve')],
      ['token', token.uri.replace('@31337', '@1')],
      ['token', coin.uri],
      ['coin', coin.uri.replace(address, evil)],
      ['coin', coin.uri.replace('?', '/transfer?')],
      ['coin', ''],
    ]
    for (const [kind, uri] of links) {
      expect(uri).not.toBe(kind === 'token' ? token.uri : coin.uri)
      const options = kind === 'token' ? [{ ...token, uri }, coin] : [token, { ...coin, uri }]
      const failure = failureOf(() => verifyInvoice({ ...invoice, payment_options: options }, xpub))
      const field = `/payment_options/${kind === 'token' ? 0 : 1}/uri`
      expect([failure.code, failure.field], uri).toEqual(['invoice_refused', field])
    }
  })

  test('a private key in place of the xpub is refused and not shown', () => {
    const secret = 'ab'.repeat(32)
    const failure = failureOf(() => verifyInvoice(invoice, secret))
    expect(failure.code).toBe('invalid_call')
    expect(failure.message).not.toContain(secret)
  })
})

describe('verifyWebhook', () => {
  const secret = createSecret(new Uint8Array(32).fill(9))
  const nowMs = 1_790_000_000_000
  const id = 'evt_01k0000000000000000000000'
  const body = JSON.stringify({
    type: 'invoice.settled',
    timestamp: '2026-11-22T10:00:00.000Z',
    sequence: 3,
    invoice: 'inv_1',
    data: { object: 'invoice', order_id: 'größe' },
  })
  /** Signed by the reference library, not by ours. */
  const sign = (text: string, atMs = nowMs, by = secret) => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(atMs / 1_000)),
    'webhook-signature': new Webhook(by).sign(id, new Date(atMs), text),
  })

  test.each([
    ['Headers and text', new Headers(sign(body)), body],
    ['headers of a Node request and bytes', sign(body), new TextEncoder().encode(body)],
  ])('%s: the event, with its id', (_name, headers, received) => {
    const event = verifyWebhook({ body: received, headers, secret, nowMs })
    expect(event).toMatchObject({ id, type: 'invoice.settled', sequence: 3, invoice: 'inv_1' })
    // Told apart by its type: `data` is an invoice here, for the compiler too.
    if (event.type === 'invoice.settled') expect(event.data.order_id).toBe('größe')
  })

  test('while a secret rotates, either one verifies', () => {
    const fresh = createSecret(new Uint8Array(32).fill(1))
    for (const by of [secret, fresh]) {
      const headers = sign(body, nowMs, by)
      const event = verifyWebhook({ body, headers, secret: [secret, fresh], nowMs })
      expect(event.id).toBe(id)
    }
  })

  test('by the public key of an endpoint', () => {
    const { publicKey, secretKey } = createSigningKey(new Uint8Array(32).fill(3))
    const content = { id, timestampS: Math.floor(nowMs / 1_000), body }
    const signature = renderSignatureHeader([secret, secretKey], content)
    const headers = { ...sign(body), 'webhook-signature': signature }
    expect(verifyWebhook({ body, headers, secret: publicKey, nowMs }).id).toBe(id)
    const altered = { body: `${body} `, headers, secret: publicKey, nowMs }
    expect(failureOf(() => verifyWebhook(altered)).code).toBe('webhook_refused')
  })

  test.each<[string, string, Parameters<typeof verifyWebhook>[0]]>([
    ['no_matching_signature', 'an altered body', { body: `${body} `, headers: sign(body), secret }],
    ['missing_header', 'no signature', { body, headers: { 'webhook-id': id }, secret }],
    [
      'missing_header',
      'a header that came twice',
      { body, headers: { ...sign(body), 'webhook-id': [id, id] }, secret },
    ],
    ['too_old', 'one of ten minutes ago', { body, headers: sign(body, nowMs - 600_000), secret }],
    ['too_new', 'one of the future', { body, headers: sign(body, nowMs + 600_000), secret }],
    ['malformed_body', 'signed text that is no JSON', { body: 'x', headers: sign('x'), secret }],
  ])('%s: %s', (reason, _name, received) => {
    const failure = failureOf(() => verifyWebhook({ ...received, nowMs }))
    expect([failure.code, failure.errors[0]?.code]).toEqual(['webhook_refused', reason])
  })

  test('its own clock is asked when no time is given', () => {
    const headers = sign(body, Date.now())
    expect(verifyWebhook({ body, headers, secret }).id).toBe(id)
    expect(failureOf(() => verifyWebhook({ body, headers: sign(body, 0), secret })).code).toBe(
      'webhook_refused',
    )
  })

  test.each([['whsec_'], ['not-a-secret-at-all'], ['']])(
    'the setting %j is no secret, which is a mistake of the shop and no forgery',
    (wrong) => {
      const failure = failureOf(() => verifyWebhook({ body, headers: sign(body), secret: wrong }))
      expect([failure.code, failure.field]).toEqual(['invalid_call', '/secret'])
    },
  )
})
