/** Calls every method of a chain source against a node whose answers are spoilt at random. */
import type { VerifiedBlock } from '../../src/core/chain/block.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { createManualClock, never } from '../adapters/evm-rpc/support.ts'
import { createRandom, type Random } from '../simulation/random.ts'
import type { SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import { connectTo, type Liar, readCredits, readingOf, refOf } from './liar.ts'
import { type Asked, QUESTIONS } from './questions.ts'
import { spoilAnswer } from './spoil-answer.ts'

export type FuzzReport = {
  readonly spoilt: number
  /** Calls that rejected with a `ChainSourceError`. */
  readonly refused: number
  /** Spoilt answers of a block after which it had its true transfers all the same. */
  readonly harmless: number
  /** Other transfers, in a block that says of itself that nothing proves it. */
  readonly unproven: number
  /** How often each other question was answered by something of use. */
  readonly answered: Readonly<Record<string, number>>
  /** Seeds with what went wrong: another error, or other transfers. Must be empty. */
  readonly failures: readonly string[]
}

export type FuzzPlan = {
  readonly count: number
  readonly seed: number
  /** How many of the calls read one whole block. */
  readonly blockShare: number
}

/** A new source now and then: what it learned of the node must not decide what is tested. */
const READS_PER_SOURCE = 100
const MAX_FAILURES = 5
/** After this a source asks again what the node is, and for what it lacked. */
const FORGETTING_MS = 11 * 60_000

export async function fuzzNode(
  truth: SealedBlock,
  liar: Liar,
  { count, seed, blockShare }: FuzzPlan,
): Promise<FuzzReport> {
  const ref = refOf(truth)
  const expected = render((await readCredits(connectTo(liar), ref))?.credits)
  const clock = createManualClock()
  let source = connectTo(liar, { clock })
  let [spoilt, refused, harmless, unproven, round] = [0, 0, 0, 0, 0]
  const answered: Record<string, number> = {}
  const failures: string[] = []
  const judgeBlock = (block: VerifiedBlock): void => {
    const { credits, proofLevel } = readingOf(block)
    if (render(credits) === expected) harmless += 1
    else if (proofLevel < 2) unproven += 1
    else throw new Error('other transfers')
  }
  const ask = async (random: Random, asked: Asked): Promise<void> => {
    // Most often the content of blocks, since money comes from there.
    if (random.chance(blockShare)) {
      judgeBlock(await asked.source.getBlock(ref, never()))
      return
    }
    const [name, question] = random.pick(Object.entries(QUESTIONS))
    const before = spoilt
    await question(asked)
    if (spoilt > before) answered[name] = (answered[name] ?? 0) + 1
  }
  while (spoilt < count && failures.length < MAX_FAILURES) {
    clock.advance(FORGETTING_MS)
    if (round % READS_PER_SOURCE === 0) {
      liar.spoil = null
      source = connectTo(liar, { clock })
      await source.getHead(never())
    }
    const random = createRandom(seed + round)
    round += 1
    liar.oneByOne = random.chance(0.2)
    // Which answer: of a block and its receipts, or of several requests that one question takes.
    const turn = random.below(4)
    let answers = 0
    liar.spoil = (text) => {
      answers += 1
      if (answers - 1 !== turn) return text
      spoilt += 1
      return spoilAnswer(text, random)
    }
    try {
      await ask(random, { source, truth, ref, judgeBlock })
    } catch (error) {
      if (error instanceof ChainSourceError) refused += 1
      else failures.push(`seed ${seed + round - 1}: ${describeError(error)}`)
    }
  }
  liar.spoil = null
  liar.oneByOne = false
  return { spoilt, refused, harmless, unproven, answered, failures }
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.stack}` : `thrown: ${JSON.stringify(error)}`
}

function render(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part))
}
