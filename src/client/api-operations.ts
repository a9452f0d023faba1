// Written by scripts/write-client-api.ts from the OpenAPI document. Change the routes instead.

import type {
  ApiKey,
  Asset,
  Balance,
  CheckoutStatus,
  DaySummary,
  Delivery,
  Event,
  Invoice,
  NewApiKey,
  NewWebhookEndpoint,
  Outflow,
  Payment,
  Rate,
  Readiness,
  Refund,
  RefundProposal,
  Store,
  TransactionCheck,
  WalletTransaction,
  WebhookEndpoint,
} from './api-resources.ts'
import type { Page, RequestOptions, Route } from './request-types.ts'

export type CheckTransactionBody = {
  /** Hash of the transaction, as the wallet shows it. */
  readonly tx_hash: string
  /** Where it was sent. Default: the chains the invoice accepts, one after the other. */
  readonly chain_id?: number | undefined
}

export type ProposeRefundBody = {
  /** Where the money goes, as the shopper gave it. Never the sender of a payment by itself: it may be an exchange. */
  readonly destination: string
}

export type ListInvoicesQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
  readonly status?: Invoice['status'] | undefined
  readonly order_id?: string | undefined
  readonly created_after?: string | undefined
  readonly created_before?: string | undefined
}

export type CreateInvoiceBody = {
  readonly price: {
    readonly amount: string
    readonly currency: string
  }
  readonly accept?: readonly string[] | undefined
  readonly order_id?: string | null | undefined
  readonly description?: string | null | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | null | undefined
  readonly expires_in?: number | undefined
  readonly tolerance_bps?: number | undefined
  /** At least so much may be missing, in the currency of the price; less than the price. */
  readonly tolerance_amount?: string | null | undefined
  readonly redirect_url?: string | null | undefined
}

export type ListPaymentsQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
  readonly invoice?: string | undefined
  readonly unassigned?: 'true' | 'false' | undefined
  /** CAIP-19. */
  readonly asset?: string | undefined
}

export type ListOutflowsQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
  /** CAIP-19. */
  readonly asset?: string | undefined
}

export type AssignPaymentBody = {
  readonly invoice: string
}

export type ListWebhookEndpointsQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
}

export type CreateWebhookEndpointBody = {
  readonly url: string
  readonly events?:
    | readonly (
        | '*'
        | 'invoice.created'
        | 'invoice.processing'
        | 'invoice.settled'
        | 'invoice.underpaid'
        | 'invoice.overpaid'
        | 'invoice.expired'
        | 'invoice.canceled'
        | 'invoice.paid_late'
        | 'invoice.paid_after_cancel'
        | 'invoice.reopened'
        | 'invoice.reversed'
        | 'payment.detected'
        | 'payment.confirmed'
        | 'payment.orphaned'
        | 'payment.unexpected'
        | 'payment.unassigned'
        | 'refund.requested'
        | 'refund.sent'
        | 'refund.confirmed'
        | 'refund.failed'
        | 'refund.canceled'
        | 'alert.endpoint_disabled'
        | 'alert.invoice_burst'
        | 'alert.many_underpaid'
        | 'alert.repeated_reorgs'
        | 'alert.unexplained_balance'
        | 'endpoint.test'
      )[]
    | undefined
  readonly ed25519?: boolean | undefined
}

export type UpdateWebhookEndpointBody = {
  readonly url?: string | undefined
  readonly events?:
    | readonly (
        | '*'
        | 'invoice.created'
        | 'invoice.processing'
        | 'invoice.settled'
        | 'invoice.underpaid'
        | 'invoice.overpaid'
        | 'invoice.expired'
        | 'invoice.canceled'
        | 'invoice.paid_late'
        | 'invoice.paid_after_cancel'
        | 'invoice.reopened'
        | 'invoice.reversed'
        | 'payment.detected'
        | 'payment.confirmed'
        | 'payment.orphaned'
        | 'payment.unexpected'
        | 'payment.unassigned'
        | 'refund.requested'
        | 'refund.sent'
        | 'refund.confirmed'
        | 'refund.failed'
        | 'refund.canceled'
        | 'alert.endpoint_disabled'
        | 'alert.invoice_burst'
        | 'alert.many_underpaid'
        | 'alert.repeated_reorgs'
        | 'alert.unexplained_balance'
        | 'endpoint.test'
      )[]
    | undefined
  readonly status?: 'enabled' | 'disabled' | undefined
}

