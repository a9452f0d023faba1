/** The configuration file: every name, its limits and defaults. */
import { z } from 'zod'
import { chooseNativeMode } from '../core/chain/native-mode.ts'
import { DAY_MS, SECOND_MS } from '../core/time.ts'
import { chainSchema } from './chain-schema.ts'
import { LOG_LEVELS } from './gateway-config.ts'
import {
  judgeApiKey,
  judgeDatabase,
  judgedText,
  judgeHost,
  judgeHostPort,
  judgePath,
  judgePublicUrl,
  judgeSchedule,
  judgeSecretKey,
  judgeXpub,
} from './judge-text.ts'
import { rates } from './rates-schema.ts'

// Compiled validators are made by `new Function`, which the server's flags forbid.
z.config({ jitless: true })

const PORT_MAX = 65_535
/** As for `expires_in` of the API: longer than any cart, and block times stay in range. */
const EXPIRY_MAX_S = (90 * DAY_MS) / SECOND_MS
/** Nobody waits longer after the deadline than an invoice may be open. */
const GRACE_MAX_S = EXPIRY_MAX_S
/** One basis point below all: a tolerance of everything would settle unpaid invoices. */
const TOLERANCE_MAX_BPS = 9_999
/** Far above what one process serves; more would be no limit. */
const REQUESTS_PER_SECOND_MAX = 100_000
/** A list somebody wrote by hand, looked up for each delivery. */
const ALLOWED_HOSTS_MAX = 100
/** Each chain has a watcher of its own. */
const CHAINS_MAX = 100

const CHAIN_ID = /^[1-9][0-9]{0,15}$/

const webhooks = z.strictObject({
  allowed_hosts: z
    .array(judgedText(judgeHostPort))
    .max(ALLOWED_HOSTS_MAX)
    .default([])
    .describe('Private destinations, host:port, that webhooks may reach (development).'),
  schedule: judgedText(judgeSchedule)
    .optional()
    .describe('Waits between attempts, such as 1s,2s,5s. Default: that of Standard Webhooks.'),
})

const invoices = z.strictObject({
  expires_in_s: z
    .int()
    .min(1)
    .max(EXPIRY_MAX_S)
    .default(900)
    .describe('Seconds an invoice is open when its request does not say; at most 90 days.'),
  grace_s: z
    .int()
    .min(0)
    .max(GRACE_MAX_S)
    .default(0)
    .describe('Seconds after the deadline in which a block still counts as in time.'),
  tolerance_bps: z
    .int()
    .min(0)
    .max(TOLERANCE_MAX_BPS)
    .default(0)
    .describe('Hundredths of a percent that may be missing from a paid invoice.'),
})

/** More are not counted, see `countEvents`. */
const ALERT_LIMIT_MAX = 20_000

const alertLimit = (standard: number, what: string) =>
  z
    .int()
    .min(0)
    .max(ALERT_LIMIT_MAX)
    .default(standard)
    .describe(`${what} from which on a store is told. 0 tells nobody.`)

const alerts = z.strictObject({
  invoices_per_5_min: alertLimit(1_000, 'Invoices made within five minutes,'),
  underpaid_per_hour: alertLimit(20, 'Underpayments within an hour,'),
  orphaned_per_hour: alertLimit(5, 'Payments lost to reorgs within an hour,'),
})

const limits = z.strictObject({
  requests_per_second_per_key: z
    .int()
    .min(1)
    .max(REQUESTS_PER_SECOND_MAX)
    .default(200)
    .describe('Requests one API key may make in a second; above, answers are 429.'),
})

const ETHEREUM = '1'
const SAFE_ON_ETHEREUM =
  '"safe" is not taken on Ethereum: it means another thing at each node (justified, or a fast ' +
  'confirmation rule) and may fall back; use a count or "finalized"'

