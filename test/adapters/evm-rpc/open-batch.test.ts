/** Answers of a batch as bytes: told apart where they are plain, and left to the usual way elsewhere. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCursor, skipValue } from '../../../src/adapters/evm-rpc/json-cursor.ts'
import { openBatch } from '../../../src/adapters/evm-rpc/open-batch.ts'
import { ChainSourceError } from '../../../src/errors.ts'

const FIRST = 7

/** The results, each read to the end of its answer; null where bytes were not handed over. */
function read(body: string, count: number): unknown[] | null {
  const answers = openBatch('node:1', Buffer.from(body), FIRST, count)
  return (
    answers?.map(({ body: part, start, finish }) => {
      const cursor = createCursor(part, 'eth_method', start)
      skipValue(cursor)
      finish(cursor.at)
      return JSON.parse(part.toString('utf8', start, cursor.at))
    }) ?? null
  )
}

const answer = (id: number, result: unknown) => ({ jsonrpc: '2.0', id, result })
const write = (...answers: unknown[]) => JSON.stringify(answers)

test('results as they were sent, also behind the id, and with blanks around', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 5 }), (values) => {
      const results = values.map((value) => [value])
      const body = write(...results.map((result, i) => answer(FIRST + i, result)))
      expect(read(`${body}\n`, results.length)).toEqual(JSON.parse(JSON.stringify(results)))
    }),
  )
  const late = [1, 2].map((result, i) => ({ jsonrpc: '2.0', result, id: FIRST + i }))
  expect(read(write(...late), 2)).toEqual([1, 2])
})

test('what separates answers says nothing inside of a string', () => {
  const odd = ['},{"jsonrpc":"2.0","id":8,"result":"', ']']
  expect(read(write(answer(FIRST, odd), answer(FIRST + 1, 2)), 2)).toEqual([odd, 2])
})

describe('left to the usual way', () => {
  test.each<[string, string, number]>([
    ['one too few', write(answer(FIRST, 1)), 2],
    ['one too many', write(answer(FIRST, 1), answer(FIRST + 1, 2)), 1],
    ['another order', write(answer(FIRST + 1, 2), answer(FIRST, 1)), 2],
    ['another order, ids behind', write({ jsonrpc: '2.0', result: 1, id: FIRST + 1 }), 1],
    ['an id twice', write(answer(FIRST, 1), answer(FIRST, 2)), 2],
    ['a result of null', write(answer(FIRST, null), answer(FIRST + 1, 2)), 2],
    ['an error', write({ jsonrpc: '2.0', id: FIRST, error: { code: 1, message: 'no' } }), 1],
    ['one object', JSON.stringify(answer(FIRST, 1)), 1],
    ['no list', 'null', 1],
    ['nothing', '', 1],
    ['an open list', write(answer(FIRST, 1)).slice(0, -1), 1],
    ['blanks between', `[${[1, 2].map((n) => JSON.stringify(answer(6 + n, n))).join(' , ')}]`, 2],
  ])('%s', (_, body, count) => {
    expect(read(body, count)).toBeNull()
  })
})

test('an answer inside of another is none: its parts are refused', () => {
  const nested = write(answer(FIRST, [{ a: 1 }, answer(FIRST + 1, 2)]))
  expect(() => read(nested, 2)).toThrow(ChainSourceError)
})

test('what stands behind a result is judged', () => {
  const body = write({ ...answer(FIRST, 1), error: { code: 1, message: 'no' } }, answer(8, 2))
  expect(() => read(body, 2)).toThrow(/both result and error/)
})
