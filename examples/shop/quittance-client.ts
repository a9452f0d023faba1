/** The few calls a shop needs. Everything else is in the API's description. */
export type Invoice = {
  id: string
  status: string
  checkout_url: string
  payments: { amount: string; tx_hash: string | null; position: string }[]
}

export type QuittanceClient = {
  createInvoice(order: {
    id: string
    priceUsd: string
    description: string
    returnUrl: string
  }): Promise<Invoice>
  getInvoice(id: string): Promise<Invoice>
  /** Registers where events go; the secret that verifies them is told only here. */
  createWebhookEndpoint(url: string): Promise<{ id: string; secret: string }>
  /** Local chains only: pays the rest of an invoice from the node's own wallet. */
  simulatePayment(invoiceId: string): Promise<void>
}

export function createClient(baseUrl: string, apiKey: string): QuittanceClient {
  async function request<T>(
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<T> {
    const answer = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        // The same order never makes two invoices, however often the shopper clicks.
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const result = (await answer.json()) as T & { detail?: string }
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${result.detail ?? ''}`)
    return result
  }
  return {
    createInvoice: ({ id, priceUsd, description, returnUrl }) =>
      request<Invoice>(
        'POST',
        '/v1/invoices',
        {
          price: { amount: priceUsd, currency: 'USD' },
          order_id: id,
          description,
          redirect_url: returnUrl,
        },
        `order-${id}`,
      ),
    getInvoice: (id) => request<Invoice>('GET', `/v1/invoices/${id}`),
    createWebhookEndpoint: (url) =>
      request('POST', '/v1/webhook-endpoints', { url, events: ['*'] }),
    async simulatePayment(invoiceId) {
      await request('POST', `/v1/test/invoices/${invoiceId}/pay`, {})
    },
  }
}
