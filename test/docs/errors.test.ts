/** docs/errors.md against the codes of the code. */
import { describe, expect, test } from 'vitest'
import { createProblem } from '../../src/entrypoints/http/problem.ts'
import { PROBLEM_MEANINGS } from '../../src/entrypoints/http/problem-meanings.ts'
import { type ErrorCode, GatewayError } from '../../src/errors.ts'
import { readSources } from '../architecture/read-sources.ts'
import { codeSpans, headings, readText, section, tableRows } from './read-docs.ts'

const page = readText('docs/errors.md')
const codes = Object.keys(PROBLEM_MEANINGS) as ErrorCode[]

describe('errors', () => {
  test('the table has every code with its status, and no other', () => {
    const rows = tableRows(page.split('\n## ')[0] ?? '')
    const listed = rows.map(([code = '', status]) => [codeSpans(code)[0], Number(status)])
    const known = codes.map((code) => [code, PROBLEM_MEANINGS[code].status])
    expect(listed.sort()).toEqual(known.sort())
  })

  test('every code has its heading, which the type of a problem names', () => {
    const listed = headings(page).slice(1, -1)
    expect(listed.toSorted()).toEqual(codes.toSorted())
    for (const code of codes) {
      const deps = { publicUrl: 'https://pay.example' }
      const { body } = createProblem(deps, new GatewayError(code, 'text'), 'req_1')
      expect(body.type).toBe(`https://pay.example/docs/errors#${code}`)
    }
  })
})

/** What a caller can meet: the HTTP side, the operations, and the judges they call. */
const sources = readSources(['src']).filter(({ path }) =>
  /^src\/(entrypoints\/http|operations|adapters\/webhook-http|core)\//.test(path),
)
const everything = readSources(['src'])
  .map(({ text }) => text)
  .join('\n')

const WRITTEN = [
  /invalidField\(\s*[^,]+,\s*'([a-z_]+)'/g,
  /faultAt\([^,]+, '([a-z_]+)'/g,
  /params: \{ code: '([a-z_]+)' \}/g,
  /ok: false, (?:fault|code): '([a-z_]+)'/g,
  /(?:return )?refuse\(\s*'([a-z_]+)'/g,
]

describe('input faults', () => {
  const listed = tableRows(section(page, 'Input faults')).flatMap(([codes = '']) =>
    codeSpans(codes),
  )

  test('every code that is written in the code is listed', () => {
    const written = sources.flatMap(({ text }) =>
      WRITTEN.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] as string)),
    )
    expect(written.length).toBeGreaterThan(20)
    expect([...new Set(written)].filter((code) => !listed.includes(code)).sort()).toEqual([])
  })

  test('every code that is listed is in the code, and listed once', () => {
    expect(listed.filter((code) => !everything.includes(`'${code}'`))).toEqual([])
    expect(new Set(listed).size).toBe(listed.length)
  })
})
