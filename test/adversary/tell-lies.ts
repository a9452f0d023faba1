/** Tells lies about a block through a node, one after the other, and counts what is believed. */
import { expect } from 'vitest'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import type { SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import { type Liar, readCredits, refOf, tell } from './liar.ts'
import { lieAboutBlock } from './lies-about-a-block.ts'

/** From here on money is credited without waiting for finality. */
const PROVEN = 2

export type Credulity = {
  readonly lies: number
  /** Lies that change no credit: about fields that nobody reads, or that say the same. */
  readonly harmless: number
  /**
   * Lies in a block that was handed over as unproven (level 0 or 1), because what is told cannot be
   * proven or disproven. Nothing of it is credited before it is final and another node agrees.
   */
  readonly unproven: number
  /** Names of the lies that were taken for proven. Must be empty. */
  readonly believed: readonly string[]
}

/** Every `stride`th lie about the block. The source must know the truth before and after. */
export async function tellLies(
  truth: SealedBlock,
  liar: Liar,
  source: ChainSource,
  stride: number,
): Promise<Credulity> {
  const ref = refOf(truth)
  liar.told = tell(truth)
  const expected = await readCredits(source, ref)
  expect(expected?.proofLevel).toBe(PROVEN)
  const credits = render(expected?.credits)
  const believed: string[] = []
  let [count, lies, harmless, unproven] = [0, 0, 0, 0]
  for (const lie of lieAboutBlock(tell(truth))) {
    count += 1
    if (count % stride !== 0) continue
    lies += 1
    liar.told = lie.tell()
    const found = await readCredits(source, ref)
    if (found === null) continue
    if (render(found.credits) === credits) harmless += 1
    else if (found.proofLevel < PROVEN) unproven += 1
    else believed.push(lie.name)
  }
  // A source that refuses everything would pass as well.
  liar.told = tell(truth)
  expect(await readCredits(source, ref)).toEqual(expected)
  return { lies, harmless, unproven, believed }
}

function render(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part))
}
