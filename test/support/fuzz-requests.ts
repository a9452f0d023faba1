/**
 * Requests that no client would send, from the API's own description: each begins as one that fits
 * the schema and is then spoiled a little. The same seed makes the same requests.
 */
import { createRandom, type Random } from '../simulation/random.ts'
import type { Ask } from './http-harness.ts'

type Schema = any
type Operation = { readonly method: string; readonly path: string; readonly described: Schema }

export type FuzzSource = {
  readonly document: Schema
  /** Ids of things that exist, so that not every request ends at 404. */
  readonly ids: readonly string[]
  readonly keys: readonly (string | null)[]
}

const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  '1e3',
  '0x10',
  '00.5',
  '25.001',
  '999999999999999999999999999999.999999999999999999',
  'USD',
  'ETH',
  'NaN',
  'null',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '%00',
  '\u0000',
  '\ud800',
  '\u202e txet',
  '🧾'.repeat(300),
  'a'.repeat(5_000),
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '=cmd()',
  'javascript:alert(1)',
  'http://127.0.0.1:6379/',
  'https://shop.example/hook',
  'eip155:31337/slip44:60',
  'eip155:1/erc20:0x0000000000000000000000000000000000000000',
  'eip155:99999999999999999999/slip44:60',
]
const ODD_NUMBERS = [0, -0, -1, 0.5, 1e21, 2 ** 53, -(2 ** 53), 9_999, 10_000, 1e-7]
const ODD_BODIES = [
  '',
  '{',
  '[]',
  'null',
  '"text"',
  '{"a":1,"a":2}',
  '{"price":{"amount":"1","amount":"2","currency":"USD"}}',
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  '{"a":1e999}',
  '\ufeff{}',
]
const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-8',
]
const METHODS = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS', 'HEAD']

/** An endless list of requests. */
export function* createFuzzRequests(source: FuzzSource, seed: number): Generator<Ask> {
  const random = createRandom(seed)
  const operations = listOperations(source.document)
  while (true) yield createRequest(random, source, random.pick(operations))
}

function listOperations(document: Schema): Operation[] {
  return Object.entries<Schema>(document.paths).flatMap(([path, item]) =>
    Object.entries<Schema>(item)
      .filter(([key]) => key !== 'parameters')
      .map(([method, described]) => ({ method: method.toUpperCase(), path, described })),
  )
}

function createRequest(random: Random, source: FuzzSource, operation: Operation): Ask {
  const { described } = operation
  const method = random.chance(0.05) ? random.pick(METHODS) : operation.method
  const id = () => (random.chance(0.6) ? random.pick(source.ids) : oddPathPart(random))
  const path = operation.path.replace(/\{\w+\}/, id) + createQuery(random, source, described)
  const schema = described.requestBody?.content['application/json']?.schema
  const takesBody = method !== 'GET' && method !== 'HEAD'
  const withBody = takesBody && (schema === undefined ? random.chance(0.1) : random.chance(0.95))
  return {
    method,
    path,
    key: random.chance(0.9) ? (source.keys[0] ?? null) : random.pick(source.keys),
    headers: createHeaders(random, withBody),
    ...(withBody ? { raw: createBody(random, schema ?? {}) } : {}),
  }
}

function createHeaders(random: Random, withBody: boolean): Record<string, string> {
  const type = random.chance(0.95) ? 'application/json' : random.pick(CONTENT_TYPES)
  return {
    ...(withBody && random.chance(0.99) ? { 'content-type': type } : {}),
    ...(random.chance(0.2) ? { 'idempotency-key': `k${random.below(20)}` } : {}),
    ...(random.chance(0.02) ? { 'idempotency-key': 'x'.repeat(random.below(400)) } : {}),
    ...(random.chance(0.05) ? { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-host': 'evil' } : {}),
    ...(random.chance(0.02) ? { 'content-encoding': random.pick(['gzip', 'br', 'odd']) } : {}),
  }
}

function createQuery(random: Random, source: FuzzSource, described: Schema): string {
  const known = (described.parameters ?? []).filter((one: Schema) => one.in === 'query')
  const pairs: string[] = known
    .filter(() => random.chance(0.3))
    .map((one: Schema) => `${one.name}=${encodeURIComponent(oddQueryValue(random, source, one))}`)
  if (random.chance(0.05))
    pairs.push(random.pick(['odd=1', 'limit=1&limit=2', '%zz', '=', 'limit']))
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function oddQueryValue(random: Random, { ids }: FuzzSource, { schema }: Schema): string {
  const choices = [
    ...(schema.enum ?? []),
    ...ids,
    '1',
    '100',
    '101',
    '2026-11-22T10:00:00Z',
    ...ODD_TEXTS.filter((text) => text !== '\ud800'),
  ]
  return String(random.pick(choices))
}

function oddPathPart(random: Random): string {
  const text = random.pick(ODD_TEXTS.filter((one) => one !== '\ud800'))
  return random.chance(0.8) ? encodeURIComponent(text) : random.pick(['x', '%zz', '%00', 'a%2Fb'])
}

function createBody(random: Random, schema: Schema): string | Uint8Array {
  if (random.chance(0.05)) return random.pick(ODD_BODIES)
  if (random.chance(0.02)) return random.bytes(random.between(1, 200))
  const value = createValue(random, schema, 0)
  const text = JSON.stringify(value) ?? ''
  if (random.chance(0.05)) return text.slice(0, random.below(text.length + 1))
  return text
}

/** Fits the schema, but for every tenth part of it. */
function createValue(random: Random, schema: Schema, depth: number): unknown {
  if (random.chance(0.1)) return oddValue(random, depth)
  if (schema.anyOf !== undefined) return createValue(random, random.pick(schema.anyOf), depth)
  if (schema.enum !== undefined) return random.pick(schema.enum)
  const type = Array.isArray(schema.type) ? random.pick(schema.type as string[]) : schema.type
  switch (type) {
    case 'object': {
      const required: readonly string[] = schema.required ?? []
      const entries = Object.entries<Schema>(schema.properties ?? {})
        .filter(([name]) => required.includes(name) || random.chance(0.4))
        .map(([name, part]) => [name, createValue(random, part, depth + 1)])
      if (random.chance(0.05)) entries.push([random.pick(ODD_TEXTS), oddValue(random, depth + 1)])
      return Object.fromEntries(entries)
    }
    case 'array':
      return Array.from({ length: random.between(1, 3) }, () =>
        createValue(random, schema.items, depth + 1),
      )
    case 'integer':
      return random.between(1, 900)
    case 'boolean':
      return random.chance(0.5)
    case 'null':
      return null
    default:
      return random.chance(0.5)
        ? random.pick(['25.00', '10', 'USD', 'USDC'])
        : random.pick(ODD_TEXTS)
  }
}

function oddValue(random: Random, depth: number): unknown {
  switch (random.below(6)) {
    case 0:
      return random.pick(ODD_TEXTS)
    case 1:
      return random.pick(ODD_NUMBERS)
    case 2:
      return random.pick([true, false, null])
    case 3:
      return depth > 4 ? [] : [oddValue(random, depth + 1)]
    case 4:
      return depth > 4 ? {} : { [random.pick(ODD_TEXTS)]: oddValue(random, depth + 1) }
    default:
      return {}
  }
}
