/**
 * Matching alone: a gateway that was away looks through ranges of logs of listed tokens and reads the
 * few blocks that name one of its addresses. Nothing is proven.
 */
import { describeConfig, startChainNode, USDC } from '../support/chain-node.ts'
import type { Figure } from '../support/figures.ts'
import { prepareGateway } from '../support/gateway.ts'
import { issueInvoices, type PaidInvoice } from '../support/issue-invoices.ts'
import { seedAddresses } from '../support/seed-addresses.ts'
import type { FloorAnswer } from './catch-up-floor.ts'
import {
  type CatchUp,
  CONFIRMATIONS,
  catchUp,
  describeCpu,
  describeMemory,
  describeRate,
  EARLY_BLOCKS,
  POLL_MS,
  planBlocks,
  runFloor,
  TRANSFERS_PER_BLOCK,
} from './follow-chain.ts'

export type MatchingPlan = {
  readonly rounds: number
  readonly blocks: number
  /** Issued addresses, those that are paid included. */
  readonly addresses: number
}

/** One of ours in ten thousand transfers: what a shop sees of a busy stablecoin. */
const BLOCKS_PER_PAYMENT = 100
const LEAST_PER_S = 90_000
const RSS_MB = 250

export async function measureMatching(plan: MatchingPlan): Promise<Figure[]> {
  const node = await startChainNode(EARLY_BLOCKS + plan.blocks + CONFIRMATIONS)
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const options = { rpc: node.url, pollMs: POLL_MS, confirmations: CONFIRMATIONS }
  const config = describeConfig({ ...options, proofs: 'off', byLogs: true })
  const gateway = await prepareGateway({ config })
  try {
    await gateway.start()
    const paid = await issueInvoices(gateway, plan.blocks / BLOCKS_PER_PAYMENT)
    await gateway.stop()
    const modelId = (paid[0] as PaidInvoice).id
    seedAddresses(gateway.databasePath, { modelId, count: plan.addresses - paid.length })
    gateway.snapshot()
    const head = await node.extend(planBlocks(plan.blocks, paid))
    const hashes = await node.hashes(EARLY_BLOCKS)
    const { url } = node
    const range = { from: EARLY_BLOCKS, to: head, token: USDC }
    const ofRanges: FloorAnswer[] = []
    const ofBlocks: FloorAnswer[] = []
    const runs: CatchUp[] = []
    const transfers = plan.blocks * TRANSFERS_PER_BLOCK
    const checkVerdicts = ({ size }: ReadonlyMap<string, number>) => size === 0
    for (let round = 0; round < plan.rounds; round++) {
      ofRanges.push(await runFloor({ kind: 'ranges', url, ...range }, transfers))
      ofBlocks.push(await runFloor({ kind: 'blocks', url, hashes }, transfers))
      runs.push(await catchUp(gateway, node, { head, paid: paid.length, config, checkVerdicts }))
    }
    return describeFigures(plan, runs, ofRanges, ofBlocks)
  } finally {
    await gateway.dispose()
    await node.stop()
  }
}

function describeFigures(
  plan: MatchingPlan,
  runs: readonly CatchUp[],
  ofRanges: readonly FloorAnswer[],
  ofBlocks: readonly FloorAnswer[],
): Figure[] {
  const logs = plan.blocks * TRANSFERS_PER_BLOCK
  const same = { runs, floors: ofRanges, what: 'fetching and parsing the same headers and logs' }
  const whole = { runs, floors: ofBlocks, what: 'fetching and parsing whole blocks and receipts' }
  const rate = describeRate(`matching, ${plan.addresses} addresses: logs`, logs, whole)
  return [
    { ...rate, target: { kind: 'share', share: 0.6 } },
    {
      ...rate,
      name: 'matching: the same, as a rate',
      floor: null,
      target: { kind: 'least', least: LEAST_PER_S },
    },
    {
      // What a program would reach that asks for as little, decodes it, and knows nobody.
      ...describeRate('matching: the same, beside headers and logs alone', logs, same),
      target: null,
    },
    describeCpu('matching', logs, same),
    ...describeMemory('matching', runs, RSS_MB),
  ]
}
