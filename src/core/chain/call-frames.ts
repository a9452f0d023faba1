/** Calls within transactions, as a tracer shows them, and the native coin that moved by them. */
import type { Address, Hash } from '../money/asset.ts'
import { nativeAssetId } from '../money/asset.ts'
import type { BlockRef, VerifiedBlock } from './block.ts'
import type { Transfer } from './transfer.ts'

/** One frame of geth's callTracer; the first of a transaction is the transaction itself. */
export type CallFrame = {
  /** `CALL`, `CREATE2`, `SELFDESTRUCT`, ...: in upper case. */
  readonly type: string
  readonly from: Address
  /** Null where a creation failed, or the tracer names nobody. */
  readonly to: Address | null
  readonly valueUnits: bigint
  /** The frame reverted, and with it everything below. */
  readonly failed: boolean
  readonly calls: readonly CallFrame[]
}

/** The first frames of a block's transactions, in their order. */
export type BlockFrames = readonly { readonly txHash: Hash; readonly root: CallFrame }[]

/**
 * Frames that move value to the callee. DELEGATECALL and STATICCALL move nothing, whatever value the
 * tracer repeats there; CALLCODE moves from an address to itself.
 */
const MOVING: ReadonlySet<string> = new Set(['CALL', 'CREATE', 'CREATE2', 'SELFDESTRUCT'])

/** Transfers below the first frames, of any address. The first frame is the transaction's own value. */
export function extractFrames(
  block: { readonly ref: BlockRef },
  chainId: number,
  frames: BlockFrames,
): Transfer[] {
  const transfers: Transfer[] = []
  for (const [index, { txHash, root }] of frames.entries()) {
    if (root.failed) continue
    const walk = (frame: CallFrame, path: string): void => {
      if (frame.failed) return
      const { from, to, valueUnits } = frame
      if (MOVING.has(frame.type) && valueUnits > 0n && to !== null && to !== from) {
        transfers.push({
          chainId,
          block: block.ref,
          place: `call:${index}:${path}`,
          kind: 'internal',
          assetId: nativeAssetId(chainId),
          from,
          to,
          amountUnits: valueUnits,
          txHash,
          logIndex: null,
        })
      }
      for (const [place, call] of frame.calls.entries()) walk(call, `${path}.${place}`)
    }
    for (const [place, call] of root.calls.entries()) walk(call, `${place}`)
  }
  return transfers
}

/** Whether frames are those of a block: as many, and of its transactions. */
export function fitsBlock(frames: BlockFrames, { transactions }: VerifiedBlock): boolean {
  return (
    frames.length === transactions.length &&
    frames.every(({ txHash, root }, index) => {
      const transaction = transactions[index]
      return transaction?.hash === txHash && transaction.succeeded === !root.failed
    })
  )
}
