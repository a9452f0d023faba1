import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createCursor,
  createKeyTable,
  enterObject,
  expectEnd,
  NO_KEY,
  nextKey,
  noteField,
  OTHER_KEY,
  skipValue,
} from '../../../src/adapters/evm-rpc/json-cursor.ts'
import { faultOf } from './support.ts'

const skip = (text: string) => {
  const cursor = createCursor(Buffer.from(text), 'eth_method')
  skipValue(cursor)
  expectEnd(cursor)
}

/** What JSON.parse says of a text, and what the cursor says of it. */
function verdicts(text: string): [boolean, boolean] {
  const accepts = (run: () => unknown) => {
    try {
      run()
      return true
    } catch {
      return false
    }
  }
  return [accepts(() => JSON.parse(text)), accepts(() => skip(text))]
}

describe('what is JSON', () => {
  test('any value, whatever the blanks', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, space) => {
        expect(() => skip(JSON.stringify(value, null, space as number))).not.toThrow()
      }),
    )
  })

  test('the cursor agrees with JSON.parse on values that were spoilt', () => {
    const spoil = fc.record({
      value: fc.jsonValue({ maxDepth: 4 }),
      at: fc.nat(1_000),
      to: fc.constantFrom('', '"', ',', '{', ']', '\\', '\n', '-', '0', '.', 'e', ':', 't', '}'),
      cut: fc.nat(2),
    })
    fc.assert(
      fc.property(spoil, ({ value, at, to, cut }) => {
        const text = JSON.stringify(value)
        const place = at % (text.length + 1)
        const spoilt = text.slice(0, place) + to + text.slice(place + cut)
        const [reference, ours] = verdicts(spoilt)
        expect(ours, spoilt).toBe(reference)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    '',
    ' ',
    '[1,]',
    '{"a":1,}',
    '{,}',
    '[,1]',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '{"a" 1}',
    '[1 2]',
    '01',
    '1.',
    '.5',
    '-',
    '1e',
    '+1',
    'nul',
    'nulL',
    'truex',
    '"a',
    '"\\x"',
    '"\\u12g4"',
    '"\\u12',
    '"\u0001"',
    '[}',
    '{]',
    '[1}',
    '1 1',
    '\u00a01',
  ])('%j is none', (text) => {
    expect(verdicts(text)).toEqual([false, false])
    expect(faultOf(() => skip(text))?.kind).toBe('malformed')
  })

  test('nesting beyond what nodes write is refused, without a stack', () => {
    expect(() => skip('['.repeat(64) + ']'.repeat(64))).not.toThrow()
    const deep = '['.repeat(100_000)
    expect(faultOf(() => skip(deep))?.message).toContain('eth_method')
  })
})

describe('keys', () => {
  const table = createKeyTable(['number', 'hash', 'hush', 'numb'])
  const readKeys = (text: string): number[] => {
    const cursor = createCursor(Buffer.from(text), 'eth_method')
    const found: number[] = []
    let seen = 0
    enterObject(cursor, 'block')
    for (let key = nextKey(cursor, table); key !== NO_KEY; key = nextKey(cursor, table)) {
      found.push(key)
      if (key !== OTHER_KEY) seen = noteField(cursor, seen, key, table)
      skipValue(cursor)
    }
    expectEnd(cursor)
    return found
  }

  test.each<[string, number[]]>([
    ['{}', []],
    ['{"number":1,"hash":2,"hush":3,"numb":4}', [0, 1, 2, 3]],
    ['{ "hash" : [ {"hash":1} ] , "number":{"number":{}} }', [1, 0]],
    ['{"numbe":1,"numbers":1,"":1,"Hash":1,"häsh":1}', [-1, -1, -1, -1, -1]],
    ['{"numb\\u0065r":1,"h\\"sh":1}', [0, -1]],
  ])('%s', (text, keys) => {
    // Twice: the second time its order is expected.
    expect([readKeys(text), readKeys(text)]).toEqual([keys, keys])
  })

  test('an order that changes from object to object', () => {
    const names = ['number', 'hash', 'hush', 'numb', 'size']
    const order = fc.shuffledSubarray(names)
    fc.assert(
      fc.property(order, (chosen) => {
        const text = JSON.stringify(Object.fromEntries(chosen.map((name) => [name, name])))
        expect(readKeys(text)).toEqual(chosen.map((name) => table.names.indexOf(name)))
      }),
    )
  })

  test.each(['{"hash":1,"hash":1}', '{"hash":1,"number":2,"h\\u0061sh":1}'])(
    'one of ours twice is refused: %s',
    (text) => {
      expect(faultOf(() => readKeys(text))).toEqual({
        kind: 'malformed',
        message: 'eth_method: hash is not there once only',
      })
    },
  )

  test('one of no interest may stand twice', () => {
    expect(readKeys('{"size":1,"size":2}')).toEqual([-1, -1])
  })
})
