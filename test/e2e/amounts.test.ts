/** What is due, paid, missing and over: against the real process and a real chain. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type BatchPayer,
  countType,
  deployBatchPayer,
  expectMined,
  inParallel,
  optionOf,
  readAllInvoices,
  seededRandom,
  skipDevAccounts,
  typesOf,
  unitsInUri,
} from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readCheckout } from '../support/read-checkout.ts'

const world = usePaymentWorld({ config: { limits: { requests_per_second_per_key: 100_000 } } })
let batchPayer: BatchPayer

beforeAll(async () => {
  await skipDevAccounts(world)
  batchPayer = await deployBatchPayer(world, [world.usdc.address])
})

const inUsdc = (amount: string, rest: object = {}) =>
  world.createInvoice({ price: { amount, currency: 'USDC' }, ...rest })

const payUsdc = (invoice: { address: `0x${string}` }, units: bigint) =>
  world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })

describe('PA-01 500 random amounts', () => {
  const SEED = 20_261_122
  const COUNT = 500

  type Sample = { text: string; canonical: string; units: bigint }

  /** Digits first, so that the expected text does not come from the code under test. */
  function drawAmount(random: () => number): Sample {
    const wholeDigits = Math.floor(random() * 7)
    const fractionDigits = wholeDigits === 0 ? 6 : Math.floor(random() * 7)
    const draw = (count: number) =>
      Array.from({ length: count }, () => Math.floor(random() * 10)).join('')
    const whole = draw(wholeDigits).replace(/^0+/, '') || '0'
    const fraction = draw(fractionDigits)
    const units = BigInt(whole + fraction.padEnd(6, '0'))
    if (units === 0n) return drawAmount(random)
    const shortened = fraction.replace(/0+$/, '')
    return {
      text: fraction === '' ? whole : `${whole}.${fraction}`,
      canonical: shortened === '' ? whole : `${whole}.${shortened}`,
      units,
    }
  }

  const random = seededRandom(SEED)
  const edges: Sample[] = [
    { text: '0.000001', canonical: '0.000001', units: 1n },
    { text: '999999', canonical: '999999', units: 999_999_000_000n },
    { text: '1.10', canonical: '1.1', units: 1_100_000n },
  ]
  const samples = [...edges, ...Array.from({ length: COUNT - 3 }, () => drawAmount(random))]
  let invoices: any[] = []
  /** Every other one gets a unit less than is due; a unit less than one unit is nothing. */
  const isShort = (index: number) => index % 2 === 1 && (samples[index] as Sample).units > 1n

  test('PA-01 API, URI, webhook and page carry one string', async () => {
    const endpoint = await world.gateway.request('POST', '/v1/webhook-endpoints', {
      url: world.receiver.url,
      events: ['invoice.created'],
    })
    expect(endpoint.status).toBe(201)
    invoices = await inParallel(samples, ({ text }) => inUsdc(text))
    await world.receiver.waitFor((requests) => requests.length >= COUNT, 30_000)
    const told = new Map<string, any>()
    for (const { rawBody } of world.receiver.requests) {
      const body = JSON.parse(rawBody.toString('utf8'))
      told.set(body.invoice, body.data)
    }
    const wrong = await inParallel(samples, async ({ text, canonical, units }, index) => {
      const invoice = invoices[index]
      const shown = [invoice, await world.getInvoice(invoice.id), told.get(invoice.id)]
      const page = readCheckout(await (await fetch(invoice.checkout_url)).text())
      const seen = {
        price: shown.map((one) => one?.price.amount),
        due: shown.map((one) => optionOf(one).amount_due),
        outstanding: shown.map((one) => optionOf(one).outstanding),
        units: shown.map((one) => optionOf(one).amount_due_units),
        uri: [
          ...shown.map((one) => unitsInUri(optionOf(one).uri)),
          ...page.links.map((link) => unitsInUri(link)),
        ],
        page: page.amount,
      }
      const expected = {
        price: shown.map(() => text),
        due: shown.map(() => canonical),
        outstanding: shown.map(() => canonical),
        units: shown.map(() => units.toString()),
        uri: [...shown, 1, 2].map(() => units.toString()),
        page: canonical,
      }
      return JSON.stringify(seen) === JSON.stringify(expected) ? null : { text, seen }
    })
    expect(
      wrong.filter((one) => one !== null),
      `seed ${SEED}`,
    ).toEqual([])
  }, 60_000)

  test('PA-01 paying it settles; one unit less is underpaid', async () => {
    const hashes = await batchPayer.payToken(
      world.usdc.address,
      samples.map(({ units }, index) => ({
        to: invoices[index].address,
        units: isShort(index) ? units - 1n : units,
      })),
    )
    await world.mine(K)
    await expectMined(world, hashes)
    const byId = await readAllInvoices(world.gateway)
    const wrong = samples.flatMap(({ text, canonical }, index) => {
      const { status, paid, payments, ...invoice } = byId.get(invoices[index].id)
      const { amount_due, outstanding, outstanding_units, excess } = optionOf(invoice)
      const position = payments[0]?.position
      const seen = [status, paid, amount_due, outstanding, outstanding_units, excess, position]
      const facts = { underpaid: isShort(index), overpaid: false, late: false }
      const missing = isShort(index) ? ['0.000001', '1'] : ['0', '0']
      const wanted = [isShort(index) ? 'open' : 'settled', facts, canonical, ...missing, '0']
      return JSON.stringify(seen) === JSON.stringify([...wanted, 'confirmed'])
        ? []
        : [{ text, seen }]
    })
    expect(wrong, `seed ${SEED}`).toEqual([])
    const [settled, short] = [invoices[0].id, invoices[1].id]
    expect(countType(await world.eventsOf(settled), 'invoice.settled')).toBe(1)
    expect(countType(await world.eventsOf(short), 'invoice.settled')).toBe(0)
    expect(countType(await world.eventsOf(short), 'invoice.underpaid')).toBe(1)
  }, 60_000)

  test('PA-01 the missing unit settles each', async () => {
    const short = invoices.filter((_invoice, index) => isShort(index))
    expect(short.length).toBeGreaterThan(200)
    await batchPayer.payToken(
      world.usdc.address,
      short.map(({ address }) => ({ to: address, units: 1n })),
    )
    await world.mine(K)
    const byId = await readAllInvoices(world.gateway)
    const open = short.filter(({ id }) => byId.get(id).status !== 'settled')
    expect(open).toEqual([])
  }, 60_000)
})

