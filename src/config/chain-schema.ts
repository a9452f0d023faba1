/**
 * A chain in the configuration file. Names whose behaviour is not built yet are accepted only where
 * doing without it is the safe meaning; the others say "not supported yet" instead of being
 * ignored.
 */
import { z } from 'zod'
import { fiatDecimals } from '../core/money/currency.ts'
import { MAX_DECIMALS, parseDecimal } from '../core/money/decimal.ts'
import {
  judgedText,
  judgeHeaderName,
  judgeHeaderValue,
  judgeRpcUrl,
  judgeToken,
} from './judge-text.ts'

/** Below a poll costs more than it tells; above a payment would wait longer than anybody does. */
const POLL_INTERVAL_MS = { min: 50, max: 60_000 }
/** From the fastest chain to ten times the slowest. */
const BLOCK_TIME_MS = { min: 10, max: 600_000 }
/**
 * Blocks held and rewritten at most. Above, following a reorg costs more than asking an operator.
 */
const MAX_REORG_BLOCKS = { min: 1, max: 10_000, standard: 300 }
/** As deep as the longest reorg window; a payment that waits longer would never be confirmed. */
const CONFIRMATIONS = { min: 1, max: MAX_REORG_BLOCKS.max }
/** More nodes add load, not certainty. */
const RPC_URLS_MAX = 10
const RPC_HEADERS_MAX = 20
/** Finer steps than anybody can explain to a shopper. */
const FINALITY_TIERS_MAX = 10
/** Each is offered on every invoice and asked for by every poll. */
const TOKENS_MAX = 200

/** Printable ASCII without blanks, and without the slash that parts coin and currency in a pair. */
const SYMBOL = /^[!-.0-~]{1,16}$/
const CHAIN_NAME = /^[\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{N}\p{P}\p{S} ]{0,38}[\p{L}\p{N}\p{P}\p{S}])?$/u

/** Depths where the file names none: for a local chain and for one we know nothing of. */
export const CONFIRMATIONS_DEFAULT = { test: 5, other: 12 }
export const POLL_INTERVAL_DEFAULT_MS = { test: 250, other: 2_000 }
/** Ethereum's; a local chain makes a block per transaction, so its poll interval stands for it. */
export const BLOCK_TIME_DEFAULT_MS = 12_000

const NOT_YET = 'is not supported yet'

/** A name of a later version: refused in its own words, and for editors never valid. */
function notYet(meaning: string) {
  return z
    .never({ error: NOT_YET })
    .optional()
    .describe(`${meaning} Not supported yet: refused, since ignoring it would weaken the rule.`)
}

const symbol = z.string().regex(SYMBOL, {
  error: 'must be 1 to 16 printable ASCII characters without blanks and slashes',
})

const decimals = z.int().min(0).max(MAX_DECIMALS)

const token = z.strictObject({
  address: judgedText(judgeToken).describe(
    'Contract, any case; mixed case must carry the EIP-55 checksum. Aliases of the native coin ' +
      'are refused.',
  ),
  symbol: symbol.describe(
    'For people, and as the coin in prices. Never used to recognise a token.',
  ),
  decimals: decimals.describe('Digits of the fraction, as the contract says; 0 to 36.'),
  verify_balance: z
    .boolean()
    .default(true)
    .describe('Count a transfer only as far as the balance of the address covers it.'),
})

const tier = z.strictObject({
  up_to: z
    .string()
    .optional()
    .describe('Upper bound in whole fiat money, such as "1000 USD". The last tier has none.'),
  confirmations: z
    .int({
      error: (issue) =>
        issue.input === 'safe' || issue.input === 'finalized'
          ? `"${issue.input}" ${NOT_YET}; give a number of blocks`
          : undefined,
    })
    .min(CONFIRMATIONS.min)
    .max(CONFIRMATIONS.max)
    .describe(
      'Depth at which a payment counts: head - block + 1. The tags "safe" and "finalized" are ' +
        'not supported yet: refused, since a number in their place would be another promise.',
    ),
  plus_blocks: notYet('Blocks to wait beyond the tag.'),
  plus_s: notYet('Seconds to wait beyond the tag.'),
})

type Tier = z.output<typeof tier>

const finality = z
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
    'Depth by value of the invoice, ascending, the last tier without up_to. Default: 12 ' +
      'confirmations, 5 on test chains.',
  )

type TierFault = { readonly field: keyof Tier; readonly detail: string }

