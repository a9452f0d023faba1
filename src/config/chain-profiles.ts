/**
 * What the gateway knows of public chains without being told: fragments of the configuration in the
 * file's own shape, which the file overrides name by name. Every contract and genesis hash stands in
 * at least two independent public sources; what could not be found twice is left out.
 */
import type { Hash } from '../core/money/asset.ts'
import { isRecord } from './environment.ts'
import { ARBITRUM_ONE, ARBITRUM_SEPOLIA } from './profiles/arbitrum.ts'
import { AVALANCHE, AVALANCHE_FUJI } from './profiles/avalanche.ts'
import { BNB_CHAIN, BNB_TESTNET } from './profiles/bnb.ts'
import type { ChainFragment, ChainProfile } from './profiles/chain-profile.ts'
import { ETHEREUM, SEPOLIA } from './profiles/ethereum.ts'
import { GNOSIS, GNOSIS_CHIADO } from './profiles/gnosis.ts'
import { BASE, BASE_SEPOLIA, OP_MAINNET, OP_SEPOLIA } from './profiles/op-stack.ts'
import { POLYGON, POLYGON_AMOY } from './profiles/polygon.ts'

/** By chain id, as the file writes it. */
export const CHAIN_PROFILES: ReadonlyMap<string, ChainProfile> = new Map([
  ['1', ETHEREUM],
  ['10', OP_MAINNET],
  ['56', BNB_CHAIN],
  ['97', BNB_TESTNET],
  ['100', GNOSIS],
  ['137', POLYGON],
  ['8453', BASE],
  ['10200', GNOSIS_CHIADO],
  ['42161', ARBITRUM_ONE],
  ['43113', AVALANCHE_FUJI],
  ['43114', AVALANCHE],
  ['80002', POLYGON_AMOY],
  ['84532', BASE_SEPOLIA],
  ['421614', ARBITRUM_SEPOLIA],
  ['11155111', SEPOLIA],
  ['11155420', OP_SEPOLIA],
])

/** Objects of a chain whose fields are inherited one by one. */
const INHERITED_BY_FIELD: readonly string[] = ['native', 'proofs']

/** What a chain marked `test` takes: a local stand-in looks like the chain and is none. */
const LOOKS: readonly (keyof ChainFragment)[] = ['name', 'network_name', 'native']

/** Fills in, for every chain of the settings that has a profile, what they do not say. */
export function inheritProfiles(settings: Record<string, unknown>): void {
  const { chains } = settings
  if (!isRecord(chains)) return
  for (const [id, written] of Object.entries(chains)) {
    const profile = CHAIN_PROFILES.get(id)
    if (profile !== undefined && isRecord(written)) chains[id] = inherit(profile.settings, written)
  }
}

function inherit(known: ChainFragment, written: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(known) as (keyof ChainFragment)[]
  const chain = { ...written }
  for (const name of names) {
    if (written.test === true && !LOOKS.includes(name)) continue
    const [own, inherited] = [written[name], known[name]]
    if (own === undefined) chain[name] = inherited
    else if (INHERITED_BY_FIELD.includes(name) && isRecord(own) && isRecord(inherited)) {
      chain[name] = { ...inherited, ...own }
    }
  }
  return chain
}

/** Hash of block 0 where it is known; a local stand-in (`test`) has its own. */
export function knownGenesis(chainId: number, isTest: boolean): Hash | null {
  return isTest ? null : (CHAIN_PROFILES.get(String(chainId))?.genesisHash ?? null)
}
