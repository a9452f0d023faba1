/** Several chains at once: what they are called, and which of them are offered. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { type AssetId, nativeAssetId } from '../../src/core/money/asset.ts'
import { SAMPLE_TOKEN } from '../support/fixtures.ts'
import {
  createInvoice,
  type HttpHarness,
  INVOICE,
  localChain,
  markReady,
  OTHER_CHAIN_ID,
  OTHER_TOKEN,
  otherChain,
  startHttpHarness,
  WALL_CLOCK,
} from '../support/http-harness.ts'

const TESTNET_ID = 84_532
const TESTNET_COIN = {
  id: nativeAssetId(TESTNET_ID),
  chainId: TESTNET_ID,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}
const PLAY_COIN = { ...OTHER_TOKEN, chainId: TESTNET_ID, symbol: 'PLAY' }
const playCoin = { ...PLAY_COIN, id: `eip155:${TESTNET_ID}/erc20:0x${'77'.repeat(20)}` as AssetId }
const testnet = {
  ...otherChain(),
  chainId: TESTNET_ID,
  name: 'Base Sepolia',
  networkName: 'Base Sepolia (test network)',
  testnet: true,
  assets: [TESTNET_COIN, playCoin],
}

async function startOn(...chains: ReturnType<typeof localChain>[]): Promise<HttpHarness> {
  const harness = await startHttpHarness({ chains: createChainDirectory(WALL_CLOCK, chains) })
  for (const { chainId } of chains) markReady(harness.deps, chainId)
  return harness
}

const assetsOf = (invoice: any) => invoice.payment_options.map(({ asset }: any) => asset)

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startOn(localChain(), otherChain(), testnet)
})
afterAll(() => gateway.server.close())

describe('names of networks', () => {
  test('stand beside the chain in lists, options and the public status', async () => {
    const { json } = await gateway.ask({ path: '/v1/assets' })
    const names = json.data.map((one: any) => [one.chain, one.network_name, one.testnet])
    expect(names).toContainEqual(['Base', 'Base (Coinbase)', false])
    expect(names).toContainEqual(['Base Sepolia', 'Base Sepolia (test network)', true])
    const invoice = await createInvoice(gateway, { accept: [OTHER_TOKEN.id] })
    const shown = { chain: 'Base', network_name: 'Base (Coinbase)' }
    expect(invoice.payment_options[0]).toMatchObject(shown)
    const { pathname } = new URL(invoice.checkout_url)
    const status = await gateway.ask({ path: `${pathname}/status`, key: null })
    expect(status.json.payment_options[0]).toMatchObject(shown)
  })

  test('stand on the page, with a word on withdrawal fees; one that adds nothing does not', async () => {
    const pageOf = async (asset: AssetId) => {
      const invoice = await createInvoice(gateway, { accept: [asset] })
      return gateway.ask({ path: new URL(invoice.checkout_url).pathname, key: null })
    }
    const { text } = await pageOf(OTHER_TOKEN.id)
    expect(text).toContain('<p class="network"><strong><bdi>Base</bdi></strong></p>')
    expect(text).toContain('Wallets and exchanges call it Base (Coinbase).')
    expect(text).toMatch(/withdrawal fee[^<]*25 USDC arrive/)
    const plain = await pageOf(SAMPLE_TOKEN.id)
    expect(plain.text).toContain('<p class="network"><strong><bdi>Local</bdi></strong></p>')
    expect(plain.text).not.toContain('exchanges call it')
    expect(plain.text).toContain('withdrawal fee')
  })
})

describe('coins without value beside real ones', () => {
  test('are not offered by themselves', async () => {
    const invoice = await createInvoice(gateway)
    expect(assetsOf(invoice)).toHaveLength(3)
    expect(assetsOf(invoice)).not.toContain(TESTNET_COIN.id)
    const inCoin = await createInvoice(gateway, { price: { amount: '1', currency: 'ETH' } })
    expect(assetsOf(inCoin)).not.toContain(TESTNET_COIN.id)
  })

  test('are offered when they are named', async () => {
    const invoice = await createInvoice(gateway, { accept: [TESTNET_COIN.id] })
    expect(assetsOf(invoice)).toEqual([TESTNET_COIN.id])
  })

  test('are not what a price means', async () => {
    const price = { amount: '1', currency: 'PLAY' }
    const answer = await gateway.ask({ method: 'POST', path: '/v1/invoices', body: { price } })
    expect([answer.status, answer.json.errors]).toMatchObject([
      400,
      [{ pointer: '/accept', code: 'test_network' }],
    ])
    const invoice = await createInvoice(gateway, { price, accept: [playCoin.id] })
    expect(assetsOf(invoice)).toEqual([playCoin.id])
  })

  test('are offered where no chain has value', async () => {
    const harness = await startOn(localChain(), testnet)
    expect(assetsOf(await createInvoice(harness))).toContain(TESTNET_COIN.id)
    await harness.server.close()
  })
})

test('CR-27 a chain that is down leaves the others payable, and is named', async () => {
  const down = { state: 'unreachable' as const, head: null, cursor: null, lagS: null }
  gateway.deps.chains.setHealth(OTHER_CHAIN_ID, { ...down, reason: 'unreachable' })
  expect(assetsOf(await createInvoice(gateway))).not.toContain(OTHER_TOKEN.id)
  const body = { ...INVOICE, accept: [OTHER_TOKEN.id] }
  const refused = await gateway.ask({ method: 'POST', path: '/v1/invoices', body })
  expect([refused.status, refused.json.code]).toEqual([503, 'chain_unavailable'])
  expect(refused.json.detail).toContain('Base')
  const { json } = await gateway.ask({ path: '/v1/assets' })
  const ready = json.data.map(({ id, ready }: any) => [id, ready])
  expect(ready).toContainEqual([OTHER_TOKEN.id, false])
  expect(ready).toContainEqual([SAMPLE_TOKEN.id, true])
  markReady(gateway.deps, OTHER_CHAIN_ID)
})
