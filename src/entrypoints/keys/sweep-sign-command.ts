/**
 * `quittance sweep sign`: a plan made online becomes signed transactions, on a machine without a
 * network. The plan is untrusted: the treasury is given again, every address is derived again, every
 * transaction is made again. Without --out nothing is signed.
 */
import { Command, CommanderError } from 'commander'
import { type Address, toChecksumAddress } from '../../core/money/asset.ts'
import { formatDecimal, parseDecimal } from '../../core/money/decimal.ts'
import { type PlanFile, readPlan } from '../../core/sweep/plan-file.ts'
import { renderSigned } from '../../core/sweep/signed-file.ts'
import type { SweepFacts } from '../../core/sweep/sweep-plan.ts'
import { GatewayError, invalidField } from '../../errors.ts'
import { EXIT_OK, EXIT_USAGE, type KeysIo } from './keys-io.ts'
import { deriveSeed, parseMnemonic } from './mnemonic.ts'
import { parseChecksummed } from './parse-options.ts'
import { readSecrets } from './read-secret.ts'
import { signTransactions } from './sign-transactions.ts'
import { openSweepKeys, type SweepKeys } from './sweep-keys.ts'

/** Native coins have 18 decimals on every chain the tool knows. */
const COIN_DECIMALS = 18
/** The most the whole collection may cost unless `--max-fee` says otherwise, in coins. */
const MAX_FEE_DEFAULT = '0.05'

export type SweepSignIo = KeysIo & {
  /** Text of a file. Rejects as Node does. */
  readFile(path: string): Promise<string>
  /** Creates a file that was not there, readable by its owner alone. */
  createFile(path: string, text: string): Promise<void>
}

type Options = {
  readonly to: string
  readonly out?: string
  readonly maxFee: string
  readonly passphrase?: true
  readonly force?: true
}

const HELP_AFTER = `
The words are read from standard input, never from arguments. Without --out nothing is signed: you
see what the plan would do. Compare the treasury, the totals and the fee before you sign.

Examples:
  quittance sweep sign plan.json --to 0xTREASURY                     look at a plan
  quittance sweep sign plan.json --to 0xTREASURY --out signed.json   sign it

Exit codes: 0 done, 2 refused.`

/** The `sweep sign` command. Faults are told on stderr and set the exit code. */
export function buildSweepCommand(io: SweepSignIo): Command {
  const sweep = new Command('sweep')
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
  sweep
    .command('sign')
    .description('Sign a collection plan, offline.')
    .argument('<plan>', 'file that `quittance sweep plan` wrote')
    .requiredOption('--to <address>', 'the treasury, typed again from your own records')
    .option('--out <file>', 'write the signed transactions there; without it nothing is signed')
    .option('--max-fee <coins>', 'the most all transactions may cost', MAX_FEE_DEFAULT)
    .option('--passphrase', 'also ask for a BIP-39 passphrase')
    .option('--force', 'sign although it costs more than --max-fee')
    .addHelpText('after', HELP_AFTER)
    .action((path: string, options: Options) => run(io, () => signPlan(io, path, options)))
  return sweep
}

async function signPlan(io: SweepSignIo, path: string, options: Options): Promise<void> {
  const destination = parseChecksummed(options.to)
  const maxFeeUnits = parseMaxFee(options.maxFee)
  const { facts, file } = readPlanFile(await readText(io, path), destination)
  const feeUnits = BigInt(file.max_fee)
  if (feeUnits > maxFeeUnits && options.force !== true) {
    const coins = formatDecimal(feeUnits, COIN_DECIMALS)
    throw refuse('max_fee', `may cost up to ${coins}, more than --max-fee ${options.maxFee}`)
  }
  const secrets = await readSecrets(io, options.passphrase === true)
  const seed = deriveSeed(parseMnemonic(secrets.words), secrets.passphrase)
  const keys = openSweepKeys(seed, facts.accountNumber)
  try {
    assertOwnAddresses(facts, keys)
    io.stdout.write(describePlan(facts, file))
    if (options.out === undefined) {
      io.stdout.write('Nothing was signed. Add --out FILE to sign.\n')
      return
    }
    const signed = await signTransactions(facts, keys, (done, all) => {
      if (io.isTTY) io.stderr.write(`\rsigned ${done} of ${all}${done === all ? '\n' : ''}`)
    })
    const text = `${JSON.stringify(renderSigned(facts, file.digest, signed), null, 2)}\n`
    await createFile(io, options.out, text)
    io.stdout.write(`${signed.length} transactions signed: ${options.out}\n`)
  } finally {
    keys.wipe()
  }
}

/** A plan must not name an address as ours that is not: its authorization would be worthless. */
function assertOwnAddresses(facts: SweepFacts, keys: SweepKeys): void {
  if (keys.fingerprint !== facts.fingerprint) {
    throw refuse('account.fingerprint', 'is of another account key than these words')
  }
  if (keys.sponsorAddress(facts.sponsor.index) !== facts.sponsor.address) {
    throw refuse('sponsor.address', 'does not derive from these words')
  }
  for (const [i, { index, address }] of facts.entries.entries()) {
    if (keys.depositAddress(index) !== address) {
      throw refuse(`entries[${i}].address`, 'does not derive from these words')
    }
  }
}

function describePlan(facts: SweepFacts, file: PlanFile): string {
  const totals = file.totals.map(
    ({ amount, symbol, addresses }) => `  ${amount} ${symbol} from ${addresses} addresses\n`,
  )
  const steps = [...Map.groupBy(file.transactions, ({ step }) => step)]
  const skipped = [...Map.groupBy(facts.skipped, ({ reason }) => reason)]
  return [
    `Chain:     ${facts.chainId}, as of block ${facts.block.number}\n`,
    `Treasury:  ${toChecksumAddress(facts.destination)}\n`,
    `Method:    ${facts.method}${facts.clear ? ', delegations are taken back' : ''}\n`,
    `Collects:\n${totals.length === 0 ? '  nothing\n' : totals.join('')}`,
    `Sends:     ${steps.map(([step, of]) => `${of.length} ${step}`).join(', ') || 'nothing'}\n`,
    `Costs:     at most ${formatDecimal(BigInt(file.max_fee), COIN_DECIMALS)} coins, paid by ` +
      `${file.sponsor.address}\n`,
    ...skipped.map(([reason, of]) => `Left:      ${of.length} balances (${reason})\n`),
    `Digest:    ${file.digest}\n`,
  ].join('')
}

function readPlanFile(text: string, destination: Address): { facts: SweepFacts; file: PlanFile } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('the file', 'is not JSON')
  }
  const read = readPlan(value, destination)
  if (!read.ok) throw refuse(read.field, read.detail)
  return read
}

async function readText(io: SweepSignIo, path: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch {
    throw invalidField('', 'not_readable', 'plan: the file cannot be read.')
  }
}

async function createFile(io: SweepSignIo, path: string, text: string): Promise<void> {
  try {
    await io.createFile(path, text)
  } catch {
    throw invalidField('', 'not_writable', '--out: the file is there already, or cannot be made.')
  }
}

function parseMaxFee(text: string): bigint {
  const parsed = parseDecimal(text, COIN_DECIMALS)
  if (parsed.ok && parsed.units > 0n) return parsed.units
  throw invalidField('', 'out_of_range', '--max-fee: takes an amount of coins such as 0.05.')
}

function refuse(field: string, detail: string): GatewayError {
  return invalidField('', 'plan_refused', `plan: ${field} ${detail}.`)
}

async function run(io: KeysIo, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    io.stderr.write(`error: ${error.message}\n`)
    io.setExitCode(EXIT_USAGE)
  }
}
