/** Coins of which only a balance told: once a node shows the calls of their block, so do payments. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { deployInternalPayers, type InternalPayers } from '../support/internal-payers.ts'
import { expectMined, inParallel, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

type Hex = `0x${string}`

const DUE_WEI = 10n ** 16n
const FRAMES = 'debug_traceBlockByHash'

let proxy: FaultProxy
const world = usePaymentWorld({
  async rpcOf(node) {
    proxy = await startFaultProxy({ target: node.url })
    return proxy.url
  },
})
let payers: InternalPayers
beforeAll(async () => {
  await skipDevAccounts(world)
  payers = await deployInternalPayers(world)
})
beforeEach(() => {
  proxy.rules.unsupported = [FRAMES]
})
afterEach(() => proxy.reset())
afterAll(() => proxy.stop())

const inEther = () => world.createInvoice({ price: { amount: '0.01', currency: 'ETH' } })

/** An order whose money a contract sent, settled by its balance alone. */
async function settleByBalance(pay: (to: Hex) => Promise<Hex>, to?: any) {
  const invoice = to ?? (await inEther())
  const hash = await pay(invoice.address)
  await world.mine(K)
  await expectMined(world, [hash])
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments).toMatchObject([{ kind: 'internal', tx_hash: null, from: null }])
  expect(settled.payments[0]).not.toHaveProperty('attributions')
  return { invoice, hash, settled }
}

const waitForAttribution = (id: string) =>
  world.waitForInvoice(id, 'the sender', ({ payments }) => payments[0].attributions !== undefined)

/** What changed is who sent it; everything else is as it was told before. */
function expectSame(now: any, before: any, told: { tx_hash: string | null; from: string | null }) {
  const [{ attributions, confirmations: _, ...payment }] = now.payments
  const [{ confirmations: __, ...known }] = before.payments
  expect({ ...payment, from: payment.from?.toLowerCase() ?? null }).toEqual({ ...known, ...told })
  const units = attributions.map(({ amount_units }: any) => BigInt(amount_units))
  const sum = units.reduce((all: bigint, one: bigint) => all + one, 0n)
  expect(sum).toBe(BigInt(payment.amount_units))
  const { payments: ___, ...facts } = now
  const { payments: ____, ...factsBefore } = before
  expect(facts).toEqual(factsBefore)
}

test('transaction and payer are shown, and nothing else of the order changes', async () => {
  const { invoice, hash, settled } = await settleByBalance((to) => payers.fromWallet(to, DUE_WEI))
  const events = await world.eventsOf(invoice.id)
  proxy.reset()
  const now = await waitForAttribution(invoice.id)
  expectSame(now, settled, { tx_hash: hash, from: payers.wallet.toLowerCase() })
  expect(await world.eventsOf(invoice.id)).toEqual(events)

  const listed = await world.gateway.request('GET', `/v1/payments?invoice=${invoice.id}`)
  expect(listed.body.data[0]).toMatchObject({ tx_hash: hash })
  const table = await world.gateway.request<string>('GET', '/v1/reports/payments.csv')
  expect(table.body).toMatch(new RegExp(`^${now.payments[0].id},.*,${hash},`, 'm'))
  const page = await (await fetch(invoice.checkout_url)).text()
  expect(page).toContain(`title="${hash}"`)
  const checked = await world.gateway.run('check-transaction', hash)
  expect(checked.stdout).toContain('found: it pays an address of ours')
  expect(checked.stdout).toContain(now.payments[0].id)
  await world.expectCleanState()
})

test('quittance check sees rows that somebody changed', async () => {
  const { invoice } = await settleByBalance((to) => payers.fromWallet(to, DUE_WEI))
  proxy.reset()
  const { payments } = await waitForAttribution(invoice.id)
  const db = new Database(join(world.gateway.folder, 'data', 'quittance.db'))
  const set = (units: bigint) =>
    db
      .prepare('UPDATE attributions SET amount_units = ? WHERE payment_id = ?')
      .run(`${units}`, payments[0].id)
  expect(() => set(1n)).toThrow('attributions is append-only')
  expect(() => db.exec('DELETE FROM attributions')).toThrow('attributions is append-only')
  db.exec('DROP TRIGGER attributions_no_update')
  set(DUE_WEI - 1n)
  const { code, stderr } = await world.gateway.run('check')
  set(DUE_WEI)
  expect([code, stderr]).toEqual([1, expect.stringContaining(`${payments[0].id}: the calls`)])
  db.close()
  await world.expectCleanState()
})

test('a multisend: each of its payments, by one transaction', async () => {
  const invoices = await inParallel(Array.from({ length: 5 }), inEther)
  const transfers = invoices.map(({ address }) => ({ to: address as Hex, units: DUE_WEI }))
  const hash = await payers.multisend(transfers)
  await world.mine(K)
  for (const { id } of invoices) await world.waitForStatus(id, 'settled')
  proxy.reset()
  for (const { id } of invoices) {
    const { payments } = await waitForAttribution(id)
    expect(payments).toMatchObject([{ tx_hash: hash, amount_units: `${DUE_WEI}` }])
  }
})

