/** What a process does when it is asked: the real operations, as workers and routes call them. */
import { type ChainSettings, isSwept } from '../../src/core/chain/chain-settings.ts'
import { type LocalChain, tipOf } from '../../src/core/chain/local-chain.ts'
import type { InvoiceResource } from '../../src/core/invoice/present-invoice.ts'
import type { AssetId } from '../../src/core/money/asset.ts'
import { STANDARD_SCHEDULE_MS } from '../../src/core/webhook/retry-schedule.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { acceptInvoice } from '../../src/operations/accept-invoice.ts'
import { attributePayments, FRESH_ATTRIBUTION } from '../../src/operations/attribute-payments.ts'
import { cancelInvoice } from '../../src/operations/cancel-invoice.ts'
import { checkExpiring } from '../../src/operations/check-expiring.ts'
import { checkState } from '../../src/operations/check-state.ts'
import { type CreateInvoiceRequest, createInvoice } from '../../src/operations/create-invoice.ts'
import type { Deps } from '../../src/operations/deps.ts'
import { attemptDelivery, claimDeliveries } from '../../src/operations/dispatch-webhooks.ts'
import { findKeptAnswer, type IdempotencyTicket } from '../../src/operations/idempotency.ts'
import { FRESH_LOOK, lookAtFinal } from '../../src/operations/look-at-final.ts'
import { FRESH_SWEEP, sweepBalances } from '../../src/operations/sweep-balances.ts'
import { FRESH_MEMORY, type SyncDeps, syncChain } from '../../src/operations/sync-chain.ts'
import type { WebhookSender } from '../../src/ports/webhook-sender.ts'
import { createRandom } from './random.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { demand } from './violation.ts'

const NEVER = new AbortController().signal
/** Turns a watcher takes at once while it is behind. */
const TURNS_MAX = 8

/** One poll of a watcher: what it keeps between turns, and its health, live as long as the process. */
export async function pollChain(
  process: SimulatedProcess,
  deps: Deps,
  settings: ChainSettings,
  nodes: Pick<SyncDeps, 'source' | 'logs' | 'native'>,
): Promise<string> {
  const { chainId } = settings
  try {
    for (let turn = 1; ; turn++) {
      const memory = process.memories.get(chainId) ?? FRESH_MEMORY
      const result = await syncChain({ ...deps, ...nodes }, { settings, memory, signal: NEVER })
      process.memories.set(chainId, result.memory)
      const { head, tip, haltReason } = result
      const state = result.state === 'halted' ? 'halted' : 'ok'
      const facts = { reason: haltReason, head, cursor: tip.number, lagS: 0 }
      deps.chains.setHealth(chainId, { state, ...facts })
      const { chain } = result.memory
      const own = { ...deps, ...nodes }
      const looks =
        result.more || state !== 'ok' || chain === null
          ? []
          : await lookBeyondBlocks(process, own, settings, chain)
      if (!result.more || turn === TURNS_MAX) {
        const claim = result.memory.claim === null ? [] : ['branch claimed']
        return [`${result.state} at ${tip.number}`, ...claim, ...looks].join(', ')
      }
    }
  } catch (error) {
    const claim = process.memories.get(chainId)?.claim ?? null
    process.memories.set(chainId, { ...FRESH_MEMORY, claim })
    if (error instanceof ChainSourceError && error.kind !== 'conflict') {
      const health = deps.chains.healthOf(chainId)
      deps.chains.setHealth(chainId, { ...health, state: 'unreachable', reason: error.kind })
    }
    throw error
  }
}

