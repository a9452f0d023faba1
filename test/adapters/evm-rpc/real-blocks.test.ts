/** Blocks that real clients made, read as from a node: they are proven, nothing needs to be believed. */
import { expect, test } from 'vitest'
import { connectTo, refOf, startLiar } from '../../adversary/liar.ts'
import type { Json } from '../../support/sealed-blocks/encode-block.ts'
import type { SealedBlock } from '../../support/sealed-blocks/seal-block.ts'
import realBlocks from '../../vectors/blocks.json' with { type: 'json' }
import { never } from './support.ts'

type RealBlock = { source: string; block: Json; receipts?: Json[] }

/** Of the others the receipts are not known. */
const COMPLETE = (realBlocks as RealBlock[]).filter(({ receipts }) => receipts !== undefined)

test.each(COMPLETE)('$source', async ({ block, receipts = [] }) => {
  const truth: SealedBlock = { hash: block.hash, block, receipts, accessList: null }
  const node = await startLiar(truth)
  try {
    for (const oneByOne of [false, true]) {
      node.oneByOne = oneByOne
      const read = await connectTo(node).getBlock(refOf(truth), never())
      expect(read.proofLevel).toBe(2)
      expect(read.transactions.map(({ hash }) => hash)).toEqual(
        block.transactions.map(({ hash }: Json) => hash),
      )
    }
  } finally {
    await node.stop()
  }
})

test('a client on each side of the OP stack', () => {
  expect(COMPLETE).toHaveLength(2)
})
