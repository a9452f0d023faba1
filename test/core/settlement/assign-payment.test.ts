import { describe, expect, test } from 'vitest'
import type { Payment } from '../../../src/core/payment/payment.ts'
import { keepAssigned, ownPayment } from '../../../src/core/settlement/assign-payment.ts'
import { sampleAttribution } from '../../support/fixtures.ts'
import { ETH, EXPIRES_AT_MS, makeInvoice, makePayment, USDC } from '../invoice/make-invoice.ts'

const invoice = makeInvoice()
const invoices = new Map([[invoice.id, invoice]])
const OLD = `0x${'a1'.repeat(32)}` as const
const NEW = `0x${'b1'.repeat(32)}` as const
const NEWER = `0x${'c1'.repeat(32)}` as const

function paymentIn(blockHash: `0x${string}`, place: string, parts: Partial<Payment> = {}): Payment {
  const payment = makePayment(USDC, 25n, { place: `${blockHash}${place}` })
  const observation = { ...payment.observation, blockHash }
  return { ...payment, observation, invoiceId: null, accepted: false, inTime: false, ...parts }
}

const given = (blockHash: `0x${string}`, place: string) =>
  paymentIn(blockHash, place, { invoiceId: invoice.id, position: 'orphaned' })

const STRICTEST = { kind: 'depth', confirmations: 64 } as const

const keep = (matched: readonly Payment[], assigned: readonly Payment[]) =>
  keepAssigned(matched, assigned, invoices, () => STRICTEST)

const invoicesOf = (payments: readonly Payment[]) => payments.map(({ invoiceId }) => invoiceId)

describe('ownPayment', () => {
  test.each([
    ['in the last second of the deadline', EXPIRES_AT_MS / 1_000, true],
    ['a second later', EXPIRES_AT_MS / 1_000 + 1, false],
  ])('is in time by the time of its block: %s', (_name, blockTimestampS, inTime) => {
    const payment = paymentIn(OLD, '0')
    const observation = { ...payment.observation, blockTimestampS }
    expect(ownPayment({ ...payment, observation }, invoice)).toMatchObject({
      invoiceId: invoice.id,
      accepted: true,
      inTime,
      finality: payment.finality,
    })
  })

  test('is accepted when the invoice accepts its asset', () => {
    const terms = { ...invoice.terms, options: invoice.terms.options.slice(1) }
    const owned = ownPayment(paymentIn(OLD, '0'), { ...invoice, terms })
    expect(owned).toMatchObject({ invoiceId: invoice.id, accepted: false })
  })
})

describe('PA-26 keepAssigned', () => {
  test('a transaction that moved to another block takes its assignment along', () => {
    const moved = paymentIn(NEW, '0')
    expect(keep([moved], [given(OLD, '0')])).toEqual([
      { ...ownPayment(moved, invoice), finality: STRICTEST },
    ])
  })

  test('of two equal transfers, as many as were assigned, however often it moves', () => {
    const moved = [paymentIn(NEWER, '0'), paymentIn(NEWER, '1')]
    const once = keep(moved, [given(OLD, '0'), given(NEW, '0')])
    expect(invoicesOf(once)).toEqual([invoice.id, null])
    const both = keep(moved, [given(OLD, '0'), given(OLD, '1')])
    expect(invoicesOf(both)).toEqual([invoice.id, invoice.id])
  })

  test('also from the invoice that its address was issued to since', () => {
    const moved = paymentIn(NEW, '0', { invoiceId: 'inv_2' })
    const kept = keep([moved], [given(OLD, '0')])
    expect(invoicesOf(kept)).toEqual([invoice.id])
    expect(kept[0]?.finality).toEqual(STRICTEST)
  })

  test('one of which a balance told first goes by the transaction that was learned later', () => {
    const { observation } = paymentIn(OLD, '0')
    const learned = (txHash = observation.txHash) => {
      return { ...sampleAttribution(given(OLD, '0')), txHash: txHash ?? NEW }
    }
    const before = (attributions: Payment['attributions']) => ({
      ...given(OLD, '0'),
      observation: { ...observation, txHash: null },
      attributions,
    })
    const moved = paymentIn(NEW, '0')
    const learn = (...attributions: Payment['attributions'][]) =>
      invoicesOf(keep([moved], attributions.map(before)))
    expect(learn([learned()])).toEqual([invoice.id])
    expect(learn([learned(NEWER)])).toEqual([null])
    // Two made it: which of them this is nobody can say. And what nobody knows is like nothing else.
    expect(learn([learned(), learned(NEWER)])).toEqual([null])
    expect(invoicesOf(keep([changed({ txHash: null })], [before([])]))).toEqual([null])
  })

  test.each<[string, Payment]>([
    ['the same block', paymentIn(OLD, '0')],
    ['another amount', changed({ amountUnits: 24n })],
    ['another asset', changed({ asset: ETH })],
    ['another recipient', changed({ to: `0x${'77'.repeat(20)}` })],
    ['another transaction', changed({ txHash: `0x${'0d'.repeat(32)}` })],
    ['none', changed({ txHash: null })],
  ])('%s: nothing is taken along', (_name, payment) => {
    expect(keep([payment], [given(OLD, '0')])).toEqual([payment])
  })
})

function changed(parts: Partial<Payment['observation']>): Payment {
  const payment = paymentIn(NEW, '0')
  return { ...payment, observation: { ...payment.observation, ...parts } }
}