/** What a watcher looks for between two turns; a fault of the nodes ends the look, and nothing else. */
async function lookBeyondBlocks(
  process: SimulatedProcess,
  deps: Deps & SyncDeps,
  settings: ChainSettings,
  chain: LocalChain,
): Promise<string[]> {
  const { chainId } = settings
  const faults: string[] = []
  const attempt = async (name: string, look: () => Promise<void>): Promise<void> => {
    try {
      await look()
    } catch (error) {
      if (!(error instanceof ChainSourceError)) throw error
      faults.push(`${name}: ${error.kind}`)
    }
  }
  await attempt('expiring', () => checkExpiring(deps, { settings, chain, signal: NEVER }))
  await attempt('final', async () => {
    const look = process.looks.get(chainId) ?? FRESH_LOOK
    const request = { settings, chain, signal: NEVER }
    process.looks.set(chainId, await lookAtFinal(deps, request, look))
  })
  const { native } = deps
  if (native !== undefined && isSwept(settings)) {
    await attempt('balances', async () => {
      const memory = process.sweeps.get(chainId) ?? FRESH_SWEEP
      const request = { settings, chain, memory, signal: NEVER }
      process.sweeps.set(chainId, await sweepBalances({ ...deps, native }, request))
    })
    await attempt('who paid', async () => {
      const memory = process.attributing.get(chainId) ?? FRESH_ATTRIBUTION
      const request = { settings, tipNumber: tipOf(chain).number, memory, signal: NEVER }
      process.attributing.set(chainId, await attributePayments({ ...deps, native }, request))
    })
  }
  return faults
}

/** What somebody ordered, before and after the answer came. */
export type Order = {
  readonly ticket: NonNullable<IdempotencyTicket>
  readonly seed: number
  resource: InvoiceResource | null
}

/** As the route does it: the kept answer of this key first, then the operation. */
export async function placeOrder(
  process: SimulatedProcess,
  deps: Deps,
  order: Order,
): Promise<InvoiceResource> {
  const kept = await findKeptAnswer(deps, order.ticket)
  if (kept !== null) return JSON.parse(kept.body) as InvoiceResource
  return JSON.parse(await createInvoice(deps, drawRequest(process, deps, order)))
}

function drawRequest(
  { account }: SimulatedProcess,
  deps: Deps,
  { seed, ticket }: Order,
): CreateInvoiceRequest {
  const random = createRandom(seed)
  const assets = deps.chains.list().flatMap((chain) => chain.assets)
  const inCoin = random.chance(0.2)
  const currency = inCoin ? random.pick(['USDC', 'ETH']) : random.pick(['USD', 'USD', 'EUR'])
  const fitting = assets.filter(({ symbol }) =>
    inCoin ? symbol === currency : currency !== 'EUR' || symbol === 'USDC',
  )
  const some = fitting.filter(() => random.chance(0.5)).map(({ id }) => id)
  const accept: AssetId[] | null = random.chance(0.5) || some.length === 0 ? null : some
  const amount = currency === 'ETH' ? '0.0123' : `${random.between(1, 300)}.${random.below(10)}`
  return {
    store: account,
    price: { amount, currency, accept },
    orderId: ticket.key,
    description: null,
    metadata: null,
    redirectUrl: null,
    expiresInS: random.pick([60, 120, 300, 600]),
    toleranceBps: random.pick([null, null, 50, 1_000]),
    toleranceAmount: null,
    idempotency: ticket,
  }
}

export async function decide(
  process: SimulatedProcess,
  deps: Deps,
  job: 'cancel' | 'accept',
  invoiceId: string,
): Promise<InvoiceResource> {
  const decision = { storeId: process.account.id, invoiceId, actor: 'merchant', idempotency: null }
  return job === 'cancel' ? cancelInvoice(deps, decision) : acceptInvoice(deps, decision)
}

const DISPATCH_AT_ONCE = 8

/** Answers how many attempts were made. All under way together, as the dispatcher has them. */
export async function dispatch(deps: Deps, sender: WebhookSender): Promise<number> {
  const timings = { time() {} }
  const own = { ...deps, sender, timings, schedule: STANDARD_SCHEDULE_MS }
  const claimed = await claimDeliveries(own, DISPATCH_AT_ONCE)
  const ends = await Promise.allSettled(claimed.map((delivery) => attemptDelivery(own, delivery)))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return claimed.length
}

/** The gateway's own check finds nothing. */
export async function checkClean(deps: Deps): Promise<string> {
  const report = await checkState(deps)
  const [first] = report.violations
  demand(first === undefined, 'check', () => `${first?.rule} ${first?.target}: ${first?.detail}`)
  return `${report.invoices} invoices, ${report.payments} payments, ${report.events} events`
}