export type ReplayWebhookEndpointBody = {
  readonly from: string
  readonly to?: string | null | undefined
}

export type ListEventsQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
  readonly invoice?: string | undefined
  readonly type?:
    | 'invoice.created'
    | 'invoice.processing'
    | 'invoice.settled'
    | 'invoice.underpaid'
    | 'invoice.overpaid'
    | 'invoice.expired'
    | 'invoice.canceled'
    | 'invoice.paid_late'
    | 'invoice.paid_after_cancel'
    | 'invoice.reopened'
    | 'invoice.reversed'
    | 'payment.detected'
    | 'payment.confirmed'
    | 'payment.orphaned'
    | 'payment.unexpected'
    | 'payment.unassigned'
    | 'refund.requested'
    | 'refund.sent'
    | 'refund.confirmed'
    | 'refund.failed'
    | 'refund.canceled'
    | 'alert.endpoint_disabled'
    | 'alert.invoice_burst'
    | 'alert.many_underpaid'
    | 'alert.repeated_reorgs'
    | 'alert.unexplained_balance'
    | 'endpoint.test'
    | undefined
  /** An event id: read forward from there, oldest first. */
  readonly after?: string | undefined
}

export type ListDeliveriesQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
  readonly endpoint?: string | undefined
  readonly event?: string | undefined
}

export type UpdateStoreBody = {
  readonly name?: string | undefined
  readonly tolerance_bps?: number | null | undefined
  readonly grace_s?: number | null | undefined
  readonly redirect_origins?: readonly string[] | null | undefined
  readonly frame_origins?: readonly string[] | null | undefined
  readonly accent?: string | null | undefined
  readonly logo?: string | null | undefined
  readonly renew_expired?: boolean | null | undefined
}

export type ListApiKeysQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
}

export type CreateApiKeyBody = {
  readonly name?: string | undefined
  readonly scopes: readonly (
    | 'invoices:read'
    | 'invoices:write'
    | 'payments:read'
    | 'payments:write'
    | 'webhooks:manage'
    | 'events:read'
    | 'admin'
  )[]
  readonly expires_in?: number | null | undefined
}

export type CreateInvoiceRefundBody = {
  /** CAIP-19. May be left out where the invoice was paid in one asset. */
  readonly asset?: string | undefined
  /** A decimal amount. Give this or `part`. */
  readonly amount?: string | undefined
  /** All that is confirmed and not refunded yet, or the overpaid part of it. */
  readonly part?: 'full' | 'excess' | undefined
  /** Where the money goes, as the shopper gave it. Never the sender of a payment by itself: it may be an exchange. */
  readonly destination: string
  readonly reason?: string | null | undefined
}

export type ListRefundsQuery = {
  readonly limit?: number | undefined
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined
  readonly invoice?: string | undefined
  readonly status?: 'requested' | 'sent' | 'confirmed' | 'failed' | 'canceled' | undefined
}

export type GetReportPayoutsCsvQuery = {
  /** Chain id; all chains without it. */
  readonly chain?: number | undefined
}

export type ReportRefundBody = {
  /** The transaction that pays the refund. */
  readonly tx_hash: string
}

export type ListRatesQuery = {
  /** ISO 4217 codes, with commas between. */
  readonly currency?: string | undefined
}

export type GetReportSummaryQuery = {
  readonly created_after?: string | undefined
  readonly created_before?: string | undefined
}

