import { fiatDecimals } from '../../../core/money/currency.ts'
import { invalidField } from '../../../errors.ts'
import { exportOutflows } from '../../../operations/export-outflows.ts'
import { exportPayments } from '../../../operations/export-payments.ts'
import { listBalances } from '../../../operations/list-balances.ts'
import { listRates } from '../../../operations/list-rates.ts'
import { summariseInvoices } from '../../../operations/summarise-invoices.ts'
import type { HttpDeps } from '../http-deps.ts'
import { balanceResource, daySummary, rateResource } from '../openapi/report-resources.ts'
import { pageOf } from '../openapi/resources.ts'
import { type Query, readTime } from '../read-query.ts'
import type { ApiRequest, ApiRoute } from '../route.ts'

const CSV = 'text/csv'
/** Currencies of one request: more than any shop shows. */
const CURRENCIES_MAX = 20

/** All in one page each: assets and days are few. */
export function reportRoutes(deps: HttpDeps): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/rates',
      about: { summary: 'List current rates', status: 200, output: pageOf(rateResource) },
      scope: null,
      query: ['currency'],
      answer: async ({ query }) => {
        return { status: 200, body: whole(await listRates(deps, readCurrencies(query))) }
      },
    },
    {
      method: 'GET',
      path: '/v1/balances',
      about: {
        summary: 'Sum up by asset what arrived, what left and what is there',
        status: 200,
        output: pageOf(balanceResource),
      },
      scope: 'payments:read',
      answer: async ({ storeId }) => {
        return { status: 200, body: whole(await listBalances(deps, { storeId })) }
      },
    },
    {
      method: 'GET',
      path: '/v1/reports/summary',
      about: {
        summary: 'Sum up the invoices of each day',
        status: 200,
        output: pageOf(daySummary),
      },
      scope: 'invoices:read',
      query: ['created_after', 'created_before'],
      answer: async ({ storeId, query }) => {
        const createdAfterMs = readTime(query, 'created_after')
        const createdBeforeMs = readTime(query, 'created_before')
        const request = { storeId, createdAfterMs, createdBeforeMs }
        return { status: 200, body: whole(await summariseInvoices(deps, request)) }
      },
    },
    {
      method: 'GET',
      path: '/v1/reports/payments.csv',
      about: {
        summary: 'Export payments as CSV, by the time of their blocks',
        status: 200,
        contentType: CSV,
      },
      scope: 'payments:read',
      query: ['created_after', 'created_before'],
      stream: (request) => ({
        contentType: `${CSV}; charset=utf-8`,
        fileName: 'payments.csv',
        parts: exportPayments(deps, readRange(request)),
      }),
    },
    {
      method: 'GET',
      path: '/v1/reports/outflows.csv',
      about: {
        summary: 'Export as CSV what left the deposit addresses, by the time of the blocks',
        status: 200,
        contentType: CSV,
      },
      scope: 'payments:read',
      query: ['created_after', 'created_before'],
      stream: (request) => ({
        contentType: `${CSV}; charset=utf-8`,
        fileName: 'outflows.csv',
        parts: exportOutflows(deps, readRange(request)),
      }),
    },
  ]
}

function readRange({ storeId, actor, query }: Pick<ApiRequest, 'storeId' | 'actor' | 'query'>) {
  const afterMs = readTime(query, 'created_after')
  const beforeMs = readTime(query, 'created_before')
  return { storeId, actor, afterMs, beforeMs }
}

function whole<Item>(data: readonly Item[]) {
  return { data, next_cursor: null }
}

/** `EUR,USD`; USD where nothing is asked for. */
function readCurrencies(query: Query): string[] {
  const currencies = [...new Set((query.get('currency') ?? 'USD').split(','))]
  if (currencies.length > CURRENCIES_MAX) {
    throw invalidField('?currency', 'too_large', `must name at most ${CURRENCIES_MAX}`)
  }
  if (currencies.some((code) => fiatDecimals(code) === null)) {
    throw invalidField('?currency', 'unknown_currency', 'must be fiat codes such as EUR,USD')
  }
  return currencies
}
