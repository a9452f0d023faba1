import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('../../src/entrypoints/cli/quittance.js', import.meta.url))
const CLI = join('src', 'entrypoints', 'cli')
/** Stands in for each program the launcher may hand over to: says where compiled code is kept. */
const REPORT = "console.log((await import('node:module')).getCompileCacheDir() ?? 'nowhere')"
const isRoot = process.geteuid?.() === 0
const OTHER_USER = 12_345

let home: string
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'quittance-compiled-')))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** The launcher, as it stands in a project; returns its path. */
function install(root: string): string {
  mkdirSync(join(root, CLI), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  // What npm installs is JavaScript, and the launcher's words say so.
  const text = readFileSync(LAUNCHER, 'utf8').replaceAll(
    /(run-offline|recover-from-words|main)\.ts/g,
    '$1.js',
  )
  writeFileSync(join(root, CLI, 'quittance.js'), text)
  writeFileSync(join(root, 'src/main.js'), REPORT)
  writeFileSync(
    join(root, CLI, 'run-offline.js'),
    `${REPORT}\nexport const runOffline = () => ({})`,
  )
  writeFileSync(
    join(root, CLI, 'recover-from-words.js'),
    `${REPORT}\nexport const recoverFromWords = () => 0`,
  )
  return join(root, CLI, 'quittance.js')
}

function start(
  launcher: string,
  args: readonly string[] = ['serve'],
  env = {},
  flags: string[] = [],
) {
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...inherited } = process.env
  const run = spawnSync(process.execPath, [...flags, launcher, ...args], {
    env: { ...inherited, ...env },
    encoding: 'utf8',
  })
  expect([run.status, run.stderr]).toEqual([0, ''])
  return run.stdout.trim()
}

describe('SW-18 compiled code is kept', () => {
  const keptIn = (packages: string) => join(packages, '.cache', 'quittance')

  test('beside the packages of a project, for its owner alone', () => {
    const packages = join(home, 'node_modules')
    mkdirSync(packages)
    const launcher = install(home)
    expect(dirname(start(launcher))).toBe(keptIn(packages))
    for (const path of [dirname(keptIn(packages)), keptIn(packages)]) {
      expect(statSync(path).mode & 0o777).toBe(0o700)
    }
    const [version] = readdirSync(keptIn(packages))
    expect(readdirSync(join(keptIn(packages), version as string))).not.toEqual([])
    expect(dirname(start(launcher, ['--help']))).toBe(keptIn(packages))
  })

  test('beside the packages it was installed with', () => {
    const packages = join(home, 'node_modules')
    const launcher = install(join(packages, 'quittance'))
    expect(dirname(start(launcher))).toBe(keptIn(packages))
  })
})

describe('SW-18 compiled code is kept nowhere', () => {
  let packages: string
  let launcher: string
  beforeEach(() => {
    packages = join(home, 'node_modules')
    mkdirSync(packages)
    launcher = install(home)
  })
  const cache = () => join(packages, '.cache')

  test.each([
    ['keys', 'xpub'],
    ['keys', 'recover'],
    ['recover', '--xpub', 'x'],
    ['sweep', 'sign'],
    ['payout', 'sign'],
    ['sweep', 'authorize'],
    ['payout', 'authorize'],
  ])('where keys or what was signed may be: %s %s', (...args) => {
    expect(start(launcher, args)).toBe('nowhere')
    expect(existsSync(cache())).toBe(false)
  })

  test.each(['.cache', '.cache/quittance'])('where others may write to %s', (path) => {
    mkdirSync(join(cache(), 'quittance'), { recursive: true, mode: 0o700 })
    chmodSync(join(packages, path), 0o770)
    expect(start(launcher)).toBe('nowhere')
    chmodSync(join(packages, path), 0o700)
    expect(start(launcher)).not.toBe('nowhere')
  })

  test('where the folder is somewhere else', () => {
    mkdirSync(cache(), { mode: 0o700 })
    mkdirSync(join(home, 'elsewhere'), { mode: 0o700 })
    symlinkSync(join(home, 'elsewhere'), join(cache(), 'quittance'))
    expect(start(launcher)).toBe('nowhere')
  })

  test('where there are no packages, or a file stands in the way', () => {
    writeFileSync(cache(), '')
    expect(start(launcher)).toBe('nowhere')
    rmSync(packages, { recursive: true })
    expect(start(launcher)).toBe('nowhere')
    expect(existsSync(packages)).toBe(false)
  })

  test.skipIf(isRoot)('where nobody may write beside the packages', () => {
    chmodSync(packages, 0o500)
    expect(start(launcher)).toBe('nowhere')
    chmodSync(packages, 0o700)
  })

  test.runIf(isRoot)('where the code or the folder is of another user', () => {
    chownSync(launcher, OTHER_USER, OTHER_USER)
    expect(start(launcher)).toBe('nowhere')
    expect(existsSync(cache())).toBe(false)
    chownSync(launcher, 0, 0)
    mkdirSync(join(cache(), 'quittance'), { recursive: true, mode: 0o700 })
    chownSync(join(cache(), 'quittance'), OTHER_USER, OTHER_USER)
    expect(start(launcher)).toBe('nowhere')
  })

  test('where Node was told not to, or may not write', () => {
    const off = { NODE_DISABLE_COMPILE_CACHE: '1' }
    expect(start(launcher, ['serve'], off)).toBe('nowhere')
    rmSync(cache(), { recursive: true, force: true })
    expect(start(launcher, ['serve'], {}, ['--permission', `--allow-fs-read=${home}`])).toBe(
      'nowhere',
    )
    expect(existsSync(cache())).toBe(false)
  })
})