export type GetReportPaymentsCsvQuery = {
  readonly created_after?: string | undefined
  readonly created_before?: string | undefined
}

export type GetReportOutflowsCsvQuery = {
  readonly created_after?: string | undefined
  readonly created_before?: string | undefined
}

export type PayTestInvoiceBody = {
  readonly asset?: string | undefined
  readonly amount?: string | undefined
  readonly amount_units?: string | undefined
}

export type MineTestChainBody = {
  readonly blocks?: number | undefined
}

export type ReorgTestChainBody = {
  readonly depth?: number | undefined
}

export type Operations = {
  /** Whether the process runs. */
  getLiveness(options?: RequestOptions): Promise<{
    readonly status: 'ok'
    readonly version: string
  }>

  /** Whether new orders can be promised. */
  getReadiness(options?: RequestOptions): Promise<Readiness>

  /** Look for a transaction that is said to pay this invoice. Few per minute. Also takes the form of the page, and answers it by a redirect. */
  checkTransaction(
    token: string,
    body: CheckTransactionBody,
    options?: RequestOptions,
  ): Promise<TransactionCheck>

  /** Say where money should go back to. Shown to the merchant, who asks the shopper before using it. Few per minute. Also takes a form, and answers it by a redirect. */
  proposeRefund(
    token: string,
    body: ProposeRefundBody,
    options?: RequestOptions,
  ): Promise<RefundProposal>

  /** What a wallet has to sign to pay. */
  getWalletTransaction(token: string, options?: RequestOptions): Promise<WalletTransaction>

  /** How an invoice stands, for its shopper. */
  getCheckoutStatus(token: string, options?: RequestOptions): Promise<CheckoutStatus>

  /** List invoices. Scope `invoices:read`. */
  listInvoices(query?: ListInvoicesQuery, options?: RequestOptions): Promise<Page<Invoice>>

  /** Create an invoice. Scope `invoices:write`. */
  createInvoice(body: CreateInvoiceBody, options?: RequestOptions): Promise<Invoice>

  /** Get an invoice. Scope `invoices:read`. */
  getInvoice(id: string, options?: RequestOptions): Promise<Invoice>

  /** Cancel an open invoice without money. Scope `invoices:write`. */
  cancelInvoice(id: string, options?: RequestOptions): Promise<Invoice>

  /** Accept what was paid as settling the invoice. Scope `invoices:write`. */
  acceptInvoice(id: string, options?: RequestOptions): Promise<Invoice>

  /** List payments. Scope `payments:read`. */
  listPayments(query?: ListPaymentsQuery, options?: RequestOptions): Promise<Page<Payment>>

  /** List what left the deposit addresses. Scope `payments:read`. */
  listOutflows(query?: ListOutflowsQuery, options?: RequestOptions): Promise<Page<Outflow>>

  /** Give money that belongs to no invoice to one. Scope `payments:write`. */
  assignPayment(id: string, body: AssignPaymentBody, options?: RequestOptions): Promise<Payment>

  /** List webhook endpoints. Scope `webhooks:manage`. */
  listWebhookEndpoints(
    query?: ListWebhookEndpointsQuery,
    options?: RequestOptions,
  ): Promise<Page<WebhookEndpoint>>

  /** Register a webhook endpoint. Scope `webhooks:manage`. */
  createWebhookEndpoint(
    body: CreateWebhookEndpointBody,
    options?: RequestOptions,
  ): Promise<NewWebhookEndpoint>

  /** Get a webhook endpoint. Scope `webhooks:manage`. */
  getWebhookEndpoint(id: string, options?: RequestOptions): Promise<WebhookEndpoint>

  /** Change a webhook endpoint, or enable it again. Scope `webhooks:manage`. */
  updateWebhookEndpoint(
    id: string,
    body: UpdateWebhookEndpointBody,
    options?: RequestOptions,
  ): Promise<WebhookEndpoint>

  /** Delete a webhook endpoint. Scope `webhooks:manage`. */
  deleteWebhookEndpoint(id: string, options?: RequestOptions): Promise<void>

  /** Make a new secret; the old one signs along for a day. Scope `webhooks:manage`. */
  rotateWebhookEndpointSecret(id: string, options?: RequestOptions): Promise<NewWebhookEndpoint>

  /** Send a test event to this endpoint. Scope `webhooks:manage`. */
  testWebhookEndpoint(id: string, options?: RequestOptions): Promise<Event>

  /** Send the missed events of a range of time to this endpoint. Scope `webhooks:manage`. */
  replayWebhookEndpoint(
    id: string,
    body: ReplayWebhookEndpointBody,
    options?: RequestOptions,
  ): Promise<{
    readonly object: 'replay'
    readonly endpoint: string
    /** How many were queued. */
    readonly events: number
    /** The `from` of the next request; null at the end. */
    readonly next_from: string | null
  }>

  /** List events; with `after` forward, oldest first. Scope `events:read`. */
  listEvents(query?: ListEventsQuery, options?: RequestOptions): Promise<Page<Event>>

  /** Get an event. Scope `events:read`. */
  getEvent(id: string, options?: RequestOptions): Promise<Event>

  /** Send an event again. Scope `webhooks:manage`. */
  redeliverEvent(
    id: string,
    options?: RequestOptions,
  ): Promise<{
    readonly object: 'redelivery'
    readonly event: string
    readonly endpoints: readonly string[]
  }>

  /** List deliveries with their attempts. Scope `webhooks:manage`. */
  listDeliveries(query?: ListDeliveriesQuery, options?: RequestOptions): Promise<Page<Delivery>>

  /** List the assets that invoices may be paid in. Any valid key. */
  listAssets(options?: RequestOptions): Promise<Page<Asset>>

  /** Get the store of this key. Any valid key. */
  getStore(options?: RequestOptions): Promise<Store>

  /** Change the store of this key. Scope `admin`. */
  updateStore(body: UpdateStoreBody, options?: RequestOptions): Promise<Store>

  /** List API keys. Scope `admin`. */
  listApiKeys(query?: ListApiKeysQuery, options?: RequestOptions): Promise<Page<ApiKey>>

  /** Create an API key. Scope `admin`. */
  createApiKey(body: CreateApiKeyBody, options?: RequestOptions): Promise<NewApiKey>

  /** Revoke an API key. Scope `admin`. */
  deleteApiKey(id: string, options?: RequestOptions): Promise<void>

  /** Ask for a refund of what was paid. Scope `payments:write`. */
  createInvoiceRefund(
    id: string,
    body: CreateInvoiceRefundBody,
    options?: RequestOptions,
  ): Promise<Refund>

  /** List addresses that shoppers gave for a refund. Scope `payments:read`. */
  listInvoiceRefundProposals(id: string, options?: RequestOptions): Promise<Page<RefundProposal>>

  /** List refunds. Scope `payments:read`. */
  listRefunds(query?: ListRefundsQuery, options?: RequestOptions): Promise<Page<Refund>>

  /** Get a refund. Scope `payments:read`. */
  getRefund(id: string, options?: RequestOptions): Promise<Refund>

  /** Export refunds that wait, as a list of payouts. Scope `payments:read`. */
  getReportPayoutsCsv(query?: GetReportPayoutsCsvQuery, options?: RequestOptions): Promise<string>

  /** Take back a refund that nobody sent. Scope `payments:write`. */
  cancelRefund(id: string, options?: RequestOptions): Promise<Refund>

  /** Name the transaction that pays a refund. Scope `payments:write`. */
  reportRefund(id: string, body: ReportRefundBody, options?: RequestOptions): Promise<Refund>

  /** Say that a refund will never be paid. Scope `payments:write`. */
  failRefund(id: string, options?: RequestOptions): Promise<Refund>

  /** List current rates. Any valid key. */
  listRates(query?: ListRatesQuery, options?: RequestOptions): Promise<Page<Rate>>

  /** Sum up by asset what arrived, what left and what is there. Scope `payments:read`. */
  listBalances(options?: RequestOptions): Promise<Page<Balance>>

  /** Sum up the invoices of each day. Scope `invoices:read`. */
  getReportSummary(
    query?: GetReportSummaryQuery,
    options?: RequestOptions,
  ): Promise<Page<DaySummary>>

  /** Export payments as CSV, by the time of their blocks. Scope `payments:read`. */
  getReportPaymentsCsv(query?: GetReportPaymentsCsvQuery, options?: RequestOptions): Promise<string>

  /** Export as CSV what left the deposit addresses, by the time of the blocks. Scope `payments:read`. */
  getReportOutflowsCsv(query?: GetReportOutflowsCsvQuery, options?: RequestOptions): Promise<string>

  /** Pay an invoice from the node's own accounts. Scope `invoices:write`. */
  payTestInvoice(
    id: string,
    body?: PayTestInvoiceBody,
    options?: RequestOptions,
  ): Promise<{
    readonly object: 'test_payment'
    readonly invoice: string
    /** CAIP-19. */
    readonly asset: string
    /** Exact: no trailing zeros, no exponent. */
    readonly amount: string
    /** In smallest units of the asset. */
    readonly amount_units: string
    /** With its EIP-55 checksum. */
    readonly to: string
    readonly tx_hash: string
  }>

  /** Mine blocks. Scope `invoices:write`. */
  mineTestChain(
    id: string,
    body?: MineTestChainBody,
    options?: RequestOptions,
  ): Promise<{
    readonly object: 'test_chain'
    readonly chain_id: number
    readonly height: number
  }>

  /** Replace the latest blocks. Scope `invoices:write`. */
  reorgTestChain(
    id: string,
    body?: ReorgTestChainBody,
    options?: RequestOptions,
  ): Promise<{
    readonly object: 'test_chain'
    readonly chain_id: number
    readonly depth: number
  }>
}

