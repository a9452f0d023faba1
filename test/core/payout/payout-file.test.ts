/** A plan of payouts as a file: what follows from its facts, and what is refused when it was changed. */
import { describe, expect, test } from 'vitest'
import type { Address } from '../../../src/core/money/asset.ts'
import { readPayoutPlan, renderPayoutPlan } from '../../../src/core/payout/payout-file.ts'
import { planPayoutTransactions } from '../../../src/core/payout/payout-transactions.ts'
import { COIN, DOLLAR, payoutFacts, toJson } from '../../support/payout-facts.ts'

describe('the transactions of a plan', () => {
  test('are plain transfers of the payer, one for each nonce', () => {
    const [coins, unused, tokens, ...rest] = planPayoutTransactions(payoutFacts())
    expect(rest).toEqual([])
    const from = { kind: 'payer', index: 1, address: payoutFacts().payer.address }
    const [first, second] = payoutFacts().payouts
    expect(coins).toMatchObject({ step: 'pay', from, nonce: 4, to: first?.to, data: '0x' })
    expect(coins).toMatchObject({ valueUnits: first?.units, gasLimit: 21_000n })
    expect(unused).toMatchObject({ step: 'cancel', nonce: 5, to: from.address, valueUnits: 0n })
    expect(tokens).toMatchObject({ step: 'pay', nonce: 6, to: DOLLAR.token, valueUnits: 0n })
    const words = [second?.to.slice(2), second?.units.toString(16)]
    const data = words.map((word) => word?.padStart(64, '0')).join('')
    expect(tokens?.data).toBe(`0xa9059cbb${data}`)
  })

  test('coins for a contract get more gas than a plain transfer', () => {
    const [first] = payoutFacts().payouts
    const facts = payoutFacts({ payouts: [{ ...first!, toContract: true }] })
    expect(planPayoutTransactions(facts)[0]?.gasLimit).toBe(150_000n)
  })

  test('follow each other in steps that nodes keep waiting', () => {
    const [first] = payoutFacts().payouts
    const payouts = Array.from({ length: 40 }, (_, i) => ({
      ...first!,
      nonce: 4 + i,
      reference: `r${i}`,
    }))
    const phases = planPayoutTransactions(payoutFacts({ payouts })).map(({ phase }) => phase)
    expect([...Map.groupBy(phases, (phase) => phase).values()].map((of) => of.length)).toEqual([
      16, 16, 8,
    ])
  })
})

describe('the file', () => {
  test('is read back as the facts it was made from', () => {
    const file = renderPayoutPlan(payoutFacts())
    expect(file.totals.map(({ amount, symbol }) => `${amount} ${symbol}`)).toEqual([
      '0.5 ETH',
      '12.5 USDC',
    ])
    expect(readPayoutPlan(toJson(file))).toEqual({ ok: true, facts: payoutFacts(), file })
  })

  test.each<[string, (plan: any) => void, string]>([
    ['recipient', (plan) => (plan.payouts[1].to = plan.payouts[0].to), 'payouts[1]'],
    ['amount', (plan) => (plan.payouts[0].units = '1'), 'payouts[0].amount'],
    ['shown amount', (plan) => (plan.payouts[0].amount = '0.4'), 'payouts[0].amount'],
    ['nonce', (plan) => (plan.payouts[1].nonce = 9), 'payouts[1]'],
    ['calldata', (plan) => (plan.transactions[2].data += '00'), 'transactions[2].data'],
    ['extra transaction', (plan) => plan.transactions.push({}), 'transactions[3]'],
    ['fee', (plan) => (plan.fees.max_fee_per_gas = '9'), 'fees'],
    ['payer', (plan) => (plan.payer.index = 2), 'payer.path'],
    ['extra field', (plan) => (plan.payouts[0].memo = 'x'), 'payouts[0].memo'],
    ['kind', (plan) => (plan.kind = 'quittance-sweep-plan'), 'kind'],
  ])('SW-08 altered in its %s is refused by the name of the field', (_name, alter, field) => {
    const plan = toJson(renderPayoutPlan(payoutFacts()))
    alter(plan)
    const read = readPayoutPlan(plan)
    expect(read.ok ? 'read' : read.field).toBe(field)
  })

  const [first, second] = payoutFacts().payouts
  test.each([
    ['payouts[1].nonce', [second!, first!]],
    ['payouts[1].reference', [first!, { ...second!, reference: first!.reference }]],
    ['payouts[0].to', [{ ...first!, to: payoutFacts().payer.address }]],
    ['payouts[0].to', [{ ...first!, to: DOLLAR.token as Address }]],
    ['payouts', [{ ...first!, nonce: 90_000 }]],
  ])('is refused for its rules, also when it was made whole: %s', (field, payouts) => {
    const plan = toJson(renderPayoutPlan(payoutFacts()))
    plan.payouts = payouts.map(({ reference, to, assetId, units, nonce, toContract }) => {
      return { reference, to, asset: assetId, units: `${units}`, nonce, to_contract: toContract }
    })
    const judged = readPayoutPlan(plan)
    expect(judged.ok ? 'read' : judged.field).toBe(field)
  })

  test('coins with other than 18 decimals are refused', () => {
    const plan = toJson(renderPayoutPlan(payoutFacts()))
    plan.assets[0].decimals = 17
    expect(readPayoutPlan(plan)).toMatchObject({ ok: false, field: 'assets[0].decimals' })
    expect(COIN.decimals).toBe(18)
  })
})
