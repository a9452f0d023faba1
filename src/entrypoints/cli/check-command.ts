import { Command } from 'commander'
import { checkState } from '../../operations/check-state.ts'
import type { CliIo } from './cli-io.ts'

const EXIT_VIOLATIONS = 1

/** `quittance check`: verifies the stored state against itself; exit 1 when anything is broken. */
export function buildCheckCommand(io: CliIo): Command {
  return new Command('check')
    .description('verify the stored state against itself (addresses, credits, statuses, events)')
    .option('--json', 'print the report as JSON')
    .action(({ json }: { json?: boolean }) =>
      io.withInstallation(async (installation) => {
        for (const store of await installation.store.listStores()) {
          await installation.accounts.ensure(store)
        }
        const report = await checkState(installation)
        if (json) io.print(JSON.stringify(report, null, 2))
        else {
          for (const { rule, target, detail } of report.violations) {
            io.warn(`${rule} ${target}: ${detail}`)
          }
          const { invoices, payments, events, violations } = report
          io.print(
            `${invoices} invoices, ${payments} payments, ${events} events: ` +
              `${violations.length} violations`,
          )
        }
        if (report.violations.length > 0) io.setExitCode(EXIT_VIOLATIONS)
      }),
    )
}
