import { type DestinationStream, pino } from 'pino'
import type { Logger } from '../../ports/logger.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const REDACTED = '[redacted]'

/** Names of fields whose value is never written, compared without case, `_` and `-`. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  ...[
    'secret',
    'secrets',
    'secretkey',
    'password',
    'passphrase',
    'token',
    'authorization',
    'cookie',
  ],
  ...[
    'setcookie',
    'apikey',
    'mnemonic',
    'seedphrase',
    'xpub',
    'xprv',
    'privatekey',
    'webhooksignature',
  ],
])

/**
 * Secrets recognised by their form, wherever they stand: webhook secrets, API keys, extended keys
 * (public ones too: they show every address of a merchant).
 */
const SECRET_FORMS =
  /whs(?:ec|k)_[A-Za-z0-9+/=_-]+|qk_[A-Za-z0-9]{16,}|[xyztuv](?:pub|prv)[1-9A-HJ-NP-Za-km-z]{20,}/g

/** User and password inside a URL. */
const URL_CREDENTIALS = /:\/\/[^/\s@"]+@/g

/** Levels of nesting and entries of a list that are written. What lies beyond shows as `[...]`. */
const DEPTH_MAX = 6
const ENTRIES_MAX = 100

/**
 * Structured lines of JSON on standard output (or `destination`). Fields that are named or look
 * like a secret are replaced at any depth, in messages and errors too. `bigint` values show as
 * decimal text.
 */
export function createLogger(parameters: {
  readonly level: LogLevel
  readonly destination?: DestinationStream
}): Logger {
  const options = {
    level: parameters.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  // Synchronous, so that the lines before a crash are the ones that say why.
  const destination = parameters.destination ?? pino.destination({ fd: 1, sync: true })
  const lines = pino(options, destination)
  const log = (level: Exclude<LogLevel, 'silent'>) => (fields: object, message: string) => {
    if (lines.isLevelEnabled(level)) lines[level](redactFields(fields), redactText(message))
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

function redactFields(fields: object): Record<string, unknown> {
  return redactObject(fields, 0)
}

function redactObject(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, ENTRIES_MAX)
  return Object.fromEntries(entries.map(([name, field]) => [name, redactField(name, field, depth)]))
}

function redactField(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value
  return SECRET_NAMES.has(name.toLowerCase().replace(/[-_]/g, ''))
    ? REDACTED
    : redactValue(value, depth + 1)
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEPTH_MAX) return '[...]'
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return value.toJSON()
  // Raw bytes may be key material, and nobody reads them in a log.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) {
    return value.slice(0, ENTRIES_MAX).map((entry) => redactValue(entry, depth + 1))
  }
  return redactObject(value, depth)
}

/** Message, stack and cause are not enumerable; the other properties (a code, faults) are. */
function redactError(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error
  return {
    ...redactObject(error, depth),
    name,
    message: redactText(message),
    ...(stack === undefined ? {} : { stack: redactText(stack) }),
    ...(cause === undefined ? {} : { cause: redactValue(cause, depth + 1) }),
  }
}

function redactText(text: string): string {
  return text.replace(SECRET_FORMS, REDACTED).replace(URL_CREDENTIALS, `://${REDACTED}@`)
}
