/** Reports: sums of what arrived, a table of payments, current rates. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFixedRates } from '../../src/adapters/rates/fixed-rates.ts'
import { formatDecimal } from '../../src/core/money/decimal.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import {
  SAMPLE_COIN,
  SAMPLE_TOKEN,
  sampleBlock,
  sampleObservation,
  samplePayment,
} from '../support/fixtures.ts'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

const HUGE = 2n ** 256n - 1n
const DAY_MS = 86_400_000
/** More than one page of a report, and of the list. */
const MANY = 230

let gateway: HttpHarness
let rates = createFixedRates({})
let invoices: any[]
let placed = 0

/** Payments to the address of an invoice; those of another store are for the second one. */
async function receive(invoice: any, parts: Partial<Payment> = {}, observed = {}): Promise<void> {
  placed += 1
  const to = invoice.address.toLowerCase()
  const observation = sampleObservation(placed, sampleBlock(10), { to, ...observed })
  const owner = { storeId: invoice.store, invoiceId: invoice.id, position: 'confirmed' as const }
  await gateway.deps.store.commit({
    payments: [samplePayment(observation, { ...owner, ...parts })],
  })
}

const COIN = { asset: SAMPLE_COIN, kind: 'native', logIndex: null } as const

beforeAll(async () => {
  rates = createFixedRates({ 'ETH/USD': '2500', 'USDC/USD': '1', 'EUR/USD': '1.25' })
  gateway = await startHttpHarness({
    rates: { getRates: (pairs, nowMs) => rates.getRates(pairs, nowMs) },
  })
  invoices = [
    await createInvoice(gateway, { order_id: '=HYPERLINK("http://evil.example","x")' }),
    await createInvoice(gateway, { order_id: '@SUM(1,2)' }),
    await createInvoice(gateway, { order_id: 'plain, "quoted"' }),
  ]
  const [first, second, third] = invoices
  await receive(first, {}, { amountUnits: 9_007_199_254_740_993n })
  await receive(first, { countedUnits: 24_000_001n }, { amountUnits: 25_000_000n })
  await receive(second, {}, { ...COIN, amountUnits: HUGE })
  await receive(second, {}, { ...COIN, amountUnits: 10n ** 17n + 1n })
  await receive(third, { position: 'orphaned' })
  await receive(third, { position: 'included' })
  await receive(third, { invoiceId: null, accepted: false }, { amountUnits: 7n })
  await receive(third, { dust: true, countedUnits: 0n })
  await receive(third, { accepted: false, inTime: false }, { amountUnits: 5n, from: null })
  for (let n = 0; n < MANY; n++) await receive(third, {}, { amountUnits: BigInt(n + 1) })
})
afterAll(() => gateway.server.close())

async function listPayments(): Promise<any[]> {
  const all: any[] = []
  let cursor = ''
  do {
    const { json } = await gateway.ask({ path: `/v1/payments?limit=100${cursor}` })
    all.push(...json.data)
    cursor = json.next_cursor === null ? '' : `&cursor=${json.next_cursor}`
  } while (cursor !== '')
  return all
}

/** Cells by name, of text in the form of RFC 4180. */
function parseTable(text: string): Record<string, string>[] {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y
  const rows: string[][] = [[]]
  for (let at = 0; at < text.length; at = cell.lastIndex) {
    const match = cell.exec(text)
    if (match === null) throw new Error(`not a table at ${at}`)
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] !== ',') rows.push([])
  }
  const [head = [], ...lines] = rows.slice(0, -1)
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i] as string])))
}

const sumUnits = (payments: any[]) =>
  payments.reduce((sum, { counted_units }) => sum + BigInt(counted_units), 0n)

/** Nothing left. */
const untouched = (total: bigint, decimals: number) => ({
  collected: '0',
  collected_units: '0',
  uncounted: '0',
  uncounted_units: '0',
  available: formatDecimal(total, decimals),
  available_units: String(total),
})
const UNFOLLOWED = {
  ...{ collected: null, collected_units: null },
  ...{ uncounted: null, uncounted_units: null },
  ...{ available: null, available_units: null },
}

