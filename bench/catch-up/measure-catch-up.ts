/** A gateway that was away follows the chain again, beside fetching and parsing the same blocks. */
import { statSync } from 'node:fs'
import { describeConfig, startChainNode } from '../support/chain-node.ts'
import type { Figure } from '../support/figures.ts'
import { prepareGateway } from '../support/gateway.ts'
import { issueInvoices, type PaidInvoice } from '../support/issue-invoices.ts'
import { seedAddresses } from '../support/seed-addresses.ts'
import type { FloorAnswer, FloorRequest } from './catch-up-floor.ts'
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
import { measureBigBlock } from './measure-big-block.ts'

export type CatchUpPlan = {
  readonly rounds: number
  readonly blocks: number
  /** Issued addresses, those that are paid included. */
  readonly addresses: number
}

/** One transfer in a hundred is to an invoice. */
const PAID_PER_BLOCK = 1
/** As the design asks of the busiest chain. */
const PROVEN_PER_S = 20_000
const RSS_MB = 250

export async function measureCatchUp(plan: CatchUpPlan): Promise<Figure[]> {
  const node = await startChainNode(EARLY_BLOCKS + plan.blocks + CONFIRMATIONS)
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const describe = (proofs: 'on' | 'off') =>
    describeConfig({ rpc: node.url, pollMs: POLL_MS, confirmations: CONFIRMATIONS, proofs })
  const gateway = await prepareGateway({ config: describe('on') })
  try {
    await gateway.start()
    const paid = await issueInvoices(gateway, plan.blocks * PAID_PER_BLOCK)
    await gateway.stop()
    const modelId = (paid[0] as PaidInvoice).id
    seedAddresses(gateway.databasePath, { modelId, count: plan.addresses - paid.length })
    gateway.snapshot()
    const head = await node.extend(planBlocks(plan.blocks, paid))
    const hashes = await node.hashes(EARLY_BLOCKS)
    const floors: FloorAnswer[] = []
    const runs: Runs = { proven: [], unproven: [] }
    for (let round = 0; round < plan.rounds; round++) {
      const request: FloorRequest = { kind: 'blocks', url: node.url, hashes }
      floors.push(await runFloor(request, plan.blocks * TRANSFERS_PER_BLOCK))
      const goal = { head, paid: paid.length }
      const isNone = { config: describe('off'), checkVerdicts: isWithoutProofs }
      runs.unproven.push(await catchUp(gateway, node, { ...goal, ...isNone }))
      const isAll = { config: describe('on'), checkVerdicts: isProven(plan.blocks) }
      runs.proven.push(await catchUp(gateway, node, { ...goal, ...isAll }))
    }
    const databaseBytes = statSync(gateway.databasePath).size
    const big = await measureBigBlock(gateway, node)
    return [...describeFigures(plan, hashes.length, floors, runs, databaseBytes), ...big]
  } finally {
    await gateway.dispose()
    await node.stop()
  }
}

/** With all proofs on, and with none. */
type Runs = { readonly proven: CatchUp[]; readonly unproven: CatchUp[] }

type Verdicts = ReadonlyMap<string, number>

function isWithoutProofs(verdicts: Verdicts): boolean {
  return verdicts.size === 0
}

/** Header hash and both roots of each block recomputed and right, which imply its bloom. */
function isProven(blocks: number): (verdicts: Verdicts) => boolean {
  return (verdicts) =>
    verdicts.size === 2 &&
    (verdicts.get('match') ?? 0) >= 3 * blocks &&
    (verdicts.get('implied') ?? 0) >= blocks
}

function describeFigures(
  plan: CatchUpPlan,
  blocks: number,
  floors: readonly FloorAnswer[],
  { proven, unproven }: Runs,
  databaseBytes: number,
): Figure[] {
  const what = 'fetching and parsing the same blocks'
  const without = { runs: unproven, floors, what }
  const withAll = { runs: proven, floors, what }
  const transfers = plan.blocks * TRANSFERS_PER_BLOCK
  const withProofs = describeRate('catch-up with all proofs: transfers', transfers, withAll)
  return [
    {
      ...describeRate(`catch-up, ${plan.addresses} addresses: transfers`, transfers, without),
      target: { kind: 'share', share: 0.4 },
    },
    describeCpu('catch-up', transfers, without),
    { ...withProofs, target: { kind: 'share', share: 0.3 } },
    {
      ...withProofs,
      name: 'catch-up with all proofs: the same, as a rate',
      floor: null,
      target: { kind: 'least', least: PROVEN_PER_S },
    },
    { ...describeRate('catch-up with all proofs: blocks', blocks, withAll), target: null },
    describeCpu('catch-up with all proofs', transfers, withAll),
    {
      name: `catch-up: database of ${plan.addresses} addresses`,
      unit: 'MB',
      value: databaseBytes / 2 ** 20,
      floor: null,
      target: null,
    },
    ...describeMemory('catch-up with all proofs', proven, RSS_MB),
  ]
}
