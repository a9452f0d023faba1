import { Command } from 'commander'
import type { CliIo } from './cli-io.ts'

/** One thing the doctor looked at. */
export type Finding = { readonly ok: boolean; readonly what: string; readonly detail: string }

const EXIT_FAULTS = 1

/** `quittance doctor`: one line per finding; exit 1 when there is a fault. */
export function buildDoctorCommand(io: CliIo, examine: () => Promise<Finding[]>): Command {
  return new Command('doctor')
    .description('check configuration, state, database settings, nodes and clock')
    .action(async () => {
      const findings = await examine()
      for (const { ok, what, detail } of findings) {
        if (ok) io.print(`ok     ${what}: ${detail}`)
        else io.warn(`FAULT  ${what}: ${detail}`)
      }
      const faults = findings.filter((finding) => !finding.ok).length
      io.print(faults === 0 ? 'no faults' : `${faults} fault${faults === 1 ? '' : 's'}`)
      if (faults > 0) io.setExitCode(EXIT_FAULTS)
    })
}
