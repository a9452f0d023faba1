/** Which faults `npm run mutate` thinks of. */
import { describe, expect, test } from 'vitest'
import { applyMutant, listMutants } from '../../scripts/mutation/list-mutants.ts'

/** Every mutant of a line of code, as that line reads with it. */
const mutate = (code: string) => listMutants(code).map((mutant) => applyMutant(code, mutant))

describe('a line of code turns into', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, string[]]>([
    ['const a = b + 1n', ['const a = b - 1n', 'const a = b + 2n']],
    ['const a = b < c', ['const a = b <= c', 'const a = b >= c']],
    ['const a = b === c', ['const a = b !== c']],
    ['const a = b && c', ['const a = b || c']],
    ['const a = b ?? c', ['const a = b && c']],
    ['const a = !b', ['const a = b']],
    ['const a = -b', ['const a = b']],
    ['const a = b ? c : d', ['const a = true ? c : d', 'const a = false ? c : d']],
    ["const a = 'x'", ["const a = ''"]],
    ["const a = ''", ["const a = 'mutant'"]],
    ['const a = true', ['const a = false']],
    ['const a = [b]', ['const a = []']],
    ['const a = b.filter(c)', ['const a = b']],
    ['const a = b.every(c)', ['const a = b.some(c)']],
    ['const a = /^b$/.exec(c)', ['const a = /b$/.exec(c)', 'const a = /^b/.exec(c)']],
    ['if (a) b()', ['if (true) b()', 'if (false) b()', 'if (a) ']],
    ['while (a) b = c', ['while (false) b = c', 'while (a) ']],
    ['function a() { return b < c }', ['function a() { return true }', 'function a() { return false }', 'function a() { return b <= c }', 'function a() { return b >= c }']],
    ['for (;;) a++', ['for (;;) ', 'for (;;) a--']],
    ['a += (b as bigint)!', ['', 'a -= (b as bigint)!']],
  ])('%s', (code, mutants) => {
    expect(mutate(code).sort()).toEqual(mutants.toSorted())
  })

  // biome-ignore format: a table reads better in rows
  test.each([
    "import { a } from './b.ts'",
    "export type A = 'x' | 1 | true",
    'type A = { readonly b: -1 }',
    "throw new Error('what a developer reads')",
  ])('nothing: %s', (code) => {
    expect(mutate(code)).toEqual([])
  })

  test('the message of an assertion is not a rule, the condition is', () => {
    expect(mutate("assert(a > 0, 'above zero')")).toEqual([
      '',
      "assert(a >= 0, 'above zero')",
      "assert(a <= 0, 'above zero')",
      "assert(a > 1, 'above zero')",
    ])
  })
})
