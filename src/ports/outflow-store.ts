import type { Address, AssetId } from '../core/money/asset.ts'
import type { KeptOutflow } from '../core/payment/outflow.ts'
import type { Page, PageRequest } from './store.ts'

/** Reads of what left deposit addresses. Written by change sets, with the block it was seen in. */
export type OutflowStore = {
  /** Also those whose block is not on our chain, newest first. */
  listOutflows(filter: OutflowFilter, page: PageRequest): Promise<Page<KeptOutflow>>
  /** All that left these addresses on one chain, oldest first. */
  findOutflowsFrom(chainId: number, addresses: readonly Address[]): Promise<KeptOutflow[]>
}

export type OutflowFilter = {
  readonly storeId: string
  readonly assetId?: AssetId | undefined
}
