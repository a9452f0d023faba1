/** What a merchant sets of the checkout page, and what a wallet is told. */
import { decodeFunctionData, erc20Abi } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChainDirectory } from '../../src/adapters/system/chain-directory.ts'
import { contrastOf, renderAccentCss } from '../../src/entrypoints/http/checkout/accent.ts'
import { negotiateLanguage } from '../../src/entrypoints/http/checkout/i18n/languages.ts'
import { SHOP } from '../support/checkout-states.ts'
import { SAMPLE_COIN, SAMPLE_TOKEN } from '../support/fixtures.ts'
import {
  createInvoice,
  type HttpHarness,
  localChain,
  otherChain,
  startHttpHarness,
  WALL_CLOCK,
} from '../support/http-harness.ts'

const WALLET_RPC = ['https://rpc.example']

let gateway: HttpHarness
beforeAll(async () => {
  const chains = [{ ...localChain(), walletRpc: WALLET_RPC }, otherChain()]
  gateway = await startHttpHarness({ chains: createChainDirectory(WALL_CLOCK, chains) })
})
afterAll(() => gateway.server.close())

const pathOf = (invoice: { checkout_url: string }) => new URL(invoice.checkout_url).pathname
const open = (path: string, headers: Record<string, string> = {}) =>
  gateway.ask({ path, key: null, headers })
const patch = (body: unknown) => gateway.ask({ method: 'PATCH', path: '/v1/store', body })
const post = (path: string) => gateway.ask({ method: 'POST', path, key: null })

async function expire(id: string) {
  const [loaded] = await gateway.deps.store.loadInvoices([id])
  const { invoice } = loaded as { invoice: any }
  const next = { ...invoice, status: 'expired', revision: invoice.revision + 1 }
  await gateway.deps.store.commit({ invoices: [next] })
}

