import type { Environment } from './environment.ts'
import { configurationError, createFault } from './faults.ts'

/** What our own tests ask of a process beyond its settings. */
export type TestVariables = {
  /** The boundary at which it is to die (adapters/system/crash-points); null: at none. */
  readonly crashAt: number | null
}

/**
 * Only where `NODE_ENV` is `test`, as under Vitest. Everywhere else `QUITTANCE_TEST_*` is an unknown
 * name, and a start with one is refused.
 */
export function allowsTestVariables(env: Environment): boolean {
  return env.NODE_ENV === 'test'
}

export function readTestVariables(env: Environment): TestVariables {
  const name = 'QUITTANCE_TEST_CRASH_AT'
  const text = allowsTestVariables(env) ? (env[name] ?? '') : ''
  if (text === '') return { crashAt: null }
  if (/^[1-9][0-9]{0,8}$/.test(text)) return { crashAt: Number(text) }
  throw configurationError([createFault(name, 'invalid', 'must be a whole number above zero')])
}
