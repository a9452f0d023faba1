/** The node of block-node.ts in its own process, and the configuration of a gateway that reads it. */
import type { NodeCommand, ServedTimes } from './block-node.ts'
import type { ChainPlan, PlannedTransfer } from './make-blocks.ts'
import { startPart } from './own-process.ts'

export const USDC = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
export const DAI = '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512'
export const USDC_ASSET = `eip155:31337/erc20:${USDC}`
const DECIMALS = { [USDC]: 6, [DAI]: 18 }
const BLOCK_TIME_S = 2

export type ChainNode = {
  readonly url: string
  /** Appends blocks that pay in USDC; resolves with the new head. One transfer a transaction, or more. */
  extend(
    blocks: readonly (readonly PlannedTransfer[])[],
    transfersPerTransaction?: number,
  ): Promise<number>
  /** Hashes of the blocks from this height on. */
  hashes(from: number): Promise<string[]>
  /** Begins counting anew. */
  reset(): Promise<void>
  times(): Promise<ServedTimes>
  stop(): Promise<void>
}

/** `blocks`: how many will be served in all, so that the last one is about now. */
export async function startChainNode(blocks: number): Promise<ChainNode> {
  const part = startPart(new URL('./block-node.ts', import.meta.url))
  const ask = <Answer>(command: NodeCommand) => part.ask<Answer>(command)
  const genesisS = Math.floor(Date.now() / 1_000) - blocks * BLOCK_TIME_S
  const plan = (content: ChainPlan['blocks'], transfersPerTransaction: number): ChainPlan => ({
    transfersPerTransaction,
    token: USDC,
    decimalsOf: DECIMALS,
    blocks: content,
    genesisS,
    blockTimeS: BLOCK_TIME_S,
  })
  return {
    url: await ask<string>({ kind: 'listen' }),
    extend: (content, transfersPerTransaction = 1) =>
      ask<number>({ kind: 'extend', plan: plan(content, transfersPerTransaction) }),
    hashes: (from) => ask<string[]>({ kind: 'hashes', from }),
    reset: () => ask<void>({ kind: 'reset' }),
    times: () => ask<ServedTimes>({ kind: 'times' }),
    stop: () => part.stop(),
  }
}

export type ConfigOptions = {
  readonly rpc: string
  readonly tokens?: { readonly usdc: string; readonly dai: string }
  readonly pollMs: number
  readonly confirmations: number
  /** Default: all on, as a local chain has them. */
  readonly proofs?: 'on' | 'off'
  /** Default: coins are looked for in blocks alone. `delta` reads balances too; all are zero. */
  readonly nativeMode?: 'direct' | 'delta'
  /** Tokens alone, found by ranges of logs. Default: the coin too, and whole blocks. */
  readonly byLogs?: boolean
  /** Transfers of fewer units are dust. Default: none is. */
  readonly dustUnits?: bigint
}

/** One local chain with coin and two tokens, as a small shop would take. */
export function describeConfig(options: ConfigOptions): object {
  const { rpc, tokens = { usdc: USDC, dai: DAI }, pollMs, confirmations, proofs = 'on' } = options
  const [header_hash, transactions_root, receipts_root, bloom] = Array(4).fill(proofs)
  return {
    chains: {
      '31337': {
        name: 'Local',
        rpc: [rpc],
        test: true,
        poll_interval_ms: pollMs,
        block_time_ms: BLOCK_TIME_S * 1_000,
        finality: [{ confirmations }],
        proofs: { header_hash, transactions_root, receipts_root, bloom },
        ...(options.dustUnits !== undefined && { dust_units: options.dustUnits.toString() }),
        ...(options.byLogs === true
          ? { native: false, detection: 'logs' }
          : {
              native: { symbol: 'ETH', decimals: 18 },
              native_mode: options.nativeMode ?? 'direct',
            }),
        tokens: [
          { address: tokens.usdc, symbol: 'USDC', decimals: 6 },
          { address: tokens.dai, symbol: 'DAI', decimals: 18 },
        ],
      },
    },
    rates: {
      sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500', 'USDC/USD': '1', 'DAI/USD': '1' } }],
    },
    limits: { requests_per_second_per_key: 100_000 },
  }
}
