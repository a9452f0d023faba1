/** `quittance sweep plan|broadcast|verify`; `sweep sign` is a program of its own, without a network. */
import { Command } from 'commander'
import { type AccountKey, parseAccountKey } from '../../core/keys/deposit-address.ts'
import {
  type Address,
  type Asset,
  type AssetId,
  parseTypedAddress,
  toChecksumAddress,
} from '../../core/money/asset.ts'
import { formatDecimal, parseDecimal } from '../../core/money/decimal.ts'
import { type PlanFile, renderPlan } from '../../core/sweep/plan-file.ts'
import { planTransactions } from '../../core/sweep/plan-transactions.ts'
import { readSigned } from '../../core/sweep/signed-file.ts'
import { COIN_DECIMALS, maxFeeUnits } from '../../core/sweep/sweep-gas.ts'
import type { SweepFacts, SweepMethod } from '../../core/sweep/sweep-plan.ts'
import { WATCHED_AHEAD } from '../../operations/derive-ahead.ts'
import { planSweep } from '../../operations/plan-sweep.ts'
import { type SweepReport, verifySweep } from '../../operations/verify-sweep.ts'
import type { CliIo } from './cli-io.ts'
import { judgeGasShare, MAX_GAS_SHARE } from './judge-gas-share.ts'
import {
  broadcastFile,
  chooseAccount,
  chooseChain,
  createFile,
  EXIT_PARTIAL,
  parseWhole,
  readFileAs,
  refuse,
  type SweepChainOf,
} from './signed-files.ts'

const METHODS: readonly SweepMethod[] = ['delegate', 'direct', 'top-up']

type PlanOptions = {
  readonly chain: string
  readonly to: string
  readonly out: string
  readonly store?: string
  readonly method: string
  readonly clear: boolean
  readonly keepDelegations?: true
  readonly without: readonly string[]
  readonly maxGasShare: string
  readonly force?: true
  readonly sponsor: string
  readonly sponsorXpub?: string
  readonly min: readonly string[]
  readonly upTo?: string
}

export function buildSweepCommand(io: CliIo, chainOf: SweepChainOf): Command {
  const sweep = new Command('sweep').description(
    'bring the money of deposit addresses to your treasury: plan, sign (offline), broadcast, verify',
  )
  sweep
    .command('plan')
    .description('write a plan: what there is to collect, and the transactions that would do it')
    .requiredOption('--chain <id>', 'chain id')
    .requiredOption('--to <address>', 'your treasury')
    .requiredOption('--out <file>', 'file to write')
    .option('--store <id>', 'store; needed when there are several')
    .option('--method <name>', METHODS.join(', '), 'delegate')
    .option('--clear', 'take the delegations back in a later transaction', true)
    .option('--keep-delegations', 'do not take the delegations back (they only pay your treasury)')
    .option('--sponsor <index>', "index of the sponsor, m/44'/60'/N'/1/INDEX", '0')
    .option('--without <asset...>', 'leave assets out, by symbol', [])
    .option('--max-gas-share <percent>', 'the most it may cost of what it collects', MAX_GAS_SHARE)
    .option('--force', 'write the plan although it may cost more')
    .option('--sponsor-xpub <xpub>', 'the sponsor of other words pays: see scheduled collecting')
    .option('--min <asset=amount...>', 'leave smaller balances, e.g. USDC=1', [])
    .option('--up-to <index>', 'last index to look at (default: all issued and prepared)')
    .action((options: PlanOptions) => plan(io, chainOf, options))
  sweep
    .command('sign')
    .description('sign a plan on a machine without a network: quittance sweep sign --help')
  sweep
    .command('authorize')
    .description('sign ahead, without a network, for scheduled collecting: --help says how')
  sweep
    .command('broadcast')
    .description('send what was signed, and wait for it; running it again goes on')
    .argument('<signed>', 'file that `quittance sweep sign` wrote')
    .action((path: string) => broadcastFile(io, chainOf, path, readSigned))
  sweep
    .command('verify')
    .description('check by balances that the money left its addresses')
    .argument('<signed>', 'file that `quittance sweep sign` wrote')
    .action((path: string) => verify(io, chainOf, path))
  return sweep
}

