import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readJson } from '../../src/config/read-json.ts'
import { refusal } from './parse.ts'

/** JSON texts with `__proto__` as a name are refused on purpose. */
const withoutProto = (text: string) => !text.includes('__proto__')

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json().filter(withoutProto), (text) => {
      expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
    }),
  )
})

test('refuses what JSON.parse refuses', () => {
  const damaged = fc
    .tuple(
      fc.json().filter(withoutProto),
      fc.nat(),
      fc.constantFrom(...'{}[]",:\\0-.eE \n\t\u0007x'),
    )
    .map(([text, seed, character]) => {
      const at = seed % (text.length + 1)
      return text.slice(0, at) + character + text.slice(at)
    })
  fc.assert(
    fc.property(damaged, (text) => {
      const reading = readJson(text)
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        expect(reading.ok).toBe(false)
        return
      }
      if (reading.ok) expect(reading.value).toEqual(value)
      else expect(reading.detail).toMatch(/twice|__proto__/)
    }),
    { numRuns: 1_000 },
  )
})

test.each<[string, number, string]>([
  ['', 1, 'ends too early'],
  ['{\n  "a": 1,\n  "a": 2\n}', 3, 'the name "a" stands twice'],
  ['{\n  "a": { "b": 1,\n "\\u0062": 2 }\n}', 3, 'the name "b" stands twice'],
  ['{\n  "a": 1,\n}', 3, 'expected a name in double quotes'],
  ['{\n  // why\n}', 2, 'expected a name in double quotes'],
  ['{\n  "a" 1\n}', 2, 'expected a colon after the name'],
  ['{ "a": 1\n  "b": 2 }', 2, 'expected a comma or }'],
  ['{ "a": [1, 2', 1, 'ends too early'],
  ['{}\n{}', 2, 'unexpected text after the end'],
  ['{ "a":\n0x1 }', 2, 'expected a value'],
  ['{ "a":\n"b', 2, 'a text has no closing quote'],
  ['{ "a":\n"b\nc" }', 2, 'a text holds a line break, a control character or a wrong escape'],
  ['['.repeat(30), 1, 'nested deeper than 20 levels'],
])('%j has its fault in line %i', (text, line, detail) => {
  expect(readJson(text)).toEqual({ ok: false, line, detail })
})

test('the message of a configuration names the line', () => {
  expect(refusal('{\n "port": 1,\n "port": 2 }').message).toContain(
    'line 3: the name "port" stands twice',
  )
  expect(refusal('[]').message).toContain('must hold a JSON object')
})

test('a long text without its closing quote is refused in one pass', () => {
  const reading = readJson(`{ "a": "${'x\\n'.repeat(300_000)}`)
  expect(reading).toEqual({ ok: false, line: 1, detail: 'a text has no closing quote' })
})
