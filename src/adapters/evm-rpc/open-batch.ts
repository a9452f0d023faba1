/**
 * The answers of a batch, each left where it stands. They are told apart by the bytes between them, as
 * all nodes write them; each part is then held to the strict form of an answer. Inside of a string
 * those bytes cannot stand, and between the braces of a result they leave parts that are no answers.
 */
import { type OpenAnswer, openAnswer } from './open-answer.ts'

/**
 * Between two answers; the second begins at its brace. Without hex digits, of which answers consist, so
 * that the search leaps over them.
 */
const BETWEEN = Buffer.from('},{"jsonrp')
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
    const next = body.indexOf(BETWEEN, start)
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

/** By the id at one end of it, before which a proxy that changes the order shows itself. */
function isAnswerTo(part: Buffer, id: number): boolean {
  const [head, tail] = [`{"jsonrpc":"2.0","id":${id},`, `,"id":${id}}`]
  return (
    part.toString('latin1', 0, head.length) === head ||
    part.toString('latin1', part.length - tail.length) === tail
  )
}
