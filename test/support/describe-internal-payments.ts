/** PA-17, for any way of finding coins that contracts send: the same story each time. */
import { expect, test } from 'vitest'
import type { InternalPayers } from './internal-payers.ts'
import { expectMined, expectUntouched, inParallel } from './pay-many.ts'
import { K, type PaymentWorld } from './payment-world.ts'

type Hex = `0x${string}`

/** What 0.01 ETH is, the price of each invoice here. */
const DUE_WEI = 10n ** 16n

export type FoundHow = {
  /** Payer and transaction are known. */
  readonly attributed: boolean
}

export function describeInternalPayments(
  world: PaymentWorld,
  getPayers: () => InternalPayers,
  { attributed }: FoundHow,
): void {
  const inEther = () => world.createInvoice({ price: { amount: '0.01', currency: 'ETH' } })

  const expectFound = (invoice: any, payment: { hash: Hex; from: Hex | null; units: bigint }) => {
    expect(invoice.payments).toHaveLength(1)
    expect(invoice.payments[0]).toMatchObject({
      kind: 'internal',
      asset: world.native,
      amount_units: payment.units.toString(),
      tx_hash: attributed ? payment.hash : null,
      log_index: null,
    })
    const from: string | null = invoice.payments[0].from
    if (!attributed) expect(from).toBeNull()
    else if (payment.from === null) expect(from).toMatch(/^0x[0-9a-fA-F]{40}$/)
    else expect(from?.toLowerCase()).toBe(payment.from.toLowerCase())
  }

  /** Sends, mines, and expects the invoice to be processing first and settled at depth K. */
  async function expectCredited(
    pay: (to: Hex) => Promise<Hex>,
    units: bigint,
    /** Null: the payer is made by the payment itself. */
    from: ((to: Hex) => Hex) | null,
  ): Promise<void> {
    const invoice = await inEther()
    const hash = await pay(invoice.address)
    await world.mine()
    await expectMined(world, [hash])
    expect(await world.chain.nativeBalance(invoice.address)).toBe(units)
    const seen = await world.waitForInvoice(invoice.id, 'a payment', (i) => i.payments_total > 0)
    const payer = from?.(invoice.address) ?? null
    expectFound(seen, { hash, from: payer, units })
    expect(seen.payments[0].position).toBe('included')
    await world.mine(K - 1)
    const settled = await world.waitForStatus(invoice.id, 'settled')
    expectFound(settled, { hash, from: payer, units })
    expect(settled.payments[0]).toMatchObject({ position: 'confirmed', in_time: true })
    expect(settled.paid.overpaid).toBe(false)
  }

  test('PA-17 a contract wallet', () =>
    expectCredited(
      (to) => getPayers().fromWallet(to, DUE_WEI),
      DUE_WEI,
      () => getPayers().wallet,
    ))

  test('PA-17 an account with code of its own (EIP-7702)', () =>
    expectCredited(
      (to) => getPayers().fromDelegatedAccount(to, DUE_WEI),
      DUE_WEI,
      () => world.chain.accounts[5]?.address as Hex,
    ))

  test('PA-17 after a call that failed and was caught', async () => {
    const { address: reverter } = await world.chain.deploy('Reverter')
    await world.mine()
    await expectCredited(
      (to) => getPayers().afterFailure(reverter, to, DUE_WEI),
      DUE_WEI,
      () => getPayers().wallet,
    )
  })

  test('PA-17 a multisend: 20 invoices in one transaction, each with its own amount', async () => {
    const invoices = await inParallel(Array.from({ length: 20 }), inEther)
    const transfers = invoices.map(({ address }, index) => {
      return { to: address as Hex, units: DUE_WEI + BigInt(index) - 1n }
    })
    const hash = await getPayers().multisend(transfers)
    await world.mine(K)
    await expectMined(world, [hash])
    for (const [index, { id }] of invoices.entries()) {
      const wanted = index === 0 ? 'open' : 'settled'
      const found = await world.waitForInvoice(
        id,
        `invoice ${wanted}`,
        ({ status, payments }) =>
          status === wanted && payments.length === 1 && payments[0].position === 'confirmed',
      )
      expect(found.payments[0]).toMatchObject({
        kind: 'internal',
        amount_units: (transfers[index] as { units: bigint }).units.toString(),
        tx_hash: attributed ? hash : null,
      })
      expect(found.paid).toMatchObject({ underpaid: index === 0, overpaid: index > 1 })
    }
  })

  test('PA-17 CREATE2 with value, whose constructor pays', async () => {
    const invoice = await inEther()
    const hash = await getPayers().spawnPaying(invoice.address, DUE_WEI)
    await world.mine(K)
    await expectMined(world, [hash])
    const { payments } = await world.waitForStatus(invoice.id, 'settled')
    expect(payments).toHaveLength(1)
    expect(payments[0]).toMatchObject({
      kind: 'internal',
      amount_units: DUE_WEI.toString(),
      tx_hash: attributed ? hash : null,
    })
  })

  test('PA-19 SELFDESTRUCT in favour of the address', () =>
    expectCredited((to) => getPayers().spawnDying(to, DUE_WEI), DUE_WEI, null))

  test('PA-17 a direct and an internal payment in one block count once each', async () => {
    const invoice = await inEther()
    const half = DUE_WEI / 2n
    const direct = await world.chain.sendNative({ to: invoice.address, units: half })
    const internal = await getPayers().fromWallet(invoice.address, half)
    await world.mine(K)
    await expectMined(world, [direct, internal])
    const { payments, paid } = await world.waitForStatus(invoice.id, 'settled')
    expect(payments.map(({ kind }: any) => kind).sort()).toEqual(['internal', 'native'])
    expect(payments.map(({ amount_units }: any) => amount_units)).toEqual([`${half}`, `${half}`])
    expect(paid.overpaid).toBe(false)
  })

  test('PA-17 value in the context of a DELEGATECALL, and frames that revert: nothing', async () => {
    const [delegated, reverted] = await inParallel([1, 2], inEther)
    const hashes = [
      await getPayers().delegated(delegated.address, DUE_WEI),
      await getPayers().inRevertedFrame(reverted.address, DUE_WEI),
    ]
    await world.mine(2 * K)
    await expectMined(world, hashes)
    // A payment that is found afterwards proves that the blocks before it were looked at.
    const marker = await inEther()
    await getPayers().fromWallet(marker.address, DUE_WEI)
    await world.mine(K)
    await world.waitForStatus(marker.id, 'settled')
    for (const { id, address } of [delegated, reverted]) {
      expect(await world.chain.nativeBalance(address)).toBe(0n)
      await expectUntouched(world, id)
    }
  })

  test('a reorg takes an internal payment away, and brings it again elsewhere', async () => {
    const invoice = await inEther()
    await getPayers().fromWallet(invoice.address, DUE_WEI)
    await world.mine(2)
    const first = await world.waitForInvoice(invoice.id, 'a payment', (i) => i.payments_total > 0)
    await world.chain.reorg({ depth: 2 })
    await world.chain.mine(2)
    await world.synced()
    await world.waitForInvoice(
      invoice.id,
      'the payment to be orphaned',
      ({ status, payments }) => status === 'open' && payments[0].position === 'orphaned',
    )
    await getPayers().fromWallet(invoice.address, DUE_WEI)
    await world.mine(K)
    const { payments } = await world.waitForStatus(invoice.id, 'settled')
    expect(payments.map(({ position }: any) => position).sort()).toEqual(['confirmed', 'orphaned'])
    expect(first.payments[0].block_hash).not.toBe(
      payments.find(({ position }: any) => position === 'confirmed').block_hash,
    )
  })

  test('the stored state is clean', () => world.expectCleanState())
}
