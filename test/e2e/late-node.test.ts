/** The gateway is up before its node. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { waitFor } from '../support/gateway-process.ts'
import { allow } from '../support/load-figures.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const READY_WITHIN_MS = allow(5_000)
/** Long enough that waits after faults have reached their longest. */
const NODE_AWAY_MS = 4_000

let port: number
const world = usePaymentWorld({
  start: false,
  async rpcOf() {
    port = await findFreePort()
    return `http://127.0.0.1:${port}`
  },
})
const sockets = new Set<Socket>()
let forwarder: Server | undefined
afterAll(() => disconnectNode())

test('CR-26 node unreachable at start: alive, not ready, 503; ready 5 s after it appears', async () => {
  await world.gateway.start({ expectReady: false })
  await waitFor('the process to answer', async () => {
    const answer = await world.gateway.request('GET', '/healthz').catch(() => null)
    return answer?.status === 200
  })
  await expectNotReady()
  await expectRefused({})
  await expectRefused({ accept: [world.native] })
  await sleep(NODE_AWAY_MS)
  await expectNotReady()

  await connectNode()
  const appearedMs = performance.now()
  await world.gateway.waitReady()
  expect(performance.now() - appearedMs).toBeLessThan(READY_WITHIN_MS)
  await skipDevAccounts(world)
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')

  // Away again with the connection, and back: the same.
  disconnectNode()
  await waitFor('unready', async () => (await readReadiness()).status === 503)
  await expectNotReady()
  await expectRefused({})
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'settled' })
  await connectNode()
  const backMs = performance.now()
  await world.gateway.waitReady()
  expect(performance.now() - backMs).toBeLessThan(READY_WITHIN_MS)
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 90_000)

function readReadiness() {
  return world.gateway.request('GET', '/readyz')
}

async function expectNotReady() {
  await waitFor('unreachable', async () => {
    const { body } = await readReadiness()
    return body.chains[0].state === 'unreachable'
  })
  const { status, body } = await readReadiness()
  expect(status).toBe(503)
  expect(body.chains).toMatchObject([{ chain_id: 31_337, state: 'unreachable' }])
}

async function expectRefused(fields: object) {
  const listInvoices = async () => (await world.gateway.request('GET', '/v1/invoices')).body.data
  const before = await listInvoices()
  const request = { price: { amount: '25.00', currency: 'USD' }, ...fields }
  const answer = await world.gateway.request('POST', '/v1/invoices', request)
  expect(answer.status).toBe(503)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.body).toMatchObject({ status: 503, code: 'chain_unavailable' })
  expect(await listInvoices()).toEqual(before)
}

/** The node's port as the gateway knows it: nothing listens there before. */
async function connectNode() {
  const server = createServer((socket) => {
    const upstream = connect(world.node.port, '127.0.0.1')
    for (const end of [socket, upstream]) {
      sockets.add(end)
      end.on('error', () => {})
      end.on('close', () => sockets.delete(end))
    }
    socket.pipe(upstream).pipe(socket)
  })
  forwarder = server
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
}

function disconnectNode() {
  forwarder?.close()
  for (const socket of sockets) socket.destroy()
}
