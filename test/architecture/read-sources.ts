import { globSync, readFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export type SourceFile = { readonly path: string; readonly text: string }

export type Import = {
  /** A path in the project (`src/core/ids.ts`), a package (`viem/utils`) or `node:x`. */
  readonly target: string
  readonly typeOnly: boolean
}

/** Source files under these folders of the project, by path; what is generated or foreign is left out. */
export function readSources(folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.{ts,js,mjs}`, { cwd: ROOT }))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/') && !path.includes('/artifacts/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }))
}

// Between the keyword and `from` stand names, braces, commas and `*` only, so that no match runs
// over code; `typescript` 7 has no parser to ask.
const FROM = /^[ \t]*(?:import|export)\s+(type\s+)?[\w$*{},\s]*?\bfrom\s*['"]([^'"]+)['"]/gm
const BARE = /^[ \t]*import\s*['"]([^'"]+)['"]/gm
const DYNAMIC = /\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g

/** What a file imports or re-exports, static and dynamic, as far as the specifier is written out. */
export function readImports(file: SourceFile): Import[] {
  const resolve = (specifier: string) =>
    specifier.startsWith('.') ? posix.join(dirname(file.path), specifier) : specifier
  return [
    ...[...file.text.matchAll(FROM)].map((match) => ({
      target: resolve(match[2] as string),
      typeOnly: match[1] !== undefined,
    })),
    ...[...file.text.matchAll(BARE), ...stripComments(file.text).matchAll(DYNAMIC)].map(
      (match) => ({
        target: resolve(match[1] as string),
        typeOnly: false,
      }),
    ),
  ]
}

/** Drops whole-line comments: they may name what code may not use. */
export function stripComments(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^\s*(\/\/|\/?\*)/.test(line) ? '' : line))
    .join('\n')
}