export const ROUTES: Readonly<Record<keyof Operations, Route>> = {
  getLiveness: {
    method: 'GET',
    path: '/healthz',
    places: [],
    input: null,
    isPublic: true,
    answers: [200],
  },
  getReadiness: {
    method: 'GET',
    path: '/readyz',
    places: [],
    input: null,
    isPublic: true,
    answers: [200, 503],
  },
  checkTransaction: {
    method: 'POST',
    path: '/i/{token}/transactions',
    places: ['token'],
    input: 'body',
    isPublic: true,
    answers: [200],
  },
  proposeRefund: {
    method: 'POST',
    path: '/i/{token}/refund-proposals',
    places: ['token'],
    input: 'body',
    isPublic: true,
    answers: [201],
  },
  getWalletTransaction: {
    method: 'GET',
    path: '/i/{token}/wallet',
    places: ['token'],
    input: null,
    isPublic: true,
    answers: [200],
  },
  getCheckoutStatus: {
    method: 'GET',
    path: '/i/{token}/status',
    places: ['token'],
    input: null,
    isPublic: true,
    answers: [200],
  },
  listInvoices: {
    method: 'GET',
    path: '/v1/invoices',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  createInvoice: {
    method: 'POST',
    path: '/v1/invoices',
    places: [],
    input: 'body',
    isPublic: false,
    answers: [201],
  },
  getInvoice: {
    method: 'GET',
    path: '/v1/invoices/{id}',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  cancelInvoice: {
    method: 'POST',
    path: '/v1/invoices/{id}/cancel',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  acceptInvoice: {
    method: 'POST',
    path: '/v1/invoices/{id}/accept',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  listPayments: {
    method: 'GET',
    path: '/v1/payments',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  listOutflows: {
    method: 'GET',
    path: '/v1/outflows',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  assignPayment: {
    method: 'POST',
    path: '/v1/payments/{id}/assign',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [200],
  },
  listWebhookEndpoints: {
    method: 'GET',
    path: '/v1/webhook-endpoints',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  createWebhookEndpoint: {
    method: 'POST',
    path: '/v1/webhook-endpoints',
    places: [],
    input: 'body',
    isPublic: false,
    answers: [201],
  },
  getWebhookEndpoint: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{id}',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  updateWebhookEndpoint: {
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{id}',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [200],
  },
  deleteWebhookEndpoint: {
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{id}',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [204],
  },
  rotateWebhookEndpointSecret: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{id}/rotate-secret',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  testWebhookEndpoint: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{id}/test',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [202],
  },
  replayWebhookEndpoint: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{id}/replay',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [202],
  },
  listEvents: {
    method: 'GET',
    path: '/v1/events',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  getEvent: {
    method: 'GET',
    path: '/v1/events/{id}',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  redeliverEvent: {
    method: 'POST',
    path: '/v1/events/{id}/redeliver',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [202],
  },
  listDeliveries: {
    method: 'GET',
    path: '/v1/deliveries',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  listAssets: {
    method: 'GET',
    path: '/v1/assets',
    places: [],
    input: null,
    isPublic: false,
    answers: [200],
  },
  getStore: {
    method: 'GET',
    path: '/v1/store',
    places: [],
    input: null,
    isPublic: false,
    answers: [200],
  },
  updateStore: {
    method: 'PATCH',
    path: '/v1/store',
    places: [],
    input: 'body',
    isPublic: false,
    answers: [200],
  },
  listApiKeys: {
    method: 'GET',
    path: '/v1/api-keys',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  createApiKey: {
    method: 'POST',
    path: '/v1/api-keys',
    places: [],
    input: 'body',
    isPublic: false,
    answers: [201],
  },
  deleteApiKey: {
    method: 'DELETE',
    path: '/v1/api-keys/{id}',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [204],
  },
  createInvoiceRefund: {
    method: 'POST',
    path: '/v1/invoices/{id}/refunds',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [201],
  },
  listInvoiceRefundProposals: {
    method: 'GET',
    path: '/v1/invoices/{id}/refund-proposals',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  listRefunds: {
    method: 'GET',
    path: '/v1/refunds',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  getRefund: {
    method: 'GET',
    path: '/v1/refunds/{id}',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  getReportPayoutsCsv: {
    method: 'GET',
    path: '/v1/reports/payouts.csv',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  cancelRefund: {
    method: 'POST',
    path: '/v1/refunds/{id}/cancel',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  reportRefund: {
    method: 'POST',
    path: '/v1/refunds/{id}/report',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [200],
  },
  failRefund: {
    method: 'POST',
    path: '/v1/refunds/{id}/fail',
    places: ['id'],
    input: null,
    isPublic: false,
    answers: [200],
  },
  listRates: {
    method: 'GET',
    path: '/v1/rates',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  listBalances: {
    method: 'GET',
    path: '/v1/balances',
    places: [],
    input: null,
    isPublic: false,
    answers: [200],
  },
  getReportSummary: {
    method: 'GET',
    path: '/v1/reports/summary',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  getReportPaymentsCsv: {
    method: 'GET',
    path: '/v1/reports/payments.csv',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  getReportOutflowsCsv: {
    method: 'GET',
    path: '/v1/reports/outflows.csv',
    places: [],
    input: 'query',
    isPublic: false,
    answers: [200],
  },
  payTestInvoice: {
    method: 'POST',
    path: '/v1/test/invoices/{id}/pay',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [202],
  },
  mineTestChain: {
    method: 'POST',
    path: '/v1/test/chains/{id}/mine',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [202],
  },
  reorgTestChain: {
    method: 'POST',
    path: '/v1/test/chains/{id}/reorg',
    places: ['id'],
    input: 'body',
    isPublic: false,
    answers: [202],
  },
}
