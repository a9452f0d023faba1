/** Properties of money: how many cases each is held against, and the amounts they are drawn from. */
import fc from 'fast-check'
import { MAX_DECIMALS, MAX_UNITS } from '../../src/core/money/decimal.ts'

/** Of each property, on every run. `PROPERTY_CASES=100000` for a long one. */
const CASES = Number(process.env.PROPERTY_CASES ?? 10_000)

/** Any amount a chain can move; its edges far more often than chance would draw them. */
export const anyUnits = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, MAX_UNITS - 1n, MAX_UNITS) },
  { weight: 2, arbitrary: fc.bigInt(0n, 10n ** 12n) },
  { weight: 4, arbitrary: fc.bigInt(0n, MAX_UNITS) },
)

export const someUnits = anyUnits.map((units) => (units === 0n ? 1n : units))

/** Digits of an asset: tokens without a fraction and those of 18 digits far more often. */
export const anyDecimals = fc.oneof(
  fc.constantFrom(0, 18, MAX_DECIMALS),
  fc.integer({ min: 0, max: MAX_DECIMALS }),
)

/** Throws with the counterexample, and when fewer cases were looked at than promised. */
export function assertProperty<Parts extends [unknown, ...unknown[]]>(
  property: fc.IProperty<Parts>,
  examples: Parts[] = [],
): void {
  const details = fc.check(property, { numRuns: CASES, examples })
  if (details.failed) throw new Error(fc.defaultReportMessage(details))
  if (details.numRuns < CASES) throw new Error(`only ${details.numRuns} of ${CASES} cases were run`)
}
