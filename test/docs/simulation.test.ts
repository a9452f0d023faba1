/** The lines that docs/simulation.md says to break stand where it says. */
import { expect, test } from 'vitest'
import { codeSpans, readText, section, tableRows } from './read-docs.ts'

test('each of the ten lines to try by hand is in its file, once', () => {
  const rows = tableRows(section(readText('docs/simulation.md'), 'Ten to try by hand'))
  const places = rows.map(([file = '', line = '']) => {
    const [[path], [code]] = [codeSpans(file), codeSpans(line)] as [[string], [string]]
    const times = readText(`src/core/${path}`).split(code).length - 1
    return { path, code, times }
  })
  expect(places).toHaveLength(10)
  expect(places.filter(({ times }) => times !== 1)).toEqual([])
})