test('two transactions made one rise: both are told, and both are found', async () => {
  const invoice = await inEther()
  const half = DUE_WEI / 2n
  const first = await payers.fromWallet(invoice.address, half)
  const { hash, settled } = await settleByBalance((to) => payers.spawnPaying(to, half), invoice)
  proxy.reset()
  const now = await waitForAttribution(invoice.id)
  expectSame(now, settled, { tx_hash: null, from: null })
  const told = now.payments[0].attributions.map(({ tx_hash }: any) => tx_hash)
  expect(told.sort()).toEqual([first, hash].sort())
  for (const one of [first, hash]) {
    const { stdout } = await world.gateway.run('check-transaction', one)
    expect(stdout).toContain(now.payments[0].id)
    const answer = await fetch(`${invoice.checkout_url}/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tx_hash: one }),
    })
    expect(await answer.json()).toMatchObject({
      result: 'found',
      payments: [{ amount_units: `${DUE_WEI}` }],
    })
  }
})

test.each<[string, (frames: any[], address: Hex) => unknown]>([
  [
    'that do not add up',
    (frames, address) => {
      const call = { type: 'CALL', from: payers.wallet, to: address, value: '0x1' }
      frames[0].result.calls.push(call)
      return frames
    },
  ],
  [
    'of transactions that are not in the block',
    (frames) => frames.map((one) => ({ ...one, txHash: `0x${'ab'.repeat(32)}` })),
  ],
  ['of no transaction', () => []],
  ['that are nonsense', () => 'later'],
])('calls %s explain nothing; the right ones do afterwards', async (_, spoil) => {
  const { invoice, hash, settled } = await settleByBalance((to) => payers.fromWallet(to, DUE_WEI))
  const { block_hash: blockHash } = settled.payments[0]
  let lies = 0
  proxy.reset()
  proxy.intercept((method, [asked], result) => {
    if (method !== FRAMES || asked !== blockHash) return result
    lies += 1
    return spoil(structuredClone(result) as any[], invoice.address)
  })
  await waitFor('two looks at what the node says', () => lies >= 2, 30_000)
  expect((await world.getInvoice(invoice.id)).payments[0].tx_hash).toBeNull()
  proxy.reset()
  expect((await waitForAttribution(invoice.id)).payments[0].tx_hash).toBe(hash)
})

test('what left the chain stays as it was; what came instead is told', async () => {
  const invoice = await inEther()
  await payers.fromWallet(invoice.address, DUE_WEI)
  await world.mine(2)
  const isOrphaned = ({ position }: any) => position === 'orphaned'
  await world.waitForInvoice(invoice.id, 'a payment', (i) => i.payments_total > 0)
  await world.chain.reorg({ depth: 2 })
  await world.chain.mine(2)
  await world.synced()
  await world.waitForInvoice(invoice.id, 'the reorg', ({ payments }) => isOrphaned(payments[0]))
  const hash = await payers.fromWallet(invoice.address, DUE_WEI)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  proxy.reset()
  const { payments } = await world.waitForInvoice(invoice.id, 'the sender', ({ payments: all }) =>
    all.some(({ tx_hash }: any) => tx_hash !== null),
  )
  const [gone, there] = [payments.find(isOrphaned), payments.find((one: any) => !isOrphaned(one))]
  expect([gone.tx_hash, there.tx_hash]).toEqual([null, hash])
  await world.expectCleanState()
})

test('coins that no call brought stay without a sender', async () => {
  const invoice = await inEther()
  await world.mine(2)
  await world.chain.setBalance(invoice.address, DUE_WEI)
  await world.mine(K)
  const { payments } = await world.waitForStatus(invoice.id, 'settled')
  proxy.reset()
  const marker = await inEther()
  await payers.fromWallet(marker.address, DUE_WEI)
  await world.mine(K)
  await world.waitForStatus(marker.id, 'settled')
  // Asked for, twice: what the calls say does not change.
  let looks = 0
  proxy.intercept((method, [asked], result) => {
    if (method === FRAMES && asked === payments[0].block_hash) looks += 1
    return result
  })
  await waitFor('two looks', () => looks >= 2, 30_000)
  expect((await world.getInvoice(invoice.id)).payments[0]).toMatchObject({ tx_hash: null })
})

test('check-transaction asks by itself, also where no gateway runs', async () => {
  const { invoice, hash } = await settleByBalance((to) => payers.fromWallet(to, DUE_WEI))
  await world.gateway.stop()
  const before = await world.gateway.run('check-transaction', hash)
  expect([before.code, before.stdout]).toEqual([1, expect.stringContaining('elsewhere')])
  proxy.reset()
  const { stdout } = await world.gateway.run('check-transaction', hash)
  expect(stdout).toContain(`for ${invoice.id}, confirmed`)
  proxy.rules.unsupported = [FRAMES]
  await world.gateway.start()
  expect((await world.getInvoice(invoice.id)).payments[0].tx_hash).toBe(hash)
})

test('a crash at any boundary leaves all of it or nothing, and the next start goes on', async () => {
  const { invoice, hash } = await settleByBalance((to) => payers.fromWallet(to, DUE_WEI))
  proxy.reset()
  let crashes = 0
  for (let boundary = 1; ; boundary += 1) {
    await world.gateway.stop()
    const env = { QUITTANCE_TEST_CRASH_AT: `${boundary}`, NODE_ENV: 'test' }
    await world.gateway.start({ expectReady: false, env })
    const isTold = async () => {
      const { body } = await world.gateway.request('GET', `/v1/invoices/${invoice.id}`)
      return body.payments[0].tx_hash === hash
    }
    await waitFor(
      'the sender, or the crash',
      async () => world.gateway.hasEnded() || (await isTold().catch(() => false)),
      20_000,
    )
    if (!world.gateway.hasEnded()) break
    crashes += 1
    await world.expectCleanState()
  }
  expect(crashes).toBeGreaterThan(1)
  await world.gateway.stop()
  await world.gateway.start()
  expect((await waitForAttribution(invoice.id)).payments[0].tx_hash).toBe(hash)
  await world.expectCleanState()
}, 120_000)
