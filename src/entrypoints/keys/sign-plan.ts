/** What signing has in common, whatever is signed: a plan that nobody believes, words, one new file. */
import { Command, CommanderError } from 'commander'
import { formatDecimal, parseDecimal } from '../../core/money/decimal.ts'
import type { Signed } from '../../core/sweep/signed-file.ts'
import { COIN_DECIMALS } from '../../core/sweep/sweep-gas.ts'
import type { CommonFacts, PlannedTransaction, Sponsor } from '../../core/sweep/sweep-plan.ts'
import { type GatewayError, invalidField } from '../../errors.ts'
import { createOut, EXIT_OK, EXIT_USAGE, type KeysIo, runTelling } from './keys-io.ts'
import { addWalletOptions } from './parse-options.ts'
import { readSeed, type WalletOptions } from './read-secret.ts'
import { type Authorize, signTransactions } from './sign-transactions.ts'
import { openSweepKeys, type SweepKeys } from './sweep-keys.ts'

/** The most all transactions may cost unless `--max-fee` says otherwise, in coins. */
const MAX_FEE_DEFAULT = '0.05'

export type SigningOptions = WalletOptions & {
  readonly out?: string
  readonly maxFee: string
  readonly force?: true
}

/** A plan that was read, and what becomes of it. */
export type Signable = {
  readonly facts: CommonFacts
  readonly transactions: readonly PlannedTransaction[]
  readonly maxFeeUnits: bigint
  /** Who pays, and the field of the plan that says so. */
  readonly internal: { readonly field: string; readonly account: Sponsor }
  /** Authorizations that were signed before: the words are then those of the sponsor alone. */
  readonly authorize?: Authorize
  /** Throws where the plan names an address as ours that is not. */
  assertOwn(keys: SweepKeys): void
  /** What a person compares before signing. */
  describe(): string
  renderSigned(signed: readonly Signed[]): object
}

/** The command `name` with `sign` under it, to which arguments and options of its own are added. */
export function buildSigning(io: KeysIo, name: string): { parent: Command; sign: Command } {
  const parent = new Command(name)
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .exitOverride((error) => {
      const code = error.exitCode === 0 ? EXIT_OK : EXIT_USAGE
      io.setExitCode(code)
      throw new CommanderError(code, error.code, error.message)
    })
  const sign = parent
    .command('sign')
    .option('--out <file>', 'write the signed transactions there; without it nothing is signed')
    .option('--max-fee <coins>', 'the most all transactions may cost', MAX_FEE_DEFAULT)
    .option('--force', 'sign although it costs more than --max-fee')
  return { parent, sign: addWalletOptions(sign) }
}

/** Shows the plan and, with `--out`, signs it. Faults are told on stderr and set the exit code. */
export async function signPlan(
  io: KeysIo,
  options: SigningOptions,
  read: () => Promise<Signable>,
): Promise<void> {
  await runTelling(io, async () => signOrShow(io, options, await read()))
}

async function signOrShow(io: KeysIo, options: SigningOptions, plan: Signable): Promise<void> {
  const { facts, internal } = plan
  if (plan.maxFeeUnits > parseMaxFee(options.maxFee) && options.force !== true) {
    const coins = formatDecimal(plan.maxFeeUnits, COIN_DECIMALS)
    throw refusePlan('max_fee', `may cost up to ${coins}, more than --max-fee ${options.maxFee}`)
  }
  const keys = openSweepKeys(await readSeed(io, options), facts.accountNumber)
  try {
    if (plan.authorize === undefined && keys.fingerprint !== facts.fingerprint) {
      throw refusePlan('account.fingerprint', 'is of another account key than these words')
    }
    if (keys.internalAddress(internal.account.index) !== internal.account.address) {
      throw refusePlan(`${internal.field}.address`, 'does not derive from these words')
    }
    plan.assertOwn(keys)
    io.stdout.write(plan.describe())
    if (options.out === undefined) {
      io.stdout.write('Nothing was signed. Add --out FILE to sign.\n')
      return
    }
    const onSigned = (done: number, all: number) => {
      if (io.isTTY) io.stderr.write(`\rsigned ${done} of ${all}${done === all ? '\n' : ''}`)
    }
    const choices = { onSigned, ...(plan.authorize && { authorize: plan.authorize }) }
    const signed = await signTransactions(facts, plan.transactions, keys, choices)
    const text = `${JSON.stringify(plan.renderSigned(signed), null, 2)}\n`
    await createOut(io, options.out, text)
    io.stdout.write(`${signed.length} transactions signed: ${options.out}\n`)
  } finally {
    keys.wipe()
  }
}

/** Reads the JSON of a plan. */
export async function readPlanText(io: KeysIo, path: string): Promise<unknown> {
  const text = await readTextOf(io, path, 'plan')
  try {
    return JSON.parse(text)
  } catch {
    throw refusePlan('the file', 'is not JSON')
  }
}

/** `what` names the argument in a fault. */
export async function readTextOf(io: KeysIo, path: string, what: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch {
    throw invalidField('', 'not_readable', `${what}: the file cannot be read.`)
  }
}

/** Fee and payer as every summary shows them. */
export function describeCost(maxFeeUnits: bigint, payer: string): string {
  return `Costs:     at most ${formatDecimal(maxFeeUnits, COIN_DECIMALS)} coins, paid by ${payer}\n`
}

export function refusePlan(field: string, detail: string): GatewayError {
  return invalidField('', 'plan_refused', `plan: ${field} ${detail}.`)
}

function parseMaxFee(text: string): bigint {
  const parsed = parseDecimal(text, COIN_DECIMALS)
  if (parsed.ok && parsed.units > 0n) return parsed.units
  throw invalidField('', 'out_of_range', '--max-fee: takes an amount of coins such as 0.05.')
}