describe('GET /v1/balances', () => {
  test('IN-28 equals the sums of the payments list, digit for digit', async () => {
    const { json } = await gateway.ask({ path: '/v1/balances' })
    const confirmed = (await listPayments()).filter(({ position }) => position === 'confirmed')
    const byAsset = [SAMPLE_TOKEN, SAMPLE_COIN].map((asset) => {
      const mine = confirmed.filter((one) => one.asset === asset.id)
      const assigned = sumUnits(mine.filter(({ invoice }) => invoice !== null))
      const unassigned = sumUnits(mine.filter(({ invoice }) => invoice === null))
      return { asset, assigned, unassigned, total: assigned + unassigned }
    })
    expect(byAsset.map(({ total }) => total)).toEqual([
      9_007_199_254_740_993n + 24_000_001n + 7n + 5n + BigInt((MANY * (MANY + 1)) / 2),
      HUGE + 10n ** 17n + 1n,
    ])
    expect(json.data).toHaveLength(2)
    for (const { asset, assigned, unassigned, total } of byAsset) {
      expect(json.data).toContainEqual({
        object: 'balance',
        asset: asset.id,
        chain_id: asset.chainId,
        symbol: asset.symbol,
        decimals: asset.decimals,
        assigned: formatDecimal(assigned, asset.decimals),
        assigned_units: String(assigned),
        unassigned: formatDecimal(unassigned, asset.decimals),
        unassigned_units: String(unassigned),
        total: formatDecimal(total, asset.decimals),
        total_units: String(total),
        received: formatDecimal(total, asset.decimals),
        received_units: String(total),
        ...(asset === SAMPLE_COIN ? UNFOLLOWED : untouched(total, asset.decimals)),
      })
    }
  })

  test('is of one store, and needs the scope', async () => {
    const { json } = await gateway.ask({ path: '/v1/balances', key: gateway.otherKey })
    expect(json).toEqual({ data: [], next_cursor: null })
    const key = await gateway.makeKey(['invoices:read'])
    for (const path of ['/v1/balances', '/v1/reports/payments.csv']) {
      expect((await gateway.ask({ path, key })).status).toBe(403)
    }
  })
})

describe('GET /v1/reports/payments.csv', () => {
  const readTable = async (query = '') => {
    const answer = await gateway.ask({ path: `/v1/reports/payments.csv${query}` })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    return parseTable(answer.text)
  }

  test('IN-28 has every payment with the cells of the API, digit for digit', async () => {
    const rows = await readTable()
    const payments = await listPayments()
    expect(rows.length).toBe(payments.length)
    const text = (value: unknown) => (value === null ? '' : String(value))
    for (const [i, { object, ...payment }] of payments.entries()) {
      const { order_id, block_time, ...cells } = rows[i] as Record<string, string>
      expect(cells).toEqual(
        Object.fromEntries(Object.entries(payment).map(([name, value]) => [name, text(value)])),
      )
    }
    expect(sumUnits(rows)).toBe(sumUnits(payments))
  })

  test('AU-17 what a spreadsheet would take for a formula is prefixed', async () => {
    const rows = await readTable()
    const orders = new Set(rows.map(({ order_id }) => order_id))
    expect(orders).toEqual(
      new Set([`'=HYPERLINK("http://evil.example","x")`, "'@SUM(1,2)", 'plain, "quoted"', '']),
    )
  })

  test('is cut by the time of the block', async () => {
    const [{ block_time } = {}] = await readTable()
    const at = Date.parse(block_time as string)
    const time = (ms: number) => encodeURIComponent(new Date(at + ms).toISOString())
    const all = (await readTable()).length
    const inside = `?created_after=${time(-1)}&created_before=${time(1)}`
    expect(await readTable(inside)).toHaveLength(all)
    expect(await readTable(`?created_after=${time(0)}`)).toEqual([])
    expect(await readTable(`?created_before=${time(0)}`)).toEqual([])
    const bad = await gateway.ask({ path: '/v1/reports/payments.csv?created_after=x' })
    expect([bad.status, bad.json.code]).toEqual([400, 'invalid_request'])
  })

  test('a head without a row where nothing came; HEAD has no body', async () => {
    const path = '/v1/reports/payments.csv'
    const empty = await gateway.ask({ path, key: gateway.otherKey })
    expect(empty.text.split('\r\n')).toHaveLength(2)
    const head = await gateway.ask({ method: 'HEAD', path })
    expect([head.status, head.text]).toEqual([200, ''])
  })
})