test('PA-02 three partial payments: underpaid per rise, one address, then settled', async () => {
  const invoice = await inUsdc('25.000001')
  const parts = [10_000_000n, 7_000_001n, 8_000_000n]
  const hashes: string[] = []
  let missing = 25_000_001n
  for (const units of parts) {
    hashes.push(await payUsdc(invoice, units))
    await world.mine()
    missing -= units
    const now = await world.getInvoice(invoice.id)
    expect(now.address).toBe(invoice.address)
    expect(now.status).toBe(missing === 0n ? 'processing' : 'open')
    expect(now.paid.underpaid).toBe(missing > 0n)
    expect(optionOf(now).outstanding_units).toBe(missing.toString())
    // What a wallet scans next is the rest, and the whole again once nothing is missing.
    const inLink = missing === 0n ? '25000001' : missing.toString()
    expect(unitsInUri(optionOf(now).uri)).toBe(inLink)
  }
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled).toMatchObject({ status: 'settled', payments_total: 3 })
  const listed = settled.payments.toReversed()
  expect(listed.map((payment: any) => payment.tx_hash)).toEqual(hashes)
  expect(listed.map((payment: any) => payment.amount)).toEqual(['10', '7.000001', '8'])
  for (const { tx_hash, block_number, block_hash, position } of listed) {
    const receipt = await world.chain.receipt(tx_hash)
    expect(block_hash).toBe(receipt?.blockHash)
    expect(block_number).toBe(Number(receipt?.blockNumber))
    expect(position).toBe('confirmed')
  }
  const events = await world.eventsOf(invoice.id)
  const story = typesOf(events).filter((type) => type.startsWith('invoice.'))
  expect(story).toEqual([
    'invoice.created',
    'invoice.underpaid',
    'invoice.underpaid',
    'invoice.processing',
    'invoice.settled',
  ])
  const rises = events.filter(({ type }) => type === 'invoice.underpaid')
  expect(rises.map(({ data }) => optionOf(data).outstanding)).toEqual(['15.000001', '8'])
})

test.for([
  { excess: 1n, text: '0.000001' },
  { excess: 12_500_000n, text: '12.5' },
])('PA-03 overpaid by $text', async ({ excess, text }) => {
  const invoice = await inUsdc('25')
  await payUsdc(invoice, 25_000_000n + excess)
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled.status).toBe('settled')
  expect(settled.paid).toEqual({ underpaid: false, overpaid: true, late: false })
  expect(optionOf(settled)).toMatchObject({
    amount_due: '25',
    outstanding: '0',
    outstanding_units: '0',
    excess: text,
    excess_units: excess.toString(),
  })
  const before = await world.eventsOf(invoice.id)
  expect(typesOf(before).slice(-2)).toEqual(['invoice.settled', 'invoice.overpaid'])
  await payUsdc(invoice, 3n)
  await world.mine()
  const after = await world.eventsOf(invoice.id)
  expect(typesOf(after.slice(before.length))).toEqual(['payment.detected'])
  await world.mine(K)
  const end = await world.getInvoice(invoice.id)
  expect(end).toMatchObject({ status: 'settled', payments_total: 2 })
  expect(optionOf(end).excess_units).toBe((excess + 3n).toString())
  expect(countType(await world.eventsOf(invoice.id), 'invoice.settled')).toBe(1)
  const exact = await inUsdc('25')
  await payUsdc(exact, 25_000_000n)
  await world.mine(K)
  expect((await world.getInvoice(exact.id)).paid.overpaid).toBe(false)
  expect(countType(await world.eventsOf(exact.id), 'invoice.overpaid')).toBe(0)
})

