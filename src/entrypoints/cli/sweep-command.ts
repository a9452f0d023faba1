/** `quittance sweep plan|broadcast|verify`; `sweep sign` is a program of its own, without a network. */
import { readFile, writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { type AccountKey, parseAccountKey } from '../../core/keys/deposit-address.ts'
import {
  type Address,
  type Asset,
  type AssetId,
  parseAddress,
  toChecksumAddress,
} from '../../core/money/asset.ts'
import { formatDecimal, parseDecimal } from '../../core/money/decimal.ts'
import { renderPlan } from '../../core/sweep/plan-file.ts'
import { readSigned, type SignedSweep } from '../../core/sweep/signed-file.ts'
import type { SweepMethod } from '../../core/sweep/sweep-plan.ts'
import { GatewayError } from '../../errors.ts'
import { broadcastSweep, type SentTransaction } from '../../operations/broadcast-sweep.ts'
import { planSweep } from '../../operations/plan-sweep.ts'
import { type SweepReport, verifySweep } from '../../operations/verify-sweep.ts'
import type { SweepChain } from '../../ports/sweep-chain.ts'
import type { CliIo } from './cli-io.ts'

/** Not all of it happened: look at the list, plan again for what is left. */
const EXIT_PARTIAL = 3
/** Indexes beyond the highest issued one that are looked at: the addresses prepared ahead. */
const LOOK_AHEAD = 512
/** Looks at the chain, one a poll, without a new receipt before `broadcast` gives up. */
const PATIENCE = 120
const COIN_DECIMALS = 18
const METHODS: readonly SweepMethod[] = ['delegate', 'direct', 'top-up']

/** A node of a configured chain; main.ts composes it. */
export type SweepChainOf = (chainId: number) => SweepChain

type PlanOptions = {
  readonly chain: string
  readonly to: string
  readonly out: string
  readonly store?: string
  readonly method: string
  readonly keepDelegations?: true
  readonly sponsor: string
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
    .option('--keep-delegations', 'do not take the delegations back (they only pay your treasury)')
    .option('--sponsor <index>', "index of the sponsor, m/44'/60'/N'/1/INDEX", '0')
    .option('--min <asset=amount...>', 'leave smaller balances, e.g. USDC=1', [])
    .option('--up-to <index>', 'last index to look at (default: all issued and prepared)')
    .action((options: PlanOptions) => plan(io, chainOf, options))
  sweep
    .command('sign')
    .description('sign a plan on a machine without a network: quittance sweep sign --help')
  sweep
    .command('broadcast')
    .description('send what was signed, and wait for it; running it again goes on')
    .argument('<signed>', 'file that `quittance sweep sign` wrote')
    .action((path: string) => broadcast(io, chainOf, path))
  sweep
    .command('verify')
    .description('check by balances that the money left its addresses')
    .argument('<signed>', 'file that `quittance sweep sign` wrote')
    .action((path: string) => verify(io, chainOf, path))
  return sweep
}

async function plan(io: CliIo, chainOf: SweepChainOf, options: PlanOptions): Promise<void> {
  await io.withInstallation(async ({ config, store, ...deps }) => {
    const chainId = parseWhole('--chain', options.chain)
    const settings = config.chains.find((one) => one.chainId === chainId)
    if (settings === undefined) throw refuse('--chain', 'is no chain of the configuration')
    const method = METHODS.find((one) => one === options.method)
    if (method === undefined) throw refuse('--method', `takes ${METHODS.join(', ')}`)
    const account = chooseAccount(await store.listStores(), options.store)
    const issued = await store.maxIssuedIndex(account.fingerprint)
    const facts = await planSweep(
      { chain: chainOf(chainId) },
      {
        account,
        destination: parseChecksummed(options.to),
        method,
        clear: method === 'delegate' && options.keepDelegations !== true,
        sponsorIndex: parseWhole('--sponsor', options.sponsor),
        assets: settings.assets,
        lastIndex:
          options.upTo === undefined ? issued + LOOK_AHEAD : parseWhole('--up-to', options.upTo),
        minUnits: parseMinimums(options.min, settings.assets),
        signal: new AbortController().signal,
        onProgress: (done, all) => io.warn(`looked at ${done} of ${all} addresses`),
      },
    )
    deps.logger.info({ chain_id: chainId, entries: facts.entries.length }, 'sweep planned')
    const file = renderPlan(facts)
    await createFile(options.out, `${JSON.stringify(file, null, 2)}\n`)
    for (const { amount, symbol, addresses } of file.totals) {
      io.print(`${amount} ${symbol} from ${addresses} addresses`)
    }
    io.print(`${facts.skipped.length} balances left (listed in the file)`)
    io.print(
      `${file.transactions.length} transactions, at most ` +
        `${formatDecimal(BigInt(file.max_fee), COIN_DECIMALS)} coins of ${file.sponsor.address}`,
    )
    if (facts.sponsor.balanceUnits < BigInt(file.max_fee) && method !== 'direct') {
      const has = formatDecimal(facts.sponsor.balanceUnits, COIN_DECIMALS)
      io.warn(`The sponsor has ${has} coins: send it enough before you broadcast.`)
    }
    io.print(`Digest ${file.digest}`)
    io.print(
      `Next, without a network: quittance sweep sign ${options.out} --to ${file.destination}`,
    )
  })
}

async function broadcast(io: CliIo, chainOf: SweepChainOf, path: string): Promise<void> {
  const sweep = await readSweep(path)
  const chain = chainOf(sweep.chainId)
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, pauseMs(io, sweep)))
  const sent = await broadcastSweep(
    { chain, pause },
    {
      sweep,
      patience: PATIENCE,
      signal: new AbortController().signal,
      onProgress: (done, all) => io.warn(`${done} of ${all} in blocks`),
    },
  )
  for (const one of sent) io.print(describeSent(one))
  const isDone = sent.every(({ outcome }) => outcome.kind === 'mined' && outcome.receipt.succeeded)
  if (!isDone) io.setExitCode(EXIT_PARTIAL)
}

