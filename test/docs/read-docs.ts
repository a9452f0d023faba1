/** The pages, and the parts of them that tests hold against the code. */
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export type Page = { readonly path: string; readonly text: string }

export function readText(path: string): string {
  return readFileSync(posix.join(ROOT, path), 'utf8')
}

export function readPage(path: string): Page {
  return { path, text: readText(path) }
}

const PAGES = ['README.md', 'CONTRIBUTING.md', 'hardhat-local/README.md', 'docs/**/*.md']

/** Every page people read, by path. */
export function readPages(): Page[] {
  const paths = PAGES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  return paths
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map(readPage)
}

/** Rows of all tables, without headings and rules, as cells. An escaped bar does not part cells. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    const isRow = line.startsWith('|') && !isRule(line) && !isRule(lines[i + 1] ?? '')
    return isRow ? [cellsOf(line)] : []
  })
}

function isRule(line: string): boolean {
  return /^\|[-| :]+\|$/.test(line)
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())
}

/** Everything between backticks, fenced blocks apart. */
export function codeSpans(text: string): string[] {
  return [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string)
}

/** The part of a page under a heading, up to the next one of the same or a higher level. */
export function section(text: string, heading: string): string {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (start === -1) throw new Error(`no heading "${heading}"`)
  const level = (/^#+/.exec(lines[start] as string) as RegExpExecArray)[0].length
  const length = lines.slice(start + 1).findIndex((line) => {
    const marks = /^(#+) /.exec(line)?.[1]
    return marks !== undefined && marks.length <= level
  })
  return lines.slice(start, length === -1 ? undefined : start + 1 + length).join('\n')
}

export function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

export function headings(text: string): string[] {
  return withoutFences(text)
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map((line) => line.replace(/^#+ /, ''))
}
