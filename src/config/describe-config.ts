import { presentFinality } from '../core/chain/finality.ts'
import { parseAccountKey } from '../core/keys/deposit-address.ts'
import type { RateSourceSettings } from '../core/money/rate-settings.ts'
import { SECOND_MS } from '../core/time.ts'
import type { ChainConfig, GatewayConfig } from './gateway-config.ts'

/**
 * The configuration for logs: no key, no header value, of nodes host and port alone (the rest of a
 * URL is often the key to a paid plan), of an xpub its fingerprint (with the xpub every order is
 * visible).
 */
export function describeConfig(config: GatewayConfig): Record<string, unknown> {
  return {
    database: `sqlite:${config.database.path}`,
    database_must_exist: config.database.mustExist,
    state_dir: config.stateDir,
    host: config.host,
    port: config.port,
    public_url: config.publicUrl,
    xpub_fingerprint: config.xpub === null ? null : fingerprintOf(config.xpub),
    api_key: config.apiKey === null ? 'none' : 'given',
    secret_key: describeSecretKey(config.secretKey),
    log_level: config.logLevel,
    webhooks: {
      allowed_hosts: config.webhooks.allowedHosts.map(({ host, port }) => `${host}:${port}`),
      schedule_ms: config.webhooks.scheduleMs ?? 'standard',
    },
    chains: config.chains.map(describeChain),
    rates: config.rates.sources.map(describeRateSource),
    invoices: {
      expires_in_s: config.invoices.expiresInS,
      grace_s: config.invoices.graceS,
      tolerance_bps: config.invoices.toleranceBps,
    },
    alerts: {
      invoices_per_5_min: config.alerts.invoicesPer5Min,
      underpaid_per_hour: config.alerts.underpaidPerHour,
      orphaned_per_hour: config.alerts.orphanedPerHour,
    },
    limits: { requests_per_second_per_key: config.limits.requestsPerSecondPerKey },
  }
}

function describeChain(chain: ChainConfig): Record<string, unknown> {
  return {
    chain_id: chain.chainId,
    name: chain.name,
    network_name: chain.networkName,
    test: chain.test,
    testnet: chain.testnet,
    genesis_hash: chain.genesisHash,
    rpc: chain.rpcUrls.map((url) => new URL(url).host),
    rpc_headers: Object.keys(chain.rpcHeaders),
    assets: chain.assets.map(({ symbol, id, decimals }) => ({ symbol, id, decimals })),
    verify_balance_of: chain.verifyBalanceOf,
    own_senders: chain.ownSenders,
    dust_units: Object.fromEntries(
      [...chain.dustUnits].map(([id, units]) => [id, units.toString()]),
    ),
    finality: chain.finality.map(({ upTo, rule }) => ({
      ...(upTo !== null && { up_to: `${upTo.amount} ${upTo.currency}` }),
      ...presentFinality(rule),
    })),
    finality_cap: chain.finalityCap
      ? `${chain.finalityCap.amount} ${chain.finalityCap.currency}`
      : null,
    finalized_tag: chain.finalizedTag ? 'on' : 'off',
    finality_stuck_s:
      chain.finalityStuckMs === undefined ? null : chain.finalityStuckMs / SECOND_MS,
    poll_interval_ms: chain.pollIntervalMs,
    block_time_ms: chain.blockTimeMs,
    max_reorg_blocks: chain.maxReorgBlocks,
  }
}

/** Of another place that speaks a provider's API the host alone. */
function describeRateSource(source: RateSourceSettings): Record<string, unknown> {
  if (source.kind === 'fixed') return { kind: source.kind, prices: source.prices }
  if (source.kind === 'chainlink') {
    const { kind, chainId, address, pair } = source
    return { kind, chain: chainId, address, pair }
  }
  const { kind, url, pairs } = source
  const place = url === null ? {} : { url: new URL(url).host }
  return { kind, ...place, pairs: pairs.map(({ pair }) => pair) }
}

function describeSecretKey(key: GatewayConfig['secretKey']): string {
  if (key === null) return 'default file'
  return key.kind === 'value' ? 'given' : `file ${key.path}`
}

function fingerprintOf(xpub: string): string {
  const parsed = parseAccountKey(xpub)
  return parsed.ok ? parsed.key.fingerprint : 'invalid'
}
