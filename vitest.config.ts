import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Two groups: `quick` is done in less than a minute, `slow` starts nodes and gateways, or takes long. */
const SLOW = [
  'test/e2e/**',
  'test/hardhat-local/**',
  'test/simulation/**',
  'test/adversary/**',
  'test/mutation/trial-process.test.ts',
  'test/contract/chain-source.test.ts',
  'test/contract/chain-source-hardhat.test.ts',
  'test/supply-chain/published-package.test.ts',
  'test/adapters/sqlite/killed-migration.test.ts',
  'test/adapters/evm-rpc/several-nodes.test.ts',
  'test/http/checkout-viewers.test.ts',
  'test/keys/key-file.test.ts',
]

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: SLOW,
          // One module graph per worker instead of one per file: these tests keep no state in modules.
          isolate: false,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: SLOW.map((path) => path.replace('**', '**/*.test.ts')),
          // After the others, and beside fewer: they look at the clock.
          sequence: { groupOrder: 1 },
          // Real processes on a shared machine: CI gives one more try, and the report shows it.
          retry: process.env.CI === undefined ? 0 : 1,
        },
      },
    ],
  },
})