function judgeTier(current: Tier, before: Tier | null, isLast: boolean): TierFault | null {
  if (isLast !== (current.up_to === undefined)) {
    const detail = isLast
      ? 'the last tier must not have up_to'
      : 'every tier but the last needs up_to'
    return { field: 'up_to', detail }
  }
  if (before !== null && current.confirmations < before.confirmations) {
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

type Fiat = { readonly amount: string; readonly currency: string; readonly units: bigint }

/** Reads `1000 USD`; `units` are of the currency's smallest unit. Null for anything else. */
export function parseFiat(text: string): Fiat | null {
  const [amount = '', currency = '', ...rest] = text.split(' ')
  const digits = fiatDecimals(currency)
  if (digits === null || rest.length > 0) return null
  const parsed = parseDecimal(amount, digits)
  return parsed.ok && parsed.units > 0n ? { amount, currency, units: parsed.units } : null
}

const rpcHeaders = z
  .record(z.string(), judgedText(judgeHeaderValue))
  .superRefine((headers, context) => {
    const seen = new Set<string>()
    const names = Object.keys(headers)
    for (const name of names) {
      const repeated = seen.has(name.toLowerCase()) ? 'stands twice in another case' : null
      const detail = judgeHeaderName(name) ?? repeated
      if (detail !== null) context.addIssue({ code: 'custom', path: [name], message: detail })
      seen.add(name.toLowerCase())
    }
    if (names.length > RPC_HEADERS_MAX) {
      context.addIssue({ code: 'custom', message: `must be at most ${RPC_HEADERS_MAX} headers` })
    }
  })

const rpc = z
  .array(judgedText(judgeRpcUrl))
  .min(1)
  .max(RPC_URLS_MAX)
  .superRefine((urls, context) => {
    for (const [index, url] of urls.entries()) {
      if (urls.indexOf(url) === index) continue
      context.addIssue({ code: 'custom', path: [index], message: 'the same node stands twice' })
    }
  })

const tokens = z
  .array(token)
  .max(TOKENS_MAX)
  .superRefine((list, context) => {
    const addresses = list.map((entry) => entry.address.toLowerCase())
    for (const [index, address] of addresses.entries()) {
      if (addresses.indexOf(address) === index) continue
      const path = [index, 'address']
      context.addIssue({ code: 'custom', path, message: 'the same token stands twice' })
    }
  })

const native = z.union(
  [
    z.literal(false),
    z.strictObject({ symbol: symbol.default('ETH'), decimals: decimals.default(18) }),
  ],
  { error: 'must be false or an object with symbol and decimals' },
)

const chainFields = z.strictObject({
  name: z
    .string()
    .regex(CHAIN_NAME, { error: 'must be 1 to 40 printable characters' })
    .optional()
    .describe('For people. Default: "Chain" and the id.'),
  rpc: rpc
    .optional()
    .describe(
      'Nodes, http or https. Required unless QUITTANCE_RPC_<chainId> gives them. May hold ' +
        'credentials.',
    ),
  rpc_headers: rpcHeaders.default({}).describe('HTTP headers sent to every node of this chain.'),
  test: z
    .boolean()
    .default(false)
    .describe('A local chain. Public test networks are not: their heads must be young.'),
  poll_interval_ms: z
    .int()
    .min(POLL_INTERVAL_MS.min)
    .max(POLL_INTERVAL_MS.max)
    .optional()
    .describe('Time between two looks at the head. Default: 2000, 250 on test chains.'),
  block_time_ms: z
    .int()
    .min(BLOCK_TIME_MS.min)
    .max(BLOCK_TIME_MS.max)
    .optional()
    .describe('Usual time between two blocks. Default: 12000; the poll interval on test chains.'),
  max_reorg_blocks: z
    .int()
    .min(MAX_REORG_BLOCKS.min)
    .max(MAX_REORG_BLOCKS.max)
    .default(MAX_REORG_BLOCKS.standard)
    .describe('Deeper reorgs halt the chain. At least the deepest confirmations.'),
  finality,
  native: native
    .prefault({})
    .describe('The native coin, or false to take tokens only. Default: ETH with 18 decimals.'),
  tokens: tokens.default([]).describe('ERC-20 tokens to take, in the order they are offered.'),
  finalized_tag: z
    .literal('off', {
      error: (issue) => (issue.input === 'on' ? `"on" ${NOT_YET}` : 'must be "off"'),
    })
    .default('off')
    .describe('Follow the finalized tag of the node. "on" is not supported yet: refused.'),
  native_mode: z
    .enum(['auto', 'direct'], { error: `only "auto" and "direct" are known; another ${NOT_YET}` })
    .default('auto')
    .describe(
      'How native payments are found. "direct": transactions to the address. "auto" is the best ' +
        'the gateway can, for now the same. Other modes find more and are refused until they work.',
    ),
  detection: z
    .literal('receipts', {
      error: (issue) => (issue.input === 'logs' ? `"logs" ${NOT_YET}` : 'must be "receipts"'),
    })
    .default('receipts')
    .describe('Where transfers are read. "logs" is not supported yet: refused.'),
  own_senders: notYet('Addresses of our own whose transfers are no payments.'),
  dust_units: notYet('Amounts below are recorded without events.'),
})

/** The fields of one chain, checked among themselves as well. */
export const chainSchema = chainFields
  .superRefine(
    ({ rpc: urls }, context) => {
      if (urls !== undefined) return
      const message = 'is missing: name at least one node, here or in QUITTANCE_RPC_<chainId>'
      context.addIssue({ code: 'custom', path: ['rpc'], message })
    },
    // Also beside other faults: whoever mends those should not meet this one afterwards.
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .superRefine((chain, context) => {
    if (chain.native === false && chain.tokens.length === 0) {
      const message = 'is empty while native is false: nothing could be paid with'
      context.addIssue({ code: 'custom', path: ['tokens'], message })
    }
    const standard = chain.test ? CONFIRMATIONS_DEFAULT.test : CONFIRMATIONS_DEFAULT.other
    const deepest = chain.finality?.at(-1)?.confirmations ?? standard
    if (deepest > chain.max_reorg_blocks) {
      const message = `must be at least the deepest confirmations (${deepest})`
      context.addIssue({ code: 'custom', path: ['max_reorg_blocks'], message })
    }
  })

export type ChainInput = z.output<typeof chainSchema>
