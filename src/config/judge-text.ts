/**
 * What single texts of the configuration must be: null when right, else the rule that was broken.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import { NATIVE_LOG_EMITTER } from '../core/chain/native-coin.ts'
import { parseAccountKey } from '../core/keys/deposit-address.ts'
import { type Address, parseAddress, toChecksumAddress } from '../core/money/asset.ts'
import { renderHostPort } from '../core/webhook/endpoint-url.ts'
import { parseSchedule } from '../core/webhook/retry-schedule.ts'

export type JudgeText = (text: string) => string | null

/** Longest URL, path or name of a host: what servers and file systems take. */
const TEXT_CHARACTERS_MAX = 2_048

/** A text that a rule decides on. The rule's words become the fault. */
export function judgedText(judge: JudgeText) {
  return z
    .string()
    .max(TEXT_CHARACTERS_MAX)
    .superRefine((text, context) => {
      const detail = judge(text)
      if (detail !== null) context.addIssue({ code: 'custom', message: detail })
    })
}

const SQLITE = 'sqlite:'

export function judgeDatabase(text: string): string | null {
  if (/^postgres(ql)?:/i.test(text)) {
    return 'PostgreSQL (QUITTANCE_DATABASE=postgres://...) is not supported yet; use sqlite:PATH'
  }
  const path = readSqlitePath(text)
  if (path === null) return 'must be sqlite:PATH, such as sqlite:./data/quittance.db'
  if (path.startsWith('//') && !path.startsWith('///')) {
    return 'write sqlite:PATH without slashes before the path, such as sqlite:./data/quittance.db'
  }
  if (path === ':memory:') return 'must be a file: a database in memory loses payments'
  if (/[\\/]$/.test(path)) return 'must be a file, not a directory'
  return judgePath(path)
}

/** The path after `sqlite:`, or null for another kind of database. */
export function readSqlitePath(text: string): string | null {
  const path = text.startsWith(SQLITE) ? text.slice(SQLITE.length) : ''
  return path === '' ? null : path
}

export function judgePath(text: string): string | null {
  if (text.trim() === '') return 'must not be empty'
  return /\p{Cc}/u.test(text) ? 'must not hold control characters' : null
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

export function judgeHost(text: string): string | null {
  // Only digits and dots, yet no IP: resolvers read such names as addresses in odd ways.
  const isName = HOST_NAME.test(text) && !/^[0-9.]+$/.test(text)
  return isName || isIP(text) !== 0
    ? null
    : 'must be an IP address (without brackets) or a host name'
}

export function judgePublicUrl(text: string): string | null {
  const url = parseHttpUrl(text)
  if (url === null) return 'must be an http:// or https:// URL'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  return text.includes('?') || text.includes('#') ? 'must not have a query or a fragment' : null
}

export function judgeRpcUrl(text: string): string | null {
  const url = parseHttpUrl(text)
  if (url === null) return 'must be an http:// or https:// URL (no ws://)'
  return text.includes('#') ? 'must not have a fragment' : null
}

/** WHATWG parsing alone would repair `http:/x` and blanks; what was repaired is refused. */
export function parseHttpUrl(text: string): URL | null {
  if (!/^https?:\/\/[^\s\\/]/i.test(text) || /[\s\p{Cc}]/u.test(text)) return null
  return URL.canParse(text) ? new URL(text) : null
}

export function judgeXpub(text: string): string | null {
  const parsed = parseAccountKey(text)
  return parsed.ok ? null : `must be an account-level xpub: ${parsed.detail}`
}

export function judgeApiKey(text: string): string | null {
  return /^qk_[A-Za-z0-9_-]{32,200}$/.test(text)
    ? null
    : 'must be qk_ and 32 to 200 letters, digits, _ or -'
}

/** The forms the vault takes: 32 bytes. */
export function judgeSecretKey(text: string): string | null {
  return /^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/.test(text)
    ? null
    : 'must be 32 bytes as 64 hexadecimal digits or as base64'
}

export function judgeSchedule(text: string): string | null {
  const parsed = parseSchedule(text)
  return parsed.ok ? null : `must be delays such as 1s,2s,5s: ${parsed.reason}`
}

export function judgeHostPort(text: string): string | null {
  return parseHostPort(text) === null ? 'must be host:port, such as 127.0.0.1:9000' : null
}

export type HostPort = { readonly host: string; readonly port: number }

/** `host:port` in the form webhook URLs are compared with: lower case, IPv6 in brackets. */
export function parseHostPort(text: string): HostPort | null {
  // A wildcard would pass as a host name and match nothing: somebody would believe it works.
  if (!/^[^/?#@\\\s*]+:[0-9]{1,5}$/.test(text) || !URL.canParse(`http://${text}/`)) return null
  const canonical = renderHostPort(new URL(`http://${text}/`))
  const colon = canonical.lastIndexOf(':')
  const port = Number(canonical.slice(colon + 1))
  return port === 0 ? null : { host: canonical.slice(0, colon), port }
}

/**
 * Contracts that show the native coin as an ERC-20: the same money would count twice. Addresses of
 * the systems themselves, so no other chain has another token there.
 */
const NATIVE_ALIASES: ReadonlySet<string> = new Set([
  '0x0000000000000000000000000000000000001010', // Polygon, POL
  '0x471ece3750da237f93b8e339c536989b8978a438', // Celo, CELO
  '0x000000000000000000000000000000000000800a', // zkSync chains, base token
  `0x${'dead'.repeat(9)}0000`, // Metis, METIS; OP Stack's former ETH
])

export function judgeAddress(text: string): string | null {
  const address = parseAddress(text)
  if (address === null) return 'must be an address: 0x and 40 hexadecimal digits'
  return hasRightChecksum(text, address) ? null : 'the checksum (EIP-55) of the address is wrong'
}

export function judgeToken(text: string): string | null {
  const fault = judgeAddress(text)
  if (fault !== null) return fault
  const address = text.toLowerCase()
  if (/^0x0{40}$/.test(address)) return 'the zero address is no token'
  if (NATIVE_ALIASES.has(address)) {
    return 'this is the native coin as a token; it is taken by "native" and would count twice'
  }
  if (address === NATIVE_LOG_EMITTER) return 'this is the emitter of native transfers, not a token'
  return null
}

/** Without case there is no checksum to be wrong. */
function hasRightChecksum(text: string, address: Address): boolean {
  const digits = text.slice(2)
  if (digits === digits.toLowerCase() || digits === digits.toUpperCase()) return true
  return text === toChecksumAddress(address)
}

const HEADER_VALUE = /^[\x20-\x7e]{1,4096}$/

export function judgeHeaderValue(text: string): string | null {
  return HEADER_VALUE.test(text) ? null : 'must be 1 to 4096 printable ASCII characters'
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/

/**
 * The client writes these itself, or they decide where a message ends: another value would break
 * it.
 */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host'],
  ...['keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
])

export function judgeHeaderName(name: string): string | null {
  if (!HEADER_NAME.test(name)) return 'is not the name of an HTTP header'
  return OWN_HEADERS.has(name.toLowerCase()) ? 'this header is written by the gateway' : null
}
