/** How an order stands in the eyes of who pays: more than the status, less than all facts. */
import { unreachable } from '../../../core/assert.ts'
import type { PublicStatus } from './public-status.ts'

export type Standing =
  | 'waiting'
  | 'part_paid'
  | 'ending'
  | 'seen'
  | 'paid'
  | 'overpaid'
  | 'expired'
  | 'expired_part'
  | 'paid_late'
  | 'canceled'
  | 'canceled_paid'
  | 'reversed'

/** `nowMs` is ours: an order stays open past its expiry until every chain has been observed past it. */
export function judgeStanding(
  { status, paid, payments, expires_at }: PublicStatus,
  nowMs: number,
): Standing {
  switch (status) {
    case 'open':
      if (nowMs >= Date.parse(expires_at)) return 'ending'
      return paid.underpaid ? 'part_paid' : 'waiting'
    case 'processing':
      return 'seen'
    case 'settled':
      return paid.overpaid ? 'overpaid' : 'paid'
    case 'expired':
      if (paid.late) return 'paid_late'
      return paid.underpaid ? 'expired_part' : 'expired'
    case 'canceled':
      return payments.some(({ position }) => position !== 'orphaned') ? 'canceled_paid' : 'canceled'
    case 'reversed':
      return 'reversed'
    default:
      return unreachable(status)
  }
}

/** An order that is over shows no code to scan: what comes then is late. */
export function isPayable(standing: Standing): boolean {
  return standing === 'waiting' || standing === 'part_paid' || standing === 'reversed'
}

/** The colour of a standing: money is safe, somebody must look, nothing more to do. */
export function toneOf(standing: Standing): 'calm' | 'good' | 'care' | 'over' {
  switch (standing) {
    case 'waiting':
    case 'seen':
      return 'calm'
    case 'paid':
    case 'overpaid':
      return 'good'
    case 'expired':
    case 'canceled':
      return 'over'
    default:
      return 'care'
  }
}
