/** Ten thousand transfers of next to nothing to one invoice: others must not feel it. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { beforeAll, expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { allow, tell } from '../support/load-figures.ts'
import { type BatchPayer, deployBatchPayer } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

vi.setConfig({ testTimeout: 180_000 })
type Hex = `0x${string}`

const BLOCKS = 20
const PER_BLOCK = 500
const DUST_UNITS = 10_000n
const DATABASE_GROWTH_MAX = 20 * 1024 * 1024
/** Asked before and during the flood. */
const SAMPLES = 40
/** Of the time before. Of such small times chance alone makes more beside other tests. */
const SLOWER_MAX = allow(1.2)

const world = usePaymentWorld({
  chain: { dust_units: DUST_UNITS.toString() },
  // Who pays is a stranger to this account: nothing of his leaves.
  env: { QUITTANCE_XPUB: accountXpub(7) },
})
let batchPayer: BatchPayer
beforeAll(async () => {
  batchPayer = await deployBatchPayer(world, [world.usdc.address])
})

/** Milliseconds of the middle one of so many orders, each made and read back. */
async function measureOrders(): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    const start = performance.now()
    const { id } = await world.createInvoice()
    await world.getInvoice(id)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[SAMPLES / 2] as number
}

async function databaseBytes(): Promise<number> {
  await world.gateway.stop()
  const { size } = statSync(join(world.gateway.folder, 'data', 'quittance.db'))
  await world.gateway.start()
  return size
}

test('LO-08 10,000 dust transfers in 20 blocks', async () => {
  const invoice = await world.createInvoice()
  await measureOrders()
  const before = await databaseBytes()
  const calm = await measureOrders()
  const to = invoice.address as Hex
  const transfers = Array.from({ length: PER_BLOCK }, () => ({ to, units: DUST_UNITS - 1n }))
  const flood = async () => {
    for (let i = 0; i < BLOCKS; i++) {
      await batchPayer.payToken(world.usdc.address, transfers)
      await world.mine(1)
    }
  }
  const flooding = flood()
  const busy = await measureOrders()
  await flooding
  await world.mine(K)
  const shown = await world.getInvoice(invoice.id)
  expect(shown).toMatchObject({ status: 'open', payments_total: BLOCKS * PER_BLOCK })
  expect(shown.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  expect(JSON.stringify(shown).length).toBeLessThan(64_000)
  expect((await world.eventsOf(invoice.id)).map(({ type }) => type)).toEqual(['invoice.created'])
  const growth = (await databaseBytes()) - before
  tell(
    `LO-08: database +${(growth / 1024 / 1024).toFixed(1)} MB; an order made and read ` +
      `${calm.toFixed(1)} ms before, ${busy.toFixed(1)} ms during`,
  )
  expect(growth).toBeLessThan(DATABASE_GROWTH_MAX)
  expect(busy).toBeLessThan(calm * SLOWER_MAX)
  await world.expectCleanState()
})
