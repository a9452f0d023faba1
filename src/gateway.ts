/** The composition root: configuration and adapters become a gateway that can be started and stopped. */

import { join } from 'node:path'
import { createEvmChainSource, type EvmChainSource } from './adapters/evm-rpc/evm-chain-source.ts'
import { createTestChain } from './adapters/evm-rpc/test-chain.ts'
import { createRates } from './adapters/rates/create-rates.ts'
import type { LateCheck } from './adapters/sqlite/check-integrity.ts'
import { acquireLock } from './adapters/sqlite/lock-file.ts'
import { DAMAGED, findWrongSetting } from './adapters/sqlite/open-database.ts'
import { openSqliteStore, type SqliteStore } from './adapters/sqlite/sqlite-store.ts'
import { createAddressBook } from './adapters/system/address-book.ts'
import { createChainDirectory } from './adapters/system/chain-directory.ts'
import { createSystemClock } from './adapters/system/clock.ts'
import { type CrashPoints, createCrashPoints } from './adapters/system/crash-points.ts'
import { createIdSource } from './adapters/system/id-source.ts'
import { createIndexSource } from './adapters/system/index-source.ts'
import { createLogger } from './adapters/system/logger.ts'
import { createMetrics } from './adapters/system/metrics.ts'
import { openStateDirectory } from './adapters/system/state-directory.ts'
import { createVault, deriveKey, loadSecretKey } from './adapters/system/vault.ts'
import { createDestinationCheck, parseAllowedHosts } from './adapters/webhook-http/address-guard.ts'
import { createWebhookSender } from './adapters/webhook-http/webhook-sender.ts'
import type { ChainConfig, GatewayConfig } from './config.ts'
import { isSwept } from './core/chain/chain-settings.ts'
import { type WatchedContent, watchedContentOf } from './core/chain/watched-content.ts'
import type { Hash } from './core/money/asset.ts'
import { STANDARD_SCHEDULE_MS } from './core/webhook/retry-schedule.ts'
import { createHttpApp, type HttpDeps } from './entrypoints/http/http-app.ts'
import { type HttpServer, listen } from './entrypoints/http/server.ts'
import { startAddressKeeper } from './entrypoints/workers/address-keeper.ts'
import { startChainWatcher } from './entrypoints/workers/chain-watcher.ts'
import { startHousekeeper } from './entrypoints/workers/housekeeper.ts'
import { startPaymentAttributor } from './entrypoints/workers/payment-attributor.ts'
import type { RunLoop } from './entrypoints/workers/run-loop.ts'
import { startWebhookDispatcher } from './entrypoints/workers/webhook-dispatcher.ts'
import { GatewayError } from './errors.ts'
import type { Deps } from './operations/deps.ts'
import { DERIVED_AT_ONCE, deriveAhead } from './operations/derive-ahead.ts'
import { importApiKey } from './operations/import-api-key.ts'
import { prepareDefaultStore } from './operations/prepare-default-store.ts'
import { recogniseOwn } from './operations/recognise-own.ts'
import type { KeyUses } from './operations/record-key-uses.ts'
import { pinFirstTime, trustAccount } from './operations/trust-account.ts'
import type { Logger } from './ports/logger.ts'
import type { Metrics, Timings } from './ports/metrics.ts'
import type { ReadPriceFeed } from './ports/price-feed.ts'
import type { StateDirectory } from './ports/state-directory.ts'
import type { Store } from './ports/store.ts'

export type Role = 'api' | 'watch' | 'webhooks'
export const ROLES: readonly Role[] = ['api', 'watch', 'webhooks']

/** Held by whoever moves a chain: `serve`, `rescan`. Rejects with `already_running`. */
export function lockDatabase(config: GatewayConfig, purpose: string): () => void {
  return acquireLock(`${config.database.path}.lock`, purpose)
}

export type Foundation = Deps & {
  readonly config: GatewayConfig
  readonly state: StateDirectory
  readonly sqlite: SqliteStore
  readonly metrics: Metrics & { render(): Promise<string> }
  readonly timings: Timings
  readonly secretKey: Uint8Array
  readonly crashPoints: CrashPoints
  readonly sources: ChainSources
  readonly keyUses: KeyUses
  close(): Promise<void>
}

