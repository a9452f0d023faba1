/**
 * Transfers that a node hid from whoever read blocks: a second look finds them, before an order
 * expires, and once their block is final.
 */
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import { observationId } from '../../src/core/payment/payment.ts'
import type { Standing } from './depth.ts'
import type { CommitView } from './invariants.ts'
import { type CommittedChain, isHaltedIn, type Ledger } from './ledger.ts'
import type { Movement, SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

/** Whether a transfer was hidden, and nobody has found it. */
export function isUnseen(
  { hidden, payments }: Ledger,
  chainId: number,
  blockHash: Hash,
  { place }: Movement,
): boolean {
  if (!hidden.has(`${blockHash}/${place}`)) return false
  const stored = payments.get(observationId({ chainId, blockHash, place }))
  return stored === undefined || stored.position === 'orphaned'
}

/** No order expires while a transfer lies at its address that came in time and nobody saw. */
export function checkExpiredTokens(ledger: Ledger, invoice: Invoice, view: CommitView): void {
  if (ledger.hidden.size === 0) return
  for (const [chainId, { blocks, tip }] of ledger.chains) {
    const truth = view.chains.get(chainId) as SimulatedChain
    const standing = blocks.get(tip) as Hash
    // What left, or came short, makes the balance say less than came.
    const isPlain = hasWhole(ledger, invoice, truth, standing)
    if (view.hasRefusedLooks(chainId) || isHaltedIn(ledger, chainId) || !isPlain) continue
    const missed = unseenOf(ledger, invoice, truth, standing).find(
      ({ block }) => block.ref.timestampS * 1_000 <= deadlineMs(invoice.terms),
    )
    demand(missed === undefined, 'expiry', () => {
      return `${invoice.id} expired, ${missed?.movement.units} came unseen in ${missed?.block.ref.number}`
    })
  }
}

/** In the end, after a new start: what came to orders of late, and is final, was found. */
export function judgeHidden(
  ledger: Ledger,
  chains: ReadonlyMap<number, SimulatedChain>,
  standings: ReadonlyMap<number, Standing>,
  isLookedAfter: (invoice: Invoice) => boolean,
): void {
  if (ledger.hidden.size === 0) return
  for (const [chainId, { final }] of ledger.chains) {
    const truth = chains.get(chainId) as SimulatedChain
    const { tip } = standings.get(chainId) as Standing
    if (final === null || isHaltedIn(ledger, chainId)) continue
    const { number } = (truth.getBlock(final) as SimulatedBlock).ref
    for (const invoice of ledger.invoices.values()) {
      if (!isLookedAfter(invoice)) continue
      const missed = unseenOf(ledger, invoice, truth, tip).find(
        ({ block }) => block.ref.number <= number,
      )
      demand(missed === undefined, 'hidden', () => {
        return `${missed?.movement.units} came to ${invoice.id} in final block ${missed?.block.ref.number}`
      })
    }
  }
}

type Unseen = { readonly movement: Movement; readonly block: SimulatedBlock }

/** Of assets that the order takes, after it was given out. */
function unseenOf(
  ledger: Ledger,
  { address, terms }: Invoice,
  truth: SimulatedChain,
  tip: Hash,
): Unseen[] {
  const issuedAt = ledger.addresses.get(address)?.row.issued?.tips[truth.chainId]?.number
  const taken = new Set(terms.options.map(({ asset }) => asset.id))
  const unseen: Unseen[] = []
  let block = truth.getBlock(tip)
  while (block !== undefined && issuedAt !== undefined && block.ref.number >= issuedAt) {
    const { hash, parentHash } = block.ref
    for (const movement of block.movements) {
      const isOwn = movement.to === address && taken.has(movement.asset.id)
      if (isOwn && isUnseen(ledger, truth.chainId, hash, movement)) unseen.push({ movement, block })
    }
    block = truth.getBlock(parentHash)
  }
  return unseen
}

function hasWhole(
  { chains }: Ledger,
  { address }: Invoice,
  truth: SimulatedChain,
  tip: Hash,
): boolean {
  const unsearched = (chains.get(truth.chainId) as CommittedChain).unsearched
  let block = truth.getBlock(tip)
  while (block !== undefined && !unsearched.has(block.ref.hash)) {
    for (const { from, to, moved } of block.movements) {
      if (from === address || (to === address && moved !== undefined)) return false
    }
    block = truth.getBlock(block.ref.parentHash)
  }
  return true
}
