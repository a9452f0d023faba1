import type { z } from 'zod'
import { GatewayError, type InputFault } from '../errors.ts'
import { presentName } from './recognise-secret.ts'

/**
 * Faults name the place, as a JSON pointer or a variable, and the rule. They never repeat a value:
 * what stands in the wrong place may be a secret.
 */

/** Faults told in one message; a file with more is likely no configuration at all. */
const FAULTS_TOLD_MAX = 50

type Path = readonly PropertyKey[]
type Issue = z.core.$ZodIssue

/** RFC 6901. Names that look like keys are hidden. */
export function toPointer(path: Path): string {
  return path
    .map((part) => `/${presentName(String(part)).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}

export function createFault(place: string, code: string, detail: string): InputFault {
  return { pointer: place, code, detail }
}

/** One error for all faults, one line each. */
export function configurationError(faults: readonly InputFault[]): GatewayError {
  const told = faults.slice(0, FAULTS_TOLD_MAX)
  const lines = told.map(({ pointer, detail }) => `- ${pointer === '' ? '/' : pointer}: ${detail}`)
  if (faults.length > told.length) lines.push(`- and ${faults.length - told.length} more`)
  const message = `the configuration is not valid:\n${lines.join('\n')}`
  return new GatewayError('invalid_configuration', message, { faults })
}

/** Every wrong field of a zod error. Unknown names and the inner faults of unions get their own. */
export function toFaults(issues: readonly Issue[], base: Path = []): InputFault[] {
  return issues.flatMap((issue): InputFault[] => {
    const path = [...base, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) =>
        createFault(toPointer([...path, key]), 'unknown_name', 'unknown name'),
      )
    }
    const inner = issue.code === 'invalid_union' ? findMeantBranch(issue.errors) : undefined
    if (inner !== undefined) return toFaults(inner, path)
    if (issue.code === 'invalid_key') {
      const detail = issue.issues[0]?.message ?? issue.message
      return [createFault(toPointer(path), issue.code, detail)]
    }
    const code = issue.code === 'custom' ? 'invalid_value' : issue.code
    return [createFault(toPointer(path), code, issue.message)]
  })
}

/** The alternative whose faults lie inside: the value was of its kind, so it is what was meant. */
function findMeantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  )
}

/** Words for what zod finds by itself; a schema's own `error` goes before. */
export function wordIssue(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing'
      return `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'invalid_value':
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    default:
      return 'is not valid'
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : ''
}
