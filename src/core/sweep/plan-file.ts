/**
 * A plan as a file. It holds the facts and, beside them, everything that follows from them, so that
 * a person can read it and whoever signs can find what was changed: the file is read, made again
 * from its facts alone, and compared field by field.
 */
import { type Address, type AssetId, toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import { delegateAddress } from './delegate-code.ts'
import { judgeFacts } from './judge-facts.ts'
import {
  digestOf,
  findChange,
  renderFees,
  renderInternal,
  renderTransaction,
  withCheck,
} from './plan-parts.ts'
import { planTransactions } from './plan-transactions.ts'
import { readFacts } from './read-facts.ts'
import { maxFeeUnits } from './sweep-gas.ts'
import type { SweepFacts } from './sweep-plan.ts'

export const PLAN_KIND = 'quittance-sweep-plan'
export const PLAN_VERSION = 1

export type PlanFile = ReturnType<typeof renderPlan>

export type ReadPlan =
  | { readonly ok: true; readonly facts: SweepFacts; readonly file: PlanFile }
  /** `field` is a path such as `entries[3].nonce`. */
  | { readonly ok: false; readonly field: string; readonly detail: string }

/** The file of a plan, as a JSON value. */
export function renderPlan(facts: SweepFacts) {
  const transactions = planTransactions(facts)
  const body = {
    kind: PLAN_KIND,
    version: PLAN_VERSION,
    chain: `eip155:${facts.chainId}`,
    chain_id: facts.chainId,
    block: facts.block,
    account: { fingerprint: facts.fingerprint, number: facts.accountNumber },
    destination: toChecksumAddress(facts.destination),
    method: facts.method,
    clear: facts.clear,
    fees: renderFees(facts.fees),
    sponsor: renderInternal(facts.accountNumber, facts.sponsor),
    delegate: {
      address: toChecksumAddress(delegateAddress(facts.destination)),
      deployed: facts.delegateDeployed,
    },
    assets: facts.assets.map(({ id, symbol, decimals }) => ({ id, symbol, decimals })),
    entries: facts.entries.map((entry) =>
      withCheck({
        path: `m/44'/60'/${facts.accountNumber}'/0/${entry.index}`,
        index: entry.index,
        address: toChecksumAddress(entry.address),
        nonce: entry.nonce,
        delegated: entry.delegated,
        balances: entry.balances.map(({ assetId, units }) => renderAmount(facts, assetId, units)),
      }),
    ),
    skipped: facts.skipped.map(({ index, address, assetId, units, reason }) => ({
      index,
      address: toChecksumAddress(address),
      ...renderAmount(facts, assetId, units),
      reason,
    })),
    totals: renderTotals(facts),
    transactions: transactions.map(renderTransaction),
    max_fee: maxFeeUnits(transactions, facts.fees).toString(),
  }
  return { ...body, digest: digestOf(body) }
}

/**
 * Reads and makes it again; the first field that differs is named. With a destination, the plan must
 * be for it.
 */
export function readPlan(value: unknown, destination: Address | null = null): ReadPlan {
  const read = readFacts(value)
  if (!read.ok) return read
  if (destination !== null && read.value.destination !== destination) {
    return { ok: false, field: 'destination', detail: 'is not the one that was asked for' }
  }
  const fault = judgeFacts(read.value)
  if (fault !== null) return { ok: false, ...fault }
  const file = renderPlan(read.value)
  const change = findChange(value, file)
  return change === null ? { ok: true, facts: read.value, file } : { ok: false, ...change }
}

function renderAmount(facts: SweepFacts, assetId: AssetId, units: bigint) {
  const asset = facts.assets.find(({ id }) => id === assetId)
  const amount = formatDecimal(units, asset?.decimals ?? 0)
  return { asset: assetId, units: units.toString(), amount }
}

function renderTotals(facts: SweepFacts) {
  return facts.assets.flatMap(({ id, symbol }) => {
    const balances = facts.entries.flatMap((entry) => entry.balances)
    const of = balances.filter(({ assetId }) => assetId === id)
    if (of.length === 0) return []
    const units = of.reduce((sum, balance) => sum + balance.units, 0n)
    return [{ ...renderAmount(facts, id, units), symbol, addresses: of.length }]
  })
}
