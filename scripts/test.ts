/**
 * usage: npm test [-- VITEST ARGUMENTS]
 *
 * Everything CI runs: format, lint, types, signatures of packages, and all tests. Says at the end
 * what was skipped and why, and closes with one line of counts.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installHardhat } from '../hardhat-local/src/install-hardhat.ts'
import { verifySignatures } from './package/verify-signatures.ts'
import { runCommand } from './run-command.ts'

type Assertion = { status: string; fullName: string }
type Report = {
  numPassedTests: number
  numFailedTests: number
  testResults: { name: string; status: string; assertionResults: Assertion[] }[]
}

const FILTERS = process.argv.slice(2)
const STATIC: readonly (readonly [command: string, args: readonly string[]])[] = [
  ['biome', ['check', '.']],
  ['tsc', ['--noEmit', '-p', 'tsconfig.json']],
  ['tsc', ['--noEmit', '-p', 'src/core']],
  ['tsc', ['--noEmit', '-p', 'hardhat-local']],
]

installHardhat()
let failedSteps = 0
for (const [command, args] of FILTERS.length === 0 ? STATIC : []) {
  const code = await runCommand(command, args)
  if (code !== 0) {
    failedSteps += 1
    console.error(`failed: ${command} ${args.join(' ')}`)
  }
}

const signatures = FILTERS.length === 0 ? verifySignatures() : null
if (signatures?.kind === 'refused') {
  failedSteps += 1
  console.error(`failed: npm audit signatures: ${signatures.detail}`)
}

const folder = mkdtempSync(join(tmpdir(), 'quittance-test-'))
const reportPath = join(folder, 'report.json')
const reporters = ['--reporter', 'default', '--reporter', 'json', '--outputFile.json', reportPath]
const code = await runCommand('vitest', ['run', ...reporters, ...FILTERS])
const report = readReport(reportPath)
rmSync(folder, { recursive: true })

const tests = report.testResults.flatMap((file) => file.assertionResults)
const skipped = tests.filter(({ status }) => status === 'skipped' || status === 'pending')
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`)
if (signatures !== null && signatures.kind !== 'refused') {
  console.log(`${signatures.kind}: npm audit signatures: ${signatures.detail}`)
}
if (skipped.length === 0) console.log('no test was skipped')
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
for (const { name } of brokenFiles) console.error(`failed to load: ${name}`)
const failed = report.numFailedTests + failedSteps + brokenFiles.length
console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = code === 0 && failed === 0 ? 0 : 1

function readReport(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] }
  }
}
