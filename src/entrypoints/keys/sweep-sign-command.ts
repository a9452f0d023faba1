/**
 * `quittance sweep sign`: a plan made online becomes signed transactions, on a machine without a
 * network. The plan is untrusted: the treasury is given again, every address is derived again, every
 * transaction is made again. Without --out nothing is signed.
 */
import type { Command } from 'commander'
import { toChecksumAddress } from '../../core/money/asset.ts'
import {
  type PresignedAuthorization,
  readAuthorizations,
} from '../../core/sweep/authorizations-file.ts'
import { type PlanFile, readPlan } from '../../core/sweep/plan-file.ts'
import { planTransactions } from '../../core/sweep/plan-transactions.ts'
import { renderSigned } from '../../core/sweep/signed-file.ts'
import type { SweepFacts } from '../../core/sweep/sweep-plan.ts'
import { type GatewayError, invalidField } from '../../errors.ts'
import { addAuthorize } from './authorize-command.ts'
import type { KeysIo } from './keys-io.ts'
import { parseChecksummed } from './parse-options.ts'
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
import type { Authorize } from './sign-transactions.ts'
import type { SweepKeys } from './sweep-keys.ts'

type Options = SigningOptions & { readonly to: string; readonly authorizations?: string }

const HELP_AFTER = `
The words are read from standard input, never from arguments. Without --out nothing is signed: you
see what the plan would do. Compare the treasury, the totals and the fee before you sign.

Examples:
  quittance sweep sign plan.json --to 0xTREASURY                     look at a plan
  quittance sweep sign plan.json --to 0xTREASURY --out signed.json   sign it

Exit codes: 0 done, 2 refused.`

/** The `sweep sign` command. */
export function buildSweepCommand(io: KeysIo): Command {
  const { parent, sign } = buildSigning(io, 'sweep')
  sign
    .description('Sign a collection plan, offline.')
    .argument('<plan>', 'file that `quittance sweep plan` wrote')
    .requiredOption('--to <address>', 'the treasury, typed again from your own records')
    .option('--authorizations <file>', "signed by `sweep authorize`; the words are the sponsor's")
    .addHelpText('after', HELP_AFTER)
    .action((path: string, options: Options) =>
      signPlan(io, options, () => readSweep(io, path, options)),
    )
  addAuthorize(parent, io)
  return parent
}

async function readSweep(io: KeysIo, path: string, options: Options): Promise<Signable> {
  const destination = parseChecksummed(options.to)
  const read = readPlan(await readPlanText(io, path), destination)
  if (!read.ok) throw refusePlan(read.field, read.detail)
  const { facts, file } = read
  const authorize = await readAuthorize(io, facts, options.authorizations)
  return {
    facts,
    ...(authorize !== null && { authorize }),
    transactions: planTransactions(facts),
    maxFeeUnits: BigInt(file.max_fee),
    internal: { field: 'sponsor', account: facts.sponsor },
    assertOwn: (keys) => (authorize === null ? assertOwnAddresses(facts, keys) : undefined),
    describe: () => describePlan(facts, file),
    renderSigned: (signed) => renderSigned(facts, file.digest, signed),
  }
}

/** The authorizations of the plan, out of those that were signed ahead; null without any. */
async function readAuthorize(
  io: KeysIo,
  facts: SweepFacts,
  path: string | undefined,
): Promise<Authorize | null> {
  if (path === undefined) return null
  const text = await readTextOf(io, path, '--authorizations')
  const read = readAuthorizations(parseJson(text))
  if (!read.ok) throw refuseAuthorizations(`${read.field} ${read.detail}`)
  const { chainId, destination, entries } = read.value
  if (chainId !== facts.chainId) throw refuseAuthorizations(`are for chain ${chainId}`)
  if (destination !== facts.destination) throw refuseAuthorizations('are for another treasury')
  if (facts.clear) throw refusePlan('clear', 'takes the words: plan with --keep-delegations')
  const byAddress = new Map(entries.map((entry) => [entry.address, entry]))
  for (const [i, entry] of facts.entries.entries()) {
    const fits = entry.delegated || (entry.nonce === 0 && byAddress.has(entry.address))
    if (!fits) throw refusePlan(`entries[${i}].address`, 'has no authorization that fits')
  }
  return async (_chainId, { address }) => {
    const { r, s, yParity } = byAddress.get(address) as PresignedAuthorization
    return { r, s, yParity }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function refuseAuthorizations(detail: string): GatewayError {
  return invalidField('', 'authorizations_refused', `--authorizations: ${detail}.`)
}

/** Of an address that is not ours the authorization would be worthless. */
function assertOwnAddresses({ entries }: SweepFacts, keys: SweepKeys): void {
  for (const [i, { index, address }] of entries.entries()) {
    if (keys.depositAddress(index) !== address) {
      throw refusePlan(`entries[${i}].address`, 'does not derive from these words')
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
    describeCost(BigInt(file.max_fee), file.sponsor.address),
    ...skipped.map(([reason, of]) => `Left:      ${of.length} balances (${reason})\n`),
    `Digest:    ${file.digest}\n`,
  ].join('')
}
