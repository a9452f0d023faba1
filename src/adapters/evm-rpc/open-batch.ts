/**
 * The answers of a batch, each left where it stands. They are told apart by the bytes between them, as
 * all nodes write them; each part is then held to the strict form of an answer. Inside of a string
 * those bytes cannot stand, and between the braces of a result they leave parts that are no answers.
 */
import { type OpenAnswer, openAnswer } from './open-answer.ts'

/** What stands between two answers; the second begins at its brace. */
const BETWEEN = Buffer.from('},{"')
/** Comes next, and begins with a letter that hardly any answer has: the search flies over the rest. */
const NEXT_KEY = Buffer.from('jsonrpc"')
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const LAST_BLANK = 0x20

/** Null where they are written in another way or order, or one is no plain result. */
export function openBatch(
  name: string,
  body: Buffer,
  firstId: number,
  count: number,
): OpenAnswer[] | null {
  let end = body.length
  while (end > 0 && body[end - 1]! <= LAST_BLANK) end -= 1
  if (body[0] !== OPEN_ARRAY || body[end - 1] !== CLOSE_ARRAY) return null
  const answers: OpenAnswer[] = []
  let start = 1
  while (answers.length < count) {
    const next = findNext(body, start)
    const isLast = next === -1
    const part = body.subarray(start, isLast ? end - 1 : next + 1)
    const id = firstId + answers.length
    const answer = isAnswerTo(part, id) ? openAnswer(name, part, id) : null
    if (answer === null) return null
    answers.push(answer)
    if (isLast) return answers.length === count ? answers : null
    start = next + 2
  }
  return null
}

/** Where the bytes between two answers begin; -1 behind the last one. */
function findNext(body: Buffer, start: number): number {
  let key = body.indexOf(NEXT_KEY, start + BETWEEN.length)
  while (key !== -1) {
    const at = key - BETWEEN.length
    if (BETWEEN.compare(body, at, key) === 0) return at
    key = body.indexOf(NEXT_KEY, key + 1)
  }
  return -1
}

/** By the id at one end of it, before which a proxy that changes the order shows itself. */
function isAnswerTo(part: Buffer, id: number): boolean {
  const [head, tail] = [`{"jsonrpc":"2.0","id":${id},`, `,"id":${id}}`]
  return (
    part.toString('latin1', 0, head.length) === head ||
    part.toString('latin1', part.length - tail.length) === tail
  )
}
