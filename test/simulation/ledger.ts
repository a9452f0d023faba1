/**
 * What was committed, kept beside the store by the simulation alone: the log that the invariants
 * and the oracle judge by. It is fed by every commit that took effect, also by one whose answer
 * never reached its caller.
 */
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Invoice } from '../../src/core/invoice/invoice.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import type { Outflow } from '../../src/core/payment/outflow.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import type { Refund } from '../../src/core/refund/refund.ts'
import type { DepositAddress } from '../../src/core/store-account/store-account.ts'
import type { Delivery, WebhookEndpoint } from '../../src/core/webhook/delivery.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import { type Assignments, noteAssignments } from './assignments.ts'
import type { Standing } from './depth.ts'
import { demand } from './violation.ts'

/** An address and the moments, counted in commits, at which it was stored and given out. */
export type KnownAddress = {
  readonly row: DepositAddress
  readonly knownAt: number
  readonly issuedAt: number | null
}

/** The canonical blocks of one chain as committed, by height. */
export type CommittedChain = {
  readonly blocks: Map<number, Hash>
  tip: number
  /** The highest tip it ever had. */
  highest: number
  /** The last block that was committed as final. */
  final: Hash | null
  /** The block that was committed as safe. */
  safe: Hash | null
  haltReason: string | null
  /** Blocks taken over as headers when watching began: never searched for payments. */
  readonly unsearched: Set<Hash>
}

export type Ledger = {
  /** Commits that took effect. */
  count: number
  readonly invoices: Map<string, Invoice>
  readonly payments: Map<string, Payment>
  readonly outflows: Map<string, Outflow>
  readonly events: Event[]
  readonly addresses: Map<Address, KnownAddress>
  readonly chains: Map<number, CommittedChain>
  /** When the addresses of a block were first looked up, for a commit that took effect. */
  readonly searchedAt: Map<Hash, number>
  readonly endpoints: Map<string, WebhookEndpoint>
  readonly deliveries: Map<string, Delivery>
  readonly assignments: Assignments
  readonly refunds: Map<string, Refund>
  /** The transaction of each refund: as the merchant named it last, or as it was paid. */
  readonly refundNames: Map<string, Hash>
  /** Commits there were when a payment was first written. */
  readonly firstSeenAt: Map<string, number>
  /** Commits there were when its writer looked addresses up. */
  readonly firstLookedUpAt: Map<string, number>
  /** Transfers that a node hid when their block was looked for, by block and place. */
  readonly hidden: Set<string>
}

export function createLedger(): Ledger {
  return {
    count: 0,
    invoices: new Map(),
    payments: new Map(),
    outflows: new Map(),
    events: [],
    addresses: new Map(),
    chains: new Map(),
    searchedAt: new Map(),
    endpoints: new Map(),
    deliveries: new Map(),
    assignments: new Map(),
    refunds: new Map(),
    refundNames: new Map(),
    firstSeenAt: new Map(),
    firstLookedUpAt: new Map(),
    hidden: new Set(),
  }
}

export function isHaltedIn({ chains }: Ledger, chainId: number): boolean {
  const chain = chains.get(chainId)
  return chain !== undefined && chain.haltReason !== null
}

/** Takes a commit over. `lookedUpAt` is the count of commits when its writer looked addresses up. */
export function recordChanges(ledger: Ledger, changes: ChangeSet, lookedUpAt: number): void {
  ledger.count += 1
  noteAssignments(ledger, changes)
  for (const invoice of changes.invoices ?? []) ledger.invoices.set(invoice.id, invoice)
  for (const payment of changes.payments ?? []) {
    const { id } = payment.observation
    ledger.payments.set(id, payment)
    if (ledger.firstSeenAt.has(id)) continue
    ledger.firstSeenAt.set(id, ledger.count)
    ledger.firstLookedUpAt.set(id, lookedUpAt)
  }
  for (const attribution of changes.attributions ?? []) {
    const payment = ledger.payments.get(attribution.paymentId) as Payment
    const attributions = [...payment.attributions, attribution]
    ledger.payments.set(attribution.paymentId, { ...payment, attributions })
  }
  for (const outflow of changes.outflows ?? []) ledger.outflows.set(outflow.id, outflow)
  ledger.events.push(...(changes.events ?? []))
  for (const endpoint of changes.endpoints ?? []) ledger.endpoints.set(endpoint.id, endpoint)
  for (const delivery of changes.deliveries ?? []) ledger.deliveries.set(delivery.id, delivery)
  for (const row of changes.addresses ?? []) {
    const known = ledger.addresses.get(row.address)
    ledger.addresses.set(row.address, {
      row,
      knownAt: known?.knownAt ?? ledger.count,
      issuedAt: row.issued === null ? null : ledger.count,
    })
  }
  if (changes.chain !== undefined) recordChain(ledger, changes.chain, lookedUpAt)
}

function recordChain(
  ledger: Ledger,
  advance: NonNullable<ChangeSet['chain']>,
  lookedUpAt: number,
): void {
  const { chainId, expectedTip, disconnected, connected, haltReason } = advance
  const isFirst = !ledger.chains.has(chainId)
  const chain: CommittedChain = ledger.chains.get(chainId) ?? {
    blocks: new Map(),
    tip: -1,
    highest: -1,
    final: null,
    safe: null,
    haltReason: null,
    unsearched: new Set(connected.map(({ hash }) => hash)),
  }
  ledger.chains.set(chainId, chain)
  const tip = chain.blocks.get(chain.tip) ?? null
  demand(tip === expectedTip, 'chain', () => `moved from ${expectedTip}, our tip is ${tip}`)
  for (const { number, hash } of disconnected) {
    const held = chain.blocks.get(number)
    demand(held === hash, 'chain', () => `disconnected ${hash} at ${number}, ours is ${held}`)
    chain.blocks.delete(number)
    chain.tip = Math.min(chain.tip, number - 1)
  }
  for (const { number, hash, parentHash } of connected) {
    const parent = chain.blocks.get(number - 1)
    demand(
      (isFirst && chain.tip === -1) || (parent === parentHash && number === chain.tip + 1),
      'chain',
      () => `connected ${hash} at ${number} above ${parent}`,
    )
    chain.blocks.set(number, hash)
    chain.tip = number
    if (isFirst) continue
    chain.unsearched.delete(hash)
    if (!ledger.searchedAt.has(hash)) ledger.searchedAt.set(hash, lookedUpAt)
  }
  chain.highest = Math.max(chain.highest, chain.tip)
  if (advance.marks !== undefined) {
    chain.final = advance.marks.finalized?.hash ?? null
    chain.safe = advance.marks.safe?.hash ?? null
  }
  chain.haltReason = haltReason
}

/** Where a chain stands as committed; null before it was observed. */
export function standingOf({ blocks, tip, final, safe }: CommittedChain): Standing | null {
  const hash = blocks.get(tip)
  return hash === undefined ? null : { tip: hash, final, safe }
}
