import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquireLock } from '../../../src/adapters/sqlite/lock-file.ts'

let folder: string
let path: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quittance-lock-'))
  path = join(folder, 'data', 'quittance.lock')
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** Another process that takes the lock and keeps it. */
async function holdElsewhere(): Promise<ChildProcess> {
  const module = new URL('../../../src/adapters/sqlite/lock-file.ts', import.meta.url)
  const program = `
    import { acquireLock } from '${module.href}'
    acquireLock(process.argv[1], 'serve')
    globalThis.gc()
    console.log('held')
    setInterval(() => globalThis.gc(), 20)`
  const flags = ['--expose-gc', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '-e', program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout!, 'data')
  return child
}

function refusal(message: string) {
  return expect.objectContaining({
    code: 'already_running',
    retryable: false,
    message: expect.stringContaining(message),
  })
}

test('a second process is refused and told who has it, garbage collected or not', async () => {
  const child = await holdElsewhere()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(() => acquireLock(path, 'restore')).toThrow(refusal(`(pid ${child.pid}, serve)`))
  expect(() => acquireLock(path, 'restore')).toThrow(refusal('stop it first'))
})

test('the lock dies with its process, even by kill -9', async () => {
  const child = await holdElsewhere()
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(existsSync(`${path}.owner`)).toBe(true)
  acquireLock(path, 'serve')()
})

test('within one process it is a lock as well, until released', () => {
  const release = acquireLock(path, 'serve')
  expect(() => acquireLock(path, 'restore')).toThrow(refusal(`(pid ${process.pid}, serve)`))
  release()
  release()
  expect(existsSync(`${path}.owner`)).toBe(false)
  acquireLock(path, 'restore')()
})

test('a damaged owner file only makes the message poorer', () => {
  const release = acquireLock(path, 'serve')
  for (const text of [
    '',
    '{',
    'null',
    '{"pid":"x","purpose":1}',
    '{"pid":999999999,"purpose":"x"}',
  ]) {
    writeFileSync(`${path}.owner`, text)
    expect(() => acquireLock(path, 'serve')).toThrow(refusal('process is using'))
  }
  release()
})

test('a lock file that is something else, or cannot be made, is an error of storage', () => {
  const expected = expect.objectContaining({ code: 'storage_unavailable' })
  const file = join(folder, 'text')
  writeFileSync(file, 'this is not a database, '.repeat(100))
  expect(() => acquireLock(file, 'serve')).toThrow(expected)
  expect(() => acquireLock(join(file, 'below'), 'serve')).toThrow(expected)
})
