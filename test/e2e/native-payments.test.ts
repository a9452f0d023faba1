/** The native coin: what arrives by a transaction is credited, and nothing else is ever invented. */
import { beforeAll, describe, expect, test } from 'vitest'
import { deriveDevAccounts } from '../../hardhat-local/src/dev-accounts.ts'
import {
  type BatchPayer,
  countType,
  deployBatchPayer,
  expectMined,
  expectUntouched,
  inParallel,
  optionOf,
  readAllInvoices,
  skipDevAccounts,
} from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

type Hex = `0x${string}`

/** What 25 USD are at 2500. */
const DUE_WEI = 10n ** 16n
const AMPLE_GAS = 2_000_000n

const world = usePaymentWorld({ config: { limits: { requests_per_second_per_key: 100_000 } } })
let batchPayer: BatchPayer
let reverter: Hex

beforeAll(async () => {
  await skipDevAccounts(world)
  batchPayer = await deployBatchPayer(world, [world.usdc.address])
  reverter = (await world.chain.deploy('Reverter')).address
  await world.mine()
})

const inEther = (amount: string) => world.createInvoice({ price: { amount, currency: 'ETH' } })

/** The address takes money again, so the silence before was about the payment, not about it. */
async function expectStillPayable(invoice: any): Promise<void> {
  await world.chain.sendNative({ to: invoice.address, units: DUE_WEI, gasLimit: AMPLE_GAS })
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled).toMatchObject({ status: 'settled', payments_total: 1 })
  expect(settled.payments[0].amount_units).toBe(DUE_WEI.toString())
  expect(settled.paid.overpaid).toBe(false)
}

const setCode = (address: Hex, code: Hex) => world.chain.rpc('anvil_setCode', [address, code])
const codeOf = (address: Hex) => world.chain.rpc<Hex>('eth_getCode', [address, 'latest'])

describe('PA-09 transactions that fail', () => {
  test('PA-09 value sent to the invoice by a transaction of status 0', async () => {
    const invoice = await inEther('0.01')
    // The owner of the address may give it code that refuses (EIP-7702); here it is put there.
    await setCode(invoice.address, await codeOf(reverter))
    const sent = { to: invoice.address as Hex, units: DUE_WEI, gasLimit: AMPLE_GAS }
    const hash = await world.chain.sendNative(sent)
    await world.mine(2 * K)
    await expectMined(world, [hash], 'failed')
    expect(await world.chain.nativeBalance(invoice.address)).toBe(0n)
    await expectUntouched(world, invoice.id)
    await setCode(invoice.address, '0x')
    await expectStillPayable(invoice)
  })

  test('PA-09 a batch that pays and then reverts, in the coin and in a token', async () => {
    const { usdc, chain } = world
    const [coin, token] = [await inEther('0.01'), await world.createInvoice()]
    const tooMuch = 2n ** 200n
    const hashes = [
      await batchPayer.payNative('payThenRevert', [{ to: coin.address, units: DUE_WEI }]),
      ...(await batchPayer.payToken(usdc.address, [
        { to: token.address, units: 25_000_000n },
        { to: token.address, units: tooMuch },
      ])),
      await chain.sendCall({
        contract: 'Reverter',
        address: reverter,
        functionName: 'emitThenRevert',
        args: [token.address, 25_000_000n],
      }),
    ]
    await world.mine(2 * K)
    await expectMined(world, hashes, 'failed')
    await expectUntouched(world, coin.id)
    await expectUntouched(world, token.id)
    await expectStillPayable(coin)
  })
})

test.for([
  { what: 'one byte', data: '0x00' },
  { what: '4 kB of text', data: `0x${'61'.repeat(4_096)}` },
  {
    what: 'a token transfer to somebody else',
    data: `0xa9059cbb${'0'.repeat(24)}${'ab'.repeat(20)}${'f'.repeat(64)}`,
  },
] as const)('PA-16 native with $what as calldata is credited exactly', async ({ data }) => {
  const units = DUE_WEI - 7n
  const invoice = await inEther('0.01')
  const hash = await world.chain.sendNative({
    to: invoice.address,
    units,
    data,
    gasLimit: AMPLE_GAS,
  })
  await world.mine(K)
  await expectMined(world, [hash])
  const short = await world.getInvoice(invoice.id)
  expect(short).toMatchObject({ status: 'open', payments_total: 1, paid: { underpaid: true } })
  expect(optionOf(short).outstanding_units).toBe('7')
  expect(short.payments[0]).toMatchObject({
    kind: 'native',
    asset: world.native,
    amount_units: units.toString(),
    tx_hash: hash,
    log_index: null,
    from: world.chain.accounts[1]?.address,
  })
  await world.chain.sendNative({ to: invoice.address, units: 7n, data, gasLimit: AMPLE_GAS })
  await world.mine(K)
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
})

test('PA-16 an address that has code of its own is credited as well', async () => {
  const invoice = await inEther('0.01')
  await setCode(invoice.address, await codeOf(batchPayer.address))
  await expectStillPayable(invoice)
})

