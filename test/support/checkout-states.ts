/** One invoice in every standing a shopper may meet, in the real app over the memory store. */
import { createFixedRates } from '../../src/adapters/rates/fixed-rates.ts'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { depthRule } from '../../src/core/chain/finality.ts'
import type { Invoice } from '../../src/core/invoice/invoice.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import type { Standing } from '../../src/entrypoints/http/checkout/judge-standing.ts'
import { sampleBlock, sampleObservation, samplePayment } from './fixtures.ts'
import {
  createInvoice,
  type HttpHarness,
  localChain,
  markReady,
  startHttpHarness,
  WALL_CLOCK,
} from './http-harness.ts'

/** Beside the standings: what else a page may have to say. */
export type CheckoutState = Standing | 'trouble' | 'test_network' | 'wrong_asset'

export type CheckoutStates = {
  readonly harness: HttpHarness
  /** Path of the page in each state. */
  readonly paths: Readonly<Record<CheckoutState, string>>
}

const [BASE, BNB, ETHEREUM] = [8_453, 56, 1]
/** An orange square of 8 by 8. */
const LOGO =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mPYka2FFTEMLQkAqyhTQWQP1xkAAAAASUVORK5CYII='
const TIP = 10

export const SHOP = {
  name: 'Harbour Books',
  accent: '#0a6a4c',
  logo: LOGO,
  renew_expired: true,
} as const

const USDC_ON_BASE = token(BASE, '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913', 'USDC', 6)

export async function startCheckoutStates(): Promise<CheckoutStates> {
  const chains = [
    chain(BASE, 'Base', 'Base', [USDC_ON_BASE, coin(BASE, 'ETH')]),
    chain(BNB, 'BNB Chain', 'BNB Smart Chain (BEP20)', [
      token(BNB, '0x55d398326f99059ff775485246999027b3197955', 'USDT', 18),
    ]),
    chain(ETHEREUM, 'Ethereum', 'Ethereum (ERC20)', [
      token(ETHEREUM, '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 'USDC', 6),
    ]),
    localChain(),
  ]
  const harness = await startHttpHarness({
    chains: createChainDirectory(WALL_CLOCK, chains),
    rates: createFixedRates({ 'ETH/USD': '2500', 'USDC/USD': '1', 'USDT/USD': '1' }),
  })
  for (const { chainId } of chains) {
    markReady(harness.deps, chainId)
    if (chainId !== localChain().chainId) await holdBlock(harness, chainId)
  }
  await harness.ask({ method: 'PATCH', path: '/v1/store', body: SHOP })
  return { harness, paths: await makeStates(harness) }
}

async function makeStates(harness: HttpHarness): Promise<CheckoutStates['paths']> {
  const late = { expiresAtMs: Date.now() - 60_000 }
  const paid = { status: 'settled', settledAtMs: Date.now() } as const
  const all = 25_000_000n
  const deep = { position: 'confirmed' } as const
  const make = (change: Change, ...payments: Share[]) => makeState(harness, change, payments)
  return {
    waiting: await make({}),
    part_paid: await make({}, { units: 10_000_000n }),
    ending: await make(late),
    seen: await make({ status: 'processing' }, { units: all, block: TIP - 2 }),
    paid: await make(paid, { units: all, ...deep }),
    overpaid: await make(paid, { units: all + 5_000_000n, ...deep }),
    expired: await make({ status: 'expired', ...late }),
    expired_part: await make({ status: 'expired', ...late }, { units: 10_000_000n, ...deep }),
    paid_late: await make({ status: 'expired', ...late }, { units: all, ...deep, inTime: false }),
    canceled: await make({ status: 'canceled' }),
    canceled_paid: await make({ status: 'canceled' }, { units: all, ...deep }),
    reversed: await make({ status: 'reversed' }, { units: all, position: 'orphaned' }),
    wrong_asset: await make({}, { units: all, accepted: false }),
    trouble: await makeTrouble(harness),
    test_network: await makeTestNetwork(harness),
  }
}

type Change = { status?: Invoice['status']; expiresAtMs?: number; settledAtMs?: number }
type Share = Partial<Pick<Payment, 'position' | 'inTime' | 'accepted'>> & {
  units: bigint
  block?: number
}

let made = 0

async function makeState(
  harness: HttpHarness,
  { status, expiresAtMs, settledAtMs }: Change,
  shares: readonly Share[],
): Promise<string> {
  const created = await createInvoice(harness, {
    description: 'Two books: “The Sea, the Sea” and “Moby-Dick”',
    redirect_url: 'https://books.example/orders/1001',
    expires_in: 900,
  })
  const [loaded] = await harness.deps.store.loadInvoices([created.id])
  const { invoice } = loaded as { invoice: Invoice }
  const payments = shares.map(({ units, block = TIP, ...payment }) => {
    made += 1
    const observation = sampleObservation(made, sampleBlock(block), {
      to: created.address.toLowerCase() as Address,
      chainId: BASE,
      asset: USDC_ON_BASE,
      amountUnits: units,
    })
    return samplePayment(observation, {
      storeId: harness.store.id,
      invoiceId: created.id,
      countedUnits: units,
      ...payment,
    })
  })
  const next: Invoice = {
    ...invoice,
    status: status ?? invoice.status,
    settledAtMs: settledAtMs ?? null,
    terms: { ...invoice.terms, expiresAtMs: expiresAtMs ?? invoice.terms.expiresAtMs },
    revision: invoice.revision + 1,
  }
  await harness.deps.store.commit({ invoices: [next], payments })
  return new URL(created.checkout_url).pathname
}

/** Taken while the chain was well, and told of while it is not. */
async function makeTrouble(harness: HttpHarness): Promise<string> {
  const path = await makeState(harness, {}, [])
  const { chains } = harness.deps
  chains.setHealth(BNB, { ...chains.healthOf(BNB), state: 'unreachable', reason: 'timeout' })
  return `${path}?asset=eip155:56/erc20:0x55d398326f99059ff775485246999027b3197955`
}

async function makeTestNetwork(harness: HttpHarness): Promise<string> {
  const { checkout_url } = await createInvoice(harness, { accept: localAssets() })
  return new URL(checkout_url).pathname
}

const localAssets = () => localChain().assets.map(({ id }) => id)

async function holdBlock({ deps }: HttpHarness, chainId: number): Promise<void> {
  await deps.store.commit({
    chain: {
      chainId,
      expectedTip: null,
      disconnected: [],
      connected: [sampleBlock(TIP)],
      pruneBelow: 0,
      haltReason: null,
    },
  })
}

function chain(
  chainId: number,
  name: string,
  networkName: string,
  assets: readonly Asset[],
): ChainSettings {
  const finality = [{ upTo: null, rule: depthRule(5) }]
  return { ...localChain(), chainId, name, networkName, test: false, assets, finality }
}

function token(chainId: number, address: Address, symbol: string, decimals: number): Asset {
  return { id: tokenAssetId(chainId, address), chainId, token: address, symbol, decimals }
}

function coin(chainId: number, symbol: string): Asset {
  return { id: nativeAssetId(chainId), chainId, token: null, symbol, decimals: 18 }
}
