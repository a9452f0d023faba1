/** Remembered prices, and the one rate they become. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createAgreedRates } from '../../../src/adapters/rates/agreed-rates.ts'
import { createLiveRates, type Price } from '../../../src/adapters/rates/live-rates.ts'
import type { RateRefusal } from '../../../src/core/money/judge-rate.ts'
import { parseRate } from '../../../src/core/money/rate.ts'
import { standardBands } from '../../../src/core/money/rate-bands.ts'

const START_MS = 1_790_000_000_000
const PAIR = 'ETH/USD'

/** A clock, a log and counters that a test can look into. */
function createDeps() {
  let passedMs = 0
  const lines: string[] = []
  const counted: string[] = []
  const write = (fields: object, message: string) => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  return {
    lines,
    counted,
    pass(ms: number) {
      passedMs += ms
    },
    clock: { nowMs: () => START_MS + passedMs, monotonicMs: () => passedMs },
    logger: { debug: () => {}, info: write, warn: write, error: write },
    metrics: {
      count(name: string, labels: object = {}) {
        counted.push([name, ...Object.values(labels)].join(' '))
      },
    },
  }
}

/** A live source whose next answer the test sets: a price, a refusal, or `null` for silence. */
function createSource(deps: ReturnType<typeof createDeps>, first: string | null) {
  const state = { says: first as string | null, reads: 0, hangs: null as Promise<void> | null }
  const read = async () => {
    state.reads += 1
    await state.hangs
    if (state.says === null) throw new Error('nobody answers')
    const value = parseRate(state.says)
    const price: Price =
      value === null
        ? { kind: 'refused', reason: state.says as RateRefusal }
        : {
            kind: 'price',
            rate: { value, text: state.says, source: 'test', atMs: deps.clock.nowMs() },
          }
    return new Map([[PAIR, price]])
  }
  const settings = { name: 'test', pairs: [PAIR], maxAgeMs: 300_000, refreshMs: 15_000 }
  const source = createLiveRates(deps, { ...settings, bands: standardBands(), read })
  return { state, source: { ...source, carries: (pair: string) => pair === PAIR } }
}

const RULES = { maxDeviationBps: 200, minSources: null, maxJumpBps: 5_000 }

function createWorld(first: string | null) {
  const deps = createDeps()
  const { state, source } = createSource(deps, first)
  const rates = createAgreedRates(deps, [source], RULES)
  const pairs = [PAIR]
  const ask = async () => (await rates.getRates(pairs, deps.clock.nowMs())).get(PAIR)?.text ?? null
  return { ...deps, state, ask }
}

describe('a price is remembered', () => {
  test('a busy gateway is answered from memory while the source is asked again', async () => {
    const { ask, pass, state } = createWorld('2500')
    expect(await ask()).toBe('2500')
    pass(14_999)
    expect([await ask(), state.reads]).toEqual(['2500', 1])
    pass(1)
    state.says = '2510'
    expect([await ask(), state.reads]).toEqual(['2500', 2])
    // Whoever asks in the same turn and millisecond gets the same.
    expect(await ask()).toBe('2500')
    await nextTurn()
    expect(await ask()).toBe('2510')
  })

  test('after a quiet time nobody is quoted the old price', async () => {
    const { ask, pass, state } = createWorld('2500')
    await ask()
    state.says = '2510'
    pass(30_000)
    expect(await ask()).toBe('2510')
  })

  test('many questions at once are one request', async () => {
    const { ask, state } = createWorld('2500')
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['2500', '2500', '2500'])
    expect(state.reads).toBe(1)
  })

  test('PA-30 a source that falls silent serves for a minute and no longer, and comes back', async () => {
    const { ask, pass, state, counted } = createWorld('2500')
    await ask()
    state.says = null
    pass(59_000)
    expect(await ask()).toBe('2500')
    pass(2_000)
    expect(await ask()).toBeNull()
    expect(counted).toEqual([
      'rate_faults_total test unreachable',
      'rate_refusals_total ETH/USD no_source',
    ])
    state.says = '2500'
    pass(4_000)
    expect(await ask()).toBe('2500')
  })

  test('PA-30 a price that cannot be believed ends the one before it at once', async () => {
    const { ask, pass, state, lines } = createWorld('2500')
    await ask()
    state.says = 'not_positive'
    pass(30_000)
    expect(await ask()).toBeNull()
    expect(lines.join('\n')).toContain('"reason":"not_positive"')
    expect(await ask()).toBeNull()
    expect(lines.filter((line) => line.includes('not_positive'))).toHaveLength(1)
  })

  test('PA-30 an inverted price is outside the band of a well-known coin', async () => {
    const { ask, counted } = createWorld('0.0004')
    expect(await ask()).toBeNull()
    expect(counted[0]).toBe('rate_faults_total test out_of_band')
  })

  test('PA-30 an old price is refused when its age comes, without another answer', async () => {
    const deps = createDeps()
    const value = parseRate('2500')!
    const rate = { value, text: '2500', source: 'old', atMs: START_MS - 299_000 }
    const source = createLiveRates(deps, {
      name: 'old',
      pairs: [PAIR],
      maxAgeMs: 300_000,
      refreshMs: 15_000,
      bands: new Map(),
      read: async () => new Map<string, Price>([[PAIR, { kind: 'price', rate }]]),
    })
    expect((await source.getRates([PAIR], START_MS)).size).toBe(1)
    deps.pass(1_001)
    expect((await source.getRates([PAIR], START_MS + 1_001)).size).toBe(0)
  })
})

describe('PA-30 a rate that jumps', () => {
  test('ten times the last one is refused, and so is a tenth; the old level serves again', async () => {
    const { ask, pass, state, counted } = createWorld('2500')
    await ask()
    for (const odd of ['25000', '250']) {
      state.says = odd
      pass(30_000)
      expect(await ask()).toBeNull()
    }
    expect(counted).toEqual(['rate_refusals_total ETH/USD jump'])
    state.says = '3750'
    pass(30_000)
    expect(await ask()).toBe('3750')
  })

  test('a market that really moved is followed after an hour', async () => {
    const { ask, pass, state } = createWorld('2500')
    await ask()
    state.says = '5000'
    pass(3_599_000)
    expect(await ask()).toBeNull()
    pass(30_000)
    expect(await ask()).toBe('5000')
  })
})

describe('PA-31 two sources', () => {
  function createTwo(one: string | null, other: string | null) {
    const deps = createDeps()
    const [a, b] = [createSource(deps, one), createSource(deps, other)]
    const rates = createAgreedRates(deps, [a.source, b.source], RULES)
    const ask = async () => (await rates.getRates([PAIR], deps.clock.nowMs())).get(PAIR)?.text
    return { ask, counted: deps.counted }
  }

  test('that agree give the lower of the two', async () => {
    expect(await createTwo('2510', '2500').ask()).toBe('2500')
  })

  test('that differ by more than 2 % give none', async () => {
    const { ask, counted } = createTwo('2500', '2551')
    expect(await ask()).toBeUndefined()
    expect(counted).toEqual(['rate_refusals_total ETH/USD disagreement'])
  })

  test('of which one is gone give none', async () => {
    const { ask, counted } = createTwo('2500', null)
    expect(await ask()).toBeUndefined()
    expect(counted).toContain('rate_refusals_total ETH/USD too_few')
  })

  test('a pair that nobody carries is missing, and no alarm', async () => {
    const deps = createDeps()
    const rates = createAgreedRates(deps, [createSource(deps, '2500').source], RULES)
    expect((await rates.getRates(['ETH/EUR'], START_MS)).size).toBe(0)
    expect(deps.counted).toEqual([])
  })
})
