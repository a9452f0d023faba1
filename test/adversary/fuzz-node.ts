/** Calls every method of a chain source against a node whose answers are spoilt at random. */
import type { BlockRef } from '../../src/core/chain/block.ts'
import { ChainSourceError } from '../../src/errors.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import { never } from '../adapters/evm-rpc/support.ts'
import { createRandom } from '../simulation/random.ts'
import { TOKEN } from '../support/sealed-blocks/every-kind.ts'
import type { SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import { connectTo, type Liar, readCredits, readingOf, refOf } from './liar.ts'
import { spoilAnswer } from './spoil-answer.ts'

export type FuzzReport = {
  readonly spoilt: number
  /** Calls that rejected with a `ChainSourceError`. */
  readonly refused: number
  /** Spoilt answers after which the block had its true transfers all the same. */
  readonly harmless: number
  /** Other transfers, in a block that says of itself that nothing proves it. */
  readonly unproven: number
  /** Seeds with what went wrong: another error, or other transfers. Must be empty. */
  readonly failures: readonly string[]
}

/** A new source now and then: what it learned of the node must not decide what is tested. */
const READS_PER_SOURCE = 100
const MAX_FAILURES = 5

export async function fuzzNode(
  truth: SealedBlock,
  liar: Liar,
  { count, seed }: { count: number; seed: number },
): Promise<FuzzReport> {
  const ref = refOf(truth)
  const expected = render((await readCredits(connectTo(liar), ref))?.credits)
  let source = connectTo(liar)
  let [spoilt, refused, harmless, unproven, round] = [0, 0, 0, 0, 0]
  const failures: string[] = []
  while (spoilt < count && failures.length < MAX_FAILURES) {
    if (round % READS_PER_SOURCE === 0) {
      liar.spoil = null
      source = connectTo(liar)
      await source.getHead(never())
    }
    const random = createRandom(seed + round)
    round += 1
    liar.oneByOne = random.chance(0.2)
    // Most often the content of blocks, since money comes from there.
    const method = random.chance(0.7) ? 'block' : random.pick(OTHERS)
    const turn = random.below(2)
    let answers = 0
    liar.spoil = (text) => {
      answers += 1
      if (method === 'block' && answers - 1 < turn) return text
      spoilt += 1
      return spoilAnswer(text, random)
    }
    try {
      if (method !== 'block') {
        await method(source, ref)
        continue
      }
      const { credits, proofLevel } = readingOf(await source.getBlock(ref, never()))
      if (render(credits) === expected) harmless += 1
      else if (proofLevel < 2) unproven += 1
      else failures.push(`seed ${seed + round - 1}: other transfers`)
    } catch (error) {
      if (error instanceof ChainSourceError) refused += 1
      else failures.push(`seed ${seed + round - 1}: ${describeError(error)}`)
    }
  }
  liar.spoil = null
  liar.oneByOne = false
  return { spoilt, refused, harmless, unproven, failures }
}

const OTHERS: readonly ((source: ChainSource, ref: BlockRef) => Promise<unknown>)[] = [
  async (source) => checkRef(await source.getHead(never())),
  async (source, ref) => checkRef(await source.getHeaderByNumber(ref.number, never())),
  async (source, ref) => {
    const header = await source.getHeaderByHash(ref.hash, never())
    checkRef(header)
    if (header !== null && header.hash !== ref.hash) throw new Error('a header of another hash')
  },
  async (source, ref) => {
    const [header] = await source.getHeaders(ref.number, ref.number, never())
    checkRef(header!)
    if (header!.number !== ref.number) throw new Error('a header of another height')
  },
  async (source) => {
    const decimals = await source.getTokenDecimals(TOKEN, never())
    if (decimals === null || (Number.isInteger(decimals) && decimals >= 0 && decimals < 256)) return
    throw new Error(`decimals ${decimals}`)
  },
]

/** Nobody can tell a made-up header from a true one; but it is one. */
function checkRef(ref: BlockRef | null): void {
  if (ref === null) return
  const { number, hash, parentHash, timestampS } = ref
  const isHash = (text: string) => /^0x[0-9a-f]{64}$/.test(text)
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
  if (isHash(hash) && isHash(parentHash) && isCount(number) && isCount(timestampS)) return
  throw new Error(`a header that is none: ${JSON.stringify(ref)}`)
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.stack}` : `thrown: ${JSON.stringify(error)}`
}

function render(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part))
}
