/** Nodes that stand still and say that they are in step: judged by the age of their blocks. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type GatewayProcess, prepareGateway, waitFor } from '../support/gateway-process.ts'
import { createSyntheticChain, type SyntheticChain } from '../support/synthetic-chain.ts'
import { type SyntheticNode, startSyntheticNode } from '../support/synthetic-node.ts'

const K = 2
const DUE_WEI = 10n ** 16n
const HOUR_S = 3_600
/** Not a test chain: those are not judged by the time of their blocks. */
const CHAIN = {
  test: false,
  block_time_ms: 1_000,
  poll_interval_ms: 250,
  finality: [{ confirmations: K }],
  native_mode: 'direct',
}
const nowS = () => Math.floor(Date.now() / 1_000)

let chain: SyntheticChain
let node: SyntheticNode
let [first, second]: FaultProxy[] = []
let gateway: GatewayProcess
beforeAll(async () => {
  chain = await createSyntheticChain({ genesisTimestampS: nowS() - HOUR_S })
  node = await startSyntheticNode(chain)
  await chain.mineEmpty(5)
  first = await startFaultProxy({ target: node.url })
  second = await startFaultProxy({ target: node.url })
  const rpc = [first.url, second.url]
  gateway = await prepareGateway({
    config: {
      chains: { '31337': { ...CHAIN, rpc } },
      rates: { sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500' } }] },
    },
  })
  await gateway.start({ expectReady: false })
}, 30_000)
afterAll(async () => {
  await gateway?.dispose()
  await Promise.all([first?.stop(), second?.stop(), node?.stop()])
})

const readHealth = async () => {
  const { status, body } = await gateway.request('GET', '/readyz')
  return { status, ...body.chains[0] }
}
const request = { price: { amount: '0.01', currency: 'ETH' } }

test('CR-28 all nodes stand still: not ready, with the reason, and nothing new is offered', async () => {
  await waitFor('health', async () => {
    const health = await readHealth().catch(() => null)
    return health?.reason === 'stale_head'
  })
  const { status, state, head, lag_s: lagS } = await readHealth()
  expect({ status, state, head }).toEqual({ status: 503, state: 'behind', head: 5 })
  expect(lagS).toBeGreaterThan(HOUR_S / 2)
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  const refused = await gateway.request('POST', '/v1/invoices', request)
  expect([refused.status, refused.body.code]).toEqual([503, 'chain_unavailable'])
})

test('CR-28 one goes on: it is followed and credits, and health tells of the other one', async () => {
  first!.rules.headFrozenAt = chain.head().number
  await chain.mine({ timestampS: nowS() })
  await waitFor('the chain', async () => (await readHealth()).state === 'ok')
  const { body: invoice } = await gateway.request('POST', '/v1/invoices', request)
  await chain.mine({ timestampS: nowS(), transactions: [{ to: invoice.address, units: DUE_WEI }] })
  await chain.mine({ timestampS: nowS() })
  await waitFor('the payment', async () => {
    const { body } = await gateway.request('GET', `/v1/invoices/${invoice.id}`)
    return body.status === 'settled'
  })
  const { status, head, providers } = await readHealth()
  expect({ status, head }).toEqual({ status: 200, head: chain.head().number })
  expect(providers).toMatchObject([
    { head: 5, state: 'stale', ok: true },
    { head: chain.head().number, state: 'ok', ok: true },
  ])
  first!.reset()
  await waitFor('its return', async () => (await readHealth()).providers[0].state === 'ok')
})
