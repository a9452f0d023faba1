import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { threadId } from 'node:worker_threads'

/** Files with secrets or money counters are for their owner alone. */
const FILE_MODE = 0o600

const DIRECTORY_MODE = 0o700

/**
 * Makes a directory and its missing parents. By hand, because Node's recursive mkdir tries again for
 * ever where nothing can be made, as below /proc: a wrong path would be a start that never ends.
 */
export function makeDirectory(path: string): void {
  // A file in its place shows itself to whoever makes something in it.
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

/** The text of a file; null when there is none. Other failures are thrown as they are. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

/**
 * Replaces a file as a whole: after a crash there is the old text or the new one, and once this
 * returns there is the new one. Steps: write beside it, fsync, rename over it, fsync the directory.
 */
export function replaceText(path: string, text: string): void {
  const temporary = writeTemporary(path, text)
  try {
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(dirname(path))
}

/**
 * Makes a file that must not exist yet, whole or not at all. False when another process was first.
 */
export function createText(path: string, text: string): boolean {
  const temporary = writeTemporary(path, text)
  try {
    // A hard link, unlike rename, refuses to replace.
    linkSync(temporary, path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  syncDirectory(dirname(path))
  return true
}

/**
 * Named by process and thread: two writers never share one, and the next run overwrites a
 * left-over.
 */
function writeTemporary(path: string, text: string): string {
  const temporary = `${path}.${process.pid}-${threadId}.tmp`
  const file = openSync(temporary, 'w', FILE_MODE)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return temporary
}

/**
 * Makes the directory entry durable, not only the bytes. Windows has no such call and needs none.
 */
export function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
