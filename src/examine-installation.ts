/** What `quittance doctor` looks at. Beside gateway.ts, because it tries the adapters one by one. */
import { createEvmChainSource } from './adapters/evm-rpc/evm-chain-source.ts'
import { createSystemClock } from './adapters/system/clock.ts'
import { createLogger } from './adapters/system/logger.ts'
import type { ChainConfig, GatewayConfig } from './config.ts'
import { presentFinality } from './core/chain/finality.ts'
import { watchedContentOf } from './core/chain/watched-content.ts'
import type { Finding } from './entrypoints/cli/doctor-command.ts'
import { GatewayError } from './errors.ts'
import { openFoundation } from './gateway.ts'

/** A node that does not answer within this time is a fault. */
const NODE_TIMEOUT_MS = 5_000
/** A block from further in the future than this means that one of the clocks is wrong. */
const CLOCK_TOLERANCE_S = 60

/** Each finding is independent: one fault does not hide the others. */
export async function examineInstallation(loadConfig: () => GatewayConfig): Promise<Finding[]> {
  let config: GatewayConfig
  try {
    config = loadConfig()
  } catch (error) {
    return describeConfigFaults(error)
  }
  const findings: Finding[] = [{ ok: true, what: 'configuration', detail: 'valid' }]
  findings.push(await examineDatabase(config))
  if (config.chains.length === 0) {
    findings.push({ ok: false, what: 'chains', detail: 'none is configured; see quittance init' })
  }
  for (const chain of config.chains) findings.push(await examineChain(chain))
  return findings
}

async function examineDatabase(config: GatewayConfig): Promise<Finding> {
  try {
    const foundation = openFoundation({ ...config, logLevel: 'silent' })
    try {
      const settings = foundation.sqlite.describe()
      const stores = await foundation.store.listStores()
      if (stores.length === 0 && config.xpub === null) {
        const detail = 'no store yet: set QUITTANCE_XPUB or run quittance store create'
        return { ok: false, what: 'stores', detail }
      }
      const detail =
        `journal_mode=${settings.journalMode} synchronous=${settings.synchronous} ` +
        `foreign_keys=${settings.foreignKeys} schema=${settings.schemaVersion} stores=${stores.length}`
      return { ok: true, what: 'database', detail }
    } finally {
      await foundation.close()
    }
  } catch (error) {
    return fault('database', error)
  }
}

async function examineChain(chain: ChainConfig): Promise<Finding> {
  const what = `chain ${chain.chainId} (${chain.name})`
  const clock = createSystemClock()
  try {
    const source = createEvmChainSource({
      chainId: chain.chainId,
      genesisHash: chain.genesisHash,
      urls: chain.rpcUrls,
      headers: chain.rpcHeaders,
      timeoutMs: NODE_TIMEOUT_MS,
      watched: watchedContentOf(chain),
      proofs: chain.proofs,
      clock,
      logger: createLogger({ level: 'silent' }),
    })
    const signal = AbortSignal.timeout(2 * NODE_TIMEOUT_MS)
    const head = await source.getHead(signal)
    for (const { token, symbol, decimals } of chain.assets) {
      if (token === null) continue
      const reported = await source.getTokenDecimals(token, signal)
      if (reported === decimals) continue
      const detail = `${symbol} has ${reported ?? 'no'} decimals on the chain, ${decimals} configured`
      return { ok: false, what, detail }
    }
    const aheadS = head.timestampS - Math.floor(clock.nowMs() / 1_000)
    if (aheadS > CLOCK_TOLERANCE_S && !chain.test) {
      return { ok: false, what, detail: `its head is ${aheadS} s in the future: check the clock` }
    }
    return { ok: true, what, detail: `head ${head.number}; ${describeOffer(chain)}` }
  } catch (error) {
    return fault(what, error)
  }
}

/** What is in force, so that nobody has to guess what a profile says. */
function describeOffer({ assets, finality, finalityCap }: ChainConfig): string {
  const coins = assets.map(({ symbol }) => symbol).join(', ')
  const tiers = finality.map(({ upTo, rule }) => {
    const { confirmations, plus_blocks: blocks, plus_s: seconds } = presentFinality(rule)
    const more = `${blocks ? ` + ${blocks} blocks` : ''}${seconds ? ` + ${seconds} s` : ''}`
    return `${confirmations}${more}${upTo === null ? '' : ` to ${upTo.amount} ${upTo.currency}`}`
  })
  const cap = finalityCap ? `, up to ${finalityCap.amount} ${finalityCap.currency} not final` : ''
  return `takes ${coins}; counts at ${tiers.join(', ')} confirmations${cap}`
}

/** One finding for each wrong field; a file that cannot be read at all is one. */
function describeConfigFaults(error: unknown): Finding[] {
  const what = 'configuration'
  const faults = error instanceof GatewayError ? error.faults : []
  if (faults.length === 0) return [fault(what, error)]
  return faults.map(({ pointer, detail }) => {
    return { ok: false, what, detail: `${pointer}: ${detail}` }
  })
}

function fault(what: string, error: unknown): Finding {
  return { ok: false, what, detail: error instanceof Error ? error.message : String(error) }
}
