import { promises as dns, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { judgeEndpointUrl, renderHostPort } from '../../core/webhook/endpoint-url.ts'
import { GatewayError } from '../../errors.ts'
import type { CheckDestination } from '../../ports/webhook-sender.ts'

/**
 * Keeps webhooks out of the inner network: the addresses a socket may connect to are resolved, ALL
 * checked and then handed to the socket, at every attempt. Nothing resolves a second time in
 * between.
 */

/** Canonical `host:port` texts, see `parseAllowedHosts`. */
export type AllowedHosts = ReadonlySet<string>

/** Every address of a name. Rejects when the name does not exist or nobody answers. */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>

export type Destination =
  | { readonly kind: 'reachable'; readonly addresses: readonly LookupAddress[] }
  | { readonly kind: 'blocked'; readonly detail: string }
  | { readonly kind: 'unresolved'; readonly detail: string }

/** One query to one name server. Two of them fit the sender's time to connect (3 s). */
const DNS_TIMEOUT_MS = 1_200
const DNS_TRIES = 2

/**
 * Public by allocation, yet answered from inside: Azure's platform service, reachable from every
 * virtual machine there.
 */
const INNER_IPV4 = ['168.63.129.16/32'].map((range) => ipaddr.IPv4.parseCIDR(range))

/** The only IPv6 space that IANA has given out for unicast so far (RFC 4291, 2.4). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Inside 2000::/3 and yet not to be contacted: protocol assignments with Teredo, ORCHID and AMT
 * (2001::/23), documentation (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16), which embeds any
 * IPv4.
 */
const SPECIAL_IPV6 = [
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '2620:4f:8000::/48',
].map((range) => ipaddr.IPv6.parseCIDR(range))

/**
 * Whether an address text is ordinary public unicast. What embeds or translates an IPv4 address
 * (mapped, compatible, 6to4, Teredo, NAT64) is not, whatever the embedded one is; zones are not
 * either.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) {
    const parsed = ipaddr.IPv4.parse(address)
    return parsed.range() === 'unicast' && !INNER_IPV4.some((range) => parsed.match(range))
  }
  if (isIP(address) !== 6 || address.includes('%')) return false
  const parsed = ipaddr.IPv6.parse(address)
  if (!parsed.match(GLOBAL_IPV6) || SPECIAL_IPV6.some((range) => parsed.match(range))) return false
  return parsed.range() === 'unicast'
}

/**
 * Reads the entries of `QUITTANCE_WEBHOOK_ALLOWED_HOSTS`, each `host:port`, into the form the
 * judgement compares with. Throws `invalid_configuration` for anything else, since a typing error
 * must not widen.
 */
export function parseAllowedHosts(entries: readonly string[]): AllowedHosts {
  return new Set(entries.map(parseAllowedHost))
}

function parseAllowedHost(entry: string): string {
  const url = /^[^/?#@\\\s]+:[0-9]{1,5}$/.test(entry) ? parseUrl(`http://${entry}/`) : null
  if (url === null) {
    throw new GatewayError(
      'invalid_configuration',
      `allowed webhook host "${entry}": want host:port`,
    )
  }
  return renderHostPort(url)
}

/** The check at registration; see the port. */
export function createDestinationCheck(deps: { allowedHosts: AllowedHosts }): CheckDestination {
  return (text) => {
    const url = parseUrl(text)
    if (url === null) return { ok: false, code: 'invalid_url', detail: 'This is not a URL.' }
    const judged = judgeEndpointUrl(url, deps.allowedHosts)
    if (!judged.ok) return { ok: false, code: judged.code, detail: judged.detail }
    const literal = literalAddress(url)
    if (judged.isAllowListed || literal === null || isPublicAddress(literal)) {
      return { ok: true, url: url.href }
    }
    const detail = 'The host must be reachable from the public internet.'
    return { ok: false, code: 'host_not_allowed', detail }
  }
}

/**
 * The addresses an attempt may connect to: all of the host's, or none if one of them is forbidden.
 * An address outside the public space passes when the URL's `host:port` or its own `ip:port` is
 * allowed. Details name no inner address: they reach the merchant, who must not learn the inner
 * network by them.
 */
export async function findDestination(
  deps: { allowedHosts: AllowedHosts; resolve: Resolve },
  url: URL,
  signal: AbortSignal,
): Promise<Destination> {
  const judged = judgeEndpointUrl(url, deps.allowedHosts)
  if (!judged.ok) return { kind: 'blocked', detail: judged.detail }
  const literal = literalAddress(url)
  const found = literal === null ? await resolveName(deps, url, signal) : [literal]
  if (typeof found === 'string') return { kind: 'unresolved', detail: found }
  const isAllowed = (address: string): boolean =>
    judged.isAllowListed || isPublicAddress(address) || isAllowedAddress(deps, url, address)
  if (!found.every(isAllowed)) {
    return { kind: 'blocked', detail: 'the host has an address that webhooks may not reach' }
  }
  return { kind: 'reachable', addresses: found.map((ip) => ({ address: ip, family: isIP(ip) })) }
}

/** Addresses, or why there are none. */
async function resolveName(
  deps: { resolve: Resolve },
  url: URL,
  signal: AbortSignal,
): Promise<readonly string[] | string> {
  try {
    const addresses = await deps.resolve(url.hostname, signal)
    if (addresses.length === 0) return 'the host name has no address'
    return addresses.every((address) => isIP(address) !== 0) ? addresses : 'the answer is malformed'
  } catch (error) {
    return `the host name does not resolve (${errorCode(error)})`
  }
}

function isAllowedAddress(deps: { allowedHosts: AllowedHosts }, url: URL, ip: string): boolean {
  const hostname = isIP(ip) === 6 ? `[${ipaddr.IPv6.parse(ip).toRFC5952String()}]` : ip
  const { protocol, port } = url
  return !ip.includes('%') && deps.allowedHosts.has(renderHostPort({ protocol, hostname, port }))
}

/**
 * Resolves names an operator allowed as the system does (hosts file, container names), and all
 * others by DNS only, over sockets: getaddrinfo would hold one of the four pool threads per slow
 * name server, and a name server is something a stranger may run.
 */
export function createResolve(deps: { allowedHosts: AllowedHosts }): Resolve {
  const systemNames = new Set([...deps.allowedHosts].map((entry) => entry.replace(/:\d+$/, '')))
  return async (hostname, signal) => {
    if (!systemNames.has(hostname.replace(/\.$/, ''))) return await queryDns(hostname, signal)
    const found = await dns.lookup(hostname, { all: true, order: 'verbatim' })
    return found.map((entry) => entry.address)
  }
}

/**
 * A and AAAA records. One of the two kinds may be missing or fail, as with servers that know no
 * AAAA.
 */
async function queryDns(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new dns.Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES })
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const answers = [resolver.resolve4(hostname), resolver.resolve6(hostname)]
    const [v4, v6] = await Promise.allSettled(answers)
    const addresses = [v4, v6].flatMap((answer) =>
      answer?.status === 'fulfilled' ? answer.value : [],
    )
    if (addresses.length === 0 && v4?.status === 'rejected') throw v4.reason
    return addresses
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** The address when the host is one: node connects to those without asking any lookup. */
function literalAddress(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) === 0 ? null : host
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

function errorCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code ?? 'unknown'
}
