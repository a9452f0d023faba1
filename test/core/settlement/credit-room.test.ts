import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BlockRef } from '../../../src/core/chain/block.ts'
import { depthRule, tagRule } from '../../../src/core/chain/finality.ts'
import {
  createLocalChain,
  type LocalChain,
  markChain,
  toMark,
} from '../../../src/core/chain/local-chain.ts'
import type { Terms } from '../../../src/core/invoice/invoice.ts'
import type { Payment } from '../../../src/core/payment/payment.ts'
import { applyStep } from '../../../src/core/settlement/apply-step.ts'
import {
  type CreditRoom,
  closeRoom,
  compareInChain,
  openRoom,
  worthOf,
} from '../../../src/core/settlement/credit-room.ts'
import {
  openSettlement,
  type Settlement,
  type SettlementContext,
} from '../../../src/core/settlement/settlement.ts'
import {
  ETH,
  makeInvoice,
  makeOption,
  makePayment,
  tokenAsset,
  USDC,
} from '../invoice/make-invoice.ts'

const CHAIN_ID = USDC.chainId
const TOP = 12
const BLOCKS: readonly BlockRef[] = Array.from({ length: TOP + 1 }, (_, number) => ({
  number,
  hash: hashOf(number),
  parentHash: hashOf(number - 1),
  timestampS: 1_700_000_000 + 12 * number,
}))

function hashOf(number: number): `0x${string}` {
  return `0x${(number + 1).toString(16).padStart(64, '0')}`
}

/** Our chain up to this height, final up to that one. */
function chainTo(tip: number, final: number | null): LocalChain {
  const chain = createLocalChain(CHAIN_ID, BLOCKS.slice(0, tip + 1))
  const finalized = final === null ? null : toMark(BLOCKS[final] as BlockRef)
  return markChain(chain, { safe: null, finalized })
}

const TAGGED = {
  finalizedTag: true,
  finality: [{ upTo: null, rule: tagRule('finalized') }],
  finalityCap: { amount: '1000', currency: 'USD' },
}

/** `dollars` of an order of its own, priced in whole dollars and paid in full. */
function paid(name: string, block: number, dollars: number, parts: Partial<Payment> = {}) {
  const invoice = makeInvoice(
    { id: `inv_${name}` },
    {
      price: { amount: `${dollars}`, currency: 'USD' },
      options: [makeOption(USDC, BigInt(dollars) * 1_000_000n)],
    },
  )
  const payment = makePayment(USDC, BigInt(dollars) * 1_000_000n, { position: 'included' })
  const { number, hash, timestampS } = BLOCKS[block] as BlockRef
  const observation = {
    ...payment.observation,
    id: `pay_${name}`,
    blockNumber: number,
    blockHash: hash,
    blockTimestampS: timestampS,
    place: `log:${name.charCodeAt(0)}`,
  }
  const one = { ...payment, observation, finality: depthRule(1), ...parts }
  return { invoice, payments: [{ ...one, invoiceId: invoice.id }] }
}

type Paid = ReturnType<typeof paid>

function settle(orders: readonly Paid[]): Settlement {
  let events = 0
  const context: SettlementContext = {
    nowMs: 0,
    publicUrl: 'https://pay.example',
    createId: (prefix) => `${prefix}_${++events}`,
    chainOf: () => null,
    tipNumber: () => TOP,
  }
  return openSettlement(context, orders, [])
}

function take(
  settlement: Settlement,
  room: CreditRoom | null,
  chain: LocalChain,
  left: readonly number[] = [],
): void {
  const disconnected = new Set(left.map(hashOf))
  const countedUnitsOf = (payment: Payment) => payment.countedUnits
  applyStep(settlement, { chain, disconnected, matched: [], countedUnitsOf, room })
}

/** Names of the payments that are confirmed, and of those that the cap holds back. */
function standing({ payments }: Settlement): { confirmed: string; held: string } {
  const all = [...payments.values()].sort(compareInChain)
  const names = (some: readonly Payment[]) =>
    some.map(({ observation }) => observation.id.slice('pay_'.length)).join('')
  return {
    confirmed: names(all.filter(({ position }) => position === 'confirmed')),
    held: names(all.filter(({ heldByCap }) => heldByCap)),
  }
}

