/**
 * A chain in the configuration file. Names whose behaviour is not built yet are accepted only where
 * doing without it is the safe meaning; the others say "not supported yet" instead of being
 * ignored.
 */
import { z } from 'zod'
import { PROOF_SWITCHES } from '../core/chain/chain-settings.ts'
import { NATIVE_MODES } from '../core/chain/native-mode.ts'
import { MAX_DECIMALS } from '../core/money/decimal.ts'
import { finality, finalityCap, finalityStuckS } from './finality-schema.ts'
import {
  judgeAddress,
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
/** More nodes add load, not certainty. */
const RPC_URLS_MAX = 10
const RPC_HEADERS_MAX = 20
/** Each is offered on every invoice and asked for by every poll. */
const TOKENS_MAX = 200
/** EIP-2718: a byte below 0x80. */
const TX_TYPE_MAX = 0x7f
const EXCLUDED_TX_TYPES_MAX = 16
/** Compared with the sender of every transfer; a merchant has a few. */
const OWN_SENDERS_MAX = 100

/** Printable ASCII without blanks, and without the slash that parts coin and currency in a pair. */
const SYMBOL = /^[!-.0-~]{1,16}$/
const CHAIN_NAME = /^[\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{N}\p{P}\p{S} ]{0,38}[\p{L}\p{N}\p{P}\p{S}])?$/u

/** Depths where the file names none: for a local chain and for one we know nothing of. */
export const CONFIRMATIONS_DEFAULT = { test: 5, other: 12 }
export const POLL_INTERVAL_DEFAULT_MS = { test: 250, other: 2_000 }
/** Ethereum's; a local chain makes a block per transaction, so its poll interval stands for it. */
export const BLOCK_TIME_DEFAULT_MS = 12_000

const symbol = z.string().regex(SYMBOL, {
  error: 'must be 1 to 16 printable ASCII characters without blanks and slashes',
})

const decimals = z.int().min(0).max(MAX_DECIMALS)

/** Text for what a JSON number cannot hold: one ether has 10^18 units. */
const dustUnits = z.union([z.string().regex(/^(0|[1-9]\d{0,76})$/), z.int().min(0)], {
  error: 'must be a whole number of units, best as text: "10000"',
})

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
  dust_units: dustUnits.optional().describe('As dust_units of the chain, for this token alone.'),
})

const ownSenders = z
  .array(judgedText(judgeAddress))
  .max(OWN_SENDERS_MAX)
  .superRefine((list, context) => {
    const addresses = list.map((address) => address.toLowerCase())
    for (const [index, address] of addresses.entries()) {
      if (addresses.indexOf(address) === index) continue
      context.addIssue({ code: 'custom', path: [index], message: 'the same address stands twice' })
    }
  })

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
    z.strictObject({
      symbol: symbol.default('ETH'),
      decimals: decimals.default(18),
      dust_units: dustUnits.optional().describe('As dust_units of the chain, for the coin alone.'),
    }),
  ],
  { error: 'must be false or an object with symbol, decimals and dust_units' },
)

const proof = (what: string) =>
  z
    .enum(PROOF_SWITCHES)
    .optional()
    .describe(
      `${what} "on": a mismatch refuses the node's answer. "observe": it is told and lowers the proof ` +
        'level. Default: "observe", "on" for test chains.',
    )

const proofs = z
  .strictObject({
    header_hash: proof("The block's hash from the fields of its header."),
    transactions_root: proof('The root of its transactions; read where the native coin is taken.'),
    receipts_root: proof('The root of its receipts, and so of all logs.'),
    bloom: proof('The bloom filter of all logs.'),
  })
  .describe('What of each block is recomputed and held against its header.')

