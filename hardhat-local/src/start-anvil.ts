import { createRequire } from 'node:module'
import { findFreePort } from './find-free-port.ts'
import type { MiningRule } from './judge-body.ts'
import { type LocalNode, runNodeProcess } from './run-node-process.ts'
import { startGate } from './start-gate.ts'

export type { LocalNode } from './run-node-process.ts'

export type StartAnvilOptions = {
  /** Default: a free loopback port. */
  port?: number
  chainId?: number
  /**
   * `manual` (default) mines only when told, `auto` at each transaction, else every `intervalS`.
   */
  mining?: MiningRule
  /** Loaded at start if it exists, written at `stop`. */
  stateFile?: string
  /** Further arguments, such as `['--slots-in-an-epoch', '2']`. */
  args?: readonly string[]
  /**
   * Default true: the node is reached through a gate, without which it may hang for ever when a
   * trace meets the mining of a block. Without, a call takes some 0.2 ms less.
   */
  gate?: boolean
}

const require = createRequire(import.meta.url)

/** Starts anvil on loopback and resolves when it answers. The process never outlives this one. */
export async function startAnvil(options: StartAnvilOptions = {}): Promise<LocalNode> {
  const { mining = 'manual' } = options
  if (options.gate === false) return runAnvil(options, options.port, mining)
  const gate = await startGate(options.port)
  try {
    // Blocks come from the gate, in their turn, and never from the node by itself.
    const node = await runAnvil(options, undefined, 'manual')
    gate.open(node.port, mining)
    return {
      ...node,
      url: `http://127.0.0.1:${gate.port}`,
      port: gate.port,
      stop: async () => {
        await gate.stop()
        await node.stop()
      },
    }
  } catch (error) {
    await gate.stop()
    throw error
  }
}

async function runAnvil(
  options: StartAnvilOptions,
  wantedPort: number | undefined,
  mining: MiningRule,
): Promise<LocalNode> {
  const { chainId = 31_337, stateFile, args = [] } = options
  // Also for a port asked for: else whoever holds it answers before anvil has found out and left.
  const port = await findFreePort(wantedPort)
  const rendered = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)]
  rendered.push('--quiet')
  if (mining === 'manual') rendered.push('--no-mining')
  else if (mining !== 'auto') rendered.push('--block-time', String(mining.intervalS))
  if (stateFile !== undefined) rendered.push('--state', stateFile)
  // Arrival order makes the content of a block predictable; anvil's default sorts by fee.
  if (!args.includes('--order')) rendered.push('--order', 'fifo')
  const program = {
    name: 'anvil',
    command: findAnvilBinary(),
    args: [...rendered, ...args],
    hint: 'install Foundry, or npm ci',
  }
  return runNodeProcess(program, { port, chainId })
}

/**
 * The binary of the npm package where there is one for this platform, else the `anvil` of a Foundry
 * installation on the PATH. Never a wrapper script: signals must reach the node itself.
 */
function findAnvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  try {
    return require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`)
  } catch {
    return 'anvil'
  }
}