describe('the face of a shop', () => {
  test('name, logo and accent stand on its pages, and on those of no other shop', async () => {
    const path = pathOf(await createInvoice(gateway))
    await patch(SHOP)
    const { text } = await open(path)
    expect(text).toContain('<bdi>Harbour Books</bdi>')
    expect(text).toContain('href="/assets/accent/0a6a4c.css"')
    const [, source = ''] = /<img src="([^"]+)"/.exec(text) ?? []
    const logo = await fetch(gateway.url + source)
    expect(logo.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await logo.arrayBuffer()).toString('base64')).toBe(SHOP.logo.split(',')[1])
    const otherPath = pathOf(
      (
        await gateway.ask({
          method: 'POST',
          path: '/v1/invoices',
          key: gateway.otherKey,
          body: { price: { amount: '1', currency: 'USD' } },
        })
      ).json,
    )
    expect((await open(otherPath)).text).not.toContain('Harbour')
    expect((await open(`${otherPath}/logo`)).status).toBe(404)
    await patch({ name: 'Shop 0', logo: null, accent: null, renew_expired: null })
    expect((await open(path)).text).not.toMatch(/accent\/|<img/)
  })

  test('the audit log tells the size of a picture, not the picture', async () => {
    await patch({ logo: SHOP.logo })
    await patch({ logo: null })
    const rows = await gateway.deps.store.listAudit(0, 1_000)
    const before = rows.findLast(({ action }) => action === 'store.update')?.before ?? ''
    expect(JSON.parse(before).logo).toBe(`${SHOP.logo.length} characters`)
  })

  test.each([
    [{ accent: '#0A6A4C' }, '/accent'],
    [{ accent: 'green' }, '/accent'],
    [{ accent: '#0a6a4c;}' }, '/accent'],
    [{ logo: 'https://shop.example/logo.png' }, '/logo'],
    [{ logo: 'data:image/svg+xml;base64,PHN2Zz4=' }, '/logo'],
    [{ logo: 'data:image/png;base64,PHN2Zz4=' }, '/logo'],
    [{ logo: `data:image/png;base64,iVBORw0KGgo${'A'.repeat(16_000)}` }, '/logo'],
    [{ frame_origins: ['https://shop.example/path'] }, '/frame_origins/0'],
    [{ frame_origins: ["https://shop.example; script-src 'unsafe-inline'"] }, '/frame_origins/0'],
    [{ frame_origins: ['*'] }, '/frame_origins/0'],
    [{ renew_expired: 'yes' }, '/renew_expired'],
  ])('%j is 400 and names the field', async (body, pointer) => {
    const answer = await patch(body)
    expect([answer.status, answer.json.errors[0].pointer]).toEqual([400, pointer])
  })

  test.each(['#ffff00', '#000000', '#ffffff', '#0a6a4c', '#ff0000', '#3b82f6', '#777777'])(
    'an accent of %s can be read on both grounds, and on itself',
    (accent) => {
      const css = renderAccentCss(accent)
      const pairs = [...css.matchAll(/--accent:(#\w{6});--on-accent:(#\w{6})/g)]
      expect(pairs).toHaveLength(2)
      for (const [i, ground] of ['#f4f2ec', '#202327'].entries()) {
        const [, colour = '', ink = ''] = pairs[i] ?? []
        expect(contrastOf(colour, ground)).toBeGreaterThanOrEqual(4.5)
        expect(contrastOf(colour, ink)).toBeGreaterThanOrEqual(4.5)
      }
    },
  )

  test('a colour is a file of its own; other names are none', async () => {
    const answer = await open('/assets/accent/0a6a4c.css')
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect(answer.text).toContain('--accent:#0a6a4c')
    for (const name of ['0A6A4C.css', '0a6a4c', '0a6a4c.js', '%3Cscript%3E.css']) {
      expect((await open(`/assets/accent/${name}`)).status).toBe(404)
    }
  })
})

test('AU-13 AU-20 a page is framed by the sites the store names, and by no other', async () => {
  const path = pathOf(await createInvoice(gateway))
  const policyOf = async (at: string) => {
    const { headers } = await open(at)
    return [headers.get('content-security-policy'), headers.get('x-frame-options')]
  }
  const [strict] = await policyOf(path)
  expect(strict).toContain("frame-ancestors 'none'")
  expect(await policyOf(path)).toEqual([strict, 'DENY'])
  await patch({ frame_origins: ['https://shop.example', 'https://b.example:8443'] })
  expect(await policyOf(path)).toEqual([
    strict?.replace(
      "frame-ancestors 'none'",
      'frame-ancestors https://shop.example https://b.example:8443',
    ),
    null,
  ])
  // Only pages: nothing else is ever framed.
  expect(await policyOf(`${path}/status`)).toEqual([strict, 'DENY'])
  await patch({ frame_origins: null })
  expect(await policyOf(path)).toEqual([strict, 'DENY'])
})

describe('the language', () => {
  test.each([
    [undefined, 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en-GB,en;q=0.9,zh;q=0.8', 'en'],
    ['de-DE,de;q=0.9,zh;q=0.5,en;q=0.4', 'zh'],
    ['fr', 'en'],
    ['zh;q=0', 'en'],
    ['*', 'en'],
    ['zh;q=abc,;;;,', 'en'],
    [`${'x,'.repeat(5_000)}zh`, 'en'],
  ])('%s is answered in %s', (header, tag) => {
    expect(negotiateLanguage(header).tag).toBe(tag)
  })

  test('of the link goes before the one of before, and that before the browser’s', async () => {
    const path = pathOf(await createInvoice(gateway))
    const langOf = async (query: string, headers: Record<string, string>) =>
      /<html lang="(\w+)"/.exec((await open(path + query, headers)).text)?.[1]
    expect(await langOf('', { 'accept-language': 'zh' })).toBe('zh')
    expect(await langOf('', { 'accept-language': 'zh', cookie: 'a=b; pay_lang=en' })).toBe('en')
    expect(await langOf('?lang=zh', { cookie: 'pay_lang=en' })).toBe('zh')
    expect(await langOf('?lang=xx', { cookie: 'pay_lang=<script>' })).toBe('en')
    const answer = await open(`${path}?lang=zh&asset=${SAMPLE_COIN.id}`)
    const cookies = answer.headers.getSetCookie().join('\n')
    expect(cookies).toMatch(/pay_lang=zh; Max-Age=\d+; Path=\/i; .*HttpOnly; Secure; SameSite=Lax/)
    expect(cookies).toContain(`pay_asset=${SAMPLE_COIN.id};`)
    const odd = await open(`${path}?asset=x%0d%0aSet-Cookie:a`)
    expect(odd.headers.getSetCookie()).toEqual([])
  })
})

describe('the transaction for a wallet', () => {
  const walletOf = async (invoice: any, asset: string) =>
    open(`${pathOf(invoice)}/wallet?asset=${encodeURIComponent(asset)}`)

  test('moves exactly what is due, to the address of the invoice', async () => {
    const invoice = await createInvoice(gateway)
    const [token, coin] = [SAMPLE_TOKEN.id, SAMPLE_COIN.id].map((id) =>
      invoice.payment_options.find(({ asset }: any) => asset === id),
    )
    const { json } = await walletOf(invoice, token.asset)
    const { to, value, data } = json.transaction
    expect([to.toLowerCase(), value]).toEqual([SAMPLE_TOKEN.token, '0x0'])
    expect(decodeFunctionData({ abi: erc20Abi, data })).toEqual({
      functionName: 'transfer',
      args: [invoice.address, BigInt(token.amount_due_units)],
    })
    expect(json.network).toEqual({
      chainId: '0x7a69',
      chainName: 'Local',
      nativeCurrency: { name: 'ETH', symbol: 'ETH', decimals: 18 },
      rpcUrls: WALLET_RPC,
    })
    const native = await walletOf(invoice, coin.asset)
    expect(native.json.transaction).toEqual({
      to: invoice.address,
      value: `0x${BigInt(coin.amount_due_units).toString(16)}`,
      data: '0x',
    })
  })

  test('is refused for what the invoice does not take, and when it is over', async () => {
    const invoice = await createInvoice(gateway, { accept: [SAMPLE_TOKEN.id] })
    for (const asset of ['', 'x', SAMPLE_COIN.id]) {
      const { status, json } = await walletOf(invoice, asset)
      expect([status, json.errors]).toMatchObject([400, [{ parameter: 'asset' }]])
    }
    await gateway.ask({ method: 'POST', path: `/v1/invoices/${invoice.id}/cancel` })
    const { status, json } = await walletOf(invoice, SAMPLE_TOKEN.id)
    expect([status, json.code]).toEqual([409, 'not_acceptable_state'])
  })
})

describe('a fresh price', () => {
  test('is refused while the store does not allow it, while the price holds, and for no form at all', async () => {
    const invoice = await createInvoice(gateway)
    const renewals = `${pathOf(invoice)}/renewals`
    await expire(invoice.id)
    expect([(await post(renewals)).status, (await open(renewals)).status]).toEqual([409, 405])
    expect((await open(pathOf(invoice))).text).not.toContain('/renewals')
    await patch({ renew_expired: true })
    const fresh = await createInvoice(gateway)
    expect((await post(`${pathOf(fresh)}/renewals`)).status).toBe(409)
    await patch({ renew_expired: null })
  })

  test('is one new invoice for the same order, however often it is asked for', async () => {
    await patch({ renew_expired: true })
    const order = { order_id: 'o-77', metadata: { note: 'x' }, accept: [SAMPLE_TOKEN.id] }
    const invoice = await createInvoice(gateway, { ...order, expires_in: 600 })
    await expire(invoice.id)
    expect((await open(pathOf(invoice))).text).toContain(`action="${pathOf(invoice)}/renewals"`)
    const answers = [
      await post(`${pathOf(invoice)}/renewals`),
      await post(`${pathOf(invoice)}/renewals`),
    ]
    const [first, second] = answers.map(({ status, headers }) => [status, headers.get('location')])
    expect(first?.[0]).toBe(303)
    expect(second).toEqual(first)
    const { json } = await gateway.ask({ path: '/v1/invoices?order_id=o-77' })
    expect(json.data).toHaveLength(2)
    const [renewed] = json.data
    expect(renewed).toMatchObject({ status: 'open', metadata: { note: 'x' }, price: invoice.price })
    expect(renewed.address).not.toBe(invoice.address)
    expect(pathOf(renewed)).toBe(first?.[1])
    const livesMs = Date.parse(renewed.expires_at) - Date.parse(renewed.created_at)
    expect(livesMs).toBe(600_000)
    await patch({ renew_expired: null })
  })
})

describe('where there is no page', () => {
  const LOST = `/i/${'0'.repeat(26)}`
  const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

  test.each([
    ['en', 'There is no such payment request'],
    ['zh-CN', '没有这个付款请求'],
  ])('an unknown link is told to people in words of theirs: %s', async (language, heading) => {
    const answer = await open(LOST, { ...asBrowser, 'accept-language': language })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.text).toContain(`<h1>${heading}</h1>`)
    expect(answer.text).toContain(String(answer.headers.get('x-request-id')))
    expect(answer.text).not.toContain('<script')
  })

  test('and to programs as a problem', async () => {
    const answer = await open(LOST)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.json.code).toBe('not_found')
  })

  test('a renewal that is refused is a page too', async () => {
    const path = `${pathOf(await createInvoice(gateway))}/renewals`
    const answer = await gateway.ask({ method: 'POST', path, key: null, headers: asBrowser })
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('<h1>This cannot be done now</h1>')
  })
})
