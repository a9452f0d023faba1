/** The API's description of itself, for programs and for people. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROBLEM_MEANINGS } from '../../src/entrypoints/http/problem-meanings.ts'
import { createAnswerCheck } from '../support/documented-answers.ts'
import {
  createInvoice,
  type HttpHarness,
  PUBLIC_URL,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
let document: any

beforeAll(async () => {
  gateway = await startHttpHarness()
  document = (await gateway.ask({ path: '/openapi.json', key: null })).json
})
afterAll(() => gateway.server.close())

/** Every `$ref` in a value. */
function listReferences(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' ? [part as string] : listReferences(part),
  )
}

describe('/openapi.json', () => {
  test('IN-21: is OpenAPI 3.1 under the public URL, open to anyone, and cached by its tag', async () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Quittance', version: '0.0.0-test' },
      servers: [{ url: PUBLIC_URL }],
    })
    const first = await gateway.ask({ path: '/openapi.json', key: null })
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    expect((await gateway.ask({ path: '/openapi.json', key: null, headers })).status).toBe(304)
  })

  test('every reference leads somewhere, and every operation has a name of its own', () => {
    for (const reference of listReferences(document)) {
      const parts = reference.replace('#/', '').split('/')
      expect(
        parts.reduce((value, part) => value?.[part], document),
        reference,
      ).toBeDefined()
    }
    const names = Object.values(document.paths).flatMap((item: any) =>
      Object.values(item).flatMap((operation: any) => operation.operationId ?? []),
    )
    expect(names.length).toBeGreaterThan(25)
    expect(new Set(names).size).toBe(names.length)
  })

  test('every path it names is there, with the methods it names', async () => {
    for (const [path, item] of Object.entries<any>(document.paths)) {
      const url = path.replace('{id}', 'x').replace('{token}', 'x')
      const { status, headers } = await gateway.ask({ method: 'OPTIONS', path: url })
      expect(status, path).toBe(204)
      const allowed = (headers.get('allow') ?? '').split(', ')
      const named = Object.keys(item).filter((key) => key !== 'parameters')
      expect(
        named.map((method) => method.toUpperCase()).filter((one) => !allowed.includes(one)),
      ).toEqual([])
    }
  })

  test('an answer with a field that nobody described would be found', async () => {
    const check = createAnswerCheck(document)
    const invoice = await createInvoice(gateway)
    const path = `/v1/invoices/${invoice.id}`
    const answer = { status: 200, contentType: 'application/json', json: invoice }
    expect(() => check('GET', path, answer)).not.toThrow()
    const odd = { ...answer, json: { ...invoice, xpub: 'xpub...' } }
    expect(() => check('GET', path, odd)).toThrow(/additional properties/)
    const { address, ...without } = invoice
    expect(() => check('GET', path, { ...answer, json: without })).toThrow(/'address'/)
  })
})

describe('/docs', () => {
  test('shows every operation and every resource, without a script or a foreign request', async () => {
    const { status, text, headers } = await gateway.ask({ path: '/docs', key: null })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    for (const path of Object.keys(document.paths)) expect(text).toContain(`</b> ${path}</code>`)
    for (const name of Object.keys(document.components.schemas)) {
      expect(text).toContain(`id="schema-${name}"`)
    }
    expect(text).not.toMatch(/<script|style=|https?:\/\//)
  })

  test('every link inside it leads somewhere', async () => {
    const { text } = await gateway.ask({ path: '/docs', key: null })
    for (const [, link = ''] of text.matchAll(/href="([^"]+)"/g)) {
      if (link.startsWith('#')) expect(text).toContain(`id="${link.slice(1)}"`)
      else expect((await gateway.ask({ path: link, key: null })).status).toBe(200)
    }
  })

  test('the type of a problem leads to its heading', async () => {
    const problem = (await gateway.ask({ path: '/v1/nothing' })).json
    const path = problem.type.replace(PUBLIC_URL, '')
    const { text } = await gateway.ask({ path: path.split('#')[0], key: null })
    for (const code of Object.keys(PROBLEM_MEANINGS)) expect(text).toContain(`id="${code}"`)
    expect(path).toBe('/docs/errors#not_found')
  })
})
