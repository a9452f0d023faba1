/** Orders of a shop: made in bulk through the API, and counted when they are paid. */
import { USDC_ASSET } from './chain-node.ts'
import type { Gateway } from './gateway.ts'
import { runLoad } from './http-load.ts'

const EXPIRES_IN_S = 86_400

export type PaidInvoice = {
  readonly id: string
  readonly address: `0x${string}`
  readonly units: bigint
}

type Invoice = {
  readonly id: string
  readonly address: string
  readonly payment_options: readonly { readonly asset: string; readonly amount_due_units: string }[]
}

/** Real invoices, made through the API of a running gateway that had none before. */
export async function issueInvoices(gateway: Gateway, count: number): Promise<PaidInvoice[]> {
  await runLoad({
    url: gateway.url,
    path: '/v1/invoices',
    connections: 20,
    requests: count,
    headers: () => [`Authorization: Bearer ${gateway.apiKey}`],
    body: () =>
      JSON.stringify({
        price: { amount: '25.00', currency: 'USD' },
        expires_in: EXPIRES_IN_S,
      }),
  })
  const paid: PaidInvoice[] = []
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { data: Invoice[]; next_cursor: string | null } = await gateway.request(
      'GET',
      `/v1/invoices?limit=100${after}`,
    )
    for (const { id, address, payment_options: options } of page.data) {
      const due = options.find(({ asset }) => asset === USDC_ASSET)
      paid.push({
        id,
        address: address.toLowerCase() as `0x${string}`,
        units: BigInt((due as { amount_due_units: string }).amount_due_units),
      })
    }
    cursor = page.next_cursor
  } while (cursor !== null)
  if (paid.length !== count) throw new Error(`${paid.length} invoices instead of ${count}`)
  return paid
}

export async function countSettled(gateway: Gateway): Promise<number> {
  let count = 0
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { data: unknown[]; next_cursor: string | null } = await gateway.request(
      'GET',
      `/v1/invoices?status=settled&limit=100${after}`,
    )
    count += page.data.length
    cursor = page.next_cursor
  } while (cursor !== null)
  return count
}
