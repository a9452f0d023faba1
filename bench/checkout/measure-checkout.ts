/** Pages of shoppers: how fast their status and their first view are answered, many viewers or few. */
import { type ClientRequest, get } from 'node:http'
import { describeConfig, startChainNode } from '../support/chain-node.ts'
import { type Figure, percentile } from '../support/figures.ts'
import { type Gateway, prepareGateway } from '../support/gateway.ts'
import { type LoadResult, runLoad } from '../support/http-load.ts'
import { readCpuMs } from '../support/own-process.ts'

export type CheckoutPlan = {
  readonly invoices: number
  readonly pacedMs: number
  readonly viewers: number
}

const EARLY_BLOCKS = 20
const CONNECTIONS = 50
/** Shoppers of a large shop on a busy day, each page asking every three seconds. */
const STATUS_PER_S = 1_000
const PAGES_PER_S = 100
const API_PER_S = 100
const P99_MS = 50
const P99_BESIDE_VIEWERS_MS = 100
const WARM_UP_REQUESTS = 1_000

/** Figures of the checkout page. */
export async function measureCheckout(plan: CheckoutPlan): Promise<Figure[]> {
  const node = await startChainNode(EARLY_BLOCKS)
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const config = describeConfig({ rpc: node.url, pollMs: 250, confirmations: 12 })
  const gateway = await prepareGateway({ config })
  const viewers: ClientRequest[] = []
  try {
    await gateway.start()
    const paths = await createInvoices(gateway, plan.invoices)
    const pathOf = (suffix: string) => (index: number) =>
      `${paths[index % paths.length] as string}${suffix}`
    const ask = (path: (index: number) => string, pace: object) =>
      runLoad({
        url: gateway.url,
        connections: CONNECTIONS,
        path,
        status: 200,
        headers: () => [],
        ...pace,
      })
    const paced = { durationMs: plan.pacedMs }
    await ask(pathOf('/status'), { requests: WARM_UP_REQUESTS })
    const status = await ask(pathOf('/status'), { ...paced, ratePerS: STATUS_PER_S })
    const beforeMs = readCpuMs(gateway.pid())
    const freely = await ask(pathOf('/status'), paced)
    const cpuUs = ((readCpuMs(gateway.pid()) - beforeMs) * 1_000) / freely.requests
    await ask(pathOf(''), { requests: WARM_UP_REQUESTS / 2 })
    const pages = await ask(pathOf(''), { ...paced, ratePerS: PAGES_PER_S })
    viewers.push(...(await openViewers(gateway, paths, plan.viewers)))
    const beside = await ask(pathOf('/status'), { ...paced, ratePerS: API_PER_S })
    return [
      describeP99(`checkout status at ${STATUS_PER_S}/s: p99`, status, P99_MS),
      {
        name: `checkout status, ${CONNECTIONS} in flight`,
        unit: '/s',
        value: freely.perS,
        floor: null,
        target: { kind: 'least', least: STATUS_PER_S },
      },
      {
        name: 'checkout status, the same: CPU each',
        unit: 'us',
        value: cpuUs,
        floor: null,
        target: null,
      },
      describeP99(`checkout page at ${PAGES_PER_S}/s: p99`, pages, P99_MS),
      describeP99(
        `checkout status beside ${plan.viewers} live viewers: p99`,
        beside,
        P99_BESIDE_VIEWERS_MS,
      ),
    ]
  } finally {
    for (const viewer of viewers) viewer.destroy()
    await gateway.dispose()
    await node.stop()
  }
}

async function createInvoices(gateway: Gateway, count: number): Promise<string[]> {
  const paths: string[] = []
  for (let i = 0; i < count; i++) {
    const { checkout_url } = await gateway.request<{ checkout_url: string }>(
      'POST',
      '/v1/invoices',
      { price: { amount: '25.00', currency: 'USD' } },
    )
    paths.push(new URL(checkout_url).pathname)
  }
  return paths
}

/** Each with a socket of its own, as browsers have; resolves when all have had their first message. */
function openViewers(
  { url }: Gateway,
  paths: readonly string[],
  count: number,
): Promise<ClientRequest[]> {
  const opening = Array.from({ length: count }, (_, i) => {
    const path = `${paths[i % paths.length] as string}/events`
    return new Promise<ClientRequest>((resolve, reject) => {
      const request = get(url + path, { agent: false }, (answer) => {
        answer.on('data', () => resolve(request))
        answer.on('error', () => {})
      })
      request.once('error', reject)
    })
  })
  return Promise.all(opening)
}

function describeP99(name: string, { latenciesMs }: LoadResult, limit: number): Figure {
  return {
    name,
    unit: 'ms',
    value: percentile(latenciesMs, 0.99),
    floor: null,
    target: { kind: 'limit', limit },
  }
}