async function plan(io: CliIo, chainOf: SweepChainOf, options: PlanOptions): Promise<void> {
  await io.withInstallation(async ({ config, store, ...deps }) => {
    const settings = chooseChain(config, options.chain)
    const { chainId } = settings
    const method = METHODS.find((one) => one === options.method)
    if (method === undefined) throw refuse('--method', `takes ${METHODS.join(', ')}`)
    const account = chooseAccount(await store.listStores(), options.store)
    const issued = await store.maxIssuedIndex(account.fingerprint)
    const facts = await planSweep(
      { chain: chainOf(chainId) },
      {
        account,
        destination: parseTreasury(options.to),
        method,
        clear: method === 'delegate' && options.keepDelegations !== true,
        sponsorIndex: parseWhole('--sponsor', options.sponsor),
        ...(options.sponsorXpub !== undefined && {
          sponsorAccount: parseSponsor(options.sponsorXpub, account),
        }),
        assets: leaveOut(settings.assets, options.without),
        lastIndex:
          options.upTo === undefined ? issued + WATCHED_AHEAD : parseWhole('--up-to', options.upTo),
        minUnits: parseMinimums(options.min, settings.assets),
        signal: new AbortController().signal,
        onProgress: (done, all) => io.warn(`looked at ${done} of ${all} addresses`),
      },
    )
    await judgeGasShare(io, { ...deps, settings }, facts, options)
    const file = renderPlan(facts)
    await createFile(options.out, `${JSON.stringify(file, null, 2)}\n`)
    deps.logger.info({ chain_id: chainId, entries: facts.entries.length }, 'sweep planned')
    tellPlanned(io, facts, file)
    io.print(
      `Next, without a network: quittance sweep sign ${options.out} --to ${file.destination}`,
    )
  })
}

function tellPlanned(io: CliIo, facts: SweepFacts, file: PlanFile): void {
  for (const { amount, symbol, addresses } of file.totals) {
    io.print(`${amount} ${symbol} from ${addresses} addresses`)
  }
  io.print(`${facts.skipped.length} balances left (listed in the file)`)
  io.print(
    `${file.transactions.length} transactions, at most ` +
      `${formatDecimal(BigInt(file.max_fee), COIN_DECIMALS)} coins of ${file.sponsor.address}`,
  )
  const clearing = planTransactions(facts).filter(({ step }) => step === 'clear')
  if (clearing.length > 0) {
    const units = formatDecimal(maxFeeUnits(clearing, facts.fees), COIN_DECIMALS)
    io.print(`Of these at most ${units} for taking the delegations back`)
  }
  if (facts.sponsor.balanceUnits < BigInt(file.max_fee) && facts.method !== 'direct') {
    const has = formatDecimal(facts.sponsor.balanceUnits, COIN_DECIMALS)
    io.warn(`The sponsor has ${has} coins: send it enough before you broadcast.`)
  }
  io.print(`Digest ${file.digest}`)
}

/** Whoever signs looks for the sponsor at the account number that the plan names. */
function parseSponsor(xpub: string, account: AccountKey): AccountKey {
  const parsed = parseAccountKey(xpub.trim())
  if (!parsed.ok) throw refuse('--sponsor-xpub', parsed.detail)
  if (parsed.key.accountNumber === account.accountNumber) return parsed.key
  throw refuse(
    '--sponsor-xpub',
    `is not of account ${account.accountNumber}, as the store's key is`,
  )
}

function leaveOut(assets: readonly Asset[], without: readonly string[]): Asset[] {
  const stranger = without.find((symbol) => assets.every((asset) => asset.symbol !== symbol))
  if (stranger !== undefined) throw refuse('--without', `${stranger} is no asset of this chain`)
  return assets.filter(({ symbol }) => !without.includes(symbol))
}

async function verify(io: CliIo, chainOf: SweepChainOf, path: string): Promise<void> {
  const sweep = await readFileAs(path, readSigned)
  const signal = new AbortController().signal
  const report = await verifySweep({ chain: chainOf(sweep.chainId) }, { sweep, signal })
  for (const line of describeReport(report)) io.print(line)
  const isDone =
    report.delegated.length === 0 && report.balances.every(({ fault }) => fault === null)
  if (!isDone) io.setExitCode(EXIT_PARTIAL)
}

function describeReport({ blockNumber, balances, delegated }: SweepReport): string[] {
  const left = balances.filter(({ fault }) => fault !== null)
  return [
    `${balances.length - left.length} of ${balances.length} balances collected, ` +
      `as of block ${blockNumber}`,
    ...left.map(({ address, assetId, leftUnits, fault }) => {
      return `${toChecksumAddress(address)} ${assetId}: ${leftUnits ?? 'unknown'} units left: ${fault}`
    }),
    ...delegated.map((address) => `${toChecksumAddress(address)} still delegates`),
  ]
}

function parseMinimums(given: readonly string[], assets: readonly Asset[]): Map<AssetId, bigint> {
  return new Map(
    given.flatMap((text) => {
      const [symbol = '', amount = ''] = text.split('=')
      const named = assets.filter((asset) => asset.symbol === symbol)
      if (named.length === 0) throw refuse('--min', `${symbol} is no asset of this chain`)
      return named.map(({ id, decimals }): [AssetId, bigint] => {
        const parsed = parseDecimal(amount, decimals)
        if (!parsed.ok) throw refuse('--min', 'takes ASSET=AMOUNT, e.g. USDC=1')
        return [id, parsed.units]
      })
    }),
  )
}

function parseTreasury(text: string): Address {
  const typed = parseTypedAddress(text)
  if (typed.ok) return typed.address
  throw refuse('--to', 'takes an address with the right checksum')
}
