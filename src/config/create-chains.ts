import { assert } from '../core/assert.ts'
import type { FinalityTier } from '../core/chain/chain-settings.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  parseAddress,
  tokenAssetId,
} from '../core/money/asset.ts'
import {
  BLOCK_TIME_DEFAULT_MS,
  type ChainInput,
  CONFIRMATIONS_DEFAULT,
  POLL_INTERVAL_DEFAULT_MS,
  parseFiat,
} from './chain-schema.ts'
import type { ChainConfig } from './gateway-config.ts'

/** The chains of checked settings, ascending by id. */
export function createChains(byId: Readonly<Record<string, ChainInput>>): ChainConfig[] {
  return Object.entries(byId)
    .map(([id, input]) => createChain(Number(id), input))
    .sort((a, b) => a.chainId - b.chainId)
}

function createChain(chainId: number, input: ChainInput): ChainConfig {
  const kind = input.test ? 'test' : 'other'
  const pollIntervalMs = input.poll_interval_ms ?? POLL_INTERVAL_DEFAULT_MS[kind]
  const verified = input.tokens.filter((token) => token.verify_balance)
  return {
    chainId,
    name: input.name ?? `Chain ${chainId}`,
    test: input.test,
    assets: createAssets(chainId, input),
    finality: createFinality(input.finality ?? [{ confirmations: CONFIRMATIONS_DEFAULT[kind] }]),
    pollIntervalMs,
    blockTimeMs: input.block_time_ms ?? (input.test ? pollIntervalMs : BLOCK_TIME_DEFAULT_MS),
    maxReorgBlocks: input.max_reorg_blocks,
    rpcUrls: input.rpc ?? [],
    rpcHeaders: input.rpc_headers,
    verifyBalanceOf: verified.map((token) => tokenAssetId(chainId, readAddress(token.address))),
  }
}

function createAssets(chainId: number, input: ChainInput): Asset[] {
  const tokens = input.tokens.map(({ address, symbol, decimals }): Asset => {
    const token = readAddress(address)
    return { id: tokenAssetId(chainId, token), chainId, token, symbol, decimals }
  })
  if (input.native === false) return tokens
  const { symbol, decimals } = input.native
  return [{ id: nativeAssetId(chainId), chainId, token: null, symbol, decimals }, ...tokens]
}

function createFinality(tiers: NonNullable<ChainInput['finality']>): FinalityTier[] {
  return tiers.map(({ up_to, confirmations }) => {
    const bound = up_to === undefined ? null : parseFiat(up_to)
    const upTo = bound === null ? null : { amount: bound.amount, currency: bound.currency }
    return { upTo, confirmations }
  })
}

function readAddress(text: string): Address {
  const address = parseAddress(text)
  assert(address !== null, 'the schema lets only addresses through')
  return address
}
