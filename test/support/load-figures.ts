/**
 * Times that scenarios ask for, and what is held of them where other things run beside the tests.
 * LOAD=full asks for the numbers of the scenarios themselves, on a machine that has nothing else to do.
 */
import process from 'node:process'

/** True where the numbers of the scenarios themselves are asked for. */
export const IS_FULL = readLoad(process.env.LOAD)

/**
 * Two cores that run a chain, a gateway and other tests make anything take so many times as long now
 * and then. What hangs, or walks through everything, exceeds this all the same.
 */
const BUSY_FACTOR = 5

/** What may pass in place of a time that a scenario asks for, in the unit of that time. */
export function allow(time: number): number {
  return IS_FULL ? time : time * BUSY_FACTOR
}

/** Figures of load tests are said, whether their bound held or not. */
export function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}

function readLoad(text: string | undefined): boolean {
  if (text === undefined || text === '') return false
  if (text === 'full') return true
  throw new Error(`LOAD is full or not set, and not ${text}`)
}
