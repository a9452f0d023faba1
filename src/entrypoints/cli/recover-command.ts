/**
 * `quittance recover --xpub`: where the money of an account key lies, without a database.
 * `quittance keys recover` starts it with the xpub of typed words.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import {
  type AccountKey,
  MAX_DERIVATION_INDEX,
  parseAccountKey,
} from '../../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'
import { formatDecimal } from '../../core/money/decimal.ts'
import { ChainSourceError, GatewayError } from '../../errors.ts'
import {
  type FoundAddress,
  type FoundBalance,
  type Recovery,
  recoverAccount,
} from '../../operations/recover-account.ts'
import type { CliIo } from './cli-io.ts'
import type { SweepChainOf } from './signed-files.ts'

/** Searched, and there is no money. */
const EXIT_NOTHING = 1
/** Not searched, or not to the end. */
const EXIT_FAILED = 2
/** Searched, but some balances could not be read. */
const EXIT_PARTIAL = 3
/** More than orders that nobody paid make up; a search of this many takes seconds to minutes. */
const RECOVERY_GAP = '2000'

type Options = {
  readonly xpub?: string
  readonly gap: string
  readonly upTo?: string
  readonly json?: true
}

export function buildRecoverCommand(io: CliIo, chainOf: SweepChainOf): Command {
  return new Command('recover')
    .description('find the money of an account key by balances, on all configured chains')
    .option(
      '--xpub <xpub>',
      'account-level extended public key; from words: quittance keys recover',
    )
    .option('--gap <count>', 'end after this many unused addresses in a row', RECOVERY_GAP)
    .option('--up-to <index>', 'last index to look at')
    .option('--json', 'print one JSON object at the end')
    .addHelpText('after', HELP_AFTER)
    .action(async (options: Options) => {
      try {
        await recover(io, chainOf, options)
      } catch (error) {
        if (!(error instanceof GatewayError || error instanceof ChainSourceError)) throw error
        io.warn(`error: ${error.message}`)
        io.setExitCode(EXIT_FAILED)
      }
    })
}

const HELP_AFTER = `
Needs the configuration for its chains, tokens and nodes; no database, no state, no keys.
An address is unused when it has no balance and sent no transaction on any of the chains.

Exit codes: 0 money found, 1 nothing there, 2 not searched to the end, 3 some balances unreadable.`

async function recover(io: CliIo, chainOf: SweepChainOf, options: Options): Promise<void> {
  const account = parseXpub(options.xpub)
  const gap = parseWhole('--gap', options.gap, 1)
  const last = parseWhole('--up-to', options.upTo ?? String(MAX_DERIVATION_INDEX), 0)
  const chains = io.loadConfig().chains.map(({ chainId, assets }) => {
    return { chain: chainOf(chainId), assets }
  })
  if (chains.length === 0) throw refuse('chains', 'none is configured')
  const recovery = await recoverAccount(
    { chains, pause: (ms) => sleep(ms) },
    {
      account,
      gap,
      endIndex: last + 1,
      signal: new AbortController().signal,
      onFound: (found) => {
        if (!options.json) io.print(describeFound(found))
      },
      onProgress: (scanned, found) =>
        io.warn(`looked at ${scanned} addresses, ${found} with money`),
    },
  )
  if (options.json) io.print(renderJson(account, recovery))
  else for (const line of describeTotals(recovery)) io.print(line)
  for (const [id, count] of recovery.unread) {
    io.warn(`UNREAD: ${id} did not answer as a token for ${count} addresses`)
  }
  if (recovery.unread.size > 0) io.setExitCode(EXIT_PARTIAL)
  else if (recovery.found.length === 0) io.setExitCode(EXIT_NOTHING)
}

function describeFound({ index, path, address, balances }: FoundAddress): string {
  const amounts = balances.map(({ asset, units }) => describeAmount({ asset, units }))
  return `${index}  ${path}  ${toChecksumAddress(address)}  ${amounts.join(', ')}`
}

function describeAmount({ asset, units }: FoundBalance): string {
  return `${formatDecimal(units, asset.decimals)} ${asset.symbol} (chain ${asset.chainId})`
}

function describeTotals({ found, scanned, lastUsedIndex }: Recovery): string[] {
  const used = lastUsedIndex === null ? 'none was ever used' : `last used index ${lastUsedIndex}`
  return [
    ...sumUp(found).map((total) => `Total: ${describeAmount(total)}`),
    `${found.length} addresses with money among ${scanned}; ${used}`,
  ]
}

function sumUp(found: readonly FoundAddress[]): FoundBalance[] {
  const all = found.flatMap(({ balances }) => balances)
  return [...Map.groupBy(all, ({ asset }) => asset.id).values()].map((of) => ({
    asset: (of[0] as FoundBalance).asset,
    units: of.reduce((sum, { units }) => sum + units, 0n),
  }))
}

function renderJson(account: AccountKey, recovery: Recovery): string {
  const { found, scanned, lastUsedIndex, unread } = recovery
  const resource = {
    fingerprint: account.fingerprint,
    account: account.accountNumber,
    scanned,
    last_used_index: lastUsedIndex,
    found: found.map(({ index, path, address, balances }) => ({
      index,
      path,
      address: toChecksumAddress(address),
      balances: balances.map(renderAmount),
    })),
    totals: sumUp(found).map(renderAmount),
    unread: [...unread].map(([asset, addresses]) => ({ asset, addresses })),
  }
  return JSON.stringify(resource, null, 2)
}

function renderAmount({ asset, units }: FoundBalance) {
  const amount = formatDecimal(units, asset.decimals)
  return { asset: asset.id, symbol: asset.symbol, units: units.toString(), amount }
}

function parseXpub(text: string | undefined): AccountKey {
  if (text === undefined) throw refuse('--xpub', 'is needed; from words: quittance keys recover')
  const parsed = parseAccountKey(text.trim())
  if (!parsed.ok) throw refuse('--xpub', parsed.detail)
  return parsed.key
}

function parseWhole(option: string, text: string, min: number): number {
  const value = /^(?:0|[1-9][0-9]{0,9})$/.test(text) ? Number.parseInt(text, 10) : -1
  if (value >= min && value <= MAX_DERIVATION_INDEX) return value
  throw refuse(option, `takes a whole number from ${min} to ${MAX_DERIVATION_INDEX}`)
}

function refuse(field: string, detail: string): GatewayError {
  return new GatewayError('invalid_request', `${field}: ${detail}.`)
}
