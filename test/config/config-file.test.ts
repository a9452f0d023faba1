import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findConfigFile, readConfigFile } from '../../src/config.ts'
import { XPRV } from './parse.ts'

const directory = mkdtempSync(join(tmpdir(), 'quittance-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(directory, name), content)
  return join(directory, name)
}

describe('where the file is looked for', () => {
  const empty = join(directory, 'empty')
  mkdirSync(empty)

  test('the flag, then the variable, then the place where the user stands', () => {
    const path = write('quittance.config.json', '{}')
    const env = { QUITTANCE_CONFIG: 'from-env.json' }
    const cwd = directory
    expect(findConfigFile({ flag: 'from-flag.json', env, cwd })).toBe(join(cwd, 'from-flag.json'))
    expect(findConfigFile({ flag: undefined, env, cwd })).toBe(join(cwd, 'from-env.json'))
    expect(findConfigFile({ env: { QUITTANCE_CONFIG: '' }, cwd })).toBe(path)
    expect(findConfigFile({ env: {}, cwd: empty })).toBeNull()
    expect(findConfigFile({ flag: '/etc/q.json', env: {}, cwd: empty })).toBe('/etc/q.json')
  })

  test('an empty flag is a mistake', () => {
    expect(() => findConfigFile({ flag: '', env: {}, cwd: empty })).toThrow('--config')
  })
})

describe('reading', () => {
  test('gives path and text, without a byte order mark', () => {
    const path = write('bom.json', '\ufeff{}')
    expect(readConfigFile(path)).toEqual({ path, text: '{}' })
    expect(readConfigFile(null)).toBeNull()
  })

  test('a missing file is named', () => {
    const path = join(directory, 'missing.json')
    expect(() => readConfigFile(path)).toThrow(`the configuration file ${path} does not exist`)
  })

  test('what is no text of a fair size is refused', () => {
    expect(() => readConfigFile(directory)).toThrow('is a directory')
    expect(() => readConfigFile(write('bad.json', Uint8Array.of(0xff, 0xfe)))).toThrow('UTF-8')
    expect(() => readConfigFile(write('big.json', ' '.repeat(1_048_577)))).toThrow('larger than')
  })

  test('a key given as a path is not repeated', () => {
    const path = findConfigFile({ env: { QUITTANCE_CONFIG: XPRV }, cwd: directory })
    expect(() => readConfigFile(path)).toThrow('the configuration file (hidden) does not exist')
  })
})
