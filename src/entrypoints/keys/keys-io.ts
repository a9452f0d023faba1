import { GatewayError, invalidField } from '../../errors.ts'

/** What the keys tool touches of the world; a test gives its own. */
export type KeysIo = {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Whether a person types on stdin: secrets are then prompted for, without echo. */
  readonly isTTY: boolean
  /** Bytes from the system's random source. */
  randomBytes(count: number): Uint8Array
  setExitCode(code: number): void
  /** Text of a file. Rejects as Node does. */
  readFile(path: string): Promise<string>
  /** Creates a file that was not there, readable by its owner alone. */
  createFile(path: string, text: string): Promise<void>
}

/** Done, and the answer is yes. */
export const EXIT_OK = 0
/** Done, and the answer is no. */
export const EXIT_NOT_FOUND = 1
/** Not done: what was given cannot be right. */
export const EXIT_USAGE = 2

/** Writes what `--out` names. Throws `invalid_request` when it is there already. */
export async function createOut(io: KeysIo, path: string, text: string): Promise<void> {
  try {
    await io.createFile(path, text)
  } catch {
    throw invalidField('', 'not_writable', '--out: the file is there already, or cannot be made.')
  }
}

/** Tells bad input in one line. Anything else is a bug of ours and shows itself as one. */
export async function runTelling(io: KeysIo, act: () => void | Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    io.stderr.write(`error: ${error.message}\n`)
    io.setExitCode(EXIT_USAGE)
  }
}
