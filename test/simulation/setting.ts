/** What every history shares: two chains and their assets, one account key, a first moment. */
import { HDKey } from '@scure/bip32'
import { type AccountKeys, createAddressBook } from '../../src/adapters/system/address-book.ts'
import { type ChainSettings, setAllProofs } from '../../src/core/chain/chain-settings.ts'
import { depthRule, tagRule } from '../../src/core/chain/finality.ts'
import type { NativeMode } from '../../src/core/chain/native-mode.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import type { FiatAmount } from '../../src/core/money/currency.ts'

/** 2026-01-01T00:00:00Z. */
export const START_MS = 1_767_225_600_000
export const PUBLIC_URL = 'https://pay.example'

const ACCOUNT_PATH = "m/44'/60'/0'"
export const XPUB = HDKey.fromMasterSeed(new Uint8Array(32).fill(7)).derive(
  ACCOUNT_PATH,
).publicExtendedKey

export const FIRST_CHAIN = 31_337
export const SECOND_CHAIN = 8_453
const FIRST_TOKEN: Address = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
const SECOND_TOKEN: Address = '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913'
/** The merchant's own: what it sends is no payment. */
export const OWN_SENDER: Address = '0x00000000000000000000000000000000000009ee'
/** Calls itself USDC, and is on nobody's list. */
export const FAKE_TOKEN: Address = '0xbadbadbadbadbadbadbadbadbadbadbadbadbad0'

export const coinOf = (chainId: number): Asset => ({
  id: nativeAssetId(chainId),
  chainId,
  token: null,
  symbol: 'ETH',
  decimals: 18,
})

const token = (chainId: number, address: Address, decimals: number): Asset => ({
  id: tokenAssetId(chainId, address),
  chainId,
  token: address,
  symbol: 'USDC',
  decimals,
})

/** How native coins that calls move are found, by chain. */
export type CoinSetting = {
  readonly modes: readonly [NativeMode, NativeMode]
  /** From this height on the first chain logs each movement of the coin; null: never. */
  readonly logsFrom: number | null
  /** Whether nodes show the calls of blocks. */
  readonly showsCalls: boolean
  /** They do so once the last fault is over, if not before. */
  readonly callsLater?: boolean
}

/** What a seed chooses of the setting. */
export type Setting = {
  readonly chains: 1 | 2
  /** Depths asked below 100 USD, above, and on the second chain. */
  readonly depths: readonly [number, number, number]
  readonly maxReorgBlocks: number
  /** Blocks by which the finalized tag of the first chain is behind its head; null: it has none. */
  readonly finalLag: number | null
  /** Blocks by which its safe tag is behind; null or absent: no tier asks for it. */
  readonly safeLag?: number | null
  /** Blocks are looked for by logs, which the node cuts in this share of them; else read whole. */
  readonly logCutShare?: number | null
  /** Share of the blocks of which neither logs nor bloom tell what came to orders; absent: none. */
  readonly hiddenShare?: number
  /** What the first chain may credit before it is final, such as `300 USD`; null or absent: no limit. */
  readonly finalityCap?: string | null
  /** Absent: coins are looked for in the value of transactions alone. */
  readonly coins?: CoinSetting
  /** Below so many units a token transfer is dust, on every chain; zero: none is. */
  readonly dustUnits: number
  /** Share of the blocks of which a node's word is all there is. */
  readonly unprovenShare: number
  /** Blocks that exist before watching begins. */
  readonly startHeight: number
  readonly webhooks: boolean
  /** The clock stands at whole seconds, as block times do: deadlines and blocks meet exactly. */
  readonly wholeSeconds: boolean
}

/** What coins cost in all histories. */
export const PRICES: Readonly<Record<string, string>> = {
  'USDC/USD': '1',
  'ETH/USD': '2512.37',
  'USDC/EUR': '0.9',
}

export const BLOCK_TIME_S = 12

export function followsTag({ finalLag }: Setting, chainId: number): boolean {
  return finalLag !== null && chainId === FIRST_CHAIN
}

export function asksForSafe({ finalLag, safeLag = null }: Setting): boolean {
  return finalLag !== null && safeLag !== null
}

export function coinModeOf({ coins }: Setting, chainId: number): NativeMode {
  return coins?.modes[chainId === FIRST_CHAIN ? 0 : 1] ?? 'direct'
}

