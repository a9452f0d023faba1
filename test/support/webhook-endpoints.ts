/** Endpoints, deliveries and events through the merchant API. */
import { type GatewayProcess, waitFor } from './gateway-process.ts'
import type { ReceivedRequest, Receiver } from './hostile-receiver.ts'

export type Endpoint = { readonly id: string; readonly secret: string; readonly path: string }

/** The event id of an attempt. */
export const idOf = ({ headers }: ReceivedRequest): string => String(headers['webhook-id'])

export async function registerEndpoint(
  gateway: GatewayProcess,
  receiver: Receiver,
  path: string,
  events: readonly string[] = ['*'],
): Promise<Endpoint> {
  const url = new URL(path, receiver.url).href
  const { status, body } = await gateway.request('POST', '/v1/webhook-endpoints', { url, events })
  if (status !== 201) throw new Error(`POST endpoint: ${JSON.stringify(body)}`)
  return { id: body.id, secret: body.secret, path }
}

/** The delivery of one event to one endpoint, with its attempts. */
export async function readDelivery(
  gateway: GatewayProcess,
  eventId: string,
  endpoint: Endpoint,
): Promise<any> {
  const path = `/v1/deliveries?event=${eventId}&endpoint=${endpoint.id}`
  const { body } = await gateway.request('GET', path)
  if (body.data?.length !== 1) throw new Error(`GET deliveries: ${JSON.stringify(body)}`)
  return body.data[0]
}

export function waitForDelivery(
  gateway: GatewayProcess,
  eventId: string,
  endpoint: Endpoint,
  status: string,
): Promise<void> {
  return waitFor(`a delivery to be ${status}`, async () => {
    return (await readDelivery(gateway, eventId, endpoint)).status === status
  })
}

/** All events, page by page, in the order of the list. */
export async function listEvents(
  gateway: GatewayProcess,
  query: Record<string, string> = {},
): Promise<any[]> {
  return listAll(gateway, '/v1/events', query)
}

/** Every entry of a list, page by page. */
export async function listAll(
  gateway: GatewayProcess,
  path: string,
  query: Record<string, string> = {},
): Promise<any[]> {
  const found: any[] = []
  let cursor: string | null = null
  do {
    const parameters = new URLSearchParams({ limit: '100', ...query })
    if (cursor !== null) parameters.set('cursor', cursor)
    const { status, body } = await gateway.request('GET', `${path}?${parameters}`)
    if (status !== 200) throw new Error(`GET ${path}: ${JSON.stringify(body)}`)
    found.push(...body.data)
    cursor = body.next_cursor
  } while (cursor !== null)
  return found
}
