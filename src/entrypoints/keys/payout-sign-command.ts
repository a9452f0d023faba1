/**
 * `quittance payout sign`: a plan of payouts becomes signed transfers, on a machine without a network.
 * What is signed is the merchant's own list: it is given again, and the plan must pay what it says. The
 * list writes decimals, the plan says how many units that is: so the decimals of tokens are typed too.
 */
import type { Command } from 'commander'
import { toChecksumAddress } from '../../core/money/asset.ts'
import { MAX_DECIMALS, parseDecimal } from '../../core/money/decimal.ts'
import { type PayoutFile, readPayoutPlan } from '../../core/payout/payout-file.ts'
import { type ListedPayout, readPayoutList } from '../../core/payout/payout-list.ts'
import type { PayoutFacts, PlannedPayout } from '../../core/payout/payout-plan.ts'
import { planPayoutTransactions } from '../../core/payout/payout-transactions.ts'
import { renderSignedPayouts } from '../../core/payout/signed-payouts.ts'
import { invalidField } from '../../errors.ts'
import type { KeysIo } from './keys-io.ts'
import { parseCount } from './parse-options.ts'
import {
  buildSigning,
  describeCost,
  readPlanText,
  readTextOf,
  refusePlan,
  type Signable,
  type SigningOptions,
  signPlan,
} from './sign-plan.ts'

type Options = SigningOptions & { readonly list: string; readonly decimals: readonly string[] }

const HELP_AFTER = `
The words are read from standard input, never from arguments. Without --out nothing is signed: you
see who would be paid. Compare each line with what you know of your customers before you sign.

Examples:
  quittance payout sign plan.json --list refunds.csv                                look at a plan
  quittance payout sign plan.json --list refunds.csv --decimals USDC=6 --out s.json  sign it

Exit codes: 0 done, 2 refused.`

/** The `payout sign` command. */
export function buildPayoutCommand(io: KeysIo): Command {
  const { parent, sign } = buildSigning(io, 'payout')
  sign
    .description('Sign a plan of payouts, offline.')
    .argument('<plan>', 'file that `quittance payout plan` wrote')
    .requiredOption('--list <file>', 'your own list of payouts: what it does not say is refused')
    .option(
      '--decimals <asset=count...>',
      'decimals of each token, from your own records, e.g. USDC=6; needed to sign',
      [],
    )
    .addHelpText('after', HELP_AFTER)
    .action((path: string, options: Options) =>
      signPlan(io, options, () => readPayouts(io, path, options)),
    )
  return parent
}

async function readPayouts(io: KeysIo, path: string, options: Options): Promise<Signable> {
  const list = readPayoutList(await readTextOf(io, options.list, '--list'))
  if (!list.ok) throw invalidField('', 'list_refused', `--list: ${list.field} ${list.detail}.`)
  const read = readPayoutPlan(await readPlanText(io, path))
  if (!read.ok) throw refusePlan(read.field, read.detail)
  const { facts, file } = read
  assertDecimals(facts, options)
  assertListed(facts, list.value)
  return {
    facts,
    transactions: planPayoutTransactions(facts),
    maxFeeUnits: BigInt(file.max_fee),
    internal: { field: 'payer', account: facts.payer },
    assertOwn: () => {},
    describe: () => describePlan(facts, file, list.value),
    renderSigned: (signed) => renderSignedPayouts(facts, file.digest, signed),
  }
}

/** More decimals than a token has would pay a thousand times what the list says. */
function assertDecimals({ assets }: PayoutFacts, options: Options): void {
  const typed = new Map(options.decimals.map(parseDecimals))
  const twice = assets.find(({ symbol }, i) => {
    return assets.findIndex((other) => other.symbol === symbol) !== i
  })
  if (twice !== undefined) {
    throw refusePlan('assets', `name ${twice.symbol} twice: put each into a list of its own`)
  }
  for (const [i, { token, symbol, decimals }] of assets.entries()) {
    if (token === null) continue
    const own = typed.get(symbol)
    if (own === undefined && options.out !== undefined) {
      const detail = `--decimals: is needed for ${symbol}; the plan says ${symbol}=${decimals}.`
      throw invalidField('', 'missing', detail)
    }
    if (own !== undefined && own !== decimals) {
      throw refusePlan(`assets[${i}].decimals`, `is not the ${own} of --decimals`)
    }
  }
}

function parseDecimals(text: string): [string, number] {
  const [symbol = '', count = ''] = text.split('=')
  if (symbol !== '') return [symbol, parseCount('--decimals', count, 0, MAX_DECIMALS)]
  throw invalidField('', 'malformed', '--decimals: takes ASSET=COUNT, e.g. USDC=6.')
}

/** Every payout of the plan stands in the list, as it is. */
function assertListed(facts: PayoutFacts, list: readonly ListedPayout[]): void {
  const byReference = new Map(list.map((payout) => [payout.reference, payout]))
  for (const [i, payout] of facts.payouts.entries()) {
    const field = findDifference(facts, payout, byReference.get(payout.reference))
    if (field !== null) throw refusePlan(`payouts[${i}].${field}`, 'is not what the list says')
  }
}

function findDifference(
  { assets }: PayoutFacts,
  payout: PlannedPayout,
  listed: ListedPayout | undefined,
): string | null {
  if (listed === undefined) return 'reference'
  if (listed.to !== payout.to) return 'to'
  const asset = assets.find(({ id }) => id === listed.assetId)
  if (asset === undefined || payout.assetId !== asset.id) return 'asset'
  const amount = parseDecimal(listed.amount, asset.decimals)
  return amount.ok && amount.units === payout.units ? null : 'units'
}

function describePlan(facts: PayoutFacts, file: PayoutFile, list: readonly ListedPayout[]): string {
  const planned = new Set(facts.payouts.map(({ reference }) => reference))
  const others = list.filter(({ reference }) => !planned.has(reference)).length
  const canceled = file.transactions.filter(({ step }) => step === 'cancel').length
  return [
    `Chain:     ${facts.chainId}, as of block ${facts.block.number}\n`,
    `Payer:     ${toChecksumAddress(facts.payer.address)}, nonces from ${facts.payer.nonce}\n`,
    'Pays:\n',
    ...file.payouts.map(({ to, amount, symbol, reference }) => {
      return `  ${to}  ${amount} ${symbol}  ${reference}\n`
    }),
    ...file.totals.map(({ amount, symbol }) => `Total:     ${amount} ${symbol}\n`),
    ...facts.assets.map(({ id, symbol, decimals }) => {
      return `Asset:     ${symbol} is ${id}, ${decimals} decimals\n`
    }),
    ...(others > 0 ? [`Left:      ${others} payouts of the list are not in this plan\n`] : []),
    ...(canceled > 0 ? [`Cancels:   ${canceled} nonces of an earlier plan\n`] : []),
    describeCost(BigInt(file.max_fee), toChecksumAddress(facts.payer.address)),
    `Digest:    ${file.digest}\n`,
  ].join('')
}
