/** Several chains in one gateway: one that is down, the same coin with other decimals, mix-ups. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { type LocalNode, startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { accountXpub } from '../support/account-keys.ts'
import { STAND_IN_DEPTH, type StandIn, startStandIn } from '../support/chain-stand-in.ts'
import { type GatewayProcess, prepareGateway, waitFor } from '../support/gateway-process.ts'
import { countType } from '../support/pay-many.ts'

type Hex = `0x${string}`

/** As the contracts on the real chains say. */
const ON_ETHEREUM = { USDC: 6, USDT: 6, DAI: 18, EURC: 6 }
const ON_BNB_CHAIN = { USDC: 18, USDT: 18, DAI: 18 }
const ON_POLYGON = { USDC: 6, USDT: 6, DAI: 18, 'USDC.e': 6 }

const PRICES = {
  ...{ 'ETH/USD': '2500', 'BNB/USD': '600', 'POL/USD': '0.25', 'USDC.e/USD': '1' },
  ...{ 'USDC/USD': '1', 'USDT/USD': '1', 'DAI/USD': '1', 'EURC/USD': '1.1' },
}
const RATES = { sources: [{ kind: 'fixed', prices: PRICES }] }
const env = { QUITTANCE_XPUB: accountXpub(7) }
const MAX_REORG_BLOCKS = 10

let ethereum: StandIn
let bnb: StandIn
beforeAll(async () => {
  ethereum = await startStandIn(1, ON_ETHEREUM)
  bnb = await startStandIn(56, ON_BNB_CHAIN)
}, 60_000)
afterAll(() => Promise.all([ethereum?.node.stop(), bnb?.node.stop()]))