const open = () => openRoom(TAGGED, []) as CreditRoom

describe('the room under a cap of 1000 USD', () => {
  test('goes to the lower block, then to the place; what does not fit waits, what fits does not', () => {
    const settlement = settle([
      paid('d', 3, 200),
      paid('c', 2, 300),
      paid('b', 2, 350),
      paid('a', 1, 400),
    ])
    take(settlement, open(), chainTo(3, null))
    expect(standing(settlement)).toEqual({ confirmed: 'abd', held: 'c' })
  })

  test('exactly full is not too much, one cent more is', () => {
    const exact = settle([paid('a', 1, 999), paid('b', 2, 1)])
    take(exact, open(), chainTo(3, null))
    expect(standing(exact)).toEqual({ confirmed: 'ab', held: '' })
    const [most, rest] = [paid('a', 1, 999), paid('b', 2, 1)]
    const price = { amount: '1.01', currency: 'USD' }
    const dearer = {
      ...rest,
      invoice: { ...rest.invoice, terms: { ...rest.invoice.terms, price } },
    }
    const over = settle([most, dearer])
    take(over, open(), chainTo(3, null))
    expect(standing(over)).toEqual({ confirmed: 'a', held: 'b' })
  })

  test('comes back when what took it is final', () => {
    const settlement = settle([paid('a', 1, 700), paid('b', 2, 600), paid('c', 3, 500)])
    const room = open()
    take(settlement, room, chainTo(4, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: 'bc' })
    take(settlement, room, chainTo(5, 1))
    expect(standing(settlement)).toEqual({ confirmed: 'ab', held: 'c' })
    take(settlement, room, chainTo(6, 2))
    expect(standing(settlement)).toEqual({ confirmed: 'abc', held: '' })
  })

  test('comes back when what took it leaves the chain, and nobody is held any more', () => {
    const settlement = settle([paid('a', 2, 700), paid('b', 1, 600, { finality: depthRule(3) })])
    const room = open()
    take(settlement, room, chainTo(2, null))
    take(settlement, room, chainTo(3, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: 'b' })
    take(settlement, room, chainTo(3, null), [2])
    expect(standing(settlement)).toEqual({ confirmed: 'b', held: '' })
  })

  test('who alone is worth more than all of it waits until it is final, and takes nothing', () => {
    const settlement = settle([paid('a', 1, 1_001), paid('b', 2, 1_000)])
    const room = open()
    take(settlement, room, chainTo(3, 0))
    expect(standing(settlement)).toEqual({ confirmed: 'b', held: 'a' })
    take(settlement, room, chainTo(4, 1))
    expect(standing(settlement)).toEqual({ confirmed: 'ab', held: '' })
  })

  test('who is no longer as deep as asked waits for depth, not for room', () => {
    const deep = { finality: depthRule(3) }
    const settlement = settle([paid('a', 1, 1_000), paid('b', 2, 10, deep)])
    const room = open()
    take(settlement, room, chainTo(4, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: 'b' })
    take(settlement, room, chainTo(3, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: '' })
  })

  test('a payment whose balance is not known takes none', () => {
    const settlement = settle([paid('a', 1, 900), paid('b', 2, 900)])
    const countedUnitsOf = ({ observation, countedUnits }: Payment) =>
      observation.id === 'pay_a' ? null : countedUnits
    const disconnected = new Set<never>()
    const chain = chainTo(3, null)
    applyStep(settlement, { chain, disconnected, matched: [], countedUnitsOf, room: open() })
    expect(standing(settlement)).toEqual({ confirmed: 'b', held: '' })
  })

  test('nothing that is credited is taken back by a lower cap, and nothing is added', () => {
    const credited = paid('a', 1, 900, { position: 'confirmed' })
    const [payment] = credited.payments as [Payment]
    const lowered = { ...TAGGED, finalityCap: { amount: '500', currency: 'USD' } }
    const room = openRoom(lowered, [{ payment, terms: credited.invoice.terms }])
    const settlement = settle([credited, paid('b', 2, 1)])
    take(settlement, room, chainTo(3, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: 'b' })
  })

  test('what was credited and cannot be valued leaves no room until it is final', () => {
    const credited = paid('a', 1, 9, { position: 'confirmed' })
    const [payment] = credited.payments as [Payment]
    const terms = { ...credited.invoice.terms, price: { amount: '9', currency: 'EUR' } }
    const room = openRoom(TAGGED, [{ payment, terms }])
    const settlement = settle([credited, paid('b', 2, 1)])
    take(settlement, room, chainTo(3, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: 'b' })
    take(settlement, room, chainTo(4, 1))
    expect(standing(settlement)).toEqual({ confirmed: 'ab', held: '' })
  })

  test('a closed one lets in what is final alone, and calls nobody held', () => {
    const settlement = settle([paid('a', 1, 1), paid('b', 2, 1)])
    take(settlement, closeRoom(open()), chainTo(3, 1))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: '' })
  })

  test('without a tag the depth of the deepest tier gives it back', () => {
    const tiers = [
      { upTo: { amount: '100', currency: 'USD' }, rule: depthRule(1) },
      { upTo: null, rule: depthRule(4) },
    ]
    const settings = { ...TAGGED, finalizedTag: false, finality: tiers }
    const settlement = settle([paid('a', 1, 600), paid('b', 2, 600)])
    const room = openRoom(settings, [])
    take(settlement, room, chainTo(3, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: 'b' })
    take(settlement, room, chainTo(4, null))
    expect(standing(settlement)).toEqual({ confirmed: 'ab', held: '' })
  })

  test('there is none where no cap is set', () => {
    expect(openRoom({ ...TAGGED, finalityCap: null }, [])).toBeNull()
    const { finalityCap: _, ...absent } = TAGGED
    expect(openRoom(absent, [])).toBeNull()
    const settlement = settle([paid('a', 1, 1_000_000)])
    take(settlement, null, chainTo(1, null))
    expect(standing(settlement)).toEqual({ confirmed: 'a', held: '' })
  })
})

