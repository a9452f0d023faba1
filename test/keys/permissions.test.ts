/** SW-07, SW-18: the keys tool as `quittance` starts it, behind Node's permission model. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { permissionsFor, runOffline } from '../../src/entrypoints/cli/run-offline.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'quittance-permissions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const secret = join(folder, 'wallet.json')
writeFileSync(secret, 'words')

/** Runs a line of code where the keys tool would run, and says how it ended. */
function attempt(args: readonly string[], code: string): string {
  const flags = [...permissionsFor(args), '--input-type=module', '--eval']
  const run = spawnSync(process.execPath, [...flags, code], { encoding: 'utf8' })
  return run.status === 0 ? 'done' : (/ERR_ACCESS_DENIED/.exec(run.stderr)?.[0] ?? run.stderr)
}

const READ = `import { readFileSync } from 'node:fs'; readFileSync(${JSON.stringify(secret)})`
const OUT = join(folder, 'signed.json')
const WRITE = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(OUT)}, 'x')`
const DENIED = 'ERR_ACCESS_DENIED'

describe('SW-18 a package that turned bad, inside the keys tool', () => {
  test('reads no file of the user, but the plan it was given', () => {
    expect(attempt(['new'], READ)).toBe(DENIED)
    expect(attempt(['sweep', 'sign', secret], READ)).toBe('done')
    expect(attempt(['sweep', 'sign', join(folder, 'plan.json')], READ)).toBe(DENIED)
  })

  test('writes no file, but the one that was named', () => {
    expect(attempt(['new'], WRITE)).toBe(DENIED)
    expect(attempt(['sweep', 'sign', 'plan.json', '--to', OUT], WRITE)).toBe(DENIED)
    expect(attempt(['sweep', 'sign', 'plan.json', '--out', OUT], WRITE)).toBe('done')
    expect(attempt(['sweep', 'sign', 'plan.json', `--out=${OUT}`], WRITE)).toBe('done')
    expect(attempt(['sweep', 'authorize', '--out', OUT], WRITE)).toBe('done')
  })

  test('starts no program, no thread and no native code', () => {
    const program = `import { execSync } from 'node:child_process'; execSync('true')`
    const thread = `import { Worker } from 'node:worker_threads'; new Worker('', { eval: true })`
    const native = `import { createRequire } from 'node:module';
      createRequire(${JSON.stringify(import.meta.url)})('better-sqlite3')(':memory:')`
    expect(attempt(['new'], program)).toBe(DENIED)
    expect(attempt(['new'], thread)).toBe(DENIED)
    expect(attempt(['new'], native)).toMatch(/ERR_(ACCESS_DENIED|DLOPEN_DISABLED)/)
  })
})

test('SW-07 behind them the tool still does its work', async () => {
  const end = await runOffline(['address', '--xpub', TEST_XPUB, '--index', '7'], 'pipe')
  expect(end.code).toBe(0)
  expect(end.stdout).toContain("m/44'/60'/0'/0/7")
})