async function verify(io: CliIo, chainOf: SweepChainOf, path: string): Promise<void> {
  const sweep = await readSweep(path)
  const signal = new AbortController().signal
  const report = await verifySweep({ chain: chainOf(sweep.chainId) }, { sweep, signal })
  for (const line of describeReport(report)) io.print(line)
  const isDone =
    report.delegated.length === 0 && report.balances.every(({ fault }) => fault === null)
  if (!isDone) io.setExitCode(EXIT_PARTIAL)
}

function describeSent({ step, hash, from, nonce, outcome }: SentTransaction): string {
  const what = `${step} ${hash} (${toChecksumAddress(from)}, nonce ${nonce})`
  switch (outcome.kind) {
    case 'mined': {
      const { blockNumber, succeeded, gasUsed } = outcome.receipt
      return `${what}: block ${blockNumber}, ${gasUsed} gas${succeeded ? '' : ', REVERTED'}`
    }
    case 'pending':
      return `${what}: sent, in no block yet; run again`
    case 'refused':
      return `${what}: refused: ${outcome.reason}`
    case 'waiting':
      return `${what}: not sent, the step before it did not end`
  }
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

function pauseMs(io: CliIo, { chainId }: SignedSweep): number {
  const settings = io.loadConfig().chains.find((one) => one.chainId === chainId)
  return settings?.pollIntervalMs ?? 2_000
}

async function readSweep(path: string): Promise<SignedSweep> {
  const text = await readFile(path, 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('the file', 'is not JSON')
  }
  const read = readSigned(value)
  if (!read.ok) throw refuse(read.field, read.detail)
  return read.value
}

async function createFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  } catch {
    throw refuse('--out', 'is there already, or cannot be written')
  }
}

function chooseAccount(
  stores: readonly { readonly id: string; readonly xpub: string }[],
  id: string | undefined,
): AccountKey {
  const fitting = id === undefined ? stores : stores.filter((store) => store.id === id)
  const [only, ...others] = fitting
  if (only === undefined) throw refuse('--store', 'is not a store of this installation')
  if (others.length > 0) throw refuse('--store', 'is needed: there are several stores')
  const parsed = parseAccountKey(only.xpub)
  if (!parsed.ok) throw new GatewayError('xpub_mismatch', 'The stored account key is not valid.')
  return parsed.key
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

/** Mixed case must be the checksum; whoever signs compares again. */
function parseChecksummed(text: string): Address {
  const address = parseAddress(text)
  const hasOneCase = text.slice(2) === text.slice(2).toLowerCase()
  if (address !== null && (hasOneCase || toChecksumAddress(address) === text)) return address
  throw refuse('--to', 'takes an address with the right checksum')
}

function parseWhole(option: string, text: string): number {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number.parseInt(text, 10)
  throw refuse(option, 'takes a whole number')
}

function refuse(field: string, detail: string): GatewayError {
  return new GatewayError('invalid_request', `${field}: ${detail}.`)
}
