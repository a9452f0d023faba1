/** One small JSON file per fact in the state directory, with the name of the fact inside. */
import { join } from 'node:path'
import { GatewayError } from '../../errors.ts'
import { readText } from './durable-file.ts'

const VERSION = 1
export const SUFFIX = '.json'

/** Fingerprints, store ids, chains with an address; nothing that could leave the directory. */
export const NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/

/** The value of a fact, or null when it was never written. */
export function readFact(path: string, file: string, key: string): unknown {
  const text = guardDisk(file, () => readText(join(path, file)))
  if (text === null) return null
  const fact = parseJson(text)
  if (typeof fact !== 'object' || fact === null) throw corrupt(file)
  const { version, key: writtenKey, value } = fact as Record<string, unknown>
  if (version !== VERSION || writtenKey !== key || value === null) throw corrupt(file)
  return value
}

/** The text of a fact's file. */
export function renderFact(key: string, value: unknown): string {
  return `${JSON.stringify({ version: VERSION, key, value })}\n`
}

/** Where the file of a fact lies, below the state directory. */
export function fileName(folder: 'marks' | 'pins' | 'payouts', key: string): string {
  if (!NAME_FORM.test(key)) throw new Error('invariant broken: not a name for a state file')
  return `${folder}/${key}${SUFFIX}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function corrupt(file: string): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    `${file} in the state directory is damaged; restore it from a backup, do not delete it`,
  )
}

/** Failures of the disk become `storage_unavailable`. */
export function guardDisk<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const message = `${what} in the state directory cannot be read or written`
    throw new GatewayError('storage_unavailable', message, { cause, retryable: true })
  }
}
