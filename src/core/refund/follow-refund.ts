/**
 * A refund follows the chain: a transfer that pays it makes it `sent`, depth makes it `confirmed`, a
 * block that leaves takes it back to `sent`, and never further: its transaction may be mined again,
 * and who pays a second time pays twice.
 */
import { meetsFinality } from '../chain/finality.ts'
import type { LocalChain } from '../chain/local-chain.ts'
import type { Transfer } from '../chain/transfer.ts'
import type { Hash } from '../money/asset.ts'
import type { Outgoing, Refund } from './refund.ts'

export type RefundStep = {
  /** Our chain after the step. */
  readonly chain: LocalChain
  readonly disconnected: ReadonlySet<Hash>
  /** Transfers in the connected blocks, by the refund that each pays. */
  readonly paid: ReadonlyMap<string, Transfer>
}

/** Where the refund stands after the step, one by one: at most `sent`, then `confirmed`. */
export function followRefund(refund: Refund, step: RefundStep): Refund[] {
  const seen = seeTransfer(refund, step)
  const states = seen === refund ? [] : [seen]
  if (seen.status !== 'sent' || seen.outgoing === null) return states
  const { blockNumber: number, blockTimestampS: timestampS } = seen.outgoing
  if (!meetsFinality(step.chain, seen.finality, { number, timestampS })) return states
  return [...states, { ...seen, status: 'confirmed' }]
}

function seeTransfer(refund: Refund, { disconnected, paid }: RefundStep): Refund {
  const isLost = refund.outgoing !== null && disconnected.has(refund.outgoing.blockHash)
  const transfer = paid.get(refund.id)
  if (transfer !== undefined) return sendBy(refund, transfer)
  return isLost ? { ...refund, status: 'sent', outgoing: null } : refund
}

/** The refund as paid by this transfer. */
export function sendBy(refund: Refund, transfer: Transfer): Refund {
  const { block, place, from, txHash } = transfer
  const outgoing: Outgoing = {
    blockHash: block.hash,
    blockNumber: block.number,
    blockTimestampS: block.timestampS,
    place,
    from,
  }
  return { ...refund, status: 'sent', txHash, outgoing }
}

/**
 * Which transfer pays which refund: the same asset, the destination and the exact amount, and either
 * its transaction was named, or it came from an address of the merchant after it was asked for. A
 * transfer pays one refund, a refund is paid once. Canceled and failed ones are paid by whoever sent
 * a plan that was made before: the money is gone, and that is what they tell.
 */
export function matchRefunds(
  refunds: readonly Refund[],
  transfers: readonly Transfer[],
  parameters: {
    readonly isOwn: (transfer: Transfer) => boolean
    /** Blocks that leave with this step: what was paid in them may be paid anew. */
    readonly disconnected: ReadonlySet<Hash>
  },
): Map<string, Transfer> {
  const paid = new Map<string, Transfer>()
  const used = new Set(
    refunds.flatMap(({ outgoing }) =>
      outgoing === null ? [] : [`${outgoing.blockHash}/${outgoing.place}`],
    ),
  )
  const isFree = ({ id, outgoing }: Refund) =>
    !paid.has(id) && (outgoing === null || parameters.disconnected.has(outgoing.blockHash))
  const unused = transfers.filter(({ block, place }) => !used.has(`${block.hash}/${place}`))
  // Left to the transfer that they name, also where another one comes before it.
  const awaited = new Set(
    refunds.filter((refund) => unused.some((one) => names(refund, one) && fits(refund, one))),
  )
  for (const transfer of unused) {
    const fitting = refunds.filter(
      (refund) =>
        isFree(refund) &&
        fits(refund, transfer) &&
        (names(refund, transfer) || !awaited.has(refund)),
    )
    const refund = chooseRefund(fitting, transfer, parameters.isOwn(transfer))
    if (refund !== undefined) paid.set(refund.id, transfer)
  }
  return paid
}

/** Whether a transfer could pay a refund, whoever sent it. */
export function fits({ asset, destination, amountUnits }: Refund, transfer: Transfer): boolean {
  return (
    asset.id === transfer.assetId &&
    destination === transfer.to &&
    amountUnits === transfer.amountUnits
  )
}

function names(refund: Refund, { txHash }: Pick<Transfer, 'txHash'>): boolean {
  return refund.txHash !== null && refund.txHash === txHash
}

/** The one that names the transaction, else the oldest that waits, else one that was given up. */
function chooseRefund(
  fitting: readonly Refund[],
  { txHash, block }: Transfer,
  isOwn: boolean,
): Refund | undefined {
  const named = fitting.find((refund) => names(refund, { txHash }))
  if (named !== undefined || !isOwn) return named
  const later = fitting.filter(({ sinceBlock }) => block.number > sinceBlock)
  // A confirmed one fits only where the block that paid it leaves with this step.
  const order: readonly Refund['status'][] = [
    'requested',
    'sent',
    'confirmed',
    'failed',
    'canceled',
  ]
  return order.flatMap((status) => later.filter((refund) => refund.status === status))[0]
}