async function createInvoice(gateway: GatewayProcess, body: object): Promise<any> {
  const answer = await gateway.request('POST', '/v1/invoices', body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

const getInvoice = async (gateway: GatewayProcess, id: string) =>
  (await gateway.request('GET', `/v1/invoices/${id}`)).body

async function readChain(gateway: GatewayProcess, id: number): Promise<any> {
  const { body } = await gateway.request('GET', '/readyz')
  return body.chains.find((chain: any) => chain.chain_id === id)
}

async function waitForChain(gateway: GatewayProcess, id: number, fields: object): Promise<any> {
  let seen: any
  await waitFor(
    `chain ${id} to be ${JSON.stringify(fields)}`,
    async () => {
      seen = await readChain(gateway, id).catch(() => null)
      return Object.entries(fields).every(([name, value]) => seen?.[name] === value)
    },
    20_000,
  )
  return seen
}

/** Pays in a token, mines to the depth asked for, and waits until the gateway has seen it. */
async function pay(gateway: GatewayProcess, on: StandIn, symbol: string, to: Hex, units: bigint) {
  const token = on.tokenOf(symbol).address
  const hash = await on.chain.sendToken({ token, to, units })
  await on.chain.mine(STAND_IN_DEPTH)
  await waitForChain(gateway, on.id, { cursor: await on.chain.blockNumber() })
  return hash
}

describe('two chains up, one down', () => {
  let gateway: GatewayProcess
  let polygon: StandIn | undefined
  let polygonPort: number
  beforeAll(async () => {
    polygonPort = await findFreePort()
    const rpc = [`http://127.0.0.1:${polygonPort}`]
    gateway = await prepareGateway({
      config: {
        chains: {
          1: ethereum.settings,
          56: bnb.settings,
          137: { test: true, rpc, finality: [{ confirmations: 2 }], tokens: [] },
        },
        rates: RATES,
      },
      env,
    })
    await gateway.start({ expectReady: false })
    for (const { id } of [ethereum, bnb]) await waitForChain(gateway, id, { state: 'ok' })
  }, 40_000)
  afterAll(async () => {
    await gateway?.dispose()
    await polygon?.node.stop()
  })

  test('CR-27 the others are payable and visible, the broken one is named with a reason', async () => {
    await waitForChain(gateway, 137, { state: 'unreachable' })
    const { status, body } = await gateway.request('GET', '/readyz')
    expect([status, body.status]).toEqual([503, 'not_ready'])
    expect(body.chains).toMatchObject([
      { chain_id: 1, name: 'Ethereum', state: 'ok', reason: null },
      { chain_id: 56, name: 'BNB Chain', state: 'ok', reason: null },
      { chain_id: 137, name: 'Polygon', state: 'unreachable', reason: 'unreachable', head: null },
    ])
    const assets = (await gateway.request('GET', '/v1/assets')).body.data
    const readyOn = new Map(assets.map((one: any) => [one.network_name, one.ready]))
    expect([...readyOn]).toEqual([
      ['Ethereum (ERC20)', true],
      ['BNB Smart Chain (BEP20)', true],
      ['Polygon PoS', false],
    ])

    const price = { amount: '25.00', currency: 'USD' }
    const refused = await gateway.request('POST', '/v1/invoices', {
      price,
      accept: ['eip155:137/slip44:60'],
    })
    expect([refused.status, refused.body.code]).toEqual([503, 'chain_unavailable'])
    expect(refused.body.detail).toContain('Polygon')

    const invoice = await createInvoice(gateway, { price })
    const offered = new Set(invoice.payment_options.map((option: any) => option.chain_id))
    expect([...offered]).toEqual([1, 56])
    await pay(gateway, bnb, 'USDT', invoice.address, 25n * 10n ** 18n)
    expect((await getInvoice(gateway, invoice.id)).status).toBe('settled')
    const doctor = await gateway.run('doctor')
    expect(doctor.code).toBe(1)
    expect(doctor.stderr).toMatch(/FAULT\s+chain 137 \(Polygon\)/)
    expect(doctor.stdout).toMatch(
      /ok\s+chain 56 \(BNB Chain\): head \d+; takes BNB, USDT, USDC, DAI/,
    )
  }, 30_000)

  test('CR-27 the broken one joins when its node comes', async () => {
    polygon = await startStandIn(137, ON_POLYGON, polygonPort)
    await gateway.waitReady()
    const price = { amount: '1', currency: 'USD' }
    const invoice = await createInvoice(gateway, { price, accept: ['eip155:137/slip44:60'] })
    await polygon.chain.sendNative({ to: invoice.address, units: 4n * 10n ** 18n })
    await polygon.chain.mine(STAND_IN_DEPTH)
    await waitForChain(gateway, 137, { cursor: await polygon.chain.blockNumber() })
    expect((await getInvoice(gateway, invoice.id)).status).toBe('settled')
  }, 40_000)

  test.each(['USDT', 'USDC', 'DAI'])(
    'PA-29 %s has the decimals of its chain',
    async (symbol) => {
      // More digits than a float holds, fewer than the coarsest of the two chains.
      const price = { amount: '9007199254.740993', currency: symbol }
      for (const [on, decimals] of [
        [ethereum, ON_ETHEREUM],
        [bnb, ON_BNB_CHAIN],
      ] as const) {
        const digits = (decimals as Record<string, number>)[symbol] as number
        const due = 9_007_199_254_740_993n * 10n ** BigInt(digits - 6)
        const invoice = await createInvoice(gateway, { price })
        const { asset } = on.tokenOf(symbol)
        const option = invoice.payment_options.find((one: any) => one.asset === asset)
        expect(option).toMatchObject({ decimals: digits, amount_due_units: due.toString() })
        await pay(gateway, on, symbol, invoice.address, due - 1n)
        const short = await getInvoice(gateway, invoice.id)
        expect([short.status, short.paid.underpaid]).toEqual(['open', true])
        await pay(gateway, on, symbol, invoice.address, 1n)
        const settled = await getInvoice(gateway, invoice.id)
        expect(settled).toMatchObject({ status: 'settled', paid: { overpaid: false } })
      }
    },
    30_000,
  )

  test('PA-28 the right token on another chain: listed, told of, not credited', async () => {
    const [own, other] = [ethereum.tokenOf('USDT'), bnb.tokenOf('USDT')]
    const price = { amount: '25', currency: 'USD' }
    const invoice = await createInvoice(gateway, { price, accept: [own.asset] })
    const hash = await pay(gateway, bnb, 'USDT', invoice.address, 25n * 10n ** 18n)
    const open = await getInvoice(gateway, invoice.id)
    expect(open).toMatchObject({ status: 'open', payments_total: 1, paid: { underpaid: false } })
    expect(open.payments).toMatchObject([
      { asset: other.asset, chain_id: 56, amount: '25', tx_hash: hash, accepted: false },
    ])
    const events = await gateway.request('GET', `/v1/events?invoice=${invoice.id}`)
    const unexpected = events.body.data.filter(({ type }: any) => type === 'payment.unexpected')
    expect(unexpected).toMatchObject([{ data: { asset: other.asset, tx_hash: hash } }])
    expect(countType(events.body.data, 'payment.detected')).toBe(0)
    await pay(gateway, ethereum, 'USDT', invoice.address, 25_000_000n)
    const settled = await getInvoice(gateway, invoice.id)
    expect(settled).toMatchObject({ status: 'settled', paid: { overpaid: false } })
  }, 30_000)

  test('the stored state is clean', async () => {
    const { code, stdout, stderr } = await gateway.run('check')
    expect(code, `${stdout}${stderr}`).toBe(0)
  })
})

describe('chains that are not what they should be', () => {
  let impostor: LocalNode
  let gateway: GatewayProcess
  beforeAll(async () => {
    impostor = await startAnvil({ chainId: 8_453 })
    const wrong = bnb.tokens.map((token) => ({ ...token, decimals: 6 }))
    gateway = await prepareGateway({
      config: {
        chains: { 1: ethereum.settings, 56: { ...bnb.settings, tokens: wrong } },
        rates: RATES,
      },
      env: { ...env, QUITTANCE_RPC_8453: impostor.url },
    })
    await gateway.start({ expectReady: false })
    await waitForChain(gateway, 1, { state: 'ok' })
  }, 40_000)
  afterAll(async () => {
    await gateway?.dispose()
    await impostor?.stop()
  })

  test('PA-29 wrong decimals: that chain is refused, the reason names the token', async () => {
    const { detail } = await waitForChain(gateway, 56, { reason: 'wrong_token' })
    expect(detail).toMatch(/^USDT \(0x55d3\w+\) has 18 decimals on the chain, 6 configured$/)
    const invoice = await createInvoice(gateway, { price: { amount: '1', currency: 'USDT' } })
    expect(invoice.payment_options).toMatchObject([{ chain_id: 1, amount_due_units: '1000000' }])
    const { code, stderr } = await gateway.run('doctor')
    expect(code).toBe(1)
    expect(stderr).toMatch(/FAULT\s+chain 56 \(BNB Chain\): USDT has 18 decimals on the chain, 6/)
  })

  test('a node of another chain with the id of a known one is refused at the first start', async () => {
    const { detail, state } = await waitForChain(gateway, 8_453, { reason: 'wrong_chain' })
    expect(state).toBe('unreachable')
    expect(detail).toContain(
      'not 0xf712aa9241cc24369b143cf6dce85f0902a9731e70d66818a3a5845b296c73dd',
    )
    const { stderr } = await gateway.run('doctor')
    expect(stderr).toMatch(/FAULT\s+chain 8453 \(Base\): .* has genesis 0x/)
  })
})

describe('one chain halts', () => {
  let gateway: GatewayProcess
  beforeAll(async () => {
    const bounded = { ...bnb.settings, max_reorg_blocks: MAX_REORG_BLOCKS }
    const chains = { 1: ethereum.settings, 56: bounded }
    gateway = await prepareGateway({ config: { chains, rates: RATES }, env })
    await gateway.start()
  }, 40_000)
  afterAll(() => gateway?.dispose())

  test('CR-11 the others go on: visible, payable, credited', async () => {
    const both = await createInvoice(gateway, { price: { amount: '25', currency: 'USD' } })
    await bnb.chain.mine(MAX_REORG_BLOCKS + 2)
    const cursor = await bnb.chain.blockNumber()
    await waitForChain(gateway, 56, { cursor })
    await bnb.chain.reorg({ depth: MAX_REORG_BLOCKS + 1 })
    await bnb.chain.mine(3)
    const { reason } = await waitForChain(gateway, 56, { state: 'halted', cursor })
    expect(reason).toContain(`more than ${MAX_REORG_BLOCKS} blocks`)
    const { status, body } = await gateway.request('GET', '/readyz')
    expect([status, body.chains[0]]).toMatchObject([503, { chain_id: 1, state: 'ok' }])
    expect((await gateway.request('GET', '/healthz')).status).toBe(200)

    // An order from before is paid where the chain goes on, and a new one is offered there alone.
    await pay(gateway, ethereum, 'USDC', both.address, 25_000_000n)
    expect((await getInvoice(gateway, both.id)).status).toBe('settled')
    const after = await createInvoice(gateway, { price: { amount: '25', currency: 'USD' } })
    const offered = new Set(after.payment_options.map((option: any) => option.chain_id))
    expect([...offered]).toEqual([1])
    await pay(gateway, ethereum, 'USDT', after.address, 25_000_000n)
    expect((await getInvoice(gateway, after.id)).status).toBe('settled')
    const refused = await gateway.request('POST', '/v1/invoices', {
      price: { amount: '25', currency: 'USD' },
      accept: [bnb.tokenOf('USDT').asset],
    })
    expect([refused.status, refused.body.code]).toEqual([503, 'chain_unavailable'])
    expect((await readChain(gateway, 56)).cursor).toBe(cursor)
    const { code, stdout } = await gateway.run('check')
    expect(code, stdout).toBe(0)
  }, 60_000)
})