// 148.5 units would be due at the second: half a unit cannot be paid, so 149 it is.
test.for([
  { due: '25', toleranceBps: 0, enough: 25_000_000n },
  { due: '25', toleranceBps: 100, enough: 24_750_000n },
  { due: '0.00015', toleranceBps: 100, enough: 149n },
  { due: '1', toleranceBps: 9_999, enough: 100n },
])('PA-04 $due at $toleranceBps bps: $enough units settle, not one less', async (row) => {
  const terms = { tolerance_bps: row.toleranceBps }
  const [enough, short] = [await inUsdc(row.due, terms), await inUsdc(row.due, terms)]
  await payUsdc(enough, row.enough)
  await payUsdc(short, row.enough - 1n)
  await world.mine(2 * K)
  const settled = await world.getInvoice(enough.id)
  expect(settled.status).toBe('settled')
  expect(settled.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  expect(optionOf(settled)).toMatchObject({ outstanding: '0', excess: '0' })
  const waiting = await world.getInvoice(short.id)
  expect(waiting).toMatchObject({ status: 'open', settled_at: null })
  expect(waiting.paid.underpaid).toBe(true)
  expect(countType(await world.eventsOf(short.id), 'invoice.settled')).toBe(0)
  await payUsdc(short, 1n)
  await world.mine(K)
  expect((await world.getInvoice(short.id)).status).toBe('settled')
})

test('PA-05 a partial payment, then expiry: the event says what was paid', async () => {
  const terms = { expires_in: 3 }
  const [partly, unpaid] = [await inUsdc('25', terms), await inUsdc('25', terms)]
  const hash = await payUsdc(partly, 24_999_999n)
  await world.mine()
  expect((await world.getInvoice(partly.id)).payments[0].in_time).toBe(true)
  await sleep(Date.parse(partly.expires_at) - Date.now() + 1_100)
  expect((await world.getInvoice(partly.id)).status).toBe('open')
  await world.mine(K)
  const expired = await world.waitForStatus(partly.id, 'expired')
  expect(expired.paid).toEqual({ underpaid: true, overpaid: false, late: false })
  expect(optionOf(expired).outstanding).toBe('0.000001')
  const events = await world.eventsOf(partly.id)
  expect(countType(events, 'invoice.expired')).toBe(1)
  const { data } = events.find(({ type }) => type === 'invoice.expired')
  expect(data).toMatchObject({ status: 'expired', payments_total: 1, paid: { underpaid: true } })
  expect(data.payments[0]).toMatchObject({ tx_hash: hash, amount: '24.999999' })
  expect((await world.waitForStatus(unpaid.id, 'expired')).paid.underpaid).toBe(false)
})

test('PA-27 part in the coin, part in a token: the exact fractions make one', async () => {
  const { usdc, native, chain } = world
  // 7 USDC or 0.0028 ETH; a third of either is no whole number of units.
  for (const firstUnits of [2_333_333n, 1n, 6_999_999n]) {
    const invoice = await world.createInvoice({ price: { amount: '7.00', currency: 'USD' } })
    const due = {
      usdc: BigInt(optionOf(invoice, usdc.asset).amount_due_units),
      native: BigInt(optionOf(invoice, native).amount_due_units),
    }
    expect(due).toEqual({ usdc: 7_000_000n, native: 2_800_000_000_000_000n })
    await payUsdc(invoice, firstUnits)
    await world.mine()
    const partly = await world.getInvoice(invoice.id)
    // The rest of the share, rounded up to a unit of the coin.
    const rest = ((due.usdc - firstUnits) * due.native + due.usdc - 1n) / due.usdc
    expect(optionOf(partly, native).outstanding_units).toBe(rest.toString())
    const missing = due.usdc - firstUnits
    expect(optionOf(partly, usdc.asset).outstanding_units).toBe(missing.toString())
    await chain.sendNative({ to: invoice.address, units: rest - 1n })
    await world.mine(K)
    const short = await world.getInvoice(invoice.id)
    expect(short).toMatchObject({ status: 'open', paid: { underpaid: true, overpaid: false } })
    expect(optionOf(short, native).outstanding_units).toBe('1')
    await chain.sendNative({ to: invoice.address, units: 1n })
    await world.mine(K)
    const settled = await world.getInvoice(invoice.id)
    expect(settled).toMatchObject({ status: 'settled', payments_total: 3 })
    expect(settled.payment_options.map((option: any) => option.outstanding)).toEqual([
      '0',
      '0',
      '0',
    ])
    // Less than a unit of the token is over, if anything: nothing was counted twice.
    expect(optionOf(settled, usdc.asset).excess).toBe('0')
    expect(countType(await world.eventsOf(invoice.id), 'invoice.settled')).toBe(1)
  }
})

// Some 5,000 events are read again, on a machine that may be busy.
test('the stored state is clean', () => world.expectCleanState(), 60_000)
