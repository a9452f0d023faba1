import { ALERT_WINDOWS_MS, type AlertLimits, judgeActivity } from '../core/alert/judge-activity.ts'
import { planDeliveries } from '../core/webhook/delivery.ts'
import { createEvent } from '../core/webhook/event.ts'
import type { Deps } from './deps.ts'
import { freshId } from './settlement-context.ts'

/** Looks at the latest events of every store, and tells the merchant of what is unusual. */
export async function raiseAlerts(
  deps: Pick<Deps, 'store' | 'clock' | 'ids' | 'logger' | 'metrics'>,
  limits: AlertLimits,
): Promise<void> {
  for (const { id: storeId } of await deps.store.listStores()) {
    const atMs = deps.clock.nowMs()
    const counts = new Map<number, ReadonlyMap<string, number>>()
    for (const windowMs of ALERT_WINDOWS_MS) {
      counts.set(windowMs, await deps.store.countEvents(storeId, atMs - windowMs))
    }
    const alerts = judgeActivity((windowMs) => counts.get(windowMs) ?? new Map(), limits)
    if (alerts.length === 0) continue
    const events = alerts.map(({ type, data }) => {
      const id = freshId(deps, 'evt', atMs)
      return createEvent({ id, storeId, invoiceId: null, type, sequence: null, atMs, data })
    })
    const endpoints = await deps.store.listEndpoints([storeId])
    const deliveries = planDeliveries(events, endpoints, () => freshId(deps, 'del', atMs))
    await deps.store.commit({ events, deliveries })
    for (const { data } of alerts) {
      deps.metrics.count('alerts_total', { kind: data.kind })
      deps.logger.warn({ store: storeId, ...data }, 'unusual activity')
    }
  }
}
