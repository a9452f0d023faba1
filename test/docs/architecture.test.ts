/** docs/ARCHITECTURE.md, metrics and commands against the project. */
import { globSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { createSystemClock } from '../../src/adapters/system/clock.ts'
import { createMetrics } from '../../src/adapters/system/metrics.ts'
import { codeSpans, ROOT, readPages, readText, section, tableRows } from './read-docs.ts'

const page = readText('docs/ARCHITECTURE.md')
const importTest = readText('test/architecture/imports.test.ts')

function foldersUnder(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT })
    .filter((path) => statSync(posix.join(ROOT, path)).isDirectory())
    .map((path) => `${path.replaceAll('\\', '/')}/`)
}

describe('the tree', () => {
  const listed = [...section(page, 'The tree').matchAll(/^([a-z][\w/-]*\/) +\S/gm)].map(
    (match) => match[1] as string,
  )

  test('has a line for every folder of src and of the project, and for no other', () => {
    const ignored = new Set(['node_modules/', 'dist/', 'data/', 'coverage/'])
    const folders = [...foldersUnder('[a-z]*'), ...foldersUnder('src/**/[a-z]*')]
    expect(listed.toSorted()).toEqual(folders.filter((path) => !ignored.has(path)).sort())
  })

  test('docs/testing.md has a row for every folder of tests', () => {
    const rows = tableRows(section(readText('docs/testing.md'), 'What stands where'))
    const named = rows.map(([folder = '']) => folder.replaceAll('`', ''))
    expect(named.sort()).toEqual(foldersUnder('test/[a-z]*').sort())
  })

  test('docs/testing.md names every file that tests share, and no other', () => {
    const text = readText('docs/testing.md')
    const shared = globSync('test/support/*', { cwd: ROOT })
      .map((path) => posix.basename(path.replaceAll('\\', '/')))
      .filter((name) => !name.endsWith('.test.ts'))
    const spans = codeSpans(text).map((span) => posix.basename(span))
    expect(shared.filter((name) => !spans.includes(name))).toEqual([])
    const table = tableRows(section(text, 'End to end')).flatMap(([files = '']) => codeSpans(files))
    expect(table.length).toBeGreaterThan(20)
    expect(table.filter((name) => !shared.includes(posix.basename(name)))).toEqual([])
  })
})

describe('the import table', () => {
  const table = section(page, 'Who may import whom')

  test('has a row for every layer', () => {
    const prefixes = [...importTest.matchAll(/prefix: '(src\/[^']+)'/g)].map((one) => one[1])
    const rows = tableRows(table).map(([layer = '']) => codeSpans(layer)[0])
    const layers = [...prefixes, 'src/errors.ts', 'src/adapters/']
    expect(rows.sort()).toEqual(layers.sort())
  })

  test('draws the floors of the core as they are enforced', () => {
    const enforced = /const FLOORS[^=]*= \[\n([\s\S]*?)\n\]/.exec(importTest)?.[1] ?? ''
    const floors = enforced
      .split('\n')
      .map((line) => [...line.matchAll(/'([\w.-]+)'/g)].map((one) => one[1] as string))
      // Planned folders have a floor already.
      .map((names) =>
        names.filter((name) => globSync(`src/core/${name}`, { cwd: ROOT }).length > 0),
      )
    const drawn = [...table.matchAll(/^(\d) {2}(\S.*)$/gm)].map((one) => (one[2] ?? '').split('  '))
    expect(drawn.reverse()).toEqual(floors)
  })
})

test('every runtime dependency has its line, and nothing else has', () => {
  const { dependencies } = JSON.parse(readText('package.json')) as {
    dependencies: Record<string, string>
  }
  const rows = tableRows(section(page, 'Packages, and why each is there'))
  const named = rows.map(([name = '']) => name.replaceAll('`', ''))
  expect(named.sort()).toEqual(Object.keys(dependencies).sort())
})

describe('operating', () => {
  const monitor = readText('docs/operating/monitor.md')

  test('monitor.md lists every metric with its labels, and no other', async () => {
    const text = await createMetrics(createChainDirectory(createSystemClock(), [])).render()
    const metrics = [...text.matchAll(/^# TYPE (quittance_\w+)/gm)].map((one) => one[1] as string)
    const own = metrics.filter((name) => !/^quittance_(process|nodejs)_/.test(name))
    const rows = tableRows(section(monitor, 'Metrics')).map(([name = '']) => codeSpans(name)[0])
    const listed = rows.slice(0, own.length)
    expect(listed.sort()).toEqual(own.sort())
    const named = codeSpans(monitor).filter((span) => /^quittance_\w+$/.test(span))
    expect(named.filter((name) => !metrics.includes(name))).toEqual([])
  })

  test('monitor.md lists every kind of fault of a chain', () => {
    const union = /export type ChainFaultKind =([\s\S]*?)\n\n/.exec(readText('src/errors.ts'))?.[1]
    const kinds = [...(union ?? '').matchAll(/'([a-z_]+)'/g)].map((one) => one[1] as string)
    const reasons = tableRows(section(monitor, 'readyz')).flatMap(([, reason = '']) =>
      codeSpans(reason),
    )
    expect(kinds.filter((kind) => !reasons.includes(kind))).toEqual([])
  })
})

describe('commands', () => {
  /** Named by the pages as not there yet. What gets built leaves this list, and the pages change. */
  const NOT_YET = ['backup', 'restore']
  const sources = [...globSync('src/entrypoints/cli/*.ts', { cwd: ROOT }), 'src/main.ts']
  const texts = sources.map((path) => readText(path.replaceAll('\\', '/'))).join('\n')
  const commands = new Set(
    [...texts.matchAll(/(?:new Command|\.command)\('([a-z-]+)'/g)].map((one) => one[1] as string),
  )

  test('that pages name exist, or are said not to', () => {
    const named = readPages().flatMap(({ path, text }) =>
      [...text.matchAll(/(?:`|npx |^ *)quittance ([a-z-]+)/gm)].map((one) => ({
        path,
        name: one[1] as string,
      })),
    )
    expect(named.length).toBeGreaterThan(10)
    const unknown = named.filter(({ name }) => !commands.has(name) && !NOT_YET.includes(name))
    expect(unknown).toEqual([])
  })

  test('that are not there yet are still not there', () => {
    expect(NOT_YET.filter((name) => commands.has(name))).toEqual([])
  })
})
