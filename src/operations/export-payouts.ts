/** Refunds that wait to be paid, as the list that `quittance payout plan` takes. */
import { toChecksumAddress } from '../core/money/asset.ts'
import { formatDecimal } from '../core/money/decimal.ts'
import { renderCell } from '../core/payment/payment-table.ts'
import { selectCovered } from '../core/refund/judge-refund.ts'
import type { Refund } from '../core/refund/refund.ts'
import type { Deps } from './deps.ts'
import { walkPages } from './walk-pages.ts'

export type PayoutExport = {
  readonly storeId: string
  /** Undefined: of all chains. */
  readonly chainId: number | undefined
}

export const PAYOUT_TABLE_HEAD = 'chain,asset,to,amount,reference\r\n'

/**
 * CSV text in parts. The reference is the id of the refund, by which a planner knows it for ever. A
 * refund whose money left with a reorg is not in it until it is back.
 */
export async function* exportPayouts(
  { store }: Pick<Deps, 'store'>,
  { storeId, chainId }: PayoutExport,
): AsyncGenerator<string> {
  yield PAYOUT_TABLE_HEAD
  const filter = { storeId, status: 'requested' } as const
  for await (const page of walkPages((request) => store.listRefunds(filter, request))) {
    const wanted = page.filter(({ asset }) => chainId === undefined || asset.chainId === chainId)
    const lines = (await keepCovered(store, wanted)).map(renderPayout)
    if (lines.length > 0) yield lines.join('')
  }
}

async function keepCovered(
  store: Pick<Deps['store'], 'loadInvoices' | 'findRefundsOf'>,
  waiting: readonly Refund[],
): Promise<Refund[]> {
  const ids = [...new Set(waiting.map(({ invoiceId }) => invoiceId))]
  const refunds = Map.groupBy(await store.findRefundsOf(ids), ({ invoiceId }) => invoiceId)
  const covered = new Set(
    (await store.loadInvoices(ids)).flatMap(({ invoice, payments }) => {
      const all = refunds.get(invoice.id) ?? []
      const requested = all.filter(({ status }) => status === 'requested')
      return selectCovered(requested, payments, all).map(({ id }) => id)
    }),
  )
  return waiting.filter(({ id }) => covered.has(id))
}

function renderPayout({ id, asset, destination, amountUnits }: Refund): string {
  const amount = formatDecimal(amountUnits, asset.decimals)
  const cells = [asset.chainId, asset.id, toChecksumAddress(destination), amount, id]
  return `${cells.map(renderCell).join(',')}\r\n`
}