test('PA-15 one block pays 50 invoices in the coin, each with its own amount', async () => {
  const amounts = Array.from({ length: 50 }, (_, index) => DUE_WEI + BigInt(index))
  const invoices = await inParallel(amounts, () => inEther('0.01'))
  const hashes: Hex[] = []
  for (const [index, { address }] of invoices.entries()) {
    hashes.push(await world.chain.sendNative({ to: address, units: amounts[index] as bigint }))
  }
  await world.mine(K)
  await expectMined(world, hashes)
  const byId = await readAllInvoices(world.gateway)
  const blocks = new Set<string>()
  for (const [index, { id }] of invoices.entries()) {
    const { status, payments, payment_options } = byId.get(id)
    expect([status, payments.length]).toEqual(['settled', 1])
    expect(payments[0].tx_hash).toBe(hashes[index])
    expect(payments[0].amount_units).toBe((amounts[index] as bigint).toString())
    expect(payment_options[0].excess_units).toBe(String(index))
    blocks.add(payments[0].block_hash)
  }
  expect(blocks.size).toBe(1)
})

test('PA-16 two payers in one block are two payments', async () => {
  const invoice = await inEther('0.01')
  const half = DUE_WEI / 2n
  const [, first, second] = world.chain.accounts
  for (const from of [first, second]) {
    await world.chain.sendNative({ to: invoice.address, units: half, from: from as any })
  }
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled).toMatchObject({ status: 'settled', payments_total: 2 })
  const payers = settled.payments.map((payment: any) => payment.from).sort()
  expect(payers).toEqual([first?.address, second?.address].sort())
  expect(new Set(settled.payments.map((payment: any) => payment.id)).size).toBe(2)
})

describe('coins sent by contracts', () => {
  test('PA-17 a frame that pays and reverts inside a transaction of status 1', async () => {
    const invoice = await inEther('0.01')
    const transfers = [{ to: invoice.address as Hex, units: DUE_WEI }]
    const hash = await batchPayer.payNative('payInRevertedFrame', transfers)
    await world.mine(2 * K)
    await expectMined(world, [hash])
    expect(await world.chain.nativeBalance(invoice.address)).toBe(0n)
    await expectUntouched(world, invoice.id)
    await expectStillPayable(invoice)
  })

  test('PA-15 coin and token to 50 invoices in one transaction: both count, exactly', async () => {
    const { usdc, chain } = world
    const invoices = await inParallel(Array.from({ length: 50 }), () => world.createInvoice())
    const tokenUnits = invoices.map((_invoice, index) => 25_000_000n - BigInt(index % 2))
    const hash = await chain.sendCall({
      contract: 'BatchPayer',
      address: batchPayer.address,
      functionName: 'payMixed',
      args: [
        usdc.address,
        invoices.map(({ address }) => address),
        invoices.map(() => DUE_WEI),
        tokenUnits,
      ],
      units: DUE_WEI * 50n,
    })
    await world.mine(K)
    await expectMined(world, [hash])
    for (const { id } of invoices) {
      await world.waitForInvoice(id, 'both payments', ({ status, payments }) => {
        const isDone = payments.every(({ position }: any) => position === 'confirmed')
        return status === 'settled' && payments.length === 2 && isDone
      })
    }
    const byId = await readAllInvoices(world.gateway)
    for (const [index, { id }] of invoices.entries()) {
      const { payments, payment_options, paid } = byId.get(id)
      const told = payments.map(({ asset, kind, amount_units, tx_hash }: any) => {
        return [asset, kind, amount_units, tx_hash]
      })
      const units = tokenUnits[index] as bigint
      expect(told).toContainEqual([usdc.asset, 'erc20', units.toString(), hash])
      expect(told).toContainEqual([world.native, 'internal', DUE_WEI.toString(), hash])
      expect(paid.overpaid).toBe(true)
      const inToken = payment_options.find(({ asset }: any) => asset === usdc.asset)
      expect(inToken.excess_units).toBe(units.toString())
    }
  })
})

test('PA-13 coins sent by an address to itself, and calls without value, pay nothing', async () => {
  const invoice = await inEther('1')
  const index = Number(invoice.derivation_path.split('/').at(-1))
  const owner = deriveDevAccounts(index + 1)[index]
  expect(owner?.address.toLowerCase()).toBe(invoice.address.toLowerCase())
  const to = invoice.address as Hex
  // Enough to pay for gas as well.
  const [part, rest] = [50n * DUE_WEI, 50n * DUE_WEI]
  await world.chain.sendNative({ to, units: part, gasLimit: AMPLE_GAS })
  await world.mine(K)
  const hashes = [
    await world.chain.sendNative({ to, units: part / 2n, from: owner as any }),
    await world.chain.sendNative({ to, units: 0n, data: '0x1234' }),
  ]
  await world.mine(2 * K)
  await expectMined(world, hashes)
  const paid = await world.getInvoice(invoice.id)
  expect(paid).toMatchObject({ status: 'open', payments_total: 1 })
  expect(paid.payments[0].amount_units).toBe(part.toString())
  await world.chain.sendNative({ to, units: rest, gasLimit: AMPLE_GAS })
  await world.mine(K)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'settled', payments_total: 2 })
  expect(countType(await world.eventsOf(invoice.id), 'payment.detected')).toBe(2)
})

test('the stored state is clean', () => world.expectCleanState())
