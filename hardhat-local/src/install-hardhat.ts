import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE_DIR = fileURLToPath(new URL('..', import.meta.url))
/** npm writes it last: where it is, everything is. */
const INSTALLED = join(PACKAGE_DIR, 'node_modules', '.package-lock.json')
const LOCK = join(tmpdir(), `quittance-install-${encodeURIComponent(PACKAGE_DIR)}.lock`)
const POLL_MS = 200

/**
 * Installs Hardhat and the compiler when they are missing. Test files that run side by side wait
 * for the one that came first.
 */
export function installHardhat(): void {
  while (!existsSync(INSTALLED)) {
    if (!takeLock()) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
      continue
    }
    try {
      if (!existsSync(INSTALLED)) runNpmCi()
    } finally {
      rmSync(LOCK, { force: true })
    }
  }
}

/** npm must itself run on the pinned Node: started by an old one it skips the platform binary. */
function runNpmCi(): void {
  const npmCli = process.env.npm_execpath
  const [program, leading] = npmCli === undefined ? ['npm', []] : [process.execPath, [npmCli]]
  const { status, stderr, error } = spawnSync(
    program,
    [...leading, 'ci', '--prefix', PACKAGE_DIR, '--no-audit', '--no-fund'],
    { cwd: PACKAGE_DIR, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`npm ci failed: ${error?.message ?? stderr}`)
}

/** False while another process that is alive has it. */
function takeLock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!isOwnerAlive()) rmSync(LOCK, { force: true })
    return false
  }
}

function isOwnerAlive(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'))
    // Just made and not written yet.
    if (pid === 0) return true
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
