/** Reading the result of an answer where it stands, whether it came as bytes or as a value. */
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { ChainSourceError } from '../../errors.ts'
import { createCursor, type JsonCursor, skipValue } from './json-cursor.ts'
import { type JsonRpcClient, type RawAnswer, requireResult } from './json-rpc-client.ts'

type Named = { readonly client: Pick<JsonRpcClient, 'name'> }

/** Read in one go: some 5 ms of work, after which others of this process have their turn. */
const BYTES_IN_A_ROW = 512 * 1024

/** A cursor at the result; null when the result is null. Refusals become faults. */
export function requireBytes(node: Named, method: string, answer: RawAnswer): JsonCursor | null {
  if (answer.kind === 'bytes') return createCursor(answer.body, method, answer.start)
  const value = requireResult(node.client, method, answer)
  if (value === null) return null
  return createCursor(writeAgain(value, method), method)
}

/** A small result as a value, and the answer judged to its end. Refusals become faults. */
export function requireValue(node: Named, method: string, answer: RawAnswer): unknown {
  if (answer.kind !== 'bytes') return requireResult(node.client, method, answer)
  const cursor = createCursor(answer.body, method, answer.start)
  skipValue(cursor)
  answer.finish(cursor.at)
  return JSON.parse(answer.body.toString('utf8', answer.start, cursor.at))
}

/** To be called behind the result: judges the rest of the answer, or throws `malformed`. */
export function finish(answer: RawAnswer, cursor: JsonCursor): void {
  if (answer.kind === 'bytes') answer.finish(cursor.at)
}

/** The parser nests as deep as a node likes, the writer only as deep as the stack. */
export function writeAgain(value: unknown, method: string): Buffer {
  try {
    return Buffer.from(JSON.stringify(value))
  } catch {
    throw new ChainSourceError('malformed', `${method}: the result is nested too deep`)
  }
}

/** Runs a reader to its end, with a turn for others now and then. */
export async function drive<Result>(
  cursor: JsonCursor,
  reader: Generator<void, Result>,
  signal: AbortSignal,
): Promise<Result> {
  let rested = cursor.at
  for (let step = reader.next(); ; step = reader.next()) {
    if (step.done === true) return step.value
    if (cursor.at - rested < BYTES_IN_A_ROW) continue
    await yieldToOthers()
    signal.throwIfAborted()
    rested = cursor.at
  }
}
