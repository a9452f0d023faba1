import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { GatewayError } from '../../errors.ts'
import type { CliIo } from './cli-io.ts'

/** A first configuration: a local chain with its coin, fixed prices; tokens are added by hand. */
const TEMPLATE = {
  chains: {
    '31337': {
      name: 'Local',
      rpc: ['http://127.0.0.1:8545'],
      test: true,
      poll_interval_ms: 250,
      finality: [{ confirmations: 5 }],
      native: { symbol: 'ETH', decimals: 18 },
      tokens: [],
    },
  },
  rates: { sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500', 'USDC/USD': '1' } }] },
  invoices: { expires_in_s: 900, grace_s: 0, tolerance_bps: 0 },
}

/** `quittance init`: writes quittance.config.json where the user stands; never over an existing one. */
export function buildInitCommand(io: CliIo, cwd: string): Command {
  return new Command('init')
    .description('write a first quittance.config.json for a local chain')
    .option('--path <path>', 'where to write it', 'quittance.config.json')
    .action(({ path }: { path: string }) => {
      const file = resolve(cwd, path)
      if (existsSync(file)) {
        throw new GatewayError(
          'invalid_configuration',
          `${path} exists already; it was not changed.`,
        )
      }
      writeFileSync(file, `${JSON.stringify(TEMPLATE, null, 2)}\n`, { flag: 'wx' })
      io.print(`wrote ${path}`)
      io.print('next:')
      io.print(
        '  quittance keys new                      (on a machine you trust; write the words down)',
      )
      io.print('  export QUITTANCE_XPUB=xpub...           (what keys new printed)')
      io.print('  quittance serve')
      io.print('  quittance store list, then quittance api-key create --store st_...')
    })
}