const chains = z
  .record(
    z.string().regex(CHAIN_ID, { error: 'a chain is named by its id, a whole number above zero' }),
    chainSchema,
  )
  .superRefine((byId, context) => {
    const ids = Object.keys(byId)
    for (const id of ids.filter((text) => !Number.isSafeInteger(Number(text)))) {
      context.addIssue({ code: 'custom', path: [id], message: 'this chain id is too large' })
    }
    for (const [index, { confirmations }] of (byId[ETHEREUM]?.finality ?? []).entries()) {
      if (confirmations !== 'safe') continue
      const path = [ETHEREUM, 'finality', index, 'confirmations']
      context.addIssue({ code: 'custom', path, message: SAFE_ON_ETHEREUM })
    }
    for (const [id, chain] of Object.entries(byId)) {
      const { native, native_mode: mode, detection } = chain
      if (native === false || detection !== 'logs') continue
      const actual = mode === 'auto' ? chooseNativeMode(Number(id)) : mode
      if (actual !== 'trace' && actual !== 'bal') continue
      const message = `"logs" does not go with native_mode "${actual}", which looks into every block`
      context.addIssue({ code: 'custom', path: [id, 'detection'], message })
    }
    if (ids.length > CHAINS_MAX) {
      context.addIssue({ code: 'custom', message: `must be at most ${CHAINS_MAX} chains` })
    }
  })

const fileFields = z.strictObject({
  $schema: z.string().optional().describe('For editors: the path of this schema.'),
  database: judgedText(judgeDatabase)
    .default('sqlite:./data/quittance.db')
    .describe('sqlite:PATH. PostgreSQL is not supported yet. QUITTANCE_DATABASE.'),
  database_must_exist: z
    .boolean()
    .default(false)
    .describe(
      'Refuse to start on a database that is missing, empty or of another installation, instead of ' +
        'beginning anew. QUITTANCE_DATABASE_MUST_EXIST.',
    ),
  state_dir: judgedText(judgePath)
    .optional()
    .describe(
      'Index marks, pinned xpub fingerprints, the secret key. Default: beside the SQLite file. ' +
        'QUITTANCE_STATE_DIR.',
    ),
  host: judgedText(judgeHost)
    .default('127.0.0.1')
    .describe('Where the API listens. QUITTANCE_HOST.'),
  port: z.int().min(1).max(PORT_MAX).default(8_080).describe('QUITTANCE_PORT.'),
  public_url: judgedText(judgePublicUrl)
    .optional()
    .describe(
      'Only base of links shown to people. Default: http://HOST:PORT. QUITTANCE_PUBLIC_URL.',
    ),
  xpub: judgedText(judgeXpub)
    .optional()
    .describe("Account key (m/44'/60'/0') of the first store, public. QUITTANCE_XPUB."),
  secret_key_file: judgedText(judgePath)
    .optional()
    .describe('File with the key of secrets at rest. QUITTANCE_SECRET_KEY_FILE.'),
  log_level: z.enum(LOG_LEVELS).default('info').describe('QUITTANCE_LOG_LEVEL.'),
  webhooks: webhooks.prefault({}),
  chains: chains
    .default({})
    .describe(
      'By chain id. QUITTANCE_RPC_<chainId> gives the nodes; it enables a chain with a built-in profile.',
    ),
  rates: rates.prefault({}),
  invoices: invoices.prefault({}),
  alerts: alerts.prefault({}),
  limits: limits.prefault({}),
})

/** A feed is read through the nodes of its chain, so there must be such a chain. */
const judgeFeeds = ({ chains, rates }: z.output<typeof fileFields>, context: z.RefinementCtx) => {
  for (const [index, source] of rates.sources.entries()) {
    if (source.kind !== 'chainlink' || Object.hasOwn(chains, String(source.chain))) continue
    const path = ['rates', 'sources', index, 'chain']
    const message = 'is no chain of this configuration: a feed is read through its nodes'
    context.addIssue({ code: 'custom', path, message })
  }
}

export const fileSchema = fileFields.superRefine(judgeFeeds)

/** Names only the environment may give: a file is copied, mailed and committed. */
export const ENVIRONMENT_ONLY: Readonly<Record<string, string>> = {
  api_key: 'QUITTANCE_API_KEY',
  secret_key: 'QUITTANCE_SECRET_KEY',
}

/** File and environment together. */
export const settingsSchema = fileFields
  .extend({
    api_key: judgedText(judgeApiKey).optional(),
    secret_key: judgedText(judgeSecretKey).optional(),
  })
  .superRefine(judgeFeeds)

export type Settings = z.output<typeof settingsSchema>
