import { Command } from 'commander'
import { type BalancesReport, checkBalances } from '../../operations/check-balances.ts'
import { checkState } from '../../operations/check-state.ts'
import type { CliIo } from './cli-io.ts'

/** A broken invariant, or a balance that was asked for and not answered. */
const EXIT_VIOLATIONS = 1

type Options = {
  readonly json?: boolean
  readonly balances?: boolean
  readonly chain?: string
  readonly sample?: string
}

/** `quittance check`: verifies the stored state against itself; exit 1 when anything is broken. */
export function buildCheckCommand(io: CliIo): Command {
  return new Command('check')
    .description('verify the stored state against itself (addresses, credits, statuses, events)')
    .option('--balances', 'also ask the nodes: does what was received and has not left lie there?')
    .option('--chain <id>', 'with --balances: of this chain alone')
    .option('--sample <n>', 'with --balances: ask so many addresses of each chain at most')
    .option('--json', 'print the report as JSON')
    .action(async (options: Options) => {
      const sample = readSample(options)
      const report = await io.withInstallation(async (installation) => {
        for (const store of await installation.store.listStores()) {
          await installation.accounts.ensure(store)
        }
        return checkState(installation)
      })
      const balances = options.balances ? await checkChains(io, options.chain, sample) : []
      const violations = [...report.violations, ...balances.flatMap((one) => one.violations)]
      if (options.json) {
        const told = { ...report, violations, ...(options.balances && { balances }) }
        io.print(JSON.stringify(told, null, 2))
      } else {
        for (const { rule, target, detail } of violations) io.warn(`${rule} ${target}: ${detail}`)
        for (const one of balances) printBalances(io, one)
        const { invoices, payments, events } = report
        io.print(
          `${invoices} invoices, ${payments} payments, ${events} events: ` +
            `${violations.length} violations`,
        )
      }
      const isUnread = balances.some(({ unread }) => unread > 0)
      if (violations.length > 0 || isUnread) io.setExitCode(EXIT_VIOLATIONS)
    })
}

function readSample({ balances, chain, sample }: Options): number | null {
  if (!balances && (chain ?? sample) !== undefined) {
    throw new Error('--chain and --sample need --balances')
  }
  if (sample === undefined) return null
  if (!/^[1-9][0-9]{0,8}$/.test(sample)) throw new Error('--sample must be a number above zero')
  return Number.parseInt(sample, 10)
}

async function checkChains(
  io: CliIo,
  only: string | undefined,
  sample: number | null,
): Promise<BalancesReport[]> {
  const ids =
    only === undefined ? io.loadConfig().chains.map(({ chainId }) => `${chainId}`) : [only]
  const reports: BalancesReport[] = []
  for (const chain of ids) {
    reports.push(
      await io.withChain({ chain, lockFor: null }, (watched) => {
        const { settings, clock } = watched
        const signal = new AbortController().signal
        return checkBalances(watched, { settings, sample, seed: clock.nowMs(), signal })
      }),
    )
  }
  return reports
}

function printBalances(io: CliIo, report: BalancesReport): void {
  const { chainId, blockNumber, accounts, asked, unread, violations } = report
  if (blockNumber === null) {
    io.print(`chain ${chainId}: never watched`)
    return
  }
  const held = asked - unread - violations.length
  io.print(
    `chain ${chainId}: ${held} of ${asked} balances of tokens hold what was received and has not ` +
      `left, after block ${blockNumber}${asked < accounts ? ` (a sample of ${accounts})` : ''}`,
  )
  if (unread === 0) return
  io.warn(
    `chain ${chainId}: ${unread} balances could not be read: no node has the state of block ` +
      `${blockNumber}. Is the gateway following the chain?`,
  )
}
