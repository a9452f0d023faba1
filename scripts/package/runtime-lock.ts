/**
 * What is installed in production, read from package-lock.json: the packages the gateway needs and
 * the pinned Node, without tools of development and without the local chain.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../run-command.ts'

/** As far as it is looked at here; the rest is carried along. */
export type LockEntry = {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly link?: boolean
  readonly [field: string]: unknown
}

export type LockFile = {
  readonly name: string
  readonly version: string
  readonly lockfileVersion: number
  readonly requires: boolean
  /** By path, `node_modules/express`; the project itself under the empty path. */
  readonly packages: Readonly<Record<string, LockEntry>>
}

export type Manifest = {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** The local chain of the demo and the tests: optional only because it is not made for every system. */
const DEVELOPMENT_ONLY = /^@foundry-rs\//

export function readLock(folder = ROOT): LockFile {
  return JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as LockFile
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest
}

/**
 * Paths and entries of what runs in production: what the published manifest names, and what that
 * needs in turn, found as Node finds it. Optional peers (a compiler's types, say) are not among them.
 */
export function runtimePackages(lock: LockFile, manifest: Manifest): [string, LockEntry][] {
  const { dependencies, optionalDependencies } = publishedManifest(manifest)
  const found = new Set<string>()
  const waiting = namesIn(dependencies, optionalDependencies).map((name) => ({ name, from: '' }))
  for (const { name, from } of waiting) {
    const path = locate(lock, name, from)
    if (path === null) throw new Error(`${name} is not in package-lock.json; run npm install`)
    if (found.has(path)) continue
    found.add(path)
    const entry = lock.packages[path] as LockEntry
    const names = namesIn(entry.dependencies, entry.optionalDependencies)
    waiting.push(...names.map((one) => ({ name: one, from: path })))
  }
  return Object.entries(lock.packages).filter(([path]) => found.has(path))
}

function namesIn(...groups: readonly unknown[]): string[] {
  return groups.flatMap((group) => Object.keys((group as object | undefined) ?? {}))
}

/** The nearest `node_modules` above a package that has the name; null where none has. */
function locate({ packages }: LockFile, name: string, from: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/'))) {
    const inside = folder.replace(/\/$/, '')
    const path = inside === '' ? `node_modules/${name}` : `${inside}/node_modules/${name}`
    if (packages[path] !== undefined) return path
    if (inside === '') return null
  }
}

/** The manifest as it is published: without scripts, and without what development needs. */
export function publishedManifest(manifest: Manifest): Record<string, unknown> {
  const { name, version, description, license, type, engines, dependencies } = manifest
  const optionalDependencies = Object.fromEntries(
    Object.entries(manifest.optionalDependencies).filter(([key]) => !DEVELOPMENT_ONLY.test(key)),
  )
  const bin = { quittance: 'dist/entrypoints/cli/quittance.js' }
  const client = 'dist/client/quittance-client'
  const exports = {
    './client': { types: `./${client}.d.ts`, default: `./${client}.js` },
    './package.json': './package.json',
  }
  return {
    ...{ name, version, description, license, type, bin, exports, engines },
    ...{ dependencies, optionalDependencies },
  }
}

/**
 * The lock that goes along with the package (`npm-shrinkwrap.json`): whoever installs it gets the
 * packages that were tested, each held against its hash.
 */
export function publishedLock(lock: LockFile, manifest: Manifest): Record<string, unknown> {
  const own = publishedManifest(manifest)
  const { name, version, lockfileVersion, requires } = lock
  const packages = Object.fromEntries([['', own], ...runtimePackages(lock, manifest)])
  return { name, version, lockfileVersion, requires, packages }
}
