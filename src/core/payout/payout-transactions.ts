/** The transactions of a payout plan, one for each nonce, and the rules its facts must keep. */
import { nativeAssetId } from '../money/asset.ts'
import { encodeTransfer } from '../sweep/encode-calls.ts'
import { judgeFees } from '../sweep/judge-facts.ts'
import type { FieldFault } from '../sweep/read-fields.ts'
import { COIN_DECIMALS, NATIVE_TRANSFER_GAS, TOKEN_TRANSFER_GAS } from '../sweep/sweep-gas.ts'
import type { PlannedTransaction, Signer } from '../sweep/sweep-plan.ts'
import { PAYOUTS_MAX } from './payout-list.ts'
import type { PayoutFacts, PlannedPayout } from './payout-plan.ts'

/**
 * Sent together; the next ones follow when these are in blocks. Nodes keep at least so many waiting
 * transactions of one sender (geth: `txpool.accountslots`).
 */
const TRANSACTIONS_PER_PHASE = 16
/** A full plan after another that it takes the place of. More is not a plan of ours. */
export const TRANSACTIONS_MAX = 2 * PAYOUTS_MAX
/** Coins to a contract wallet that writes a log or calls on: more than plain wallets take. */
const CONTRACT_TRANSFER_GAS = 150_000n
/** The same facts give the same transactions, wherever it is asked. */
export function planPayoutTransactions(facts: PayoutFacts): PlannedTransaction[] {
  const { payer, payouts } = facts
  const from: Signer = { kind: 'payer', index: payer.index, address: payer.address }
  const byNonce = new Map(payouts.map((payout) => [payout.nonce, payout]))
  const last = payouts.at(-1)?.nonce ?? payer.nonce - 1
  return Array.from({ length: last - payer.nonce + 1 }, (_, i) => {
    const payout = byNonce.get(payer.nonce + i)
    return {
      phase: Math.floor(i / TRANSACTIONS_PER_PHASE),
      from,
      nonce: payer.nonce + i,
      authorizations: [],
      ...(payout === undefined ? cancel(facts) : pay(facts, payout)),
    }
  })
}

function pay(facts: PayoutFacts, { assetId, to, units, toContract }: PlannedPayout) {
  const step = 'pay' as const
  const token = facts.assets.find(({ id }) => id === assetId)?.token ?? null
  if (token === null) {
    const gasLimit = toContract ? CONTRACT_TRANSFER_GAS : NATIVE_TRANSFER_GAS
    return { step, to, valueUnits: units, data: '0x' as const, gasLimit }
  }
  const data = encodeTransfer(to, units)
  return { step, to: token, valueUnits: 0n, data, gasLimit: TOKEN_TRANSFER_GAS }
}

/** Nothing, to oneself: the cheapest way to use up a nonce. */
function cancel({ payer }: PayoutFacts) {
  return {
    step: 'cancel' as const,
    to: payer.address,
    valueUnits: 0n,
    data: '0x' as const,
    gasLimit: NATIVE_TRANSFER_GAS,
  }
}

/** The first rule that is broken, with its field; null when all hold. */
export function judgePayouts(facts: PayoutFacts): FieldFault | null {
  const fault = judgeFees(facts.fees) ?? judgeCoin(facts)
  if (fault !== null) return fault
  const references = new Set<string>()
  let before = facts.payer.nonce - 1
  for (const [i, payout] of facts.payouts.entries()) {
    const at = `payouts[${i}]`
    if (payout.nonce <= before) return { field: `${at}.nonce`, detail: 'does not ascend' }
    if (references.has(payout.reference)) {
      return { field: `${at}.reference`, detail: 'stands in the plan twice' }
    }
    const detail = judgeRecipient(facts, payout)
    if (detail !== null) return { field: `${at}.to`, detail }
    before = payout.nonce
    references.add(payout.reference)
  }
  if (before - facts.payer.nonce >= TRANSACTIONS_MAX) {
    return { field: 'payouts', detail: 'leave out too many nonces' }
  }
  return null
}

function judgeCoin({ assets, chainId }: PayoutFacts): FieldFault | null {
  const i = assets.findIndex(({ id }) => id === nativeAssetId(chainId))
  if (i < 0 || assets[i]?.decimals === COIN_DECIMALS) return null
  return { field: `assets[${i}].decimals`, detail: `is not ${COIN_DECIMALS}, as coins have` }
}

/** Why money must not go there; null when it may. Money there would be lost, or come back. */
export function judgeRecipient(
  { payer, assets }: Pick<PayoutFacts, 'payer' | 'assets'>,
  { to }: Pick<PlannedPayout, 'to'>,
): string | null {
  if (to === payer.address) return 'is the payer itself'
  if (assets.some(({ token }) => token === to)) return 'is the contract of a token'
  return null
}
