import { createRequire } from 'node:module'
import { findFreePort } from './find-free-port.ts'
import { type LocalNode, runNodeProcess } from './run-node-process.ts'

export type { LocalNode } from './run-node-process.ts'

export type StartAnvilOptions = {
  /** Default: a free loopback port. */
  port?: number
  chainId?: number
  /**
   * `manual` (default) mines only when told, `auto` at each transaction, else every `intervalS`.
   */
  mining?: 'manual' | 'auto' | { intervalS: number }
  /** Loaded at start if it exists, written at `stop`. */
  stateFile?: string
  /** Further arguments, such as `['--slots-in-an-epoch', '2']`. */
  args?: readonly string[]
}

const require = createRequire(import.meta.url)

/** Starts anvil on loopback and resolves when it answers. The process never outlives this one. */
export async function startAnvil(options: StartAnvilOptions = {}): Promise<LocalNode> {
  const { chainId = 31_337 } = options
  // Also for a port asked for: else whoever holds it answers before anvil has found out and left.
  const port = await findFreePort(options.port)
  const program = {
    name: 'anvil',
    command: findAnvilBinary(),
    args: renderArguments(options, port, chainId),
    hint: 'install Foundry, or npm ci',
  }
  return runNodeProcess(program, { port, chainId })
}

function renderArguments(options: StartAnvilOptions, port: number, chainId: number): string[] {
  const { mining = 'manual', stateFile, args = [] } = options
  const result = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)]
  result.push('--quiet')
  if (mining === 'manual') result.push('--no-mining')
  else if (mining !== 'auto') result.push('--block-time', String(mining.intervalS))
  if (stateFile !== undefined) result.push('--state', stateFile)
  // Arrival order makes the content of a block predictable; anvil's default sorts by fee.
  if (!args.includes('--order')) result.push('--order', 'fifo')
  return [...result, ...args]
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
