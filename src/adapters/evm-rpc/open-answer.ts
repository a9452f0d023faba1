/**
 * A JSON-RPC answer whose result is left where it stands, for a reader of bytes. The envelope is as
 * strict as ever; what comes before the result is judged here, what comes behind it by `finish`.
 */
import { ChainSourceError } from '../../errors.ts'
import {
  createCursor,
  createKeyTable,
  enterObject,
  expectEnd,
  type JsonCursor,
  NO_KEY,
  nextKey,
  noteField,
  skipValue,
  takeNull,
} from './json-cursor.ts'

export type OpenAnswer = {
  readonly kind: 'bytes'
  readonly body: Buffer
  /** Where the result begins. */
  readonly start: number
  /**
   * To be told where the result ended: judges the rest of the answer, or throws `malformed`. Until
   * then the id may be that of another question.
   */
  finish(end: number): void
}

const KEYS = createKeyTable(['jsonrpc', 'id', 'result', 'error', 'Error'])
const [, ID, RESULT, ERROR, LIMIT] = [0, 1, 2, 3, 4]

type Envelope = { readonly cursor: JsonCursor; seen: number; isOurs: boolean }

/** Null where there is no plain result to hand over: the usual way is to judge it. */
export function openAnswer(name: string, body: Buffer, id: number): OpenAnswer | null {
  const envelope = { cursor: createCursor(body, name), seen: 0, isOurs: false }
  try {
    if (!findResult(envelope, id)) return null
  } catch (error) {
    if (error instanceof ChainSourceError) return null
    throw error
  }
  const start = envelope.cursor.at
  return {
    kind: 'bytes',
    body,
    start,
    finish(end) {
      envelope.cursor.at = end
      readRest(envelope, id, name)
    },
  }
}

/** Moves to a result that is not null; false when anything else comes first. */
function findResult(envelope: Envelope, id: number): boolean {
  const { cursor } = envelope
  enterObject(cursor, 'the answer')
  for (let key = nextKey(cursor, KEYS); key !== NO_KEY; key = nextKey(cursor, KEYS)) {
    if (key >= 0) envelope.seen = noteField(cursor, envelope.seen, key, KEYS)
    if (key === RESULT) return !takeNull(cursor)
    if (key === LIMIT || (key === ERROR && !takeNull(cursor))) return false
    if (key === ID && !takeId(envelope, id)) return false
    if (key !== ID && key !== ERROR) skipValue(cursor)
  }
  return false
}

function readRest(envelope: Envelope, id: number, name: string): void {
  const { cursor } = envelope
  for (let key = nextKey(cursor, KEYS); key !== NO_KEY; key = nextKey(cursor, KEYS)) {
    if (key >= 0) envelope.seen = noteField(cursor, envelope.seen, key, KEYS)
    if (key === ID) takeId(envelope, id)
    else if (key !== ERROR) skipValue(cursor)
    else if (!takeNull(cursor)) throw malformed(name, 'gave both result and error')
  }
  expectEnd(cursor)
  if (!envelope.isOurs) throw malformed(name, 'answered with an id that was not asked')
}

/** Whether the id is ours, as a number. */
function takeId(envelope: Envelope, id: number): boolean {
  const { cursor } = envelope
  while (cursor.bytes[cursor.at] === 0x20) cursor.at += 1
  const start = cursor.at
  skipValue(cursor)
  envelope.isOurs = cursor.bytes.toString('latin1', start, cursor.at) === String(id)
  return envelope.isOurs
}

function malformed(name: string, what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${name} ${what}`)
}
