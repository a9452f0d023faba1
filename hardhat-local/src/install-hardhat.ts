import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE_DIR = fileURLToPath(new URL('..', import.meta.url))

/**
 * Installs Hardhat and the compiler when they are missing. npm must itself run on the pinned Node:
 * started by an old one it skips Hardhat's platform binary.
 */
export function installHardhat(): void {
  if (existsSync(join(PACKAGE_DIR, 'node_modules', 'hardhat', 'package.json'))) return
  const npmCli = process.env.npm_execpath
  const [program, leading] = npmCli === undefined ? ['npm', []] : [process.execPath, [npmCli]]
  const { status, stderr, error } = spawnSync(
    program,
    [...leading, 'ci', '--prefix', PACKAGE_DIR, '--no-audit', '--no-fund'],
    { cwd: PACKAGE_DIR, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`npm ci failed: ${error?.message ?? stderr}`)
}
