/** A payout plan as a file: facts, and everything that follows from them. See sweep/plan-file.ts. */
import { type AssetId, toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import {
  digestOf,
  findChange,
  renderFees,
  renderInternal,
  renderTransaction,
  withCheck,
} from '../sweep/plan-parts.ts'
import { readCommonFacts, readInternal } from '../sweep/read-facts.ts'
import { asBoolean, asList, asObject, readFields, wrong } from '../sweep/read-fields.ts'
import { maxFeeUnits } from '../sweep/sweep-gas.ts'
import { PAYOUTS_MAX } from './payout-list.ts'
import type { PayoutFacts, PlannedPayout } from './payout-plan.ts'
import { judgePayouts, planPayoutTransactions } from './payout-transactions.ts'
import { readPayoutTerms } from './read-payout.ts'

export const PAYOUT_PLAN_KIND = 'quittance-payout-plan'

export type PayoutFile = ReturnType<typeof renderPayoutPlan>

export type ReadPayoutPlan =
  | { readonly ok: true; readonly facts: PayoutFacts; readonly file: PayoutFile }
  /** `field` is a path such as `payouts[3].to`. */
  | { readonly ok: false; readonly field: string; readonly detail: string }

/** The file of a plan, as a JSON value. */
export function renderPayoutPlan(facts: PayoutFacts) {
  const transactions = planPayoutTransactions(facts)
  const body = {
    kind: PAYOUT_PLAN_KIND,
    version: 1,
    chain: `eip155:${facts.chainId}`,
    chain_id: facts.chainId,
    block: facts.block,
    account: { fingerprint: facts.fingerprint, number: facts.accountNumber },
    fees: renderFees(facts.fees),
    payer: renderInternal(facts.accountNumber, facts.payer),
    assets: facts.assets.map(({ id, symbol, decimals }) => ({ id, symbol, decimals })),
    payouts: facts.payouts.map(({ reference, assetId, to, units, nonce, toContract }) =>
      withCheck({
        reference,
        to: toChecksumAddress(to),
        ...renderAmount(facts, assetId, units),
        nonce,
        to_contract: toContract,
      }),
    ),
    totals: sumPayouts(facts).map(({ assetId, units }) => renderAmount(facts, assetId, units)),
    transactions: transactions.map(renderTransaction),
    max_fee: maxFeeUnits(transactions, facts.fees).toString(),
  }
  return { ...body, digest: digestOf(body) }
}

/** What a plan pays of each asset, in the order of its assets. */
export function sumPayouts({ assets, payouts }: Pick<PayoutFacts, 'assets' | 'payouts'>) {
  return assets.flatMap(({ id }) => {
    const of = payouts.filter(({ assetId }) => assetId === id)
    if (of.length === 0) return []
    return [{ assetId: id, units: of.reduce((sum, { units }) => sum + units, 0n) }]
  })
}

/** Reads and makes it again; the first field that differs is named. */
export function readPayoutPlan(value: unknown): ReadPayoutPlan {
  const read = readFields(() => readPayoutFacts(value))
  if (!read.ok) return read
  const fault = judgePayouts(read.value)
  if (fault !== null) return { ok: false, ...fault }
  const file = renderPayoutPlan(read.value)
  const change = findChange(value, file)
  return change === null ? { ok: true, facts: read.value, file } : { ok: false, ...change }
}

function readPayoutFacts(value: unknown): PayoutFacts {
  const plan = asObject(value, 'the file')
  if (plan.kind !== PAYOUT_PLAN_KIND) throw wrong('kind', 'is not that of a payout plan')
  if (plan.version !== 1) throw wrong('version', 'is not known to this program')
  const common = readCommonFacts(plan)
  const ids: ReadonlySet<string> = new Set(common.assets.map(({ id }) => id))
  return {
    ...common,
    payer: readInternal(plan.payer, 'payer'),
    payouts: asList(plan.payouts, 'payouts', PAYOUTS_MAX, (item, at) => readPayout(item, at, ids)),
  }
}

function readPayout(value: unknown, at: string, ids: ReadonlySet<string>): PlannedPayout {
  const payout = asObject(value, at)
  const terms = readPayoutTerms(payout, at)
  if (!ids.has(terms.assetId)) throw wrong(`${at}.asset`, 'is not among the assets of the plan')
  if (terms.units === 0n) throw wrong(`${at}.units`, 'is zero')
  return { ...terms, toContract: asBoolean(payout.to_contract, `${at}.to_contract`) }
}

function renderAmount(facts: PayoutFacts, assetId: AssetId, units: bigint) {
  const asset = facts.assets.find(({ id }) => id === assetId)
  const amount = formatDecimal(units, asset?.decimals ?? 0)
  return { asset: assetId, symbol: asset?.symbol ?? '', units: units.toString(), amount }
}
