import { writeSync } from 'node:fs'
import process from 'node:process'

/**
 * Places where a process may die between two things it does to the world: before and after a
 * commit, an answer of a node, a webhook. A test ends the process at the nth of them, for every n,
 * and looks at what the next start makes of it. Without an n, every function here hands back what
 * it was given: production runs no line of this.
 */
export type CrashPoints = {
  /** One boundary before, one after each call of these methods. */
  around<T extends object>(target: T, methods: readonly (keyof T)[]): T
  /** One boundary after each call that brought something: polls that find nothing do not count. */
  after<T extends object>(target: T, methods: readonly (keyof T)[]): T
}

const STDERR = 2

/**
 * Crash points of which the nth (from 1) ends the process at once, as a power cut would; it says
 * which. A parent process with a channel to this one may name another, counted from then, or the place.
 */
export function createCrashPoints(crashAt: number | null): CrashPoints {
  if (crashAt === null) return { around: (target) => target, after: (target) => target }
  let last: unknown = crashAt
  let passed = 0
  process.on('message', (message) => {
    last = message
    passed = 0
    process.send?.('armed')
  })
  const pass = (place: string): void => {
    passed += 1
    if (passed !== last && place !== last) return
    writeSync(STDERR, `crash point: ${place}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
  const after = (name: string) => pass(`after ${name}`)
  return {
    around: (target, methods) =>
      surround(target, methods, { before: (name) => pass(`before ${name}`), after }),
    after: (target, methods) =>
      surround(target, methods, {
        before: () => {},
        after: (name, result) => (isEmpty(result) ? undefined : after(name)),
      }),
  }
}

type Hooks = { before(name: string): void; after(name: string, result: unknown): void }

function surround<T extends object>(target: T, methods: readonly (keyof T)[], hooks: Hooks): T {
  const replaced = methods.map((name) => {
    const method = target[name] as (...parameters: unknown[]) => unknown
    const wrapped = (...parameters: unknown[]): unknown => {
      hooks.before(String(name))
      const result = method(...parameters)
      if (!(result instanceof Promise)) {
        hooks.after(String(name), result)
        return result
      }
      return result.then((value: unknown) => {
        hooks.after(String(name), value)
        return value
      })
    }
    return [name, wrapped]
  })
  return { ...target, ...Object.fromEntries(replaced) }
}

function isEmpty(result: unknown): boolean {
  return result === null || (Array.isArray(result) && result.length === 0)
}
