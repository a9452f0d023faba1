/** Every relative link resolves, every anchor has its heading, every file that is named exists. */
import { existsSync, globSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  codeSpans,
  headings,
  type Page,
  ROOT,
  readPages,
  readText,
  withoutFences,
} from './read-docs.ts'

const pages = readPages()

/** As GitHub makes them: lower case, punctuation dropped, blanks to hyphens. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function findBrokenLinks({ path, text }: Page): string[] {
  const links = [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].map((one) => one[1] as string)
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : posix.join(posix.dirname(path), file)
      if (!existsSync(posix.join(ROOT, target))) return true
      if (anchor === undefined) return false
      return !headings(readText(target)).map(anchorOf).includes(anchor)
    })
    .map((link) => `${path}: ${link}`)
}

function exists(...parts: string[]): boolean {
  return existsSync(posix.join(ROOT, ...parts))
}

const FOLDERS = 'src|test|docs|scripts|examples|bench|hardhat-local'
const NAMED_PATH = new RegExp(`^(?:${FOLDERS})/[\\w./-]+$`)

describe('links and names of files', () => {
  test('every page was found', () => {
    expect(pages.length).toBeGreaterThan(20)
  })

  test('links lead somewhere', () => {
    expect(pages.flatMap(findBrokenLinks)).toEqual([])
  })

  test('files and folders that are named exist', () => {
    const missing = pages.flatMap(({ path, text }) =>
      codeSpans(text)
        .filter((span) => NAMED_PATH.test(span))
        .filter((span) => !['', posix.dirname(path)].some((from) => exists(from, span)))
        .map((span) => `${path}: ${span}`),
    )
    expect(missing).toEqual([])
  })

  test('npm scripts that are named exist', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const known = new Set([...Object.keys(scripts), 'build'])
    const missing = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/npm run ([a-z][a-z:-]*)/g)]
        .filter((match) => !known.has(match[1] as string))
        .map((match) => `${path}: ${match[0]}`),
    )
    expect(missing).toEqual([])
  })

  test('README leads to every page of docs/, itself or by a page it leads to', () => {
    const reached = new Set(['README.md'])
    for (const path of reached) {
      const links = [...readText(path).matchAll(/\]\(([^)#\s]+)/g)].map((one) => one[1] as string)
      for (const link of links) {
        const target = posix.join(posix.dirname(path), link)
        // A link to a folder shows its README.
        const page = target.endsWith('.md') ? target : posix.join(target, 'README.md')
        if (exists(page)) reached.add(page)
      }
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
  })
})

describe('decisions', () => {
  const paths = globSync('docs/adr/[0-9]*.md', { cwd: ROOT }).map((path) =>
    path.replaceAll('\\', '/'),
  )
  const names = paths.map((path) => posix.basename(path)).sort()

  test('the index lists all, with their titles, in order', () => {
    const rows = [
      ...readText('docs/adr/README.md').matchAll(/^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$/gm),
    ]
    expect(rows.map(([, number, name]) => [number, name])).toEqual(
      names.map((name) => [name.slice(0, 4), name]),
    )
    for (const [, number, name, title] of rows) {
      expect(headings(readText(`docs/adr/${name}`))[0]).toBe(`${number}: ${title}`)
    }
  })

  test('have a number each, in four digits, and their three parts', () => {
    const numbers = names.map((name) => /^(\d{4})-/.exec(name)?.[1])
    expect(numbers).not.toContain(undefined)
    expect(new Set(numbers).size).toBe(names.length)
    for (const name of names) {
      const parts = headings(readText(`docs/adr/${name}`)).slice(1, 4)
      expect([name, ...parts]).toEqual([name, 'Context', 'Decision', 'Consequences'])
    }
  })
})
