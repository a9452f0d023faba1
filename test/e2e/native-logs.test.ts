/** PA-18: coins on chains whose blocks tell of every movement: by logs (EIP-7708), by lists (EIP-7928). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GatewayProcess, prepareGateway, waitFor } from '../support/gateway-process.ts'
import { hashBlockAccessList } from '../support/sealed-blocks/encode-block.ts'
import {
  createSyntheticChain,
  type Payment,
  payByContract,
  SYSTEM_ADDRESS,
  type SyntheticChain,
} from '../support/synthetic-chain.ts'
import { type SyntheticNode, startSyntheticNode } from '../support/synthetic-node.ts'

type Hex = `0x${string}`

const K = 5
const DUE_WEI = 10n ** 16n
const SAFE: Hex = `0x${'5a'.repeat(20)}`
const NATIVE = 'eip155:31337/slip44:60'

type World = {
  readonly chain: SyntheticChain
  readonly node: SyntheticNode
  readonly gateway: GatewayProcess
  createInvoice(): Promise<any>
  mine(payments?: readonly Payment[]): Promise<void>
  waitFor(id: string, what: string, isDone: (invoice: any) => boolean): Promise<any>
}

async function startWorld(nativeMode: string, nativeLogs: boolean): Promise<World> {
  const chain = await createSyntheticChain({ fork: 'amsterdam', nativeLogs })
  const node = await startSyntheticNode(chain)
  // Nobody's keys but the payers' sign here.
  node.answer('eth_getTransactionCount', () => '0x0')
  await chain.mineEmpty(5)
  const gateway = await prepareGateway({
    config: {
      chains: {
        '31337': {
          rpc: [node.url],
          test: true,
          poll_interval_ms: 250,
          finality: [{ confirmations: K }],
          native_mode: nativeMode,
        },
      },
      rates: { sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500' } }] },
    },
  })
  await gateway.start()
  return {
    chain,
    node,
    gateway,
    async createInvoice() {
      const price = { amount: '0.01', currency: 'ETH' }
      // Block times of a synthetic chain are not those of the wall clock.
      const body = { price, expires_in: 7 * 24 * 3_600 }
      const answer = await gateway.request('POST', '/v1/invoices', body)
      expect(answer.status, JSON.stringify(answer.body)).toBe(201)
      return answer.body
    },
    async mine(payments = []) {
      await chain.mine({ transactions: payments })
      await waitFor('the gateway to follow', async () => {
        const { body } = await gateway.request('GET', '/readyz')
        return body.chains[0]?.cursor === chain.head().number
      })
    },
    async waitFor(id, what, isDone) {
      let invoice: any
      await waitFor(what, async () => {
        invoice = (await gateway.request('GET', `/v1/invoices/${id}`)).body
        return isDone(invoice)
      })
      return invoice
    },
  }
}

function useWorld(nativeMode: string, nativeLogs: boolean): World {
  const world: Partial<World> = {}
  beforeAll(async () => void Object.assign(world, await startWorld(nativeMode, nativeLogs)))
  afterAll(async () => {
    await world.gateway?.dispose()
    await world.node?.stop()
  })
  return world as World
}

const settled = ({ status }: any) => status === 'settled'

async function mineAll(world: World, count: number): Promise<void> {
  for (let mined = 0; mined < count; mined += 1) await world.mine()
}

/** The same story, whatever tells of the calls. */
function describeStory(world: World, internal: object): void {
  test('PA-18 a direct payment counts once, beside what tells of it', async () => {
    const invoice = await world.createInvoice()
    await world.mine([{ to: invoice.address, units: DUE_WEI }])
    await mineAll(world, K)
    const { payments, paid } = await world.waitFor(invoice.id, 'settled', settled)
    expect(payments).toHaveLength(1)
    expect(payments[0]).toMatchObject({
      kind: 'native',
      asset: NATIVE,
      amount_units: DUE_WEI.toString(),
    })
    expect(paid.overpaid).toBe(false)
  })

  test('PA-18 a contract pays two orders in one transaction, each exactly once', async () => {
    const [one, other] = [await world.createInvoice(), await world.createInvoice()]
    const transfers = [
      { to: one.address as Hex, units: DUE_WEI },
      { to: other.address as Hex, units: DUE_WEI + 3n },
    ]
    await world.mine([payByContract(SAFE, transfers)])
    const { hash } = world.chain.head().block.transactions[0]
    await mineAll(world, K)
    for (const [index, { id }] of [one, other].entries()) {
      const { payments, paid } = await world.waitFor(id, 'settled', settled)
      expect(payments).toHaveLength(1)
      expect(payments[0]).toMatchObject({
        kind: 'internal',
        amount_units: (DUE_WEI + BigInt(3 * index)).toString(),
        tx_hash: hash,
        ...internal,
      })
      expect(paid.overpaid).toBe(index === 1)
    }
  })

  test('PA-18 a direct and an internal payment of one block are two, of half each', async () => {
    const invoice = await world.createInvoice()
    const to = invoice.address as Hex
    const half = DUE_WEI / 2n
    await world.mine([{ to, units: half }, payByContract(SAFE, [{ to, units: half }])])
    await mineAll(world, K)
    const { payments, paid } = await world.waitFor(invoice.id, 'settled', settled)
    expect(payments.map(({ kind }: any) => kind).sort()).toEqual(['internal', 'native'])
    expect(paid.overpaid).toBe(false)
  })

  test('PA-19 a withdrawal is found by the balance, with its block', async () => {
    const invoice = await world.createInvoice()
    await world.chain.mine({
      withdrawals: [{ address: invoice.address, gwei: DUE_WEI / 10n ** 9n }],
    })
    const { number, hash } = world.chain.head()
    await mineAll(world, K)
    const { payments } = await world.waitFor(invoice.id, 'settled', settled)
    expect(payments).toHaveLength(1)
    expect(payments[0]).toMatchObject({
      kind: 'internal',
      amount_units: DUE_WEI.toString(),
      tx_hash: null,
      from: null,
      block_number: number,
      block_hash: hash,
    })
    const told = await world.gateway.request('GET', '/v1/events?type=alert.unexplained_balance')
    expect(told.body.data[0].data).toMatchObject({
      kind: 'unexplained_balance',
      invoice: invoice.id,
      block_number: number,
      block_hash: hash,
    })
  })

  test('the stored state is clean', async () => {
    const { code, stdout } = await world.gateway.run('check')
    expect(code, stdout).toBe(0)
  })
}

