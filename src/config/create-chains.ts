import { assert } from '../core/assert.ts'
import {
  type FinalityTier,
  type ProofSwitches,
  setAllProofs,
} from '../core/chain/chain-settings.ts'
import { chooseNativeMode } from '../core/chain/native-mode.ts'
import {
  type Address,
  type Asset,
  type AssetId,
  nativeAssetId,
  parseAddress,
  tokenAssetId,
} from '../core/money/asset.ts'
import type { FiatAmount } from '../core/money/currency.ts'
import { SECOND_MS } from '../core/time.ts'
import { knownGenesis } from './chain-profiles.ts'
import {
  BLOCK_TIME_DEFAULT_MS,
  type ChainInput,
  CONFIRMATIONS_DEFAULT,
  POLL_INTERVAL_DEFAULT_MS,
} from './chain-schema.ts'
import { FINALITY_STUCK_DEFAULT_S, parseFiat, readRule } from './finality-schema.ts'
import type { ChainConfig } from './gateway-config.ts'

/** The chains of checked settings, ascending by id. */
export function createChains(byId: Readonly<Record<string, ChainInput>>): ChainConfig[] {
  return Object.entries(byId)
    .map(([id, input]) => createChain(Number(id), input))
    .sort((a, b) => a.chainId - b.chainId)
}

function createChain(chainId: number, input: ChainInput): ChainConfig {
  const name = input.name ?? `Chain ${chainId}`
  const kind = input.test ? 'test' : 'other'
  const pollIntervalMs = input.poll_interval_ms ?? POLL_INTERVAL_DEFAULT_MS[kind]
  const verified = input.tokens.filter((token) => token.verify_balance)
  return {
    chainId,
    name,
    networkName: input.network_name ?? name,
    test: input.test,
    testnet: input.testnet,
    assets: createAssets(chainId, input),
    finality: createFinality(input.finality ?? [{ confirmations: CONFIRMATIONS_DEFAULT[kind] }]),
    finalityCap: createCap(input.finality_cap ?? false),
    pollIntervalMs,
    blockTimeMs: input.block_time_ms ?? (input.test ? pollIntervalMs : BLOCK_TIME_DEFAULT_MS),
    maxReorgBlocks: input.max_reorg_blocks,
    finalizedTag: input.finalized_tag === 'on',
    finalityStuckMs: (input.finality_stuck_s ?? FINALITY_STUCK_DEFAULT_S[kind]) * SECOND_MS,
    proofs: createProofs(input),
    excludedTxTypes: input.excluded_tx_types,
    nativeMode: input.native_mode === 'auto' ? chooseNativeMode(chainId) : input.native_mode,
    detection: input.detection,
    rpcUrls: input.rpc ?? [],
    rpcHeaders: input.rpc_headers,
    walletRpc: input.wallet_rpc,
    genesisHash: knownGenesis(chainId, input.test),
    verifyBalanceOf: verified.map((token) => tokenAssetId(chainId, readAddress(token.address))),
    ownSenders: input.own_senders.map(readAddress),
    dustUnits: createDustUnits(chainId, input),
  }
}

function createProofs({ test, proofs }: ChainInput): ProofSwitches {
  const standard = setAllProofs(test ? 'on' : 'observe')
  return {
    headerHash: proofs.header_hash ?? standard.headerHash,
    transactionsRoot: proofs.transactions_root ?? standard.transactionsRoot,
    receiptsRoot: proofs.receipts_root ?? standard.receiptsRoot,
    bloom: proofs.bloom ?? standard.bloom,
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

/** Of every asset that has a limit: its own, else the one of the chain. */
function createDustUnits(chainId: number, input: ChainInput): Map<AssetId, bigint> {
  const limits = new Map<AssetId, bigint>()
  const add = (id: AssetId, own: string | number | undefined) => {
    const units = BigInt(own ?? input.dust_units)
    if (units > 0n) limits.set(id, units)
  }
  if (input.native !== false) add(nativeAssetId(chainId), input.native.dust_units)
  for (const { address, dust_units } of input.tokens) {
    add(tokenAssetId(chainId, readAddress(address)), dust_units)
  }
  return limits
}

function createFinality(tiers: NonNullable<ChainInput['finality']>): FinalityTier[] {
  return tiers.map((tier) => {
    const bound = tier.up_to === undefined ? null : parseFiat(tier.up_to)
    const upTo = bound === null ? null : { amount: bound.amount, currency: bound.currency }
    return { upTo, rule: readRule(tier) }
  })
}

function createCap(text: string | false): FiatAmount | null {
  const cap = text === false ? null : parseFiat(text)
  return cap === null ? null : { amount: cap.amount, currency: cap.currency }
}

function readAddress(text: string): Address {
  const address = parseAddress(text)
  assert(address !== null, 'the schema lets only addresses through')
  return address
}
