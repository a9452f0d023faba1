import { spawnSync } from 'node:child_process'
import { ROOT } from '../run-command.ts'

export type NpmRun = { readonly ok: boolean; readonly stdout: string; readonly stderr: string }

/** Runs the npm that started us on the pinned Node, else the one in PATH; waits for its end. */
export function runNpm(args: readonly string[], cwd = ROOT): NpmRun {
  const npmCli = process.env.npm_execpath
  const [program, leading] = npmCli === undefined ? ['npm', []] : [process.execPath, [npmCli]]
  const run = spawnSync(program, [...leading, ...args], {
    cwd,
    encoding: 'utf8',
    // An SBOM is some hundred kB.
    maxBuffer: 64 * 1024 * 1024,
  })
  const stderr = run.error === undefined ? run.stderr : run.error.message
  return { ok: run.status === 0, stdout: run.stdout ?? '', stderr }
}
