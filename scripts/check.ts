/**
 * usage: npm run check
 *
 * The quick gate while working: format and lint, types (the core against its own strict settings),
 * and the tests that need nothing but a process. Stops at the first step that fails.
 */
import { installHardhat } from '../hardhat-local/src/install-hardhat.ts'
import { runCommand } from './run-command.ts'

const STEPS: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['format and lint', 'biome', ['check', '.']],
  ['types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']],
  ['types of the core', 'tsc', ['--noEmit', '-p', 'src/core']],
  ['types of hardhat-local', 'tsc', ['--noEmit', '-p', 'hardhat-local']],
  ['quick tests', 'vitest', ['run', '--project', 'quick', '--reporter', 'dot']],
]

installHardhat()
const startedMs = performance.now()
for (const [name, command, args] of STEPS) {
  console.log(`\n== ${name}`)
  const code = await runCommand(command, args)
  if (code !== 0) {
    console.error(`\ncheck failed at: ${name}`)
    process.exit(code)
  }
}
console.log(`\ncheck passed in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`)
