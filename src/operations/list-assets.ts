import { toChecksumAddress } from '../core/money/asset.ts'
import type { Deps } from './deps.ts'

export type AssetResource = ReturnType<typeof listAssets>[number]

/** Every enabled asset, in the order it is offered, and whether its chain is ready to promise it. */
export function listAssets({ chains }: Pick<Deps, 'chains'>) {
  return chains.list().flatMap((chain) =>
    chain.assets.map((asset) => ({
      id: asset.id,
      object: 'asset' as const,
      chain_id: asset.chainId,
      chain: chain.name,
      network_name: chain.networkName,
      test: chain.test,
      testnet: chain.testnet,
      symbol: asset.symbol,
      decimals: asset.decimals,
      token: asset.token === null ? null : toChecksumAddress(asset.token),
      ready: chains.healthOf(chain.chainId).state === 'ok',
    })),
  )
}
