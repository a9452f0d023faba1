/**
 * The merchant names the transaction that pays a refund, sent from a wallet that nobody here knows.
 * It is believed as far as the chain shows it: a block that is there already is looked at now, one
 * that comes is recognised by the watcher.
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { blockAt } from '../core/chain/local-chain.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { Hash } from '../core/money/asset.ts'
import { matchRefunds, sendBy } from '../core/refund/follow-refund.ts'
import type { Refund, RefundResource } from '../core/refund/refund.ts'
import { ChainSourceError, GatewayError } from '../errors.ts'
import type { ChainSource, TransactionSighting } from '../ports/chain-source.ts'
import {
  assertStatus,
  decideRefund,
  type RefundDecision,
  type RefundDeps,
} from './decide-refund.ts'
import { readTransfers } from './read-transfers.ts'

export type ReportDeps = RefundDeps & {
  readonly nodesOf: (
    chainId: number,
  ) => { readonly source: Pick<ChainSource, 'getTransaction' | 'getBlock'> } | null
}

export type RefundReport = RefundDecision & { readonly txHash: Hash; readonly signal: AbortSignal }

type Mined = Extract<TransactionSighting, { kind: 'mined' }>

/** Blocks in which one that is already on our chain is looked for. */
const RING_BLOCKS = 3_000

/**
 * Rejects with `chain_unavailable` when no node answers, with `not_acceptable_state` for a refund
 * that a block pays already, and for a transaction that failed or pays something else.
 */
export function reportRefund(deps: ReportDeps, report: RefundReport): Promise<RefundResource> {
  return decideRefund(deps, report, 'refund.report', async (refund) => {
    assertStatus(refund, ['requested', 'sent', 'failed'])
    if (refund.outgoing !== null) {
      throw new GatewayError(
        'not_acceptable_state',
        'A block of the chain pays the refund already.',
      )
    }
    const named: Refund = { ...refund, status: 'sent', txHash: report.txHash }
    const transfer = await findTransfer(deps, named, report)
    return transfer === null ? named : sendBy(named, transfer)
  })
}

/** Null while no block of our chain has the transaction. */
async function findTransfer(
  deps: ReportDeps,
  refund: Refund,
  { txHash, signal }: RefundReport,
): Promise<Transfer | null> {
  const settings = deps.chains.get(refund.asset.chainId)
  const nodes = deps.nodesOf(refund.asset.chainId)
  if (settings === undefined || nodes === null) {
    throw new GatewayError('not_acceptable_state', 'The chain of this asset is not configured.')
  }
  try {
    const sighting = await nodes.source.getTransaction(txHash, signal)
    if (sighting.kind === 'failed') {
      throw new GatewayError('not_acceptable_state', 'The transaction failed: it moved nothing.')
    }
    if (sighting.kind !== 'mined') return null
    return await findInBlock(deps, settings, nodes.source, refund, sighting, signal)
  } catch (error) {
    if (!(error instanceof ChainSourceError)) throw error
    throw new GatewayError('chain_unavailable', 'The chain cannot be asked right now; try again.', {
      retryable: true,
      cause: error,
    })
  }
}

async function findInBlock(
  deps: ReportDeps,
  settings: ChainSettings,
  source: Pick<ChainSource, 'getBlock'>,
  refund: Refund,
  { block: { number, hash } }: Mined,
  signal: AbortSignal,
): Promise<Transfer | null> {
  const stored = await deps.store.loadChain(settings.chainId, RING_BLOCKS)
  const ref = stored === null ? null : blockAt(stored.chain, number)
  // The watcher has not come so far, or is on another branch: it will meet the transaction there.
  if (ref?.hash !== hash) return null
  const block = await source.getBlock(ref, signal)
  const others = await deps.store.findRefundsTo(settings.chainId, [refund.destination])
  const refunds = [refund, ...others.filter(({ id }) => id !== refund.id)]
  const paid = matchRefunds(refunds, readTransfers(deps, settings, [block]), {
    isOwn: () => false,
    disconnected: new Set(),
  })
  const transfer = paid.get(refund.id)
  if (transfer !== undefined) return transfer
  const detail = 'The transaction does not pay this refund: asset, destination or amount differ.'
  throw new GatewayError('not_acceptable_state', detail)
}
