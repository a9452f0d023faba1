import { Command } from 'commander'
import { exportAudit } from '../../operations/export-audit.ts'
import type { CliIo } from './cli-io.ts'

const EXIT_BROKEN = 1

/** `quittance audit`: the audit log as JSON lines, for keeping elsewhere; exit 1 when it was changed. */
export function buildAuditCommand(io: CliIo): Command {
  return new Command('audit')
    .description('print the audit log, one JSON object a line; exit 1 when a row was changed')
    .option('--after <seq>', 'begin after this row', '0')
    .action(({ after }: { after: string }) =>
      io.withInstallation(async (installation) => {
        if (!/^(0|[1-9][0-9]{0,14})$/.test(after)) throw new Error('--after must be a row number')
        const tell = (line: object) => io.print(JSON.stringify(line))
        const options = { afterSeq: Number.parseInt(after, 10), tell }
        const { rows, lastHash, broken } = await exportAudit(installation, options)
        if (broken === null) io.warn(`${rows} rows, the last with the hash ${lastHash ?? '-'}`)
        else {
          io.warn(`row ${broken} was changed: its hash does not follow from the row before`)
          io.setExitCode(EXIT_BROKEN)
        }
      }),
    )
}
