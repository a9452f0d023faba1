/** From a mined block to the webhook at the shop, beside half a poll and a bare post. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { describeConfig } from '../support/chain-node.ts'
import { type Figure, percentile } from '../support/figures.ts'
import { type Gateway, prepareGateway } from '../support/gateway.ts'
import { postBare } from '../support/post-bare.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

export type LatencyPlan = { readonly payments: number }

const POLL_MS = 100
const CONFIRMATIONS = 5
const EARLY_BLOCKS = 20
const FUNDS = 10n ** 30n
const WARM_UP_PAYMENTS = 3
const BARE_POSTS = 300
/** What the whole way may take at most, for the slowest in a hundred. */
const P99_MS = 1_000
const BODY_BYTES = 2_500

type Hex = `0x${string}`
type Invoice = {
  readonly id: string
  readonly address: Hex
  readonly payment_options: readonly {
    readonly symbol: string
    readonly amount_due_units: string
  }[]
}

export async function measureLatency({ payments }: LatencyPlan): Promise<Figure[]> {
  // The bare node, so that figures hold no time of the gate; nothing is traced here.
  const node = await startAnvil({ mining: 'manual', gate: false })
  const chain = connectLocalChain(node.url)
  const receiver = await startReceiver()
  const tokens = await deployTokens(chain)
  const config = describeConfig({
    rpc: node.url,
    tokens,
    pollMs: POLL_MS,
    confirmations: CONFIRMATIONS,
  })
  const gateway = await prepareGateway({ config, allowedHosts: receiver.host })
  try {
    await gateway.start()
    await gateway.request('POST', '/v1/webhook-endpoints', { url: receiver.url, events: ['*'] })
    const detected: number[] = []
    const settled: number[] = []
    for (let number = 0; number < WARM_UP_PAYMENTS + payments; number++) {
      const times = await payOnce(chain, gateway, receiver, tokens.usdc)
      if (number < WARM_UP_PAYMENTS) continue
      detected.push(times.detectedMs)
      settled.push(times.settledMs)
    }
    const bare = await measureBarePosts(receiver)
    return [
      ...describe('block to payment.detected', detected, bare),
      ...describe(`block ${CONFIRMATIONS} to invoice.settled`, settled, bare),
    ]
  } finally {
    await gateway.dispose()
    await receiver.stop()
    await node.stop()
  }
}

async function deployTokens(chain: LocalChain): Promise<{ usdc: Hex; dai: Hex }> {
  const usdc = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
  const dai = await chain.deployToken({ name: 'Dai', symbol: 'DAI', decimals: 18 })
  await chain.mine(1)
  await chain.mint(usdc.address, (chain.accounts[1] as { address: Hex }).address, FUNDS)
  await chain.mine(EARLY_BLOCKS)
  return { usdc: usdc.address, dai: dai.address }
}

type Times = { readonly detectedMs: number; readonly settledMs: number }

/** Times count from when the node was told to mine, so that they hold its part too. */
async function payOnce(
  chain: LocalChain,
  gateway: Gateway,
  receiver: Receiver,
  usdc: Hex,
): Promise<Times> {
  const invoice = await gateway.request<Invoice>('POST', '/v1/invoices', {
    price: { amount: '25.00', currency: 'USD' },
  })
  const due = invoice.payment_options.find(({ symbol }) => symbol === 'USDC')
  const units = BigInt((due as { amount_due_units: string }).amount_due_units)
  const isOf = (type: string) => (arrival: { type: string; invoice: string | null }) =>
    arrival.type === type && arrival.invoice === invoice.id
  await chain.sendToken({ token: usdc, to: invoice.address, units })
  await waitAnyPhase()
  const minedMs = performance.now()
  await chain.mine(1)
  const detected = await receiver.waitFor(isOf('payment.detected'))
  if (CONFIRMATIONS > 2) await chain.mine(CONFIRMATIONS - 2)
  await waitAnyPhase()
  const deepMs = performance.now()
  await chain.mine(1)
  const settled = await receiver.waitFor(isOf('invoice.settled'))
  return { detectedMs: detected.atMs - minedMs, settledMs: settled.atMs - deepMs }
}

/** Blocks come at any time between two polls. */
function waitAnyPhase(): Promise<void> {
  return sleep(POLL_MS + Math.random() * POLL_MS)
}

async function measureBarePosts(receiver: Receiver): Promise<number[]> {
  const body = JSON.stringify({ type: 'bare', invoice: null, filler: 'x'.repeat(BODY_BYTES) })
  const took: number[] = []
  for (let post = 0; post < BARE_POSTS; post++) took.push(await postBare(receiver.url, body))
  return took.sort((a, b) => a - b)
}

function describe(name: string, times: readonly number[], bare: readonly number[]): Figure[] {
  const sorted = times.toSorted((a, b) => a - b)
  const figure = (label: string, share: number, waitMs: number): Figure => ({
    name: `${name}: ${label}`,
    unit: 'ms',
    value: percentile(sorted, share),
    floor: {
      what: `${waitMs} ms of waiting for the poll and a bare post`,
      value: waitMs + percentile(bare, share),
    },
    target: label === 'p99' ? { kind: 'limit', limit: P99_MS } : null,
  })
  return [figure('p50', 0.5, POLL_MS / 2), figure('p99', 0.99, POLL_MS)]
}
