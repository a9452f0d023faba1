/**
 * DU-01. Thirty kills by default; another number and another seed by
 * `KILLS=200 SEED=7 npx vitest run test/e2e/kill-loop.test.ts`.
 */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRandom } from '../simulation/random.ts'
import { accountXpub } from '../support/account-keys.ts'
import { checkLedger } from '../support/check-ledger.ts'
import { runKillLoop } from '../support/kill-loop.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { usePaymentWorld } from '../support/payment-world.ts'
import { registerEndpoint } from '../support/webhook-endpoints.ts'

const kills = readCount('KILLS', 30)
const seed = readCount('SEED', 20_261_122)
/** Start, life and what follows of one kill; then the last payments, deliveries and checks. */
const TIME_PER_KILL_MS = 10_000
const TIME_FOR_THE_REST_MS = 180_000
/** Invoices that the oracle looks at one by one; the ledger has looked at all of them. */
const ORACLE_SAMPLE = 20

const world = usePaymentWorld({
  env: {
    QUITTANCE_XPUB: accountXpub(7),
    QUITTANCE_LOG_LEVEL: 'warn',
    // Patient: receivers fail at random, and no endpoint is to be given up.
    QUITTANCE_WEBHOOK_SCHEDULE: Array(30).fill('200ms').join(','),
  },
  config: { limits: { requests_per_second_per_key: 10_000 }, invoices: { expires_in_s: 86_400 } },
})

test(
  `DU-01 ${kills} x kill -9 under load, seed ${seed}: nothing lost, doubled or missing`,
  async () => {
    const random = createRandom(seed)
    world.receiver.respondWith(async (_request, response) => {
      const isSlow = random.chance(0.1)
      const status = random.chance(0.1) ? 500 : 200
      if (isSlow) await sleep(random.between(50, 300))
      response.writeHead(status).end()
    })
    await registerEndpoint(world.gateway, world.receiver, '/hook')
    const ledger = await runKillLoop(world, { kills, seed })
    world.receiver.respondWith(200)
    expect(ledger.kills).toBe(kills)
    expect(ledger.orders.length).toBeGreaterThan(kills)
    const report = await checkLedger(world, ledger)
    const sample = ledger.orders.slice(-ORACLE_SAMPLE).map(({ invoice }) => ({ id: invoice.id }))
    await expectCreditedAsOnChain(world, sample)
    const { earlyKills, reorgs, blocks } = ledger
    process.stdout.write(`${JSON.stringify({ kills, earlyKills, reorgs, blocks, ...report })}\n`)
  },
  kills * TIME_PER_KILL_MS + TIME_FOR_THE_REST_MS,
)

function readCount(name: string, standard: number): number {
  const text = process.env[name] ?? String(standard)
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new Error(`${name} must be a whole number above zero`)
  return Number.parseInt(text, 10)
}