function capOf({ finalityCap = null }: Setting): FiatAmount | null {
  const [amount = '', currency = ''] = finalityCap?.split(' ') ?? []
  return finalityCap === null ? null : { amount, currency }
}

export function describeChains(setting: Setting): ChainSettings[] {
  const [small, large, other] = setting.depths
  const dustOf = (chainId: number, address: Address) =>
    new Map(
      setting.dustUnits === 0 ? [] : [[tokenAssetId(chainId, address), BigInt(setting.dustUnits)]],
    )
  const common = {
    test: false,
    testnet: false,
    pollIntervalMs: 2_000,
    blockTimeMs: BLOCK_TIME_S * 1_000,
    maxReorgBlocks: setting.maxReorgBlocks,
    ownSenders: [OWN_SENDER],
    finalizedTag: false,
    proofs: setAllProofs('on'),
    excludedTxTypes: [],
  }
  const first: ChainSettings = {
    ...common,
    chainId: FIRST_CHAIN,
    name: 'first',
    nativeMode: coinModeOf(setting, FIRST_CHAIN),
    networkName: 'First network',
    assets: [coinOf(FIRST_CHAIN), token(FIRST_CHAIN, FIRST_TOKEN, 6)],
    verifyBalanceOf: [tokenAssetId(FIRST_CHAIN, FIRST_TOKEN)],
    dustUnits: dustOf(FIRST_CHAIN, FIRST_TOKEN),
    finalizedTag: followsTag(setting, FIRST_CHAIN),
    finalityCap: capOf(setting),
    finality: [
      { upTo: { amount: '100', currency: 'USD' }, rule: depthRule(small) },
      ...(asksForSafe(setting)
        ? [{ upTo: { amount: '200', currency: 'USD' }, rule: tagRule('safe') }]
        : []),
      { upTo: null, rule: setting.finalLag === null ? depthRule(large) : tagRule('finalized') },
    ],
  }
  const second: ChainSettings = {
    ...common,
    chainId: SECOND_CHAIN,
    name: 'second',
    nativeMode: coinModeOf(setting, SECOND_CHAIN),
    networkName: 'Second network',
    assets: [token(SECOND_CHAIN, SECOND_TOKEN, 18), coinOf(SECOND_CHAIN)],
    verifyBalanceOf: [tokenAssetId(SECOND_CHAIN, SECOND_TOKEN)],
    dustUnits: dustOf(SECOND_CHAIN, SECOND_TOKEN),
    finality: [{ upTo: null, rule: depthRule(other) }],
  }
  return setting.chains === 1 ? [first] : [first, second]
}

/**
 * Every life of a process parses the account key anew, which is half of what a short history costs.
 * The same text gives the same key, so it is parsed once; the code under test does not notice.
 */
const PARSED = new Map<string, HDKey>()
const parseOnce = HDKey.fromExtendedKey
HDKey.fromExtendedKey = (text, ...rest) => {
  const known = PARSED.get(text)
  if (known !== undefined) return known
  const key = parseOnce.call(HDKey, text, ...rest)
  // The chains of addresses and of the merchant's own senders.
  const chains = [key.deriveChild(0), key.deriveChild(1)]
  const deriveChild = key.deriveChild.bind(key)
  key.deriveChild = (index) => chains[index] ?? deriveChild(index)
  PARSED.set(text, key)
  return key
}

/** Derived once for all histories: the curve is most of the cost, and never what is tested here. */
const DERIVED = createAddressBook()

/** An address book that forgets its keys with its process, though not what the curve gave. */
export function createForgetfulBook(): AccountKeys {
  const known = new Set<string>()
  return {
    add(key) {
      known.add(key.fingerprint)
      if (DERIVED.accountNumberOf(key.fingerprint) === null) DERIVED.add(key)
    },
    derive: (fingerprint, index) =>
      known.has(fingerprint) ? DERIVED.derive(fingerprint, index) : null,
    prepare(fingerprint, indexes) {
      if (known.has(fingerprint)) DERIVED.prepare(fingerprint, indexes)
    },
    accountNumberOf: (fingerprint) =>
      known.has(fingerprint) ? DERIVED.accountNumberOf(fingerprint) : null,
    isSponsor: DERIVED.isSponsor,
  }
}

/** The address of an index, for checks: no process needs to have been started. */
export function deriveForCheck(fingerprint: string, index: number): Address | null {
  return DERIVED.derive(fingerprint, index)
}
