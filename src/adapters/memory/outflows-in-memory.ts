import type { KeptOutflow, Outflow } from '../../core/payment/outflow.ts'
import type { OutflowStore } from '../../ports/outflow-store.ts'
import { blockKey, entriesOf, type MemoryState, valuesOf } from './memory-state.ts'
import { takePage } from './take-page.ts'

export function outflowReads(state: MemoryState): OutflowStore {
  const keep = (outflow: Outflow): KeptOutflow => {
    const block = state.blocks.get(blockKey(outflow.chainId, outflow.blockHash))?.value
    return { outflow, isCanonical: block?.canonical === true }
  }
  return {
    async listOutflows({ storeId, assetId }, page) {
      const { items, cursor } = takePage(entriesOf(state.outflows), page, (outflow) => {
        if (outflow.storeId !== storeId) return false
        return assetId === undefined || outflow.asset.id === assetId
      })
      return { items: items.map(keep), cursor }
    },
    async findOutflowsFrom(chainId, addresses) {
      const wanted = new Set(addresses)
      return valuesOf(state.outflows)
        .filter((outflow) => outflow.chainId === chainId && wanted.has(outflow.from))
        .map(keep)
    },
  }
}
