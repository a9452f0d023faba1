import { describe, expect, test } from 'vitest'
import { acceptInvoice } from '../../../src/core/invoice/accept-invoice.ts'
import { advanceInvoice } from '../../../src/core/invoice/advance-invoice.ts'
import { assessPayments } from '../../../src/core/invoice/assess-payments.ts'
import { cancelInvoice } from '../../../src/core/invoice/cancel-invoice.ts'
import type { InvoiceStatus } from '../../../src/core/invoice/invoice.ts'
import { createFraction } from '../../../src/core/money/fraction.ts'
import type { Payment } from '../../../src/core/payment/payment.ts'
import { ETH, LATE, makeInvoice, makePayment, tokenAsset, USDC } from './make-invoice.ts'

const NOW_MS = 1_790_000_000_000
const OTHER = tokenAsset('OTHER', 6)

describe('IN-25 cancelInvoice', () => {
  test('cancels an open invoice without money, with one event', () => {
    const decided = cancelInvoice(makeInvoice({ sequence: 3 }), [], NOW_MS)
    expect(decided).toMatchObject({
      invoice: { status: 'canceled', sequence: 4 },
      steps: [{ type: 'invoice.canceled', invoice: { status: 'canceled', sequence: 4 } }],
    })
  })

  test.each<InvoiceStatus>(['processing', 'settled', 'expired', 'canceled', 'reversed'])(
    'refuses a %s invoice and says why',
    (status) => {
      const decided = cancelInvoice(makeInvoice({ status }), [], NOW_MS)
      expect(decided).toEqual({ refused: `The invoice is ${status}, not open.` })
    },
  )

  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment, boolean]>([
    ['one unit, not yet deep', makePayment(USDC, 1n, { position: 'included' }), true],
    ['money in an asset it does not accept', makePayment(OTHER, 1n, { accepted: false }), true],
    ['money that left the chain', makePayment(USDC, 1n, { position: 'orphaned' }), false],
  ])('with %s: refused %s', (_name, payment, refused) => {
    const decided = cancelInvoice(makeInvoice(), [payment], NOW_MS)
    expect('refused' in decided).toBe(refused)
  })
})

describe('IN-25 acceptInvoice', () => {
  const half = [makePayment(USDC, 12_500_000n)]

  test.each<InvoiceStatus>(['open', 'expired', 'canceled', 'reversed'])(
    'settles a partly paid %s invoice, and evidence does not undo it',
    (status) => {
      const decided = acceptInvoice(makeInvoice({ status }), half, NOW_MS)
      if ('refused' in decided) throw new Error(decided.refused)
      expect(decided.steps.map((step) => step.type)).toEqual(['invoice.settled'])
      expect(decided.invoice).toMatchObject({
        status: 'settled',
        settledAtMs: NOW_MS,
        acceptedShare: createFraction(1n, 2n),
      })
      const evidence = assessPayments(decided.invoice, half, LATE)
      expect(advanceInvoice(decided.invoice, evidence, NOW_MS).invoice.status).toBe('settled')
    },
  )

  test('losing accepted money reverses it', () => {
    const decided = acceptInvoice(makeInvoice({ status: 'expired' }), half, NOW_MS)
    if ('refused' in decided) throw new Error(decided.refused)
    const lost = [makePayment(USDC, 12_500_000n, { position: 'orphaned' })]
    const evidence = assessPayments(decided.invoice, lost, LATE)
    expect(advanceInvoice(decided.invoice, evidence, NOW_MS).steps[0]?.type).toBe(
      'invoice.reversed',
    )
  })

  test('freezes what is confirmed, in time or late, in all assets, and nothing else', () => {
    const payments = [
      makePayment(USDC, 5_000_000n),
      makePayment(ETH, 10n ** 15n, { inTime: false }),
      makePayment(USDC, 5_000_000n, { position: 'included' }),
      makePayment(USDC, 5_000_000n, { position: 'orphaned' }),
      makePayment(OTHER, 5_000_000n, { accepted: false }),
    ]
    const decided = acceptInvoice(makeInvoice({ status: 'expired' }), payments, NOW_MS)
    expect(decided).toMatchObject({ invoice: { acceptedShare: createFraction(3n, 10n) } })
  })

  test.each<InvoiceStatus>(['settled', 'processing'])('refuses a %s invoice', (status) => {
    expect(acceptInvoice(makeInvoice({ status }), half, NOW_MS)).toHaveProperty('refused')
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment[]]>([
    ['no money', []],
    ['money that is not deep enough', [makePayment(USDC, 1n, { position: 'included' })]],
    ['money that left the chain', [makePayment(USDC, 1n, { position: 'orphaned' })]],
    ['money of another asset', [makePayment(OTHER, 1n, { accepted: false })]],
  ])('refuses %s', (_name, payments) => {
    const decided = acceptInvoice(makeInvoice({ status: 'expired' }), payments, NOW_MS)
    expect(decided).toEqual({
      refused: 'No confirmed money of an accepted asset is on this invoice.',
    })
  })
})
