/** One local chain with tokens, one gateway on it, one webhook receiver: the setting of scenarios. */
import { afterAll, beforeAll } from 'vitest'
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { type LocalNode, startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { type GatewayProcess, prepareGateway, waitFor } from './gateway-process.ts'
import { type Receiver, startReceiver } from './hostile-receiver.ts'

/** Depth asked for in the test profile (scenarios: K). */
export const K = 5
const EARLY_BLOCKS = 320
const FUNDS = 10n ** 40n

type Hex = `0x${string}`
export type Token = { address: Hex; symbol: string; decimals: number; asset: string }

export type PaymentWorld = {
  readonly node: LocalNode
  readonly chain: LocalChain
  readonly gateway: GatewayProcess
  readonly receiver: Receiver
  readonly usdc: Token
  readonly dai: Token
  readonly native: string
  createInvoice(body?: object): Promise<any>
  getInvoice(id: string): Promise<any>
  /** Waits until the invoice satisfies the predicate and returns it. */
  waitForInvoice(id: string, what: string, isDone: (invoice: any) => boolean): Promise<any>
  waitForStatus(id: string, status: string): Promise<any>
  /** Events of an invoice as the API lists them, oldest first. */
  eventsOf(id: string): Promise<any[]>
  /** Mines and waits until the gateway has followed to the new head. */
  mine(count?: number): Promise<void>
  /** Waits until the gateway's cursor is the node's head. */
  synced(): Promise<void>
  /** Asserts that `quittance check` finds no violation. */
  expectCleanState(): Promise<void>
}

export type WorldOptions = {
  env?: Record<string, string>
  /** Merged into the chain's configuration. */
  chain?: object
  /** Merged into the configuration. */
  config?: object
  /** What the gateway talks to, when it is not the node itself (a fault proxy). */
  rpcOf?: (node: LocalNode) => Promise<string>
  extraTokens?: (chain: LocalChain) => Promise<{ address: Hex; symbol: string; decimals: number }[]>
  start?: boolean
  /** Another node than anvil, mining by hand. */
  startNode?: () => Promise<{ node: LocalNode; chain: LocalChain }>
}

/** Starts the world before the tests of a file and stops it after them. */
export function usePaymentWorld(options: WorldOptions = {}): PaymentWorld {
  const world: Partial<PaymentWorld> & { stop?: () => Promise<void> } = {}
  beforeAll(async () => {
    Object.assign(world, await startPaymentWorld(options))
  })
  afterAll(async () => {
    await world.stop?.()
  })
  return world as PaymentWorld
}

export async function startPaymentWorld(
  options: WorldOptions = {},
): Promise<PaymentWorld & { stop(): Promise<void> }> {
  const { node, chain } = await (options.startNode ?? startAnvilChain)()
  const usdc = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
  const dai = await chain.deployToken({ name: 'Dai', symbol: 'DAI', decimals: 18 })
  const extra = (await options.extraTokens?.(chain)) ?? []
  await chain.mine(1)
  const payer = (chain.accounts[1] as { address: Hex }).address
  for (const token of [usdc.address, dai.address]) await chain.mint(token, payer, FUNDS)
  await chain.mine(EARLY_BLOCKS)
  const receiver = await startReceiver()
  const rpc = (await options.rpcOf?.(node)) ?? node.url
  const tokens = [
    { address: usdc.address, symbol: 'USDC', decimals: 6 },
    { address: dai.address, symbol: 'DAI', decimals: 18 },
    ...extra,
  ]
  const gateway = await prepareGateway({
    config: {
      chains: {
        '31337': {
          name: 'Local',
          rpc: [rpc],
          test: true,
          poll_interval_ms: 250,
          finality: [{ confirmations: K }],
          native: { symbol: 'ETH', decimals: 18 },
          tokens,
          ...options.chain,
        },
      },
      rates: {
        sources: [
          { kind: 'fixed', prices: { 'ETH/USD': '2500', 'USDC/USD': '1', 'DAI/USD': '1' } },
        ],
      },
      ...options.config,
    },
    env: { QUITTANCE_WEBHOOK_ALLOWED_HOSTS: `127.0.0.1:${receiver.port}`, ...options.env },
  })
  if (options.start !== false) await gateway.start()
  const world = describeWorld(node, chain, gateway, receiver, usdc.address, dai.address)
  return {
    ...world,
    async stop() {
      await gateway.dispose()
      await receiver.stop()
      await node.stop()
    },
  }
}

async function startAnvilChain() {
  const node = await startAnvil({ mining: 'manual' })
  return { node, chain: connectLocalChain(node.url) }
}

function describeWorld(
  node: LocalNode,
  chain: LocalChain,
  gateway: GatewayProcess,
  receiver: Receiver,
  usdc: Hex,
  dai: Hex,
): PaymentWorld {
  const token = (address: Hex, symbol: string, decimals: number): Token => ({
    address,
    symbol,
    decimals,
    asset: `eip155:31337/erc20:${address.toLowerCase()}`,
  })
  const getInvoice = async (id: string) => {
    const answer = await gateway.request('GET', `/v1/invoices/${id}`)
    if (answer.status !== 200) throw new Error(`GET invoice: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const waitForInvoice = async (id: string, what: string, isDone: (invoice: any) => boolean) => {
    let invoice = await getInvoice(id)
    await waitFor(`${what} (is ${invoice.status})`, async () => {
      invoice = await getInvoice(id)
      return isDone(invoice)
    })
    return invoice
  }
  const synced = () =>
    waitFor('the gateway to follow the head', async () => {
      const { body } = await gateway.request('GET', '/readyz')
      return body.chains[0]?.cursor === (await chain.blockNumber())
    })
  return {
    node,
    chain,
    gateway,
    receiver,
    usdc: token(usdc, 'USDC', 6),
    dai: token(dai, 'DAI', 18),
    native: 'eip155:31337/slip44:60',
    async createInvoice(body = {}) {
      const request = { price: { amount: '25.00', currency: 'USD' }, ...body }
      const answer = await gateway.request('POST', '/v1/invoices', request)
      if (answer.status !== 201) throw new Error(`POST invoice: ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    getInvoice,
    waitForInvoice,
    waitForStatus: (id, status) =>
      waitForInvoice(id, `invoice ${status}`, (invoice) => invoice.status === status),
    async eventsOf(id) {
      const { body } = await gateway.request('GET', `/v1/events?invoice=${id}&limit=100`)
      return body.data.toReversed()
    },
    async mine(count = 1) {
      await chain.mine(count)
      await synced()
    },
    synced,
    async expectCleanState() {
      const { code, stdout, stderr } = await gateway.run('check')
      if (code !== 0) throw new Error(`quittance check: ${stdout}${stderr}`)
    },
  }
}
