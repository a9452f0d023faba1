/** SW-18: what may be installed, by the lock files and the settings of npm. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LockEntry, type Manifest, readLock } from '../../scripts/package/runtime-lock.ts'
import { judgeSignatures } from '../../scripts/package/verify-signatures.ts'
import { ROOT } from '../../scripts/run-command.ts'

/** The project, and the local chain with a package of its own. */
const PROJECTS = ['.', 'hardhat-local'] as const

/** Settings of npm that `npm ci` and `npm install` follow here. */
const POLICY = [
  'ignore-scripts=true',
  'save-exact=true',
  'omit-lockfile-registry-resolved=true',
  'min-release-age=14',
  'allow-git=none',
]

function readJson<T>(project: string, name: string): T {
  return JSON.parse(readFileSync(join(ROOT, project, name), 'utf8')) as T
}

describe.each(PROJECTS)('SW-18 the packages of %s', (project) => {
  const packages = Object.entries(readLock(join(ROOT, project)).packages).filter(
    ([path]) => path !== '',
  )
  const offenders = (isWrong: (entry: LockEntry) => boolean) =>
    packages.filter(([, entry]) => isWrong(entry)).map(([path]) => path)

  test('each has its hash in the lock file', () => {
    expect(packages.length).toBeGreaterThan(50)
    const isHash = /^sha512-[A-Za-z0-9+/]{86}==$/
    expect(offenders(({ integrity }) => !isHash.test(integrity ?? ''))).toEqual([])
  })

  test('none names a host, a folder or a repository to come from', () => {
    expect(offenders(({ resolved, link }) => resolved !== undefined || link === true)).toEqual([])
  })

  test('are named exactly, never as a range', () => {
    const manifest = readJson<Partial<Manifest>>(project, 'package.json')
    const ranges = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies]
      .flatMap((group) => Object.entries(group ?? {}))
      .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    expect(ranges).toEqual([])
  })

  test('are installed without scripts, rested for two weeks, and never from git', () => {
    const lines = readFileSync(join(ROOT, project, '.npmrc'), 'utf8').split('\n')
    expect(POLICY.filter((line) => !lines.includes(line))).toEqual([])
  })
})

describe('SW-18 what runs beside money', () => {
  const { packages } = readLock()

  test('asks for no script at its installation', () => {
    const asking = Object.entries(packages).filter(([, entry]) => entry.hasInstallScript === true)
    expect(asking.map(([path]) => path)).toEqual([])
  })

  test('has one copy of each curve and hash library', () => {
    for (const name of ['@noble/curves', '@noble/hashes', '@scure/bip32', '@scure/base']) {
      const copies = Object.keys(packages).filter((path) => path.endsWith(`node_modules/${name}`))
      expect(copies).toEqual([`node_modules/${name}`])
    }
  })

  test('is what was installed here', () => {
    const missing = Object.entries(packages)
      .filter(([path, entry]) => path !== '' && entry.dev !== true && entry.optional !== true)
      .filter(([path]) => !existsSync(join(ROOT, path, 'package.json')))
    expect(missing.map(([path]) => path)).toEqual([])
    for (const [path, entry] of Object.entries(packages)) {
      const at = join(ROOT, path, 'package.json')
      if (path === '' || !existsSync(at)) continue
      expect(JSON.parse(readFileSync(at, 'utf8')).version, path).toBe(entry.version)
    }
  })
})

describe('SW-18 signatures of the registry', () => {
  const CASES: readonly (readonly [string, object | string, string])[] = [
    ['all signed', { invalid: [], missing: [] }, 'verified'],
    ['one wrong', { invalid: [{ name: 'a', version: '1.0.0' }], missing: [] }, 'refused'],
    ['one without', { invalid: [], missing: [{ name: 'a', version: '1.0.0' }] }, 'refused'],
    ['no network', { error: { code: 'ENOTFOUND', summary: 'getaddrinfo' } }, 'skipped'],
    [
      'a proxy in between',
      { error: { code: 'SELF_SIGNED_CERT_IN_CHAIN', summary: '' } },
      'skipped',
    ],
    ['a silent network', { error: { code: 'ERESPONSETIMEOUT', summary: 'timeout' } }, 'skipped'],
    ['an unknown key', { error: { code: 'EMISSINGSIGNATUREKEY', summary: 'no key' } }, 'refused'],
    ['not served', { error: { code: 'E404', summary: 'Not Found' } }, 'skipped'],
    [
      'a registry without keys',
      { error: { code: null, summary: 'found no dependencies to audit that were installed' } },
      'skipped',
    ],
    ['a fault of npm', { error: { code: 'EUSAGE', summary: 'usage' } }, 'refused'],
    ['a fault without a code', { error: { summary: 'invalid signature' } }, 'refused'],
    ['nothing', '', 'refused'],
    ['something else', [], 'refused'],
  ]

  test.each(CASES)('%s', (_name, output, kind) => {
    const text = typeof output === 'string' ? output : JSON.stringify(output)
    const verdict = judgeSignatures(text)
    expect(verdict.kind).toBe(kind)
    expect(verdict.detail).not.toBe('')
  })

  test('a refusal names the package', () => {
    const answer = { invalid: [{ name: 'a', version: '1.0.0' }], missing: [] }
    expect(judgeSignatures(JSON.stringify(answer)).detail).toBe('invalid: a@1.0.0')
  })
})
