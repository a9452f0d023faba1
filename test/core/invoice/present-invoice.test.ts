import { describe, expect, test } from 'vitest'
import { paymentUri } from '../../../src/core/invoice/payment-uri.ts'
import { presentInvoice } from '../../../src/core/invoice/present-invoice.ts'
import { createFraction } from '../../../src/core/money/fraction.ts'
import {
  ETH,
  makeInvoice,
  makeOption,
  makePayment,
  nativeAsset,
  tokenAsset,
  USDC,
} from './make-invoice.ts'

const ADDRESS = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const PRESENTATION = { publicUrl: 'https://pay.example', tipNumber: () => 14 }

describe('paymentUri (EIP-681)', () => {
  test('of the native coin', () => {
    expect(paymentUri(nativeAsset(8453), ADDRESS, 10n ** 24n)).toBe(
      `ethereum:${ADDRESS}@8453?value=1000000000000000000000000`,
    )
  })

  test('of a token: both addresses in checksum form, plain digits', () => {
    const usdc = { ...USDC, token: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48' as const }
    expect(paymentUri(usdc, ADDRESS, 25_000_000n)).toBe(
      'ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48@31337/transfer' +
        `?address=${ADDRESS}&uint256=25000000`,
    )
  })
})

describe('PA-07 amounts of an option', () => {
  // Due, then paid, in units; what is shown is exact and canonical.
  // biome-ignore format: a table reads better in rows
  test.each([
    [18, 10n ** 16n, 1n, '0.01', '0.009999999999999999'],
    [18, 1_500_000_000_000_000_000n, 500_000_000_000_000_000n, '1.5', '1'],
    [8, 123_456_789n, 23_456_789n, '1.23456789', '1'],
    [6, 25_000_000n, 24_999_999n, '25', '0.000001'],
    [6, 10_100_000n, 100_000n, '10.1', '10'],
    [2, 1_999n, 900n, '19.99', '10.99'],
    [0, 1_000n, 1n, '1000', '999'],
  ])('of %i decimals: %s units due, %s paid', (decimals, due, paid, dueText, restText) => {
    const asset = tokenAsset('TKN', decimals)
    const invoice = makeInvoice({}, { options: [makeOption(asset, due)] })
    const shown = presentInvoice(invoice, [makePayment(asset, paid)], PRESENTATION)
    expect(shown.payment_options[0]).toMatchObject({
      amount_due: dueText,
      amount_due_units: String(due),
      outstanding: restText,
      outstanding_units: String(due - paid),
      excess: '0',
      excess_units: '0',
      decimals,
    })
    expect(shown.payment_options[0]?.uri).toContain(`&uint256=${due - paid}`)
    expect(shown.payments[0]).toMatchObject({ amount_units: String(paid) })
  })

  test('paid too much: outstanding 0, excess in each asset', () => {
    const shown = presentInvoice(makeInvoice(), [makePayment(USDC, 37_500_000n)], PRESENTATION)
    expect(shown.payment_options).toMatchObject([
      { outstanding: '0', excess: '12.5', excess_units: '12500000' },
      { outstanding: '0', excess: '0.005', excess_units: '5000000000000000' },
    ])
    expect(shown.paid).toEqual({ underpaid: false, overpaid: true, late: false })
  })
})

describe('presentInvoice', () => {
  test('shows all of it, in the shape of the contract', () => {
    const invoice = makeInvoice(
      { orderId: '1001', description: 'Two books', metadata: { any: 'text' } },
      {
        price: { amount: '25.00', currency: 'USD' },
        options: [
          makeOption(ETH, 10n ** 16n, {
            rate: { value: '2500', source: 'fixed', atMs: Date.UTC(2026, 10, 22, 10) },
          }),
        ],
      },
    )
    expect(presentInvoice(invoice, [], PRESENTATION)).toEqual({
      id: 'inv_1',
      object: 'invoice',
      store: 'st_1',
      status: 'open',
      price: { amount: '25.00', currency: 'USD' },
      address: ADDRESS,
      derivation_path: "m/44'/60'/0'/0/7",
      payment_options: [
        {
          asset: 'eip155:31337/slip44:60',
          chain_id: 31337,
          chain: 'Local',
          network_name: 'Local network',
          symbol: 'ETH',
          decimals: 18,
          amount_due: '0.01',
          amount_due_units: '10000000000000000',
          outstanding: '0.01',
          outstanding_units: '10000000000000000',
          excess: '0',
          excess_units: '0',
          rate: { value: '2500', source: 'fixed', at: '2026-11-22T10:00:00.000Z' },
          finality: { confirmations: 5 },
          uri: `ethereum:${ADDRESS}@31337?value=10000000000000000`,
        },
      ],
      paid: { underpaid: false, overpaid: false, late: false },
      payments: [],
      payments_total: 0,
      accepted_by_merchant: false,
      tolerance_bps: 0,
      tolerance_amount: null,
      order_id: '1001',
      description: 'Two books',
      metadata: { any: 'text' },
      redirect_url: null,
      checkout_url: 'https://pay.example/i/token',
      created_at: '2026-11-22T10:00:00.000Z',
      expires_at: '2026-11-22T10:15:00.000Z',
      settled_at: null,
    })
  })

  test('a payment has confirmations while its block is on our chain', () => {
    const positions = ['included', 'confirmed', 'orphaned'] as const
    const payments = positions.map((position) => makePayment(USDC, 1n, { position }))
    const shown = presentInvoice(makeInvoice(), payments, PRESENTATION)
    expect(shown.payments.map((each) => [each.position, each.confirmations])).toEqual([
      ['orphaned', 0],
      ['confirmed', 3],
      ['included', 3],
    ])
    const unobserved = { ...PRESENTATION, tipNumber: () => undefined }
    expect(presentInvoice(makeInvoice(), payments, unobserved).payments[1]?.confirmations).toBe(0)
  })

  test('PA-14 carries the latest 20 payments, newest first, and counts all', () => {
    const payments = Array.from({ length: 1_000 }, (_, i) =>
      makePayment(USDC, 1n, { place: `log:${i}` }),
    )
    const shown = presentInvoice(makeInvoice(), payments, PRESENTATION)
    expect(shown.payments_total).toBe(1_000)
    expect(shown.payments).toHaveLength(20)
    expect([shown.payments[0]?.id, shown.payments[19]?.id]).toEqual(['pay_log:999', 'pay_log:980'])
    expect(JSON.stringify(shown).length).toBeLessThan(64_000)
  })

  test('what was accepted is the amount due', () => {
    const invoice = makeInvoice({ status: 'settled', acceptedShare: createFraction(2n, 5n) })
    const shown = presentInvoice(invoice, [makePayment(USDC, 10_000_000n)], PRESENTATION)
    expect(shown.accepted_by_merchant).toBe(true)
    expect(shown.payment_options[0]).toMatchObject({ amount_due: '10', outstanding: '0' })
  })

  test('survives JSON: no bigint, nothing undefined', () => {
    const payments = [makePayment(USDC, 1n), makePayment(ETH, 2n)]
    const shown = presentInvoice(makeInvoice(), payments, PRESENTATION)
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
  })
})
