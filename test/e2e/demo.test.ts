/** What README promises of the demo, on its own parts: shop, gateway and chain as `npm run demo` starts them. */
import { createQuittanceClient } from 'quittance/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOrderBook } from '../../examples/shop/orders.ts'
import { MISHAPS, playMishap } from '../../scripts/demo/play-mishaps.ts'
import { playStory } from '../../scripts/demo/play-story.ts'
import { CONFIRMATIONS, startWorld, type World } from '../../scripts/demo/start-world.ts'
import { accountXpub } from '../support/account-keys.ts'
import { waitFor } from '../support/gateway-process.ts'

const START_MS = 60_000
const STORY_MS = 120_000

let world: World

beforeAll(async () => {
  world = await startWorld({ blockTimeS: null, withSecondChain: true, ports: {} })
}, START_MS)

afterAll(() => world.stop())

const open = async (path: string) => (await fetch(world.shop.url + path)).text()

const click = (path: string, form: Record<string, string> = {}) =>
  fetch(world.shop.url + path, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  })

const buy = async (product: string) =>
  (await click('/buy', { product })).headers.get('location') ?? ''

/** Mines as a chain does by itself, until the page says so. */
const waitForState = (order: string, state: string) =>
  waitFor(`the order to be ${state}`, async () => {
    await world.chain.mine(1)
    return (await open(order)).includes(`data-state="${state}"`)
  })

describe('IN-30 the shop', () => {
  test('one click makes an invoice, another pays it, and the order turns paid', async () => {
    expect(await open('/')).toContain('Two books')
    const order = await buy('books')
    expect(await open(order)).toContain('data-state="waiting"')
    const checkout = /href="(http[^"]+\/i\/[^"]+)"/.exec(await open(order))?.[1] ?? ''
    const page = await fetch(checkout)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('25 USDC')])
    expect((await click(`${order}/pay`)).status).toBe(303)
    await waitForState(order, 'paid')
    expect(await open(order)).toContain('invoice.settled')
    // The way back from the checkout page.
    expect(await (await fetch(checkout)).text()).toContain(`${world.shop.url}${order}?back=1`)
  })

  test('a webhook that does not verify releases nothing', async () => {
    const order = await buy('print')
    const { invoiceId } = world.shop.orders.get(order.split('/').at(-1) ?? '') ?? {}
    const body = JSON.stringify({
      type: 'invoice.settled',
      invoice: invoiceId,
      sequence: 9,
      data: { object: 'invoice', status: 'settled', paid: {} },
    })
    for (const signature of ['v1,AA==', '']) {
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
        'webhook-signature': signature,
      }
      const forged = await fetch(`${world.shop.url}/webhooks`, { method: 'POST', headers, body })
      expect(forged.status).toBe(401)
    }
    expect(await open(order)).toContain('data-state="waiting"')
  })

  test('coming back by the return link releases nothing that was not paid', async () => {
    const order = await buy('print')
    expect(await open(`${order}?back=1`)).toContain('data-state="waiting"')
    expect(await open(`${order}?back=1&status=settled`)).toContain('data-state="waiting"')
  })

  test('without a webhook the order is released by asking the gateway, and only then', async () => {
    const { gatewayUrl: url, apiKey, shop, chain } = world
    const quittance = createQuittanceClient({ url, apiKey })
    const deaf = createOrderBook({ quittance, shopUrl: shop.url, xpub: undefined })
    const order = await deaf.place('print')
    await deaf.readAgain(order)
    expect(order.state).toBe('waiting')
    await quittance.payTestInvoice(order.invoiceId)
    await chain.mine(CONFIRMATIONS)
    await waitFor('the invoice to be settled', async () => {
      return (await quittance.getInvoice(order.invoiceId)).status === 'settled'
    })
    expect(order.state).toBe('waiting')
    await deaf.readAgain(order)
    expect(order.state).toBe('paid')
  })

  test('an invoice whose address is not of the shop’s account is never offered', async () => {
    const { gatewayUrl: url, apiKey, shop } = world
    const quittance = createQuittanceClient({ url, apiKey })
    const xpub = accountXpub(0)
    const book = createOrderBook({ quittance, shopUrl: shop.url, xpub })
    await expect(book.place('books')).rejects.toMatchObject({ code: 'invoice_refused' })
    expect(book.orders.size).toBe(0)
  })

  test('says what did not work', async () => {
    const unknown = await click('/buy', { product: 'yacht' })
    expect([unknown.status, await unknown.text()]).toEqual([
      409,
      expect.stringContaining('product'),
    ])
    const order = await buy('print')
    const accept = await click(`${order}/accept`)
    const text = await accept.text()
    expect([accept.status, text]).toEqual([409, expect.stringContaining('not_acceptable_state')])
  })
})

describe('the stories', () => {
  test.each(MISHAPS)(
    'IN-29 %s: by one click in the shop, to its end',
    async (name) => {
      expect(await open('/')).toContain(`action="/rehearsals/${name}"`)
      const lines: string[] = []
      const order = await playMishap(world, name, (line) => lines.push(line))
      const page = await open(`/orders/${order.id}`)
      const told = {
        underpaid: ['paid', 'invoice.underpaid: 12.5 USDC still missing'],
        overpaid: ['paid', 'invoice.overpaid: 12.5 USDC too much'],
        late: ['paid', 'invoice.paid_late'],
        'wrong-token': ['waiting', '25 DAI on chain 31337'],
        'wrong-chain': ['waiting', '25 USDC on chain 31338'],
        refund: ['paid', 'refund.confirmed: 12.5 USDC to 0x0000'],
      }[name]
      expect(page).toContain(`data-state="${told[0]}"`)
      expect(page).toContain(told[1])
      expect(lines.length).toBeGreaterThan(4)
    },
    STORY_MS,
  )

  test('IN-29 a reorg through the API alone takes a paid order back', async () => {
    const { gatewayUrl: url, apiKey } = world
    const quittance = createQuittanceClient({ url, apiKey })
    const order = await buy('print')
    await click(`${order}/pay`)
    await quittance.mineTestChain('31337', { blocks: CONFIRMATIONS })
    await waitFor('the order to be paid', async () =>
      (await open(order)).includes('data-state="paid"'),
    )
    await quittance.reorgTestChain('31337', { depth: CONFIRMATIONS + 1 })
    await quittance.mineTestChain('31337')
    await waitFor('the order to be taken back', async () =>
      (await open(order)).includes('data-state="taken back"'),
    )
  })

  test(
    'the whole story plays to its end, and a failed step is named',
    async () => {
      const lines: string[] = []
      await playStory(world, (line) => lines.push(line))
      expect(lines.join('\n')).toMatch(/invoice\.reversed[\s\S]*invoice\.settled[\s\S]*confirmed/)
      const broken = { ...world, secondChain: null }
      const play = playMishap(broken, 'wrong-chain', () => {})
      await expect(play).rejects.toThrow('a second chain: this world has none')
    },
    STORY_MS,
  )
})