/** The methods that write outside the process, by what they are methods of. */
const STORE_WRITES = ['commit', 'releaseDelivery', 'removeOutdated'] as const
const STATE_WRITES = ['pin', 'replacePin', 'raiseMark', 'lowerMark'] as const
/** Not `getHead`: it is asked for all the time, and nothing follows from an unchanged answer. */
const NODE_ANSWERS = [
  'getHeaderByNumber',
  'getHeaderByHash',
  'getHeaders',
  'getBlock',
  'getBlocks',
] as const

/** What every command needs of the installation: state, database, keys. Starts nothing. */
export function openFoundation(
  config: GatewayConfig,
  onEvents: () => void = () => {},
  crashPoints: CrashPoints = createCrashPoints(null),
  lateCheck?: LateCheck,
): Foundation {
  const logger = createLogger({ level: loggerLevel(config.logLevel) })
  const clock = createSystemClock()
  const ids = createIdSource()
  const state = crashPoints.around(openStateDirectory(config.stateDir), STATE_WRITES)
  const secretKey = loadSecretKey({
    value: config.secretKey?.kind === 'value' ? config.secretKey.value : undefined,
    filePath: config.secretKey?.kind === 'file' ? config.secretKey.path : undefined,
    defaultPath: join(config.stateDir, 'secret.key'),
  })
  const sqlite = openSqliteStore({ ...config.database, logger, lateCheck })
  const guarded = crashPoints.after(crashPoints.around(sqlite, STORE_WRITES), ['claimDeliveries'])
  const store = announceEvents(guarded, onEvents)
  const chains = createChainDirectory(clock, config.chains)
  const addressBook = createAddressBook()
  const indexes = createIndexSource(store, state)
  const trusted = new Map<string, Promise<void>>()
  const metrics = createMetrics(chains, (id) => sources.get(id)?.describeProviders() ?? [])
  const sources: ChainSources = new Map()
  const readPriceFeed: ReadPriceFeed = async (chainId, address, signal) =>
    nodesOf(foundation, chainId)?.readPriceFeed(address, signal) ?? null
  const foundation: Foundation = {
    config,
    state,
    sqlite,
    secretKey,
    crashPoints,
    keyUses: new Map(),
    store,
    clock,
    ids,
    logger,
    metrics,
    timings: metrics,
    sources,
    chains,
    rates: createRates({ clock, logger, metrics, readPriceFeed }, config.rates),
    addressBook,
    indexes,
    accounts: {
      ensure(account) {
        const name = `${account.id}/${account.fingerprint}`
        const known = trusted.get(name)
        if (known !== undefined) return known
        const trusting = trustAccount({ state, indexes, addressBook }, account)
        trusted.set(name, trusting)
        trusting.catch(() => trusted.delete(name))
        return trusting
      },
    },
    vault: createVault(secretKey),
    publicUrl: config.publicUrl,
    invoiceDefaults: config.invoices,
    async close() {
      indexes.close()
      await sqlite.close()
    },
  }
  return foundation
}

export type Gateway = {
  /** Where the API listens; null when this instance does not serve it. */
  readonly url: string | null
  readonly logger: Logger
  stop(): Promise<void>
}

export type GatewayOptions = {
  readonly roles: readonly Role[]
  readonly acceptNewXpub: boolean
  readonly version: string
  /** Tests end the process at this boundary (adapters/system/crash-points); null: never. */
  readonly crashAt: number | null
  /** Which database is checked while it is in use. */
  readonly lateCheck: LateCheck
  /** The database was found to be damaged after the start: the process should end. */
  readonly onDamage?: () => void
}

