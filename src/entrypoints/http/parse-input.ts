/** From parsed JSON to what an operation takes: zod judges, faults name every wrong field. */
import * as z from 'zod'
import { type InputFault, invalidRequest } from '../../errors.ts'
import { pointerOf } from './parse-strict-json.ts'

// Compiling a schema needs `new Function`, which a hardened runtime forbids.
z.config({ jitless: true })

/** A value that fits the schema, or 400 with one fault per wrong field. */
export function parseInput<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw invalidRequest(parsed.error.issues.flatMap((issue) => describeIssue(issue, input)))
}

/** A string by characters as people count them: an emoji outside the basic plane is one. */
export function textOf(maxCharacters: number, { multiline = false } = {}) {
  return z
    .string()
    .refine((text) => text.length <= maxCharacters || [...text].length <= maxCharacters, {
      error: `must have at most ${maxCharacters} characters`,
      params: { code: 'too_long' },
    })
    .refine((text) => multiline || !/[\t\n\r]/.test(text), {
      error: 'must be on one line',
      params: { code: 'control_character' },
    })
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown): InputFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      code: 'unknown_field',
      detail: 'is not a known field',
    }))
  }
  const pointer = pointerOf(issue.path)
  if (issue.code === 'invalid_type' && valueAt(input, issue.path) === undefined) {
    return [{ pointer, code: 'required', detail: 'is required' }]
  }
  return [{ pointer, code: codeOf(issue), detail: detailOf(issue) }]
}

function codeOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return 'wrong_type'
    case 'too_small':
      return 'too_small'
    case 'too_big':
      return 'too_large'
    case 'invalid_value':
      return 'not_allowed'
    case 'custom':
      return typeof issue.params?.code === 'string' ? issue.params.code : 'not_valid'
    default:
      return 'not_valid'
  }
}

/** Our own words where zod's would be read alone; never the value that was sent. */
function detailOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`
    case 'invalid_union':
      return 'must be a string, a number, true, false or null'
    case 'too_small':
      return `must be ${unitOf(issue.origin)} at least ${issue.minimum}`
    case 'too_big':
      return `must be ${unitOf(issue.origin)} at most ${issue.maximum}`
    case 'invalid_value':
      return `must be one of: ${issue.values.join(', ')}`
    default:
      return issue.message
  }
}

function unitOf(origin: string): string {
  return origin === 'array' || origin === 'string' ? 'of a length of' : ''
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return value
}
