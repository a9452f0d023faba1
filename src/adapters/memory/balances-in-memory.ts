import type { BlockRef } from '../../core/chain/block.ts'
import { deadlineMs, type Invoice } from '../../core/invoice/invoice.ts'
import { isUnattributed } from '../../core/payment/attribution.ts'
import type { Payment } from '../../core/payment/payment.ts'
import type {
  BalanceStore,
  KnownCredit,
  SweepQuery,
  SweepTarget,
  UnattributedCursor,
} from '../../ports/balance-store.ts'
import {
  balanceKey,
  blockKey,
  entriesOf,
  type MemoryState,
  type StoredBlock,
  valuesOf,
} from './memory-state.ts'

/** What the sweep of balances loads. */
export function balanceReads(state: MemoryState): BalanceStore {
  return {
    async findSweepTargets(query) {
      const after = query.after ?? { deadlineMs: -1, position: -1 }
      const page = entriesOf(state.invoices)
        .filter(({ value }) => isInGroup(value, query))
        .map(({ position, value }) => ({
          invoice: value,
          cursor: { deadlineMs: deadlineMs(value.terms), position },
        }))
        .sort((a, b) => compareCursors(a.cursor, b.cursor))
        .filter(({ cursor }) => compareCursors(cursor, after) > 0)
        .filter(({ cursor }) => cursor.deadlineMs < (query.beforeMs ?? Number.POSITIVE_INFINITY))
        .slice(0, query.limit)
      return {
        targets: page.flatMap(({ invoice }) => describeTarget(state, invoice, query)),
        cursor: page.length < query.limit ? null : (page.at(-1)?.cursor ?? null),
      }
    },
    async findCanonicalAncestor(chainId, hash) {
      let next: BlockRef['hash'] | null = hash
      while (next !== null) {
        const stored: StoredBlock | undefined = state.blocks.get(blockKey(chainId, next))?.value
        if (stored === undefined) return null
        if (stored.canonical) return stored.block
        next = stored.block.parentHash
      }
      return null
    },
    async findUnattributed({ chainId, fromBlock, after, limit }) {
      const cursorOf = ({ observation: { blockNumber, id } }: Payment) => {
        return { blockNumber, paymentId: id }
      }
      const page = valuesOf(state.payments)
        .filter(({ observation: { chainId: ofChain, txHash, blockNumber } }) => {
          return ofChain === chainId && txHash === null && blockNumber >= fromBlock
        })
        .sort((a, b) => comparePlaces(cursorOf(a), cursorOf(b)))
        .filter((payment) => after === null || comparePlaces(cursorOf(payment), after) > 0)
        .slice(0, limit)
      const last = page.length < limit ? undefined : page.at(-1)
      return {
        payments: page.filter((one) => one.position !== 'orphaned' && isUnattributed(one)),
        cursor: last === undefined ? null : cursorOf(last),
      }
    },
  }
}

function comparePlaces(a: UnattributedCursor, b: UnattributedCursor): number {
  if (a.blockNumber !== b.blockNumber) return a.blockNumber - b.blockNumber
  if (a.paymentId === b.paymentId) return 0
  return a.paymentId < b.paymentId ? -1 : 1
}

type Cursor = { readonly deadlineMs: number; readonly position: number }

function compareCursors(a: Cursor, b: Cursor): number {
  return a.deadlineMs - b.deadlineMs || a.position - b.position
}

function isInGroup({ status, terms }: Invoice, { group, sinceMs }: SweepQuery): boolean {
  const isUnfinished = status === 'open' || status === 'processing'
  if (isUnfinished || group === 'unfinished') return isUnfinished && group === 'unfinished'
  return deadlineMs(terms) >= sinceMs === (group === 'recent')
}

function describeTarget(
  state: MemoryState,
  invoice: Invoice,
  { chainId, assetId }: SweepQuery,
): SweepTarget[] {
  const deposit = state.addresses.get(invoice.address)?.value
  const takesCoin = invoice.terms.options.some(({ asset }) => asset.id === assetId)
  if (deposit === undefined || !takesCoin) return []
  const credits = valuesOf(state.payments)
    .filter(({ position }) => position !== 'orphaned')
    .map(({ observation }) => observation)
    .filter((observation) => observation.chainId === chainId && observation.asset.id === assetId)
    .filter(({ to }) => to === deposit.address)
    .map(
      ({ blockNumber, place, amountUnits }): KnownCredit => ({ blockNumber, place, amountUnits }),
    )
    .sort((a, b) => a.blockNumber - b.blockNumber)
  const known = state.balances.get(balanceKey(chainId, deposit.address))?.value ?? null
  return [{ deposit, known, credits }]
}