/** Starts what the roles ask for. Rejects, with everything closed again, when it cannot. */
export async function startGateway(
  config: GatewayConfig,
  options: GatewayOptions,
): Promise<Gateway> {
  const locks = [lockDatabase(config, 'serve')]
  let dispatcher: RunLoop | null = null
  let foundation: Foundation | null = null
  const loops: RunLoop[] = []
  let server: HttpServer | null = null
  const stop = async () => {
    await Promise.all([server?.close(), ...loops.map((loop) => loop.stop())])
    await foundation?.close()
    for (const unlock of locks) unlock()
  }
  try {
    // The marks belong to one process, also where two databases share a state directory.
    locks.push(acquireLock(join(config.stateDir, 'state.lock'), 'serve'))
    const crashPoints = createCrashPoints(options.crashAt)
    const onEvents = () => dispatcher?.wake()
    foundation = openFoundation(config, onEvents, crashPoints, options.lateCheck)
    reportDamage(foundation, options)
    // The lock is ours, so whoever leased a delivery is dead: it is sent again now, not in a minute.
    await foundation.sqlite.releaseLeases()
    await openStores(foundation, options.acceptNewXpub)
    await assertSecretsOpen(foundation)
    if (options.roles.includes('watch')) {
      for (const chain of config.chains) loops.push(...(await watchChain(foundation, chain)))
      loops.push(startAddressKeeper(foundation))
    }
    loops.push(startHousekeeper({ ...foundation, alertLimits: config.alerts }))
    if (options.roles.includes('webhooks')) {
      dispatcher = startWebhookDispatcher({
        ...foundation,
        sender: crashPoints.around(
          createWebhookSender({ clock: foundation.clock, allowedHosts: allowedHosts(config) }),
          ['send'],
        ),
        schedule: config.webhooks.scheduleMs ?? STANDARD_SCHEDULE_MS,
      })
      loops.push(dispatcher)
    }
    if (options.roles.includes('api')) {
      const app = createHttpApp(describeHttp(foundation, options.version))
      server = await listen(app, {
        host: config.host,
        port: config.port,
        logger: foundation.logger,
      })
    }
    return { url: server?.url ?? null, logger: foundation.logger, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What is found beside the work ends it, as what is found before it keeps it from beginning. */
function reportDamage({ sqlite, logger }: Foundation, { onDamage }: GatewayOptions): void {
  const { integrity } = sqlite
  void integrity.done.then(() => {
    if (integrity.state() !== 'damaged') return
    logger.error({}, `ALARM: ${DAMAGED}`)
    onDamage?.()
  })
}

/** Opens every account key, and derives ahead for each, before anything is watched or promised. */
async function openStores(foundation: Foundation, acceptNewXpub: boolean): Promise<void> {
  const { config, state, store } = foundation
  const known = await store.listStores()
  if (config.database.mustExist && known.length === 0) {
    const message = 'The database holds no store; it is required to be one that was in use.'
    throw new GatewayError('storage_unavailable', message)
  }
  if (state.readPins().size === 0) {
    for (const account of known) {
      pinFirstTime(state, account)
      foundation.logger.warn(
        { store: account.id, fingerprint: account.fingerprint },
        'account key pinned from the database',
      )
    }
  }
  if (config.xpub !== null) {
    const first = await prepareDefaultStore(foundation, { xpub: config.xpub, acceptNewXpub })
    if (config.apiKey !== null) {
      const request = { storeId: first.id, key: config.apiKey, actor: 'environment' }
      await importApiKey(foundation, request)
    }
  }
  for (const account of await store.listStores()) {
    // Before anything is watched: a restored database may lack addresses that are out already.
    while ((await deriveAhead(foundation, account)) === DERIVED_AT_ONCE);
  }
}

/** With another key no webhook could be signed, and nobody would notice before an order is unpaid. */
async function assertSecretsOpen({ store, vault }: Foundation): Promise<void> {
  const stores = await store.listStores()
  const [endpoint] = await store.listEndpoints(stores.map(({ id }) => id))
  const sealed = endpoint?.secrets[0]?.sealed
  if (endpoint === undefined || sealed === undefined) return
  try {
    vault.open(sealed, endpoint.id)
  } catch (cause) {
    throw new GatewayError(
      'invalid_configuration',
      'The secret key is not the one the webhook secrets in the database were sealed with. Restore ' +
        'the state directory, or set QUITTANCE_SECRET_KEY to the key used before.',
      { cause },
    )
  }
}

/** What is watched, by chain id; /readyz tells how its nodes are doing. */
type ChainSources = Map<number, EvmChainSource>

/** The nodes of a chain, held to this genesis if it is known. Connects at the first request. */
export function createSource(
  foundation: Foundation,
  chain: ChainConfig,
  genesisHash: Hash | null = chain.genesisHash,
  isStranger?: WatchedContent['isStranger'],
) {
  const { clock, logger, metrics } = foundation
  return createEvmChainSource({
    chainId: chain.chainId,
    genesisHash,
    urls: chain.rpcUrls,
    headers: chain.rpcHeaders,
    test: chain.test,
    blockTimeMs: chain.blockTimeMs,
    pollIntervalMs: chain.pollIntervalMs,
    headGraceMs: chain.pollIntervalMs,
    watched: { ...watchedContentOf(chain, recogniseOwn(foundation, chain)), isStranger },
    // Where logs find, whole blocks show what a node left out of them: also what is not for us.
    leavesOutStrangers: chain.detection === 'receipts',
    proofs: chain.proofs,
    excludedTxTypes: chain.excludedTxTypes,
    metrics,
    clock,
    logger,
  })
}

/** Those that are watched; an instance that does not watch connects for the question alone. */
function nodesOf(foundation: Foundation, chainId: number): EvmChainSource | null {
  const { config, sources } = foundation
  const chain = config.chains.find((one) => one.chainId === chainId)
  if (chain === undefined) return null
  const source = sources.get(chainId) ?? createSource(foundation, chain)
  if (!sources.has(chainId)) sources.set(chainId, source)
  return source
}

/** What was followed before a restart says which chain this is, before any node does. */
async function watchChain(foundation: Foundation, chain: ChainConfig): Promise<RunLoop[]> {
  const stored = await foundation.store.loadChain(chain.chainId, 1)
  const { knownAddresses } = foundation.sqlite
  knownAddresses.load()
  const genesisHash = chain.genesisHash ?? stored?.genesisHash
  const source = createSource(foundation, chain, genesisHash, knownAddresses.isStranger)
  foundation.sources.set(chain.chainId, source)
  const observed = foundation.crashPoints.after(source, NODE_ANSWERS)
  const deps = { ...foundation, source: observed, native: source.native }
  const beside = isSwept(chain) ? [startPaymentAttributor(deps, chain)] : []
  if (chain.detection === 'receipts') return [startChainWatcher(deps, chain), ...beside]
  const logs = foundation.crashPoints.after(source.logs, ['readSightings'])
  return [startChainWatcher({ ...deps, logs }, chain), ...beside]
}

/** For readiness: no order is promised on a file that is not known to be sound. */
const UNSOUND = { sound: null, checking: 'The database file is being checked.', damaged: DAMAGED }

function describeHttp(foundation: Foundation, version: string): HttpDeps {
  const { config, sources } = foundation
  const testChains = new Map(
    config.chains
      .filter((chain) => chain.test)
      .map((chain) => [
        chain.chainId,
        createTestChain({ urls: chain.rpcUrls, clock: foundation.clock }),
      ]),
  )
  return {
    ...foundation,
    version,
    rateLimitPerSecond: config.limits.requestsPerSecondPerKey,
    cursorKey: deriveKey(foundation.secretKey, 'list cursors'),
    renderMetrics: () => foundation.metrics.render(),
    testChainOf: (chainId) => testChains.get(chainId) ?? null,
    providersOf: (chainId) => sources.get(chainId)?.describeProviders() ?? [],
    describeDatabase: () => {
      const settings = foundation.sqlite.describe()
      const fault = findWrongSetting(settings) ?? UNSOUND[foundation.sqlite.integrity.state()]
      return { ...settings, fault }
    },
    nodesOf: (chainId) => {
      const source = nodesOf(foundation, chainId)
      return source === null ? null : { source, native: source.native }
    },
    checkDestination: createDestinationCheck({ allowedHosts: allowedHosts(config) }),
  }
}

function allowedHosts(config: GatewayConfig): ReturnType<typeof parseAllowedHosts> {
  return parseAllowedHosts(config.webhooks.allowedHosts.map(({ host, port }) => `${host}:${port}`))
}

/** pino knows two more levels than the gateway writes. */
function loggerLevel(level: GatewayConfig['logLevel']) {
  if (level === 'trace') return 'debug'
  return level === 'fatal' ? 'error' : level
}

/** The store, telling the dispatcher of every commit that queued a webhook. */
function announceEvents(store: Store, onEvents: () => void): Store {
  return {
    ...store,
    async commit(changes) {
      const result = await store.commit(changes)
      if (result === 'committed' && (changes.deliveries?.length ?? 0) > 0) onEvents()
      return result
    },
  }
}
