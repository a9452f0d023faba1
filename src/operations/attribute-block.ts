/**
 * Payments of one block of which only a balance told: who made them, by the calls of the block. What
 * is found is written beside the payment; nothing of what was observed, and nothing that counts, is
 * changed by it.
 */
import { fitsBlock } from '../core/chain/call-frames.ts'
import type { Hash } from '../core/money/asset.ts'
import { type Attribution, explainByCalls } from '../core/payment/attribution.ts'
import type { Payment } from '../core/payment/payment.ts'
import { ChainSourceError } from '../errors.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { NativeSource } from '../ports/native-source.ts'
import type { Deps } from './deps.ts'

export type AttributeDeps = Pick<Deps, 'store' | 'clock' | 'logger' | 'metrics'> & {
  readonly source: Pick<ChainSource, 'getBlock'>
  readonly native: Pick<NativeSource, 'getFrames'>
}

export type BlockToAttribute = {
  readonly chainId: number
  readonly blockHash: Hash
  /** Payments of this block that are open, as the store has them now. */
  readonly payments: readonly Payment[]
  readonly signal: AbortSignal
}

/**
 * `explained`: at least one of them is, and it is written. `differs`: the calls do not add up to what
 * came. `lacking`: no node of the chain shows calls at all. `conflict`: a payment was written
 * meanwhile, by a reorg or a merchant; it is looked at anew.
 */
export type AttributedBlock = 'explained' | 'differs' | 'lacking' | 'conflict'

/**
 * One commit, or none. Rejects with a `ChainSourceError`: `not_there` where the block is out of reach
 * of every node that shows calls, `inconsistent` where the calls are of another block.
 */
export async function attributeBlock(
  deps: AttributeDeps,
  { chainId, blockHash, payments, signal }: BlockToAttribute,
): Promise<AttributedBlock> {
  const { store, native, source } = deps
  const [kept] = await store.findBlocks(chainId, [blockHash])
  if (kept === undefined) throw new ChainSourceError('not_there', `no block ${blockHash} is kept`)
  const frames = await native.getFrames(kept.ref, signal)
  if (frames === null) return 'lacking'
  const held = await store.findPaymentsInBlocks(chainId, [blockHash])
  const learnedAtMs = deps.clock.nowMs()
  const explained = payments.flatMap((payment) => {
    const calls = explainByCalls(payment, held, kept.ref, frames)
    if (calls === null) return []
    const paymentId = payment.observation.id
    // The observer of calls leaves neither open.
    const attributions = calls.flatMap(({ place, txHash, from, amountUnits }): Attribution[] =>
      txHash === null || from === null
        ? []
        : [{ paymentId, place, txHash, from, amountUnits, learnedAtMs }],
    )
    return [{ payment, attributions }]
  })
  if (explained.length === 0) return 'differs'
  if (!fitsBlock(frames, await source.getBlock(kept.ref, signal))) {
    const text = `block ${kept.ref.number} ${blockHash}: its traces are of other transactions`
    throw new ChainSourceError('inconsistent', text)
  }
  const result = await store.commit({
    payments: explained.map(({ payment }) => ({ ...payment, revision: payment.revision + 1 })),
    attributions: explained.flatMap(({ attributions }) => attributions),
  })
  if (result === 'conflict') return 'conflict'
  for (const { payment, attributions } of explained) tellAttributed(deps, payment, attributions)
  return 'explained'
}

function tellAttributed(
  { logger, metrics }: AttributeDeps,
  { observation }: Payment,
  attributions: readonly Attribution[],
): void {
  metrics.count('payments_attributed_total', { chain: String(observation.chainId) })
  logger.info(
    {
      chain_id: observation.chainId,
      payment: observation.id,
      block: observation.blockNumber,
      transactions: [...new Set(attributions.map(({ txHash }) => txHash))],
    },
    'who sent coins that only a balance told of is known now',
  )
}
