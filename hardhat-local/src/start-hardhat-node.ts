import { fileURLToPath } from 'node:url'
import { findFreePort } from './find-free-port.ts'
import { type LocalNode, runNodeProcess } from './run-node-process.ts'

export type StartHardhatNodeOptions = {
  /** Default: a free loopback port. */
  port?: number
  chainId?: number
  /**
   * `manual` (default) mines only when told, `auto` at each transaction, else every `intervalS`.
   */
  mining?: 'manual' | 'auto' | { intervalS: number }
}

const SCRIPT = fileURLToPath(new URL('../scripts/hardhat-node.ts', import.meta.url))

/**
 * Starts Hardhat's node on loopback and resolves when it answers: an implementation of its own
 * (EDR), so that what we rely on is Ethereum and not anvil. The process never outlives this one.
 * Needs `installHardhat()` once.
 */
export async function startHardhatNode(options: StartHardhatNodeOptions = {}): Promise<LocalNode> {
  const { chainId = 31_337, mining = 'manual' } = options
  const port = await findFreePort(options.port)
  const mode = typeof mining === 'string' ? mining : String(mining.intervalS)
  const program = {
    name: 'the Hardhat node',
    command: process.execPath,
    args: [SCRIPT, String(port), String(chainId), mode],
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
    hint: 'npm ci --prefix hardhat-local',
  }
  return runNodeProcess(program, { port, chainId })
}