describe('GET /v1/reports/summary', () => {
  test('IN-28 equals the sums of the API, by day', async () => {
    const { json } = await gateway.ask({ path: '/v1/reports/summary' })
    const paid = (await listPayments()).filter(
      ({ position, accepted }) => position === 'confirmed' && accepted,
    )
    const volumes = json.data.flatMap((day: any) => day.volumes)
    for (const { id } of [SAMPLE_TOKEN, SAMPLE_COIN]) {
      const told = volumes
        .filter(({ asset }: any) => asset === id)
        .reduce((sum: bigint, { volume_units }: any) => sum + BigInt(volume_units), 0n)
      expect(told).toBe(sumUnits(paid.filter(({ asset }) => asset === id)))
    }
    const counts = json.data.map((day: any) => day.invoices)
    expect(counts.reduce((sum: number, count: number) => sum + count, 0)).toBe(invoices.length)
    const listed = await Promise.all(
      invoices.map(async ({ id }) => (await gateway.ask({ path: `/v1/invoices/${id}` })).json),
    )
    const underpaid = listed.filter((one) => one.paid.underpaid).length
    const shares = json.data.map((day: any) => day.underpaid_share * day.invoices)
    expect(shares.reduce((sum: number, one: number) => sum + one, 0)).toBeCloseTo(underpaid)
  })

  test('a range that is too long, or empty, is 400; a past one has no days', async () => {
    const time = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString()
    for (const query of [
      `created_after=${time(93)}`,
      `created_after=${time(200)}&created_before=${time(100)}`,
      `created_after=${time(1)}&created_before=${time(2)}`,
    ]) {
      const answer = await gateway.ask({ path: `/v1/reports/summary?${query}` })
      expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    }
    const past = `created_after=${time(190)}&created_before=${time(100)}`
    const { json } = await gateway.ask({ path: `/v1/reports/summary?${past}` })
    expect(json).toEqual({ data: [], next_cursor: null })
  })
})

describe('GET /v1/rates', () => {
  test('one for each enabled asset and currency asked for, USD else', async () => {
    const { json } = await gateway.ask({ path: '/v1/rates?currency=EUR,USD' })
    const priceOf = (asset: string, currency: string) =>
      json.data.find((one: any) => one.asset === asset && one.currency === currency).rate.value
    expect(json.data).toHaveLength(6)
    expect(priceOf(SAMPLE_COIN.id, 'USD')).toBe('2500')
    expect(priceOf(SAMPLE_COIN.id, 'EUR')).toBe('2000')
    expect(priceOf(SAMPLE_TOKEN.id, 'EUR')).toBe('0.8')
    const plain = (await gateway.ask({ path: '/v1/rates' })).json.data
    expect(new Set(plain.map(({ currency }: any) => currency))).toEqual(new Set(['USD']))
  })

  test.each(['currency=usd', 'currency=ETH', 'currency=', 'currency=USD,,EUR'])(
    '%s is 400',
    async (query) => {
      const answer = await gateway.ask({ path: `/v1/rates?${query}` })
      expect([answer.status, answer.json.errors[0].parameter]).toEqual([400, 'currency'])
    },
  )

  test('no rate is null beside one, and rate_unavailable alone', async () => {
    const before = rates
    try {
      rates = createFixedRates({ 'ETH/USD': '2500' })
      const { json } = await gateway.ask({ path: '/v1/rates' })
      expect(json.data.map(({ symbol, rate }: any) => [symbol, rate?.value ?? null])).toEqual([
        ['USDC', null],
        ['ETH', '2500'],
        ['USDC', null],
      ])
      const answer = await gateway.ask({ path: '/v1/rates?currency=JPY' })
      expect([answer.status, answer.json.code]).toEqual([503, 'rate_unavailable'])
    } finally {
      rates = before
    }
  })

  test('PA-33 a rate that moves leaves the quoted units of an open invoice as they are', async () => {
    const before = rates
    const accept = [SAMPLE_COIN.id]
    const [exact, short] = [
      await createInvoice(gateway, { accept }),
      await createInvoice(gateway, { accept }),
    ]
    const due = BigInt(exact.payment_options[0].amount_due_units)
    try {
      rates = createFixedRates({ 'ETH/USD': '3000' })
      for (const [invoice, units, status] of [
        [exact, due, 'settled'],
        [short, (due * 25n) / 30n, 'open'],
      ] as const) {
        await receive(
          invoice,
          { invoiceId: null, accepted: false },
          { ...COIN, amountUnits: units },
        )
        const [{ id }] = (await gateway.ask({ path: '/v1/payments?limit=1' })).json.data
        const path = `/v1/payments/${id}/assign`
        await gateway.ask({ method: 'POST', path, body: { invoice: invoice.id } })
        const { json } = await gateway.ask({ path: `/v1/invoices/${invoice.id}` })
        expect([json.status, json.payment_options[0].amount_due_units]).toEqual([
          status,
          String(due),
        ])
      }
    } finally {
      rates = before
    }
  })
})
