import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseStrictJson } from '../../src/entrypoints/http/parse-strict-json.ts'
import {
  countInvoices,
  createInvoice,
  type HttpHarness,
  INVOICE,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

const BODY_BYTES_MAX = 64 * 1024
const JSON_TYPE = { 'content-type': 'application/json' }

const post = (raw: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) =>
  gateway.ask({ method: 'POST', path: '/v1/invoices', raw, headers })

/** A valid body of exactly this many bytes: blanks pad it. */
const bodyOf = (bytes: number) => JSON.stringify(INVOICE).padEnd(bytes, ' ')

describe('content types (IN-05)', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
    'application/vnd.api+json',
    'json',
  ])('%s is 415', async (type) => {
    const answer = await post(JSON.stringify(INVOICE), { 'content-type': type })
    expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type'])
  })

  test('a missing one is 415', async () => {
    const answer = await post(new TextEncoder().encode(JSON.stringify(INVOICE)), {})
    expect(answer.status).toBe(415)
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    '%s is fine',
    async (type) => {
      expect((await post(JSON.stringify(INVOICE), { 'content-type': type })).status).toBe(201)
    },
  )

  test('an optional body still needs its type when it is there', async () => {
    const { id } = await createInvoice(gateway)
    const path = `/v1/invoices/${id}/cancel`
    const bytes = new TextEncoder().encode('{}')
    const answer = await gateway.ask({ method: 'POST', path, raw: bytes })
    expect(answer.status).toBe(415)
  })
})

describe('bodies that are no JSON object', () => {
  test.each(['', ' ', '[]', '"x"', 'null', '1', '{', '{}x', "{'a':1}", '{"a":1,}', '\ufeff{}'])(
    '%j is 400 (IN-05)',
    async (text) => {
      const answer = await post(text)
      expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    },
  )

  test.each([
    ['{"price":{"amount":"1","amount":"2","currency":"USD"}}', '/price/amount', 'duplicate_key'],
    ['{"price":{"amount":"1","am\\u006funt":"2"}}', '/price/amount', 'duplicate_key'],
    ['{"__proto__":{"status":"settled"}}', '/__proto__', 'unknown_field'],
    ['{"metadata":{"__proto__":1}}', '/metadata/__proto__', 'unknown_field'],
    ['{"order_id":"a\\u0000b"}', '/order_id', 'control_character'],
    ['{"order_id":"a\\u0085b"}', '/order_id', 'control_character'],
    ['{"order_id":"\\ud83d"}', '/order_id', 'lone_surrogate'],
    ['{"metadata":{"a":1e999}}', '/metadata/a', 'number_out_of_range'],
    ['{"metadata":{"a":12345678901234567890}}', '/metadata/a', 'number_out_of_range'],
    [
      `{"metadata":{"a":${'['.repeat(9)}${']'.repeat(9)}}}`,
      '/metadata/a/0/0/0/0/0/0/0/0',
      'too_deep',
    ],
  ])('%s is 400 at %s (IN-03, IN-04)', async (text, pointer, code) => {
    const before = await countInvoices(gateway)
    const answer = await post(text)
    expect([answer.status, answer.json.errors[0].pointer]).toEqual([400, pointer])
    expect(answer.json.errors[0].code).toBe(code)
    expect(await countInvoices(gateway)).toBe(before)
  })

  test('invalid UTF-8 is 400 (IN-08)', async () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]]) {
      const text = Buffer.concat([Buffer.from('{"order_id":"'), Buffer.from(bytes)])
      const answer = await post(Buffer.concat([text, Buffer.from('"}')]))
      expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    }
  })

  test('10,000 levels are refused within 50 ms (IN-06)', async () => {
    const text = '['.repeat(10_000) + ']'.repeat(10_000)
    const startMs = performance.now()
    expect(() => parseStrictJson(text)).toThrow('nested')
    expect(performance.now() - startMs).toBeLessThan(50)
    expect((await post(`{"metadata":${text}}`)).status).toBe(400)
  })
})

describe('sizes (IN-06)', () => {
  test('64 kB is fine, one byte more is 413', async () => {
    expect((await post(bodyOf(BODY_BYTES_MAX))).status).toBe(201)
    const answer = await post(bodyOf(BODY_BYTES_MAX + 1))
    expect([answer.status, answer.json.code]).toEqual([413, 'payload_too_large'])
    expect((await post(bodyOf(20 * BODY_BYTES_MAX))).status).toBe(413)
  })

  test('also when the length is not announced', async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(bodyOf(BODY_BYTES_MAX + 1)))
        controller.close()
      },
    })
    const answer = await fetch(`${gateway.url}/v1/invoices`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${gateway.adminKey}` },
      body: stream,
      duplex: 'half',
    })
    expect(answer.status).toBe(413)
  })

  test('an endless body is answered and cut, and the server lives on', async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    const isClosed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(
      'POST /v1/invoices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Authorization: Bearer ${gateway.adminKey}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
    for (let sent = 0; sent < 1_000 && !socket.destroyed; sent++) {
      if (!socket.write(chunk)) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await isClosed
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect((await post(JSON.stringify(INVOICE))).status).toBe(201)
  })

  test('a bomb is stopped while it unpacks', async () => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(11_000)
    const before = process.memoryUsage().rss
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(bomb, headers)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(413))
    expect(process.memoryUsage().rss - before).toBeLessThan(40 * 1024 * 1024)
  })

  test('packed bodies are read, broken ones are 400, unknown ones 415', async () => {
    const bytes = Buffer.from(JSON.stringify(INVOICE))
    const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }
    for (const [encoding, pack] of Object.entries(packers)) {
      const headers = { ...JSON_TYPE, 'content-encoding': encoding }
      expect((await post(pack(bytes), headers)).status).toBe(201)
      expect((await post(bytes, headers)).status).toBe(400)
      expect((await post(pack(bytes).subarray(0, 10), headers)).status).toBe(400)
    }
    const odd = await post(bytes, { ...JSON_TYPE, 'content-encoding': 'gzip, gzip' })
    expect(odd.status).toBe(415)
  })
})
