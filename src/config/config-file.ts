import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { GatewayError } from '../errors.ts'
import { recogniseSecret } from './recognise-secret.ts'

/**
 * The configuration as it was found: where it lies (relative paths in it start there) and its text.
 */
export type ConfigFile = { readonly path: string; readonly text: string }

const DEFAULT_NAME = 'quittance.config.json'

/** A megabyte holds thousands of tokens; a larger file is some other file. */
const FILE_BYTES_MAX = 1_048_576

/**
 * Absolute path of the configuration file: `--config`, else `QUITTANCE_CONFIG`, else
 * `quittance.config.json` where the user stands, if there is one. A named file need not exist:
 * reading it says so. `cwd` is INIT_CWD where npm set it.
 */
export function findConfigFile(parameters: {
  readonly flag?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}): string | null {
  const { flag, env, cwd } = parameters
  const named = flag ?? env.QUITTANCE_CONFIG?.trim()
  if (named !== undefined && named !== '') return resolve(cwd, named)
  if (flag !== undefined) throw refuse('--config needs the path of a file')
  const path = resolve(cwd, DEFAULT_NAME)
  return existsSync(path) ? path : null
}

/** Reads the file `findConfigFile` named; null stays null. */
export function readConfigFile(path: string | null): ConfigFile | null {
  if (path === null) return null
  const shown = path.split(/[\\/]/).some((part) => recogniseSecret(part) !== null)
    ? '(hidden)'
    : path
  const bytes = readBytes(path, shown)
  if (bytes.length > FILE_BYTES_MAX) {
    throw refuse(`the configuration file ${shown} is larger than ${FILE_BYTES_MAX} bytes`)
  }
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    throw refuse(`the configuration file ${shown} is not UTF-8 text`)
  }
}

function readBytes(path: string, shown: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw refuse(`the configuration file ${shown} does not exist`)
    }
    if (code === 'EISDIR') throw refuse(`${shown} is a directory, not a configuration file`)
    throw refuse(`the configuration file ${shown} cannot be read (${code ?? 'unknown'})`)
  }
}

function refuse(message: string): GatewayError {
  return new GatewayError('invalid_configuration', message)
}
