import { isAbsolute } from 'node:path'
import type { Environment } from './environment.ts'
import { configurationError, createFault } from './faults.ts'

/** What our own tests ask of a process beyond its settings. */
export type TestVariables = {
  /** The boundary at which it is to die (adapters/system/crash-points); null: at none. */
  readonly crashAt: number | null
  /**
   * Every database counts as large, and its check waits while there is a file here
   * (adapters/sqlite/check-integrity); null: as everywhere else.
   */
  readonly databaseCheckWaitsFor: string | null
}

/**
 * Only where `NODE_ENV` is `test`, as under Vitest. Everywhere else `QUITTANCE_TEST_*` is an unknown
 * name, and a start with one is refused.
 */
export function allowsTestVariables(env: Environment): boolean {
  return env.NODE_ENV === 'test'
}

export function readTestVariables(env: Environment): TestVariables {
  const read = (name: string) => (allowsTestVariables(env) ? (env[name] ?? '') : '')
  return {
    crashAt: readCrashPoint('QUITTANCE_TEST_CRASH_AT', read),
    databaseCheckWaitsFor: readPath('QUITTANCE_TEST_DATABASE_CHECK_WAITS_FOR', read),
  }
}

type Read = (name: string) => string

function readCrashPoint(name: string, read: Read): number | null {
  const text = read(name)
  if (text === '') return null
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw configurationError([createFault(name, 'invalid', 'must be a whole number above zero')])
}

function readPath(name: string, read: Read): string | null {
  const text = read(name)
  if (text === '' || isAbsolute(text)) return text === '' ? null : text
  throw configurationError([createFault(name, 'invalid', 'must be the whole path of a file')])
}
