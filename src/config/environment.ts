/** Variables and where their values stand in the settings. */
import type { InputFault } from '../errors.ts'
import { createFault, toPointer } from './faults.ts'
import { presentName } from './recognise-secret.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Variable = {
  readonly path: readonly string[]
  readonly read: (text: string) => unknown
}

const VARIABLES: Readonly<Record<string, Variable>> = {
  QUITTANCE_XPUB: { path: ['xpub'], read: asText },
  QUITTANCE_DATABASE: { path: ['database'], read: asText },
  QUITTANCE_DATABASE_MUST_EXIST: { path: ['database_must_exist'], read: asBoolean },
  QUITTANCE_HOST: { path: ['host'], read: asText },
  QUITTANCE_PORT: { path: ['port'], read: asInteger },
  QUITTANCE_PUBLIC_URL: { path: ['public_url'], read: asText },
  QUITTANCE_API_KEY: { path: ['api_key'], read: asText },
  QUITTANCE_WEBHOOK_ALLOWED_HOSTS: { path: ['webhooks', 'allowed_hosts'], read: asList },
  QUITTANCE_WEBHOOK_SCHEDULE: { path: ['webhooks', 'schedule'], read: asText },
  QUITTANCE_STATE_DIR: { path: ['state_dir'], read: asText },
  QUITTANCE_SECRET_KEY: { path: ['secret_key'], read: asText },
  QUITTANCE_SECRET_KEY_FILE: { path: ['secret_key_file'], read: asText },
  QUITTANCE_LOG_LEVEL: { path: ['log_level'], read: asText },
}

const PREFIX = 'QUITTANCE_'
/** Read before everything else: it names the file. */
const FILE_VARIABLE = 'QUITTANCE_CONFIG'
const TEST_PREFIX = 'QUITTANCE_TEST_'
const RPC_VARIABLE = /^QUITTANCE_RPC_([1-9][0-9]{0,15})$/

export type Overlay = {
  /** The file's settings with those of the environment in their place. */
  readonly settings: Record<string, unknown>
  /** Pointer of each setting that came from a variable -> its name. */
  readonly origins: ReadonlyMap<string, string>
  readonly faults: readonly InputFault[]
}

/**
 * Puts the environment over the file. Empty variables count as not given, as deployment tools write
 * them for what has no value. Unknown `QUITTANCE_` names are faults: a misspelt one would be
 * ignored.
 */
export function overlayEnvironment(
  file: Readonly<Record<string, unknown>>,
  env: Environment,
  options: {
    readonly allowTestVariables: boolean
    readonly hasProfile: (chainId: string) => boolean
  },
): Overlay {
  const { hasProfile } = options
  const settings = structuredClone(file)
  const origins = new Map<string, string>()
  const faults: InputFault[] = []
  for (const [name, text] of listVariables(env)) {
    if (name === FILE_VARIABLE) continue
    if (options.allowTestVariables && name.startsWith(TEST_PREFIX)) continue
    const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined
    const chainId = RPC_VARIABLE.exec(name)?.[1]
    if (variable !== undefined) {
      place(settings, variable.path, variable.read(text))
      origins.set(toPointer(variable.path), name)
    } else if (chainId !== undefined) {
      const path = ['chains', chainId, 'rpc']
      const isDescribed = isRecord(settings.chains) && isRecord(settings.chains[chainId])
      if (isDescribed || hasProfile(chainId)) place(settings, path, asList(text))
      else faults.push(createFault(name, 'unknown_chain', describeUnknownChain(chainId)))
      origins.set(toPointer(path), name)
    } else {
      faults.push(createFault(presentName(name), 'unknown_name', 'unknown variable'))
    }
  }
  return { settings, origins, faults }
}

/** The gateway's own variables that are given, in the order of their names. */
export function listVariables(env: Environment): (readonly [name: string, text: string])[] {
  return Object.entries(env)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, text]) => [name, text?.trim() ?? ''] as const)
    .filter(([, text]) => text !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Names the variable instead of the pointer where a setting came from one. */
export function nameOrigin(fault: InputFault, origins: ReadonlyMap<string, string>): InputFault {
  for (const [pointer, name] of origins) {
    if (fault.pointer === pointer) return { ...fault, pointer: name }
    if (!fault.pointer.startsWith(`${pointer}/`)) continue
    const entry = Number(fault.pointer.slice(pointer.length + 1)) + 1
    return { ...fault, pointer: name, detail: `entry ${entry}: ${fault.detail}` }
  }
  return fault
}

/** Sets a value at a path. Where the file has no object on the way, its own fault is told first. */
function place(settings: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path as [string, ...string[]]
  if (rest.length === 0) {
    settings[name] = value
    return
  }
  if (settings[name] === undefined) settings[name] = {}
  const inner = settings[name]
  if (isRecord(inner)) place(inner, rest, value)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describeUnknownChain(chainId: string): string {
  return (
    `chain ${chainId} has no built-in profile; the configuration file must describe it under ` +
    `/chains/${chainId}`
  )
}

function asText(text: string): string {
  return text
}

/** A number, or the text itself, which then is refused as no number. */
function asInteger(text: string): unknown {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : text
}

/** `true` or `false`, or the text itself, which then is refused as neither. */
function asBoolean(text: string): unknown {
  return text === 'true' || (text === 'false' ? false : text)
}

function asList(text: string): string[] {
  return text.split(',').map((entry) => entry.trim())
}
