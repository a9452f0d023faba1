import { expect, test } from 'vitest'
import { createFixedRates } from '../../../src/adapters/rates/fixed-rates.ts'

const NOW_MS = 1_700_000_000_000

test('answers known pairs as of now, exactly', async () => {
  const source = createFixedRates({ 'ETH/USD': '2500.50', 'USDC/USD': '1', 'DAI/USD': '1' })
  const rates = await source.getRates(['ETH/USD', 'USDC/USD'], NOW_MS)
  expect(Object.fromEntries(rates)).toEqual({
    'ETH/USD': {
      value: { numerator: 5001n, denominator: 2n },
      text: '2500.50',
      source: 'fixed',
      atMs: NOW_MS,
    },
    'USDC/USD': {
      value: { numerator: 1n, denominator: 1n },
      text: '1',
      source: 'fixed',
      atMs: NOW_MS,
    },
  })
})

test('what it does not know is missing, also names that every object has', async () => {
  const source = createFixedRates({ 'ETH/USD': '2500' })
  const pairs = ['USD/ETH', 'ETH/EUR', 'eth/usd', 'constructor', '__proto__', '']
  expect((await source.getRates(pairs, NOW_MS)).size).toBe(0)
})

test.each(['0', '0.00', '-1', '1e3', 'abc', '', ' 1', '1,5', 'Infinity'])(
  'refuses a price of %j, naming the pair',
  (price) => {
    expect(() => createFixedRates({ 'USDC/USD': '1', 'ETH/USD': price })).toThrow('ETH/USD')
  },
)
