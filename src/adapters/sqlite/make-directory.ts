import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Orders and keys lie here: for the owner of the process alone. */
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
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
