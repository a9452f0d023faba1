/** `quittance payout plan|broadcast|verify`; `payout sign` is a program of its own, without a network. */
import { Command } from 'commander'
import { type ChainSettings, strictestFinality } from '../../core/chain/chain-settings.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'
import { formatDecimal } from '../../core/money/decimal.ts'
import { renderPayoutPlan } from '../../core/payout/payout-file.ts'
import { readPayoutList } from '../../core/payout/payout-list.ts'
import { readSignedPayouts } from '../../core/payout/signed-payouts.ts'
import { COIN_DECIMALS } from '../../core/sweep/sweep-gas.ts'
import { planPayouts } from '../../operations/plan-payouts.ts'
import { type VerifiedPayout, verifyPayouts } from '../../operations/verify-payouts.ts'
import type { CliIo } from './cli-io.ts'
import {
  broadcastFile,
  chooseAccount,
  chooseChain,
  createFile,
  EXIT_PARTIAL,
  parseWhole,
  readFileAs,
  readText,
  refuse,
  type SweepChainOf,
} from './signed-files.ts'

/** The account of the internal chain that pays, next to the sponsor of collections at 0. */
const PAYER_INDEX = '1'
/** Where finality is a tag: two epochs of Ethereum, and within the states that nodes keep. */
const DEPTH_WITHOUT_COUNT = 64

type PlanOptions = {
  readonly chain: string
  readonly out: string
  readonly store?: string
  readonly payer: string
  readonly replace?: true
}

const HELP_LIST = `
The list is CSV with a header line, or JSON: an array, or an object with it in "payouts".

  asset,to,amount,reference
  eip155:8453/erc20:0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913,0xCUSTOMER,12.50,refund of order 1001

A reference names one payout for ever: planned again it keeps its nonce, so it is never paid twice.
Rows of other chains wait for a plan of their own. A column "chain" may be there.

Exit codes: 0 done, 1 refused, 3 some payouts were planned before and are left out.`

export function buildPayoutCommand(io: CliIo, chainOf: SweepChainOf): Command {
  const payout = new Command('payout').description(
    'pay refunds and others from an account of your words: plan, sign (offline), broadcast, verify',
  )
  payout
    .command('plan')
    .description('write a plan: the transfers that a list of payouts asks for')
    .argument('<list>', 'file with chain, asset, to, amount, reference')
    .requiredOption('--chain <id>', 'chain id')
    .requiredOption('--out <file>', 'file to write')
    .option('--store <id>', 'store; needed when there are several')
    .option('--payer <index>', "index of the payer, m/44'/60'/N'/1/INDEX", PAYER_INDEX)
    .option('--replace', 'take the places of payouts that were planned and not sent')
    .addHelpText('after', HELP_LIST)
    .action((path: string, options: PlanOptions) => plan(io, chainOf, path, options))
  payout
    .command('sign')
    .description('sign a plan on a machine without a network: quittance payout sign --help')
  payout
    .command('broadcast')
    .description('send what was signed, and wait for it; running it again goes on')
    .argument('<signed>', 'file that `quittance payout sign` wrote')
    .action((path: string) => broadcastFile(io, chainOf, path, readSignedPayouts))
  payout
    .command('verify')
    .description('check by the chain who was paid; what failed for good may be planned again')
    .argument('<signed>', 'file that `quittance payout sign` wrote')
    .option('--json', 'print one JSON array')
    .action((path: string, options: { json?: true }) => verify(io, chainOf, path, options))
  return payout
}

async function plan(
  io: CliIo,
  chainOf: SweepChainOf,
  path: string,
  options: PlanOptions,
): Promise<void> {
  const list = readPayoutList(await readText(path))
  if (!list.ok) throw refuse(list.field, list.detail)
  await io.withPayouts(async ({ config, store, journal, logger }) => {
    const { chainId, assets } = chooseChain(config, options.chain)
    const payouts = list.value.filter((payout) => payout.chainId === chainId)
    if (payouts.length === 0) throw refuse('--chain', 'has no payout in the list')
    const { facts, left } = await planPayouts(
      { chain: chainOf(chainId), store, journal },
      {
        account: chooseAccount(await store.listStores(), options.store),
        payerIndex: parseWhole('--payer', options.payer),
        payouts,
        assets,
        replace: options.replace === true,
        signal: new AbortController().signal,
      },
    )
    const file = renderPayoutPlan(facts)
    for (const { reference, nonce } of left) {
      io.warn(`LEFT OUT: "${reference}" was planned with nonce ${nonce}, which is used: verify it`)
    }
    if (left.length > 0) io.setExitCode(EXIT_PARTIAL)
    if (facts.payouts.length === 0) {
      io.print('0 payouts to make; no file was written')
      return
    }
    await createFile(options.out, `${JSON.stringify(file, null, 2)}\n`)
    logger.info({ chain_id: chainId, payouts: facts.payouts.length }, 'payouts planned')
    const others = list.value.length - payouts.length
    if (others > 0) io.print(`${others} payouts of other chains are not in this plan`)
    for (const { amount, symbol } of file.totals) io.print(`${amount} ${symbol}`)
    io.print(
      `${facts.payouts.length} payouts in ${file.transactions.length} transactions, at most ` +
        `${formatDecimal(BigInt(file.max_fee), COIN_DECIMALS)} coins of ${file.payer.address}`,
    )
    io.print(`Digest ${file.digest}`)
    io.print(`Next, without a network: quittance payout sign ${options.out} --list ${path}`)
  })
}

async function verify(
  io: CliIo,
  chainOf: SweepChainOf,
  path: string,
  { json }: { readonly json?: true },
): Promise<void> {
  const signed = await readFileAs(path, readSignedPayouts)
  await io.withPayouts(async ({ config, journal }) => {
    const settings = chooseChain(config, String(signed.chainId))
    const verified = await verifyPayouts(
      { chain: chainOf(signed.chainId), journal },
      {
        signed,
        finalDepth: findDepth(settings),
        signal: new AbortController().signal,
      },
    )
    if (json) io.print(JSON.stringify(verified.map(renderVerified), null, 2))
    else for (const one of verified) io.print(describeVerified(one))
    if (verified.some(({ state }) => state !== 'paid')) io.setExitCode(EXIT_PARTIAL)
  })
}

/** The depth that the chain's policy asks of the largest payments. */
function findDepth(settings: ChainSettings): number {
  const rule = strictestFinality(settings)
  return rule.kind === 'depth' ? rule.confirmations : DEPTH_WITHOUT_COUNT
}

function describeVerified(payout: VerifiedPayout): string {
  const { reference, to, state, detail, txHash, blockNumber, confirmations } = payout
  const where = blockNumber === null ? '' : ` ${blockNumber}, ${confirmations} confirmations`
  return `${state}: "${reference}" to ${toChecksumAddress(to)}: ${detail}${where} (${txHash})`
}

function renderVerified(payout: VerifiedPayout) {
  const { reference, assetId, to, units, txHash, state, detail } = payout
  return {
    reference,
    asset: assetId,
    to: toChecksumAddress(to),
    units: units.toString(),
    tx_hash: txHash,
    state,
    detail,
    block_number: payout.blockNumber,
    confirmations: payout.confirmations,
  }
}