describe('what a payment is worth', () => {
  const terms: Terms = makeInvoice().terms
  const priced = (parts: Partial<Terms>) => ({ ...terms, ...parts })
  const inEuro = { price: { amount: '20.00', currency: 'EUR' } }
  const frozen = { worth: { amount: '23.50', currency: 'USD' } }
  const full = makePayment(USDC, 25_000_000n)
  const OTHER = tokenAsset('DAI', 18)

  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment, Terms | null, bigint | null]>([
    ['all that is due is the price', full, terms, 2_500n],
    ['of another asset of the same order', makePayment(ETH, 10n ** 16n), terms, 2_500n],
    ['a part is rounded up to a cent', makePayment(USDC, 1n), terms, 1n],
    ['a third of it', makePayment(USDC, 8_333_333n), terms, 834n],
    ['too much is worth more', makePayment(USDC, 50_000_000n), terms, 5_000n],
    ['what counts of it, not what came', makePayment(USDC, 50_000_000n, { countedUnits: 5_000_000n }), terms, 500n],
    ['dust counts nothing', makePayment(USDC, 1n, { countedUnits: 0n, dust: true }), terms, 0n],
    ['money of no order', full, null, 0n],
    ['an asset the order does not take', makePayment(OTHER, 10n ** 18n, { accepted: false }), terms, 0n],
    ['a price in another currency, frozen in that of the cap', full, priced({ ...inEuro, options: [makeOption(USDC, 25_000_000n, frozen)] }), 2_350n],
    ['a price in another currency, and nothing frozen', full, priced(inEuro), null],
    ['a price in coins', full, priced({ price: { amount: '25', currency: 'USDC' } }), null],
    ['more than a float holds', makePayment(USDC, 2n ** 255n), terms, (2n ** 255n * 2_500n + 24_999_999n) / 25_000_000n],
  ])('%s', (_name, payment, of, units) => {
    expect(worthOf(payment, of, 'USD')).toBe(units)
  })
})