export const chainFields = z.strictObject({
  name: z
    .string()
    .regex(CHAIN_NAME, { error: 'must be 1 to 40 printable characters' })
    .optional()
    .describe('For people. Default: "Chain" and the id.'),
  network_name: z
    .string()
    .regex(CHAIN_NAME, { error: 'must be 1 to 40 printable characters' })
    .optional()
    .describe(
      'As wallets and exchanges call the network, such as "BNB Smart Chain (BEP20)". Default: name.',
    ),
  rpc: rpc
    .optional()
    .describe(
      'Nodes, http or https. Required unless QUITTANCE_RPC_<chainId> gives them. May hold ' +
        'credentials.',
    ),
  wallet_rpc: rpc
    .refine((urls) => urls.every((url) => !/@|[?&](api_?)?key=/i.test(url)), {
      error: 'must hold no credentials: the checkout page shows it to everybody',
    })
    .default([])
    .describe(
      'Public nodes that the checkout page tells to a wallet which does not know the chain. Everybody ' +
        'can read them: no credentials.',
    ),
  rpc_headers: rpcHeaders.default({}).describe('HTTP headers sent to every node of this chain.'),
  test: z
    .boolean()
    .default(false)
    .describe('A local chain. Public test networks are not: their heads must be young.'),
  testnet: z
    .boolean()
    .default(false)
    .describe(
      'A public test network, whose coins have no value: beside a chain with value it is offered ' +
        'only on invoices that name its assets.',
    ),
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
  finality_cap: finalityCap,
  native: native
    .prefault({})
    .describe('The native coin, or false to take tokens only. Default: ETH with 18 decimals.'),
  tokens: tokens.default([]).describe('ERC-20 tokens to take, in the order they are offered.'),
  finalized_tag: z
    .enum(['on', 'off'])
    .default('off')
    .describe(
      'Follow the finalized tag of the nodes: tiers may ask for tags, and a reorg below it halts ' +
        'the chain. "off": what is deeper than max_reorg_blocks is final.',
    ),
  finality_stuck_s: finalityStuckS,
  native_mode: z
    .enum(['auto', ...NATIVE_MODES])
    .default('auto')
    .describe(
      'How native coins are found. "direct": value of transactions alone. "logs": EIP-7708, or ' +
        'Polygon\'s logs. "trace": calls, by debug_traceBlockByHash. "bal": block access lists ' +
        '(EIP-7928). "delta": balances of open orders. "auto": by chain, "delta" where unknown.',
    ),
  detection: z
    .enum(['receipts', 'logs'])
    .default('receipts')
    .describe(
      'Where transfers are looked for. "receipts": in every block. "logs": eth_getLogs over ranges ' +
        'names the blocks, and those alone are read whole. Not with native_mode "trace" or "bal".',
    ),
  proofs: proofs.default({}),
  excluded_tx_types: z
    .array(z.int().min(0).max(TX_TYPE_MAX))
    .max(EXCLUDED_TX_TYPES_MAX)
    .default([])
    .describe(
      "Transaction types outside the roots and the bloom, such as 127 for Polygon's state sync. What " +
        'they move is never proven.',
    ),
  own_senders: ownSenders
    .default([])
    .describe('Addresses of your own, such as one that sends gas: what they send is no payment.'),
  dust_units: dustUnits
    .default('0')
    .describe(
      'Units below which a transfer is recorded without events and does not count, unless it ' +
        'is all that is missing. For assets that name none of their own. Default: "0", none.',
    ),
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
    const tiers = chain.finality ?? [{ confirmations: standard }]
    for (const [index, { confirmations }] of tiers.entries()) {
      if (typeof confirmations === 'number' || chain.finalized_tag === 'on') continue
      const message = `"${confirmations}" needs finalized_tag "on"`
      context.addIssue({ code: 'custom', path: ['finality', index, 'confirmations'], message })
    }
    const counts = tiers.map(({ confirmations }) => confirmations)
    const deepest = Math.max(...counts.filter((count) => typeof count === 'number'), 0)
    if (deepest > chain.max_reorg_blocks) {
      const message = `must be at least the deepest confirmations (${deepest})`
      context.addIssue({ code: 'custom', path: ['max_reorg_blocks'], message })
    }
  })

export type ChainInput = z.output<typeof chainSchema>
