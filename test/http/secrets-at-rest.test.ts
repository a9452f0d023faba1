/** AU-02: what whoever has the database file learns, and what guessing would take. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { openSqliteStore } from '../../src/adapters/sqlite/sqlite-store.ts'
import { createIdSource } from '../../src/adapters/system/id-source.ts'
import { createToken, TOKEN_BYTES } from '../../src/core/ids.ts'
import { API_KEY_BYTES, createApiKeyText } from '../../src/core/store-account/api-key.ts'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

const NOW_MS = Date.parse('2026-11-23T00:00:00Z')

const folder = mkdtempSync(join(tmpdir(), 'quittance-dump-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Secrets as they were shown, once each, answers that are kept for repetition among them. */
async function makeSecrets({ ask }: HttpHarness): Promise<string[]> {
  const headers = { 'idempotency-key': 'kept' }
  const post = async (path: string, body: object = {}) => {
    const first = await ask({ method: 'POST', path, body, headers })
    const again = await ask({ method: 'POST', path, body, headers })
    expect(first.status, path).toBeLessThan(300)
    expect([again.headers.get('idempotency-replayed'), again.text]).toEqual(['true', first.text])
    return first.json
  }
  const { key } = await post('/v1/api-keys', { scopes: ['admin'] })
  const { id, secret } = await post('/v1/webhook-endpoints', {
    url: 'https://shop.example/hook',
    ed25519: true,
  })
  const rotated = await post(`/v1/webhook-endpoints/${id}/rotate-secret`)
  expect((await ask({ path: '/v1/store', key })).status).toBe(200)
  return [key, secret, rotated.secret]
}

/** Forms in which the same bytes might have been written. */
function formsOf(text: string): Buffer[] {
  const rest = text.slice(text.indexOf('_') + 1)
  const bytes = Buffer.from(rest, 'base64')
  const texts = [rest, bytes.toString('base64url'), bytes.toString('hex')]
  return [...texts.map((form) => Buffer.from(form)), bytes, Buffer.from(rest, 'utf16le')]
}

test('AU-02 no live key and no webhook secret stands in the files of the database', async () => {
  const store = openSqliteStore({
    path: join(folder, 'quittance.db'),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const harness = await startHttpHarness({ store })
  const secrets = [...(await makeSecrets(harness)), harness.adminKey, harness.otherKey]
  const { id } = await createInvoice(harness)

  // While it runs, with its log, and after a clean stop.
  const dump = () =>
    Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
  const running = dump()
  await harness.server.close()
  await store.close()
  const db = new Database(join(folder, 'quittance.db'), { readonly: true })
  const copy = db.serialize()
  db.close()
  for (const files of [running, dump(), copy]) {
    // What is looked for would be found.
    expect(files.includes(id)).toBe(true)
    // The half of a signing key that is never shown.
    expect(files.includes('whpk_')).toBe(true)
    expect(files.includes('whsk_')).toBe(false)
    for (const secret of secrets) {
      for (const form of formsOf(secret)) expect(files.includes(form)).toBe(false)
    }
  }
})

/** Bits of the weakest text of its kind, by the characters that were seen at each place. */
function bitsOf(texts: readonly string[]): number {
  const [first = ''] = texts
  return [...first].reduce(
    (sum, _, at) => sum + Math.log2(new Set(texts.map((text) => text[at])).size),
    0,
  )
}

test.each([
  ['API keys', (random: (count: number) => Uint8Array) => createApiKeyText(random(API_KEY_BYTES))],
  [
    'invoice tokens of one moment',
    (random: (count: number) => Uint8Array) => createToken(NOW_MS, random(TOKEN_BYTES)),
  ],
])('AU-02 10,000 %s: no duplicate, at least 128 bits each', (_kind, create) => {
  const { randomBytes } = createIdSource()
  const texts = Array.from({ length: 10_000 }, () => create(randomBytes))
  expect(new Set(texts).size).toBe(texts.length)
  expect(new Set(texts.map(({ length }) => length)).size).toBe(1)
  expect(Math.round(bitsOf(texts))).toBeGreaterThanOrEqual(128)
  // No half of them is shared either: each place is random for itself.
  const halves = texts.map((text) => text.slice(text.length / 2))
  expect(new Set(halves).size).toBe(texts.length)
})
