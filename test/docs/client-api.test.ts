/** The generated files of the client against the document that the API serves. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiDocument, renderClientApi } from '../../scripts/client-api/render-client-api.ts'
import { renderType } from '../../scripts/client-api/render-types.ts'
import { ROUTES } from '../../src/client/api-operations.ts'
import { type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

let gateway: HttpHarness
let document: ApiDocument
beforeAll(async () => {
  gateway = await startHttpHarness()
  document = (await gateway.ask({ path: '/openapi.json', key: null })).json
})
afterAll(() => gateway.server.close())

describe('the generated files', () => {
  test('are those of the API document (node scripts/write-client-api.ts)', () => {
    for (const [path, text] of Object.entries(renderClientApi(document))) {
      const written = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
      expect(written === text, `${path} is out of date: node scripts/write-client-api.ts`).toBe(
        true,
      )
    }
  })

  test('have every route of the document, under its own name', () => {
    const named = Object.entries(document.paths).flatMap(([path, item]) =>
      (['get', 'post', 'patch', 'delete'] as const).flatMap((method) =>
        item[method] === undefined
          ? []
          : [`${item[method].operationId}: ${method.toUpperCase()} ${path}`],
      ),
    )
    const known = Object.entries(ROUTES).map(
      ([name, { method, path }]) => `${name}: ${method} ${path}`,
    )
    expect(known.sort()).toEqual(named.sort())
    expect(known).toContain('cancelInvoice: POST /v1/invoices/{id}/cancel')
  })
})

describe('a schema as a type', () => {
  // biome-ignore format: a table reads better in rows
  test.each([
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string|null'],
    [{ enum: ['a', 'b'] }, '"a"|"b"'],
    [{ anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'null' }] }, 'A|null'],
    [{ $ref: '#/components/schemas/A/properties/b' }, "A['b']"],
    [{ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'boolean' }] } }, 'readonly (string|boolean)[]'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'Readonly<Record<string, number>>'],
    [{ type: 'object', properties: { a: { const: 'x' }, b: {} }, required: ['a'] }, '{\nreadonly a: "x"\nreadonly b?: unknown | undefined\n}'],
  ])('%j', (schema, type) => {
    expect(renderType(schema)).toBe(type)
  })

  test('a keyword nobody taught it is refused, not guessed', () => {
    expect(() => renderType({ not: {} } as object)).toThrow('no type for {"not":{}}')
    expect(() => renderType({ $ref: 'elsewhere.json' })).toThrow('elsewhere.json')
  })
})
