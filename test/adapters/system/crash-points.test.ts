import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createCrashPoints } from '../../../src/adapters/system/crash-points.ts'

const MODULE = fileURLToPath(
  new URL('../../../src/adapters/system/crash-points.ts', import.meta.url),
)

test('without a crash to come, everything is handed back as it is', () => {
  const points = createCrashPoints(null)
  const store = { commit: async () => 'committed' }
  expect(points.around(store, ['commit'])).toBe(store)
  expect(points.after(store, ['commit'])).toBe(store)
})

test('until the crash, calls, results and faults are those of the target', async () => {
  const points = createCrashPoints(1_000_000)
  const target = {
    add: (a: number, b: number) => a + b,
    later: async (text: string) => `${text}!`,
    fail: async () => Promise.reject(new Error('the disk')),
    untouched: () => 'as it was',
  }
  const guarded = points.around(target, ['add', 'later', 'fail'])
  expect(guarded.add(2, 3)).toBe(5)
  expect(await guarded.later('now')).toBe('now!')
  await expect(guarded.fail()).rejects.toThrow('the disk')
  expect(guarded.untouched).toBe(target.untouched)
})

/** What a process has written when the nth boundary ends it. */
function runUntil(crashAt: number) {
  const program = `
    import { createCrashPoints } from ${JSON.stringify(MODULE)}
    const points = createCrashPoints(${crashAt})
    const say = (word) => require('node:fs').writeSync(1, word + ' ')
    const store = points.around({ commit: async () => say('commit') }, ['commit'])
    const node = points.after({ ask: async (answer) => (say('ask'), answer) }, ['ask'])
    await store.commit()
    await node.ask([])
    await node.ask(null)
    await node.ask([1])
    say('end')`
  const { stdout, signal } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { createRequire } from 'node:module'
    const require = createRequire('/')
    ${program}`,
    ],
    { encoding: 'utf8' },
  )
  return { said: stdout.trim(), signal }
}

// biome-ignore format: a table reads better in rows
test.each<[string, number, string, string | null]>([
  ['before a call', 1, '', 'SIGKILL'],
  ['after it', 2, 'commit', 'SIGKILL'],
  ['after an answer that brought something', 3, 'commit ask ask ask', 'SIGKILL'],
  ['never, when there are fewer', 4, 'commit ask ask ask end', null],
])('the process dies %s', (_, crashAt, said, signal) => {
  expect(runUntil(crashAt)).toEqual({ said, signal })
})

// biome-ignore format: a table reads better in rows
test.each<[string, number | string, string, string]>([
  ['another number, counted from then', 3, 'commit commit ', 'before commit'],
  ['a place', 'after commit', 'commit commit ', 'after commit'],
])('a parent names %s', async (_, told, said, place) => {
  const folder = mkdtempSync(join(tmpdir(), 'quittance-crash-'))
  const program = join(folder, 'program.mjs')
  writeFileSync(
    program,
    `
    import { writeSync } from 'node:fs'
    import { createCrashPoints } from ${JSON.stringify(MODULE)}
    const points = createCrashPoints(1_000_000)
    const store = points.around({ commit: async () => writeSync(1, 'commit ') }, ['commit'])
    await store.commit()
    process.on('message', async () => { for (;;) await store.commit() })`,
  )
  try {
    const child = fork(program, { stdio: 'pipe' })
    const output = { stdout: '', stderr: '' }
    child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk))
    child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk))
    const answered = once(child, 'message')
    const closed = once(child, 'close')
    child.send(told)
    expect((await answered)[0]).toBe('armed')
    expect(await closed).toEqual([null, 'SIGKILL'])
    expect(output).toEqual({ stdout: said, stderr: `crash point: ${place}\n` })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
