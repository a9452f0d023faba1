import type { Express } from 'express'
import type { ChainHealth } from '../../ports/chain-directory.ts'
import type { ProviderHealth } from '../../ports/chain-source.ts'
import type { DatabaseHealth, HttpDeps } from './http-deps.ts'
import { refuseMethod } from './route.ts'

const ALLOW = 'GET, HEAD, OPTIONS'

/** Liveness, readiness and metrics: open to whoever may reach the port, so they name no secret. */
export function mountHealth(app: Express, deps: HttpDeps): void {
  app.get('/healthz', (_req, res) => {
    res.set('Cache-Control', 'no-store').json({ status: 'ok', version: deps.version })
  })
  app.get('/readyz', async (_req, res) => {
    const { ready, body } = await describeReadiness(deps)
    res
      .set('Cache-Control', 'no-store')
      .status(ready ? 200 : 503)
      .json(body)
  })
  app.get('/metrics', async (_req, res) => {
    const text = await deps.renderMetrics()
    res.set('Content-Type', 'text/plain; version=0.0.4; charset=utf-8').end(text)
  })
  for (const path of ['/healthz', '/readyz', '/metrics']) mountRest(app, path)
}

/** What is left of a path that only answers GET. */
export function mountRest(app: Express, path: string): void {
  app.all(path, (req, res) => {
    if (req.method !== 'OPTIONS') throw refuseMethod(res, ALLOW)
    res.status(204).set('Allow', ALLOW).end()
  })
}

type Readiness = { readonly ready: boolean; readonly body: Readonly<Record<string, unknown>> }

/** Ready means: a new order can be promised on every chain. Nothing configured promises nothing. */
async function describeReadiness(deps: HttpDeps): Promise<Readiness> {
  const chains = deps.chains.list().map(({ chainId, name, test }) => {
    const health = deps.chains.healthOf(chainId)
    const providers = (deps.providersOf?.(chainId) ?? []).map(presentProvider)
    return { chain_id: chainId, name, test, ...presentHealth(health), providers }
  })
  const health = deps.describeDatabase?.()
  const parts = { chains, ...(health === undefined ? {} : { database: presentDatabase(health) }) }
  const missing = await findMissing(deps, chains.length)
  if (missing !== null) {
    return { ready: false, body: { status: 'not_configured', detail: missing, ...parts } }
  }
  const ready = chains.every(({ state }) => state === 'ok') && (health?.fault ?? null) === null
  return { ready, body: { status: ready ? 'ok' : 'not_ready', ...parts } }
}

function presentDatabase({ journalMode, synchronous, foreignKeys, fault }: DatabaseHealth) {
  return {
    state: fault === null ? ('ok' as const) : ('fault' as const),
    reason: fault,
    journal_mode: journalMode,
    synchronous,
    foreign_keys: foreignKeys,
  }
}

/** A chain that was not observed yet is behind, as far as anybody outside is concerned. */
function presentHealth(health: ChainHealth) {
  const { state, reason, detail = null, head, cursor, lagS } = health
  const isStarting = state === 'starting'
  return {
    state: isStarting ? ('behind' as const) : state,
    reason: isStarting ? (reason ?? 'starting') : reason,
    detail,
    head,
    cursor,
    lag_s: lagS,
    finality: health.finality ?? null,
    finality_cap: health.finalityCap ?? null,
  }
}

function presentProvider(provider: ProviderHealth) {
  const { name, head, isOk, lastFault, state, latencyMs, errorShare } = provider
  return {
    name,
    head,
    ok: isOk,
    last_fault: lastFault,
    state,
    latency_ms: latencyMs === null ? null : Math.round(latencyMs),
    error_share: Math.round(errorShare * 100) / 100,
  }
}

async function findMissing({ store }: HttpDeps, chainCount: number): Promise<string | null> {
  if (chainCount === 0) {
    return 'No chain is configured. Run `quittance init` and describe one in quittance.config.json.'
  }
  const stores = await store.listStores()
  if (stores.length > 0) return null
  return 'No store exists. Set QUITTANCE_XPUB or run `quittance store create`.'
}
