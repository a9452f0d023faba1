/** What of a shop's latest events is unusual: told to the merchant, who knows whether it is. */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.ts'
import type { AlertEventType, EventType } from '../webhook/event.ts'

/** From how many events in its window on an alert is raised; 0 raises none. */
export type AlertLimits = {
  readonly invoicesPer5Min: number
  readonly underpaidPerHour: number
  readonly orphanedPerHour: number
}

type Rule = {
  readonly type: AlertEventType
  readonly counted: EventType
  readonly windowMs: number
  readonly limit: keyof AlertLimits
}

const RULES: readonly Rule[] = [
  {
    type: 'alert.invoice_burst',
    counted: 'invoice.created',
    windowMs: 5 * MINUTE_MS,
    limit: 'invoicesPer5Min',
  },
  {
    type: 'alert.many_underpaid',
    counted: 'invoice.underpaid',
    windowMs: HOUR_MS,
    limit: 'underpaidPerHour',
  },
  {
    type: 'alert.repeated_reorgs',
    counted: 'payment.orphaned',
    windowMs: HOUR_MS,
    limit: 'orphanedPerHour',
  },
]

/** How many events of each type there were since then. */
export type CountSince = (windowMs: number) => ReadonlyMap<string, number>

export const ALERT_WINDOWS_MS = [...new Set(RULES.map(({ windowMs }) => windowMs))]

export type Alert = {
  readonly type: AlertEventType
  readonly data: {
    readonly object: 'alert'
    readonly kind: string
    readonly count: number
    readonly limit: number
    readonly window_s: number
  }
}

/** What is to be told now. What was told within its window is not told again. */
export function judgeActivity(countSince: CountSince, limits: AlertLimits): Alert[] {
  return RULES.flatMap(({ type, counted, windowMs, limit: name }) => {
    const counts = countSince(windowMs)
    const count = counts.get(counted) ?? 0
    const limit = limits[name]
    if (limit === 0 || count < limit || counts.has(type)) return []
    const kind = type.slice('alert.'.length)
    const data = { object: 'alert', kind, count, limit, window_s: windowMs / SECOND_MS } as const
    return [{ type, data }]
  })
}
