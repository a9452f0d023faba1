/**
 * Which URLs may be registered as a webhook endpoint, judged by their parts alone. What a name
 * resolves to is checked by the sender at every attempt; this only keeps out what can never be
 * right.
 */

/** Parts as a WHATWG `URL` shows them: lower-case, numbers normalised, default port empty. */
export type UrlParts = {
  readonly protocol: string
  readonly username: string
  readonly password: string
  readonly hostname: string
  readonly port: string
  readonly hash: string
}

export type EndpointUrlCode =
  | 'scheme_not_allowed'
  | 'userinfo_not_allowed'
  | 'fragment_not_allowed'
  | 'host_not_allowed'
  | 'port_not_allowed'

export type EndpointUrlJudgement =
  | { readonly ok: true; readonly isAllowListed: boolean }
  | { readonly ok: false; readonly code: EndpointUrlCode; readonly detail: string }

/** Below this only 80 and 443: the others are system services (RFC 6335, 6). */
const USER_PORT_MIN = 1024

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/**
 * Ports from 1024 on that are refused: the browsers' bad ports (WHATWG Fetch, 2.9), whose protocols
 * can be fooled by an HTTP request, then databases, queues and control planes that trust their
 * network.
 */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
  // SQL Server, Oracle, MySQL, PostgreSQL, PgBouncer, CouchDB, Redis, Cassandra, Memcached, MongoDB
  ...[1433, 1521, 3306, 5432, 6432, 5984, 6379, 6380, 9042, 11211, 27017, 27018, 27019],
  // Elasticsearch, ZooKeeper, Kafka, AMQP, NATS
  ...[9200, 9300, 2181, 9092, 5671, 5672, 15672, 4222],
  // Docker, etcd, Kubernetes, kubelet, Consul, Vault
  ...[2375, 2376, 2377, 2379, 2380, 6443, 10250, 10255, 8500, 8200],
  // remote desktops and shells
  ...[3389, 5900, 5985, 5986],
])

/**
 * Judges an endpoint URL. `allowedHosts` holds `host:port` as `renderHostPort` writes them:
 * destinations the operator named for development. Those may be `http`, private and on any port.
 */
export function judgeEndpointUrl(
  parts: UrlParts,
  allowedHosts: ReadonlySet<string>,
): EndpointUrlJudgement {
  const port = effectivePort(parts)
  if (port === null) {
    return refuse('scheme_not_allowed', 'The URL must start with https://.')
  }
  if (parts.username !== '' || parts.password !== '') {
    return refuse('userinfo_not_allowed', 'The URL must not carry a user name or a password.')
  }
  if (parts.hash !== '') {
    return refuse('fragment_not_allowed', 'The URL must not have a fragment.')
  }
  if (allowedHosts.has(renderHostPort(parts))) return { ok: true, isAllowListed: true }
  if (parts.protocol !== 'https:') {
    return refuse('scheme_not_allowed', 'The URL must start with https://.')
  }
  if (isLocalName(parts.hostname)) {
    return refuse('host_not_allowed', 'The host must be reachable from the public internet.')
  }
  if (!isAllowedPort(port)) {
    return refuse('port_not_allowed', `Port ${port} is not allowed for webhooks.`)
  }
  return { ok: true, isAllowListed: false }
}

/**
 * `host:port` with the scheme's port filled in and without the root dot; IPv6 stays in brackets.
 */
export function renderHostPort(parts: Pick<UrlParts, 'protocol' | 'hostname' | 'port'>): string {
  return `${withoutRootDot(parts.hostname.toLowerCase())}:${effectivePort(parts) ?? ''}`
}

function effectivePort(parts: Pick<UrlParts, 'protocol' | 'port'>): number | null {
  const standard = DEFAULT_PORTS[parts.protocol]
  if (standard === undefined) return null
  return parts.port === '' ? standard : Number(parts.port)
}

function isAllowedPort(port: number): boolean {
  if (port === 80 || port === 443) return true
  return port >= USER_PORT_MIN && !BLOCKED_PORTS.has(port)
}

/** RFC 6761, 6.3: `localhost` and everything under it is this machine, whatever a resolver says. */
function isLocalName(hostname: string): boolean {
  const name = withoutRootDot(hostname.toLowerCase())
  return name === '' || name === 'localhost' || name.endsWith('.localhost')
}

function withoutRootDot(hostname: string): string {
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
}

function refuse(code: EndpointUrlCode, detail: string): EndpointUrlJudgement {
  return { ok: false, code, detail }
}
