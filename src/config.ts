/**
 * The configuration: file and environment in, checked settings out. Everything an operator may
 * decide is here, with its default and limits (`config/settings-schema.ts`); unknown names are
 * refused.
 */
import { dirname, resolve } from 'node:path'
import { CHAIN_PROFILES, inheritProfiles } from './config/chain-profiles.ts'
import type { ConfigFile } from './config/config-file.ts'
import { createChains } from './config/create-chains.ts'
import { createRateSettings } from './config/create-rate-settings.ts'
import { type Environment, isRecord, nameOrigin, overlayEnvironment } from './config/environment.ts'
import { configurationError, createFault, toFaults, toPointer, wordIssue } from './config/faults.ts'
import { findEnvironmentSecrets, findFileSecrets } from './config/find-secrets.ts'
import type { GatewayConfig, SecretKeyConfig } from './config/gateway-config.ts'
import { type HostPort, parseHostPort, readSqlitePath } from './config/judge-text.ts'
import { readJson } from './config/read-json.ts'
import { ENVIRONMENT_ONLY, type Settings, settingsSchema } from './config/settings-schema.ts'
import { assert } from './core/assert.ts'
import { parseSchedule } from './core/webhook/retry-schedule.ts'
import { GatewayError, type InputFault } from './errors.ts'

export { findConfigFile, readConfigFile } from './config/config-file.ts'
export { describeConfig } from './config/describe-config.ts'
export type { ChainConfig, GatewayConfig } from './config/gateway-config.ts'
export { allowsTestVariables, readTestVariables } from './config/test-variables.ts'

/**
 * Reads the configuration or throws one `invalid_configuration` that names every wrong field, by
 * its pointer in the file or by its variable, and repeats no value. The environment wins over the
 * file. Relative paths start at the file, without one at `cwd` (INIT_CWD where npm set it).
 */
export function parseConfig(parameters: {
  readonly file: ConfigFile | null
  readonly env: Environment
  readonly cwd: string
  /** Test builds: `QUITTANCE_TEST_*` may be set. */
  readonly allowTestVariables?: boolean
}): GatewayConfig {
  const { file, env, cwd, allowTestVariables = false } = parameters
  const written = file === null ? {} : readFile(file)
  const secrets = [...findFileSecrets(written), ...findEnvironmentSecrets(env)]
  const misplaced = takeEnvironmentOnly(written)
  const hasProfile = (chainId: string) => CHAIN_PROFILES.has(chainId)
  const overlay = overlayEnvironment(written, env, { allowTestVariables, hasProfile })
  inheritProfiles(overlay.settings)
  const twofold = resolveSecretKey(overlay.settings, overlay.origins)
  const parsed = settingsSchema.safeParse(overlay.settings, { error: wordIssue })
  const wrong = toFaults(parsed.error?.issues ?? [])
  const named = wrong.map((fault) => nameOrigin(fault, overlay.origins))
  const faults = dropRepeated([...secrets, ...misplaced, ...overlay.faults, ...twofold, ...named])
  if (faults.length > 0) throw configurationError(faults)
  assert(parsed.success, 'what is not valid has a fault')
  const base = file === null ? cwd : dirname(resolve(cwd, file.path))
  return createConfig(parsed.data, base)
}

function readFile(file: ConfigFile): Record<string, unknown> {
  const reading = readJson(file.text)
  if (!reading.ok) {
    const message = `the configuration file is not valid: line ${reading.line}: ${reading.detail}`
    throw new GatewayError('invalid_configuration', message)
  }
  if (!isRecord(reading.value)) {
    const message = 'the configuration file must hold a JSON object'
    throw new GatewayError('invalid_configuration', message)
  }
  return reading.value
}

/** Takes the names out that only the environment may give, so that they are not judged twice. */
function takeEnvironmentOnly(written: Record<string, unknown>): InputFault[] {
  return Object.entries(ENVIRONMENT_ONLY).flatMap(([name, variable]) => {
    if (!Object.hasOwn(written, name)) return []
    delete written[name]
    const detail = `secrets do not belong in the file; set ${variable}`
    return [createFault(toPointer([name]), 'secret_in_file', detail)]
  })
}

/**
 * A key and a file for it are refused together; a key of the environment wins over the file's file.
 */
function resolveSecretKey(
  settings: Record<string, unknown>,
  origins: ReadonlyMap<string, string>,
): InputFault[] {
  if (settings.secret_key === undefined) return []
  if (origins.has('/secret_key_file')) {
    const detail = 'give this or QUITTANCE_SECRET_KEY_FILE, not both'
    return [createFault('QUITTANCE_SECRET_KEY', 'ambiguous', detail)]
  }
  delete settings.secret_key_file
  return []
}

/** The first fault of a place says enough; the next ones follow from it. */
function dropRepeated(faults: readonly InputFault[]): InputFault[] {
  const key = ({ pointer, detail }: InputFault): string =>
    // Entries of one variable share its name.
    detail.startsWith('entry ') ? `${pointer} ${detail}` : pointer
  return [...new Map(faults.toReversed().map((fault) => [key(fault), fault])).values()].reverse()
}

function createConfig(settings: Settings, base: string): GatewayConfig {
  const databasePath = resolve(base, readSqlitePath(settings.database) as string)
  const { host, port, webhooks, invoices } = settings
  return {
    database: { kind: 'sqlite', path: databasePath, mustExist: settings.database_must_exist },
    stateDir:
      settings.state_dir === undefined ? dirname(databasePath) : resolve(base, settings.state_dir),
    host,
    port,
    publicUrl: new URL(settings.public_url ?? renderBaseUrl(host, port)).href.replace(/\/+$/, ''),
    xpub: settings.xpub ?? null,
    apiKey: settings.api_key ?? null,
    webhooks: {
      allowedHosts: webhooks.allowed_hosts.map((text) => parseHostPort(text) as HostPort),
      scheduleMs: webhooks.schedule === undefined ? null : readSchedule(webhooks.schedule),
    },
    secretKey: createSecretKey(settings, base),
    logLevel: settings.log_level,
    chains: createChains(settings.chains),
    rates: createRateSettings(settings.rates, settings.chains),
    invoices: {
      expiresInS: invoices.expires_in_s,
      graceS: invoices.grace_s,
      toleranceBps: invoices.tolerance_bps,
    },
    alerts: {
      invoicesPer5Min: settings.alerts.invoices_per_5_min,
      underpaidPerHour: settings.alerts.underpaid_per_hour,
      orphanedPerHour: settings.alerts.orphaned_per_hour,
    },
    limits: { requestsPerSecondPerKey: settings.limits.requests_per_second_per_key },
  }
}

function createSecretKey(settings: Settings, base: string): SecretKeyConfig | null {
  const { secret_key: value, secret_key_file: path } = settings
  if (value !== undefined) return { kind: 'value', value }
  return path === undefined ? null : { kind: 'file', path: resolve(base, path) }
}

function readSchedule(text: string): readonly number[] {
  const parsed = parseSchedule(text)
  assert(parsed.ok, 'the schema lets only schedules through')
  return parsed.schedule
}

function renderBaseUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
