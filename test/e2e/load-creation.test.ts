/** Orders at the pace of a large shop. */
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { percentile } from '../../bench/support/figures.ts'
import { runLoad } from '../../bench/support/http-load.ts'
import { allow, IS_FULL, tell } from '../support/load-figures.ts'
import { withLoadWorld } from '../support/load-world.ts'

const RATE_PER_S = IS_FULL ? 300 : 100
const DURATION_MS = IS_FULL ? 60_000 : 8_000
const CONNECTIONS = 20
const P99_MS = allow(150)
/** Compiled and warm, as after the first minutes of a day. */
const WARM_UP_REQUESTS = 500

test(`LO-01 ${RATE_PER_S} invoices a second, each durable: no error, and the slowest in a hundred in time`, {
  timeout: DURATION_MS + 90_000,
}, async () => {
  await withLoadWorld({ blocks: 0, pollMs: 250, confirmations: 12 }, async ({ gateway }) => {
    await gateway.start()
    // Throws for the first answer that is not 201.
    const load = (run: string, amount: { requests?: number; durationMs?: number }) =>
      runLoad({
        ...{ url: gateway.url, path: '/v1/invoices', connections: CONNECTIONS, ...amount },
        ...(run === 'paced' ? { ratePerS: RATE_PER_S } : {}),
        headers: (index) => [
          `Authorization: Bearer ${gateway.apiKey}`,
          `Idempotency-Key: ${run}-${index}`,
        ],
        body: (index) =>
          JSON.stringify({
            price: { amount: '25.00', currency: 'USD' },
            order_id: `${run}-${index}`,
          }),
      })
    await load('warm-up', { requests: WARM_UP_REQUESTS })
    const { requests, latenciesMs } = await load('paced', { durationMs: DURATION_MS })
    const p99 = percentile(latenciesMs, 0.99)
    tell(`LO-01: ${requests} invoices at ${RATE_PER_S}/s, p99 ${p99.toFixed(0)} ms`)
    expect(requests).toBe((RATE_PER_S * DURATION_MS) / 1_000)
    expect(p99).toBeLessThan(P99_MS)
    await gateway.stop()

    // Each that was answered is on the disk, with an address of its own.
    const db = new Database(gateway.databasePath, { readonly: true })
    const stored = db
      .prepare(
        `SELECT count(*) AS invoices, count(DISTINCT address) AS addresses,
          count(DISTINCT order_id) AS orders FROM invoices`,
      )
      .get()
    db.close()
    const all = requests + WARM_UP_REQUESTS
    expect(stored).toEqual({ invoices: all, addresses: all, orders: all })
  })
})
