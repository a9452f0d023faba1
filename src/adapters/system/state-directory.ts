import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '../../errors.ts'
import type { StateDirectory } from '../../ports/state-directory.ts'
import { createText, makeDirectory, replaceText, syncDirectory } from './durable-file.ts'
import {
  corrupt,
  fileName,
  guardDisk,
  NAME_FORM,
  readFact,
  renderFact,
  SUFFIX,
} from './state-facts.ts'

/**
 * One small JSON file per fact, so that processes that write different facts never undo each other:
 *
 *   marks/<fingerprint>.json   { "version": 1, "key": "<fingerprint>", "value": 1200 }
 *   pins/<name>.json           { "version": 1, "key": "<name>", "value": "<fingerprint>" }
 *
 * The key is repeated inside, because a file copied over another must not pass for it. One mark has
 * one writer: the process that holds the lock of the database.
 */
/** BIP-32: indexes of non-hardened children lie below 2^31; a mark may stand one past the last. */
const MARK_MAX = 2 ** 31

/**
 * Opens (and makes, mode 700) the directory of state that a replaced database must not take away.
 */
export function openStateDirectory(path: string): StateDirectory {
  guardDisk('the state directory', () => {
    for (const folder of ['marks', 'pins']) {
      makeDirectory(join(path, folder))
    }
    syncDirectory(path)
  })
  return {
    readMark: (fingerprint) => readMark(path, fingerprint),
    raiseMark(fingerprint, value) {
      if (!isMark(value)) throw new Error('invariant broken: a mark is an index below 2^31 or 2^31')
      if (value <= readMark(path, fingerprint)) return
      const file = fileName('marks', fingerprint)
      guardDisk(file, () => replaceText(join(path, file), renderFact(fingerprint, value)))
    },
    lowerMark(fingerprint, value) {
      if (!isMark(value)) throw new Error('invariant broken: a mark is an index below 2^31 or 2^31')
      if (value >= readMark(path, fingerprint)) return
      const file = fileName('marks', fingerprint)
      guardDisk(file, () => replaceText(join(path, file), renderFact(fingerprint, value)))
    },
    readPins: () => readPins(path),
    pin: (name, fingerprint) => pin(path, name, fingerprint),
    replacePin(name, fingerprint) {
      const file = fileName('pins', name)
      if (!NAME_FORM.test(fingerprint)) throw new Error('invariant broken: not a fingerprint')
      guardDisk(file, () => replaceText(join(path, file), renderFact(name, fingerprint)))
    },
  }
}

function readMark(path: string, fingerprint: string): number {
  const file = fileName('marks', fingerprint)
  const value = readFact(path, file, fingerprint)
  if (value === null) return 0
  if (!isMark(value)) throw corrupt(file)
  return value
}

function readPins(path: string): ReadonlyMap<string, string> {
  const files = guardDisk('pins', () => readdirSync(join(path, 'pins')))
  const names = files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
  const stray = names.find((name) => !NAME_FORM.test(name))
  if (stray !== undefined) throw corrupt(`pins/${stray}${SUFFIX}`)
  return new Map(names.sort().map((name) => [name, readPin(path, name) ?? '']))
}

function readPin(path: string, name: string): string | null {
  const file = fileName('pins', name)
  const value = readFact(path, file, name)
  if (value === null) return null
  if (typeof value !== 'string' || !NAME_FORM.test(value)) throw corrupt(file)
  return value
}

function pin(path: string, name: string, fingerprint: string): void {
  const file = fileName('pins', name)
  if (!NAME_FORM.test(fingerprint)) throw new Error('invariant broken: not a fingerprint')
  if (readPin(path, name) === null) {
    // Refuses to replace: of two processes that pin at once, one is first and both read the same.
    guardDisk(file, () => createText(join(path, file), renderFact(name, fingerprint)))
  }
  if (readPin(path, name) === fingerprint) return
  throw new GatewayError(
    'xpub_mismatch',
    `the account key of ${name} is not the one pinned in ${file}; remove that file only if you ` +
      'changed the key yourself',
  )
}

function isMark(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MARK_MAX
}
