/** The examples beside the shop, each against a gateway of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQuittanceClient, type QuittanceClient } from 'quittance/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRateSource } from '../../examples/rate-source/rate-source.ts'
import type { Served } from '../../examples/serve.ts'
import { startReceiver } from '../../examples/webhook-receiver/receiver.ts'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { waitFor } from '../support/gateway-process.ts'
import { type PaymentWorld, startPaymentWorld } from '../support/payment-world.ts'

const START_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'quittance-examples-'))
const pricesPath = join(folder, 'prices.json')
const journalPath = join(folder, 'events.jsonl')
const writePrices = (prices: Record<string, string>) =>
  writeFileSync(pricesPath, JSON.stringify(prices))

let world: PaymentWorld & { stop(): Promise<void> }
let rates: Served
let port: number
let quittance: QuittanceClient

beforeAll(async () => {
  writePrices({ 'ETH/USD': '2000', 'USDC/USD': '1' })
  rates = await startRateSource(pricesPath)
  port = await findFreePort()
  const source = { kind: 'coinbase', url: rates.url, pairs: ['ETH/USD', 'USDC/USD'], refresh_s: 1 }
  world = await startPaymentWorld({
    config: { rates: { sources: [source] } },
    env: { QUITTANCE_WEBHOOK_ALLOWED_HOSTS: `127.0.0.1:${port}` },
  })
  quittance = createQuittanceClient({ url: world.gateway.url, apiKey: world.gateway.apiKey })
}, START_MS)

afterAll(async () => {
  await world?.stop()
  await rates?.close()
  rmSync(folder, { recursive: true })
})

const dueIn = async (symbol: string) => {
  const invoice = await quittance.createInvoice({ price: { amount: '25.00', currency: 'USD' } })
  return invoice.payment_options.find((option) => option.symbol === symbol)?.amount_due
}

describe('examples/rate-source', () => {
  test(
    'prices invoices, follows its file, and what it does not carry is not offered',
    async () => {
      await waitFor('a price', async () => (await dueIn('ETH')) === '0.0125')
      expect(await dueIn('DAI')).toBeUndefined()
      writePrices({ 'ETH/USD': '2500', 'USDC/USD': '1' })
      await waitFor('the new price', async () => (await dueIn('ETH')) === '0.01')
    },
    START_MS,
  )
})

describe('examples/webhook-receiver', () => {
  const taken: string[] = []
  const start = (secret: string) => {
    const { url: gatewayUrl, apiKey } = world.gateway
    const onEvent = ({ type, invoice }: { type: string; invoice: string | null }) =>
      void taken.push(`${type} ${invoice}`)
    return startReceiver({ gatewayUrl, apiKey, secret, journalPath, port, onEvent })
  }
  const create = async () =>
    (await quittance.createInvoice({ price: { amount: '1.00', currency: 'USDC' } })).id

  test(
    'takes every event once, also what came while it was not there',
    async () => {
      const url = `http://127.0.0.1:${port}/webhooks`
      const { id: endpoint, secret } = await quittance.createWebhookEndpoint({ url })
      const first = await start(secret)
      const seen = await create()
      await waitFor('the first event', () => taken.includes(`invoice.created ${seen}`))
      const forged = await fetch(url, { method: 'POST', body: '{}' })
      expect(forged.status).toBe(401)

      await first.close()
      const missed = await create()
      // Never delivered: the endpoint is told of nothing while it is disabled.
      await quittance.updateWebhookEndpoint(endpoint, { status: 'disabled' })
      const unsent = await create()
      await quittance.updateWebhookEndpoint(endpoint, { status: 'enabled' })
      const second = await start(secret)
      try {
        for (const id of [missed, unsent]) {
          await waitFor('what was missed', () => taken.includes(`invoice.created ${id}`))
        }
        // What is delivered later all the same, or again, is taken once.
        const events = (await quittance.listEvents({ invoice: missed })).data
        for (const { id } of events) await quittance.redeliverEvent(id)
        await waitFor(
          'deliveries to end',
          async () => {
            const { data } = await quittance.listDeliveries({ endpoint })
            return data.every(({ status }) => status !== 'pending')
          },
          30_000,
        )
        expect(taken.filter((line) => line === `invoice.created ${missed}`)).toHaveLength(1)
        expect(new Set(taken).size).toBe(taken.length)
        const journal = readFileSync(journalPath, 'utf8')
        for (const id of [seen, missed, unsent]) expect(journal).toContain(id)
      } finally {
        await second.close()
      }
    },
    START_MS,
  )
})