test('the order in a block is that of the numbers, whoever asks', () => {
  const at = (block: number, place: string): Payment => {
    const payment = makePayment(USDC, 1n)
    return { ...payment, observation: { ...payment.observation, blockNumber: block, place } }
  }
  const places = ['tx:3', 'tx:10', 'log:2', 'log:9', 'log:11', 'call:4:0', 'call:4:0.1', 'call:4:2']
  const sorted = [...places.map((place) => at(7, place)), at(6, 'log:99')].sort(compareInChain)
  expect(sorted.map(({ observation }) => observation.place)).toEqual(['log:99', ...places])
  expect([...sorted].reverse().sort(compareInChain)).toEqual(sorted)
})

describe('any history', () => {
  const order = fc.record({
    block: fc.integer({ min: 1, max: 8 }),
    dollars: fc.integer({ min: 1, max: 700 }),
    depth: fc.integer({ min: 1, max: 3 }),
  })
  const story = fc.record({
    orders: fc.array(order, { minLength: 1, maxLength: 7 }),
    /** By how much what is final lags behind each tip. */
    lags: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: TOP, maxLength: TOP }),
    shuffle: fc.integer(),
  })
  type Story = typeof story extends fc.Arbitrary<infer One> ? One : never

  const make = ({ orders }: Story): Paid[] =>
    orders.map(({ block, dollars, depth }, i) =>
      paid(String.fromCharCode(97 + i), block, dollars, { finality: depthRule(depth) }),
    )
  const marksOf = ({ lags }: Story): (number | null)[] => {
    let highest = -1
    return lags.map((lag, i) => {
      highest = Math.max(highest, i + 1 - lag)
      return highest < 0 ? null : highest
    })
  }
  const play = (
    made: readonly Paid[],
    one: Story,
    look: (tip: number, all: Settlement) => void,
  ) => {
    const settlement = settle(made)
    const room = open()
    for (const [i, mark] of marksOf(one).entries()) {
      const tip = i + 1
      take(settlement, room, chainTo(tip, mark))
      look(tip, settlement)
    }
    return settlement
  }

  test('never has more than the cap credited and not final, and ends with everything credited', () => {
    const property = fc.property(story, (one) => {
      const marks = marksOf(one)
      const made = make(one)
      const settlement = play(made, one, (tip, { payments }) => {
        const final = marks[tip - 1] ?? -1
        const sum = [...payments.values()]
          .filter(({ position, observation }) => {
            return position === 'confirmed' && observation.blockNumber > final
          })
          .reduce((total, { observation }) => total + observation.amountUnits, 0n)
        expect(sum).toBeLessThanOrEqual(1_000_000_000n)
      })
      take(settlement, open(), chainTo(TOP, TOP))
      expect(standing(settlement).held).toBe('')
      expect(standing(settlement).confirmed).toHaveLength(made.length)
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('decides the same in whatever order it was loaded, and from whatever step on', () => {
    const property = fc.property(story, (one) => {
      const seen: string[] = []
      play(make(one), one, (_, settlement) => seen.push(JSON.stringify(standing(settlement))))
      const other: string[] = []
      const turned = make(one).sort((a, b) => hash(a, one) - hash(b, one))
      play(turned, one, (_, settlement) => other.push(JSON.stringify(standing(settlement))))
      expect(other).toEqual(seen)
      expect(restarted(make(one), marksOf(one))).toEqual(seen)
    })
    fc.assert(property, { numRuns: 300 })
  })

  const hash = ({ invoice }: Paid, { shuffle }: Story) =>
    (invoice.id.charCodeAt(4) * 2_654_435_761 + shuffle) % 97

  /** Every step in a process of its own, which knows what was stored and nothing else. */
  function restarted(made: readonly Paid[], marks: readonly (number | null)[]): string[] {
    let stored = made
    return marks.map((mark, i) => {
      const credits = stored.flatMap(({ invoice, payments }) =>
        payments
          .filter(({ position }) => position === 'confirmed')
          .map((payment) => ({ payment, terms: invoice.terms })),
      )
      const settlement = settle(stored)
      take(settlement, openRoom(TAGGED, credits), chainTo(i + 1, mark))
      stored = stored.map(({ invoice }) => ({
        invoice: settlement.invoices.get(invoice.id) ?? invoice,
        payments: (settlement.paymentsOf.get(invoice.id) ?? []) as Paid['payments'],
      }))
      return JSON.stringify(standing(settlement))
    })
  }
})
