import type { Event, EventType } from './event.ts'

export type EndpointStatus = 'enabled' | 'disabled'

export type WebhookEndpoint = {
  readonly id: string
  readonly storeId: string
  readonly url: string
  /** Event types, or `*` for all. */
  readonly events: readonly string[]
  /** Secrets and signing keys, sealed by the vault; the newest first. More of a kind while rotating. */
  readonly secrets: readonly SealedSecret[]
  readonly status: EndpointStatus
  readonly disabledReason: string | null
  readonly createdAtMs: number
  readonly deletedAtMs: number | null
  readonly revision: number
}

export type SealedSecret = {
  readonly sealed: string
  /** Null for the current one; a rotated one signs until then. */
  readonly validUntilMs: number | null
  /** Of a signing key, what it is verified by (`whpk_...`). Absent for a shared secret. */
  readonly publicKey?: string
}

/** `canceled`: its endpoint is gone. `exhausted`: every attempt of the schedule failed. */
export type DeliveryStatus = 'pending' | 'delivered' | 'exhausted' | 'canceled'

/** The task of telling one endpoint of one event. */
export type Delivery = {
  readonly id: string
  readonly storeId: string
  readonly eventId: string
  readonly endpointId: string
  readonly invoiceId: string | null
  readonly status: DeliveryStatus
  readonly attemptsMade: number
  readonly nextAttemptAtMs: number
  readonly createdAtMs: number
}

/** One attempt, as the log keeps it. */
export type DeliveryAttempt = {
  readonly id: string
  readonly deliveryId: string
  readonly atMs: number
  readonly outcome: 'delivered' | 'failed'
  readonly status: number | null
  /** Why it failed, in words; empty when it did not. */
  readonly detail: string
  /** Beginning of the answer, at most 1 kB, printable. */
  readonly excerpt: string
  readonly durationMs: number
}

/** True when the endpoint asked for this type. A test event goes to its endpoint alone, by name. */
export function isSubscribed(endpoint: WebhookEndpoint, type: EventType): boolean {
  return endpoint.events.includes('*') || endpoint.events.includes(type)
}

/**
 * One delivery per event and subscribed endpoint of its store. A disabled endpoint collects nothing:
 * what it missed is replayed from the events.
 */
export function planDeliveries(
  events: readonly Event[],
  endpoints: readonly WebhookEndpoint[],
  createDeliveryId: () => string,
): Delivery[] {
  return events.flatMap((event) =>
    endpoints
      .filter((endpoint) => endpoint.storeId === event.storeId && endpoint.deletedAtMs === null)
      .filter((endpoint) => endpoint.status === 'enabled' && isSubscribed(endpoint, event.type))
      .map((endpoint) => createDelivery(event, endpoint.id, createDeliveryId())),
  )
}

export function createDelivery(
  event: Omit<Event, 'payload'>,
  endpointId: string,
  id: string,
): Delivery {
  return {
    id,
    storeId: event.storeId,
    eventId: event.id,
    endpointId,
    invoiceId: event.invoiceId,
    status: 'pending',
    attemptsMade: 0,
    nextAttemptAtMs: event.atMs,
    createdAtMs: event.atMs,
  }
}