describe('by logs (EIP-7708), which show in the block itself', () => {
  const world = useWorld('auto', true)
  describeStory(world, { from: expect.stringMatching(/^0x5a/i), log_index: expect.any(Number) })

  test('PA-18 the emitter cannot be listed as a token', async () => {
    const config = {
      chains: {
        '31337': {
          rpc: ['http://127.0.0.1:1'],
          test: true,
          tokens: [{ address: SYSTEM_ADDRESS, symbol: 'WEI', decimals: 18 }],
        },
      },
    }
    const other = await prepareGateway({ config })
    const { code, stdout, stderr } = await other.run('check')
    expect(code).not.toBe(0)
    expect(stdout + stderr).toContain('emitter of native transfers')
    await other.dispose()
  })
})

describe('by access lists (EIP-7928), where nothing is logged', () => {
  const world = useWorld('bal', false)
  describeStory(world, { from: null, log_index: null })

  test('a list that the header does not commit to is not believed', async () => {
    const invoice = await world.createInvoice()
    const address = invoice.address.toLowerCase()
    let lies = 0
    world.node.rewrite((method, _params, result) => {
      if (method !== 'eth_getBlockAccessList') return result
      lies += 1
      const change = { index: '0x1', value: `0x${DUE_WEI.toString(16)}` }
      return [...result, { address, balanceChanges: [change] }]
    })
    await world.chain.mine({ transactions: [{ to: SAFE, units: 1n }] })
    await waitFor('a lie', () => lies >= 1)
    await mineAll(world, K)
    world.node.rewrite(null)
    expect(world.gateway.output()).toContain('access list that the header')
    const untouched = await world.waitFor(invoice.id, 'an answer', () => true)
    expect(untouched).toMatchObject({ status: 'open', payments_total: 0 })
  })

  test('nor a list with a header made to fit, of which the hash is another', async () => {
    const invoice = await world.createInvoice()
    const address = invoice.address.toLowerCase()
    const change = { index: '0x1', value: `0x${DUE_WEI.toString(16)}` }
    let lies = 0
    world.node.rewrite((method, [name, whole], result) => {
      const block = method === 'eth_getBlockByHash' ? world.chain.byHash(name) : null
      if (method === 'eth_getBlockAccessList')
        return [...result, { address, balanceChanges: [change] }]
      if (block?.accessList == null || whole) return result
      lies += 1
      const list = [...block.accessList, { address, balanceChanges: [change] }]
      return { ...result, blockAccessListHash: hashBlockAccessList(list) }
    })
    await world.chain.mine({ transactions: [{ to: SAFE, units: 1n }] })
    await waitFor('a lie', () => lies >= 1)
    await mineAll(world, K)
    world.node.rewrite(null)
    const untouched = await world.waitFor(invoice.id, 'an answer', () => true)
    expect(untouched).toMatchObject({ status: 'open', payments_total: 0 })
  })
})
