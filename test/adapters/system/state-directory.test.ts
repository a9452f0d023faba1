import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStateDirectory } from '../../../src/adapters/system/state-directory.ts'

let path: string

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'quittance-state-')), 'state')
})

afterEach(() => rmSync(join(path, '..'), { recursive: true }))

describe('marks', () => {
  test('start at zero, survive and are kept apart', () => {
    const state = openStateDirectory(path)
    expect(state.readMark('aaaa')).toBe(0)
    state.raiseMark('aaaa', 100)
    state.raiseMark('bbbb', 7)
    expect(openStateDirectory(path).readMark('aaaa')).toBe(100)
    expect(openStateDirectory(path).readMark('bbbb')).toBe(7)
  })

  test('never fall', () => {
    const state = openStateDirectory(path)
    state.raiseMark('aaaa', 100)
    state.raiseMark('aaaa', 99)
    state.raiseMark('aaaa', 0)
    expect(state.readMark('aaaa')).toBe(100)
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 31 + 1])('%d is not a mark', (value) => {
    expect(() => openStateDirectory(path).raiseMark('aaaa', value)).toThrow('a mark is')
  })

  test.each(['', '../aaaa', 'a/b', '.a', 'a.b', 'a'.repeat(101)])(
    '"%s" is not a fingerprint',
    (fingerprint) => {
      expect(() => openStateDirectory(path).raiseMark(fingerprint, 1)).toThrow('not a name')
    },
  )
})

describe('pins', () => {
  test('are set once and read by all', () => {
    const state = openStateDirectory(path)
    expect(state.readPins()).toEqual(new Map())
    state.pin('st_2', 'bbbb')
    state.pin('st_1', 'aaaa')
    state.pin('st_1', 'aaaa')
    const pins = [...openStateDirectory(path).readPins()]
    expect(pins).toEqual([
      ['st_1', 'aaaa'],
      ['st_2', 'bbbb'],
    ])
  })

  test('refuse another fingerprint and name the file', () => {
    const state = openStateDirectory(path)
    state.pin('st_1', 'aaaa')
    const attempt = () => state.pin('st_1', 'bbbb')
    expect(attempt).toThrow(expect.objectContaining({ code: 'xpub_mismatch' }))
    expect(attempt).toThrow('pins/st_1.json')
    expect(state.readPins().get('st_1')).toBe('aaaa')
  })
})

describe('a damaged file', () => {
  const whole = '{"version":1,"key":"aaaa","value":100}\n'

  test.each([
    ['is empty', ''],
    ['is cut', whole.slice(0, 20)],
    ['holds zeros', '\0'.repeat(40)],
    ['is not JSON', 'mark = 100'],
    ['is another version', whole.replace('1', '2')],
    ['belongs to another key', whole.replace('aaaa', 'bbbb')],
    ['has no value', '{"version":1,"key":"aaaa"}'],
    ['has the value null', whole.replace('100', 'null')],
    ['has a value in words', whole.replace('100', '"100"')],
    ['has a fraction', whole.replace('100', '1.5')],
    ['is negative', whole.replace('100', '-1')],
    ['is a list', '[]'],
  ])('that %s is an error that names it, never zero', (_name, text) => {
    const state = openStateDirectory(path)
    const file = join(path, 'marks', 'aaaa.json')
    writeFileSync(file, text)
    const expected = expect.objectContaining({
      code: 'storage_unavailable',
      message: expect.stringContaining('marks/aaaa.json'),
    })
    expect(() => state.readMark('aaaa')).toThrow(expected)
    expect(() => state.raiseMark('aaaa', 200)).toThrow(expected)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('of a pin is an error too, for reading and for pinning', () => {
    const state = openStateDirectory(path)
    state.pin('st_1', 'aaaa')
    copyFileSync(join(path, 'pins', 'st_1.json'), join(path, 'pins', 'st_2.json'))
    expect(() => state.readPins()).toThrow('pins/st_2.json')
    expect(() => state.pin('st_2', 'bbbb')).toThrow('pins/st_2.json')
  })
})

describe('the disk', () => {
  test('files and folders are for their owner alone, and no temporary file stays', () => {
    const state = openStateDirectory(path)
    state.raiseMark('aaaa', 1)
    state.pin('st_1', 'aaaa')
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, 'marks', 'aaaa.json')).mode & 0o777).toBe(0o600)
    expect(readdirSync(path, { recursive: true }).sort()).toEqual([
      'marks',
      'marks/aaaa.json',
      'pins',
      'pins/st_1.json',
    ])
  })

  test('a path that is no directory is refused', () => {
    const file = join(path, '..', 'file')
    writeFileSync(file, '')
    const expected = expect.objectContaining({ code: 'storage_unavailable' })
    expect(() => openStateDirectory(file)).toThrow(expected)
  })

  test('a write that fails is an error and leaves the old value', () => {
    const state = openStateDirectory(path)
    state.raiseMark('aaaa', 100)
    // A folder in the place of the temporary file stops root as well, unlike permissions.
    mkdirSync(join(path, 'marks', `aaaa.json.${process.pid}-${threadId}.tmp`))
    expect(() => state.raiseMark('aaaa', 101)).toThrow(
      expect.objectContaining({ code: 'storage_unavailable', retryable: true }),
    )
    expect(state.readMark('aaaa')).toBe(100)
  })

  test('killed while raising, a mark is whole and at least what was promised', async () => {
    for (let round = 0; round < 3; round++) {
      const child = raiseWithoutEnd()
      const promised = await killAfter(child, 150)
      const mark = openStateDirectory(path).readMark('aaaa')
      expect(mark).toBeGreaterThanOrEqual(promised)
      expect(promised).toBeGreaterThan(0)
    }
  })
})

/**
 * A process that raises the mark by one, again and again, and prints each value once it is durable.
 */
function raiseWithoutEnd(): ChildProcess {
  const module = new URL('../../../src/adapters/system/state-directory.ts', import.meta.url)
  const program = `
    import { writeSync } from 'node:fs'
    import { openStateDirectory } from '${module.href}'
    const state = openStateDirectory(process.argv[1])
    for (let mark = state.readMark('aaaa') + 1; ; mark++) {
      state.raiseMark('aaaa', mark)
      writeSync(1, mark + '\\n')
    }`
  return spawn(process.execPath, ['--input-type=module', '-e', program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Kills without warning some time after the first line; the last whole number it printed. */
async function killAfter(child: ChildProcess, delayMs: number): Promise<number> {
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  await once(child.stdout!, 'data')
  setTimeout(() => child.kill('SIGKILL'), delayMs)
  await once(child, 'close')
  return Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1))
}
