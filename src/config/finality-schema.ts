/** The finality of a chain in the configuration file: tiers by value of the invoice. */
import { z } from 'zod'
import {
  compareFinality,
  depthRule,
  type FinalityRule,
  type FinalityTag,
  tagRule,
} from '../core/chain/finality.ts'
import { fiatDecimals } from '../core/money/currency.ts'
import { parseDecimal } from '../core/money/decimal.ts'

/** As deep as the longest reorg window; a payment that waits longer would never be confirmed. */
const CONFIRMATIONS = { min: 1, max: 10_000 }
/** What a tag may be raised by: within what is held of a chain, whose tag may be an hour behind. */
const PLUS_BLOCKS_MAX = 1_000
const PLUS_S_MAX = 1_800
const FINALITY_TAGS = ['safe', 'finalized'] as const satisfies readonly FinalityTag[]
/** Finer steps than anybody can explain to a shopper. */
const FINALITY_TIERS_MAX = 10

const tier = z.strictObject({
  up_to: z
    .string()
    .optional()
    .describe('Upper bound in whole fiat money, such as "1000 USD". The last tier has none.'),
  confirmations: z
    .union([z.int().min(CONFIRMATIONS.min).max(CONFIRMATIONS.max), z.enum(FINALITY_TAGS)], {
      error: `must be a whole number from ${CONFIRMATIONS.min} to ${CONFIRMATIONS.max}, "safe" or "finalized"`,
    })
    .describe(
      'Depth at which a payment counts: head - block + 1, or a tag of the nodes, "safe" or ' +
        '"finalized", which needs finalized_tag "on".',
    ),
  plus_blocks: z
    .int()
    .min(1)
    .max(PLUS_BLOCKS_MAX)
    .optional()
    .describe('With a tag: blocks by which the tag must stand above the payment.'),
  plus_s: z
    .int()
    .min(1)
    .max(PLUS_S_MAX)
    .optional()
    .describe('With a tag: seconds of block time by which its block must be younger.'),
})

type Tier = z.output<typeof tier>

/** The rule of a tier. What is added to a count is refused by `judgeTier`. */
export function readRule({ confirmations, plus_blocks, plus_s }: Tier): FinalityRule {
  return typeof confirmations === 'number'
    ? depthRule(confirmations)
    : tagRule(confirmations, { plusBlocks: plus_blocks ?? 0, plusS: plus_s ?? 0 })
}

export const finality = z
  .array(tier)
  .min(1)
  .max(FINALITY_TIERS_MAX)
  .superRefine((tiers, context) => {
    for (const [index, current] of tiers.entries()) {
      const fault = judgeTier(current, tiers[index - 1] ?? null, index === tiers.length - 1)
      if (fault !== null) {
        context.addIssue({ code: 'custom', path: [index, fault.field], message: fault.detail })
      }
    }
  })
  .optional()
  .describe(
    'Depth by value of the invoice, ascending (counts, then safe, then finalized), the last tier ' +
      'without up_to. Default: 12 confirmations, 5 on test chains.',
  )

export const finalityCap = z
  .union([z.literal(false), z.string()], {
    error: 'must be an amount above zero and a fiat code, "10000 USD", or false',
  })
  .refine((cap) => cap === false || parseFiat(cap) !== null, {
    error: 'must be an amount above zero and a fiat code: "10000 USD"',
  })
  .optional()
  .describe(
    'The most that may be credited on the chain and not be final yet, such as "10000 USD". Payments ' +
      'above it wait for room, or until they are final. false: no limit. Default: no limit, or what ' +
      'the profile says.',
  )

/** Below an alarm would tell of one slow answer; above nobody would learn of it the same day. */
const STUCK_S = { min: 5, max: 86_400 }
/** Where the file names none: three epochs of Ethereum; a local chain has no time to lose. */
export const FINALITY_STUCK_DEFAULT_S = { test: 10, other: 1_200 }

export const finalityStuckS = z
  .int()
  .min(STUCK_S.min)
  .max(STUCK_S.max)
  .optional()
  .describe(
    'Seconds after which the finalized tag counts as stuck, while it stands still and the head does ' +
      'not: an alarm. Default: 1200, 10 on test chains.',
  )

type TierFault = { readonly field: keyof Tier; readonly detail: string }

function judgeTier(current: Tier, before: Tier | null, isLast: boolean): TierFault | null {
  if (isLast !== (current.up_to === undefined)) {
    const detail = isLast
      ? 'the last tier must not have up_to'
      : 'every tier but the last needs up_to'
    return { field: 'up_to', detail }
  }
  const isCount = typeof current.confirmations === 'number'
  if (isCount && (current.plus_blocks !== undefined || current.plus_s !== undefined)) {
    const field = current.plus_blocks === undefined ? 'plus_s' : 'plus_blocks'
    return { field, detail: 'goes with "safe" or "finalized" only; raise the count instead' }
  }
  if (before !== null && asksForLess(current, before)) {
    return { field: 'confirmations', detail: 'must not be less than in the tier before' }
  }
  if (current.up_to === undefined) return null
  const bound = parseFiat(current.up_to)
  if (bound === null) {
    return { field: 'up_to', detail: 'must be an amount above zero and a fiat code: "1000 USD"' }
  }
  const floor = before?.up_to === undefined ? null : parseFiat(before.up_to)
  if (floor === null) return null
  if (floor.currency !== bound.currency) {
    return { field: 'up_to', detail: 'must be in the same currency as the tier before' }
  }
  return bound.units > floor.units
    ? null
    : { field: 'up_to', detail: 'must be more than in the tier before' }
}

/** In kind (a count, safe, finalized), or within a kind in anything that is asked for. */
function asksForLess(current: Tier, before: Tier): boolean {
  const [rule, earlier] = [readRule(current), readRule(before)]
  if (rule.kind !== 'depth' && rule.kind === earlier.kind) {
    return rule.plusBlocks < earlier.plusBlocks || rule.plusS < earlier.plusS
  }
  return compareFinality(rule, earlier) < 0
}

type Fiat = { readonly amount: string; readonly currency: string; readonly units: bigint }

/** Reads `1000 USD`; `units` are of the currency's smallest unit. Null for anything else. */
export function parseFiat(text: string): Fiat | null {
  const [amount = '', currency = '', ...rest] = text.split(' ')
  const digits = fiatDecimals(currency)
  if (digits === null || rest.length > 0) return null
  const parsed = parseDecimal(amount, digits)
  return parsed.ok && parsed.units > 0n ? { amount, currency, units: parsed.units } : null
}
