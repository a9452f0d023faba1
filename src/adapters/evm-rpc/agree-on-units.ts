import { ChainSourceError } from '../../errors.ts'
import type { EvmNode } from './node.ts'
import { type NodePool, noteAnswer, noteFault, orderNodes } from './node-pool.ts'

/**
 * An amount as every node that answers has it: what takes money away from an order is not decided by
 * one node where there are several. Null where none knows. Rejects with `inconsistent` when they
 * differ, with the first fault when all fail.
 */
export async function agreeOnUnits(
  pool: NodePool,
  what: string,
  read: (node: EvmNode) => Promise<bigint | null>,
  signal: AbortSignal,
): Promise<bigint | null> {
  let fault: ChainSourceError | null = null
  let first: { readonly name: string; readonly units: bigint } | null = null
  let answers = 0
  for (const node of orderNodes(pool)) {
    try {
      const units = await read(node)
      noteAnswer(pool, node)
      answers += 1
      if (units === null) continue
      const { name } = node.client
      if (first !== null && first.units !== units) {
        const text = `${first.name} and ${name} differ on ${what}`
        throw new ChainSourceError('inconsistent', text)
      }
      first ??= { name, units }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ChainSourceError && error.kind === 'inconsistent') throw error
      fault = noteFault(pool, node, error)
    }
  }
  if (answers === 0 && fault !== null) throw fault
  return first?.units ?? null
}
