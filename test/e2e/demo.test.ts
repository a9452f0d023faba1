/** What README promises of the demo, on its own parts: shop, gateway and chain as `npm run demo` starts them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { playStory } from '../../scripts/demo/play-story.ts'
import { startWorld, type World } from '../../scripts/demo/start-world.ts'
import { waitFor } from '../support/gateway-process.ts'

const START_MS = 60_000

let world: World

beforeAll(async () => {
  world = await startWorld({ blockTimeS: 1, ports: {} })
}, START_MS)

afterAll(() => world.stop())

const open = async (path: string) => (await fetch(world.shop.url + path)).text()

const click = (path: string, form: Record<string, string> = {}) =>
  fetch(world.shop.url + path, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  })

test('one click makes an invoice, another pays it, and the order turns paid', async () => {
  expect(await open('/')).toContain('Two books')
  const bought = await click('/buy', { product: 'books' })
  expect(bought.status).toBe(303)
  const order = bought.headers.get('location') ?? ''
  expect(await open(order)).toContain('data-state="waiting"')
  const checkout = /href="(http[^"]+\/i\/[^"]+)"/.exec(await open(order))?.[1] ?? ''
  const page = await fetch(checkout)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('25 USDC')])
  expect((await click(`${order}/pay`)).status).toBe(303)
  await waitFor('the order to be paid', async () =>
    (await open(order)).includes('data-state="paid"'),
  )
  expect(await open(order)).toContain('invoice.settled')
})

test('a webhook that does not verify releases nothing', async () => {
  const order = (await click('/buy', { product: 'print' })).headers.get('location') ?? ''
  const forged = await fetch(`${world.shop.url}/webhooks`, {
    method: 'POST',
    headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AA==' },
    body: JSON.stringify({ type: 'invoice.settled', invoice: 'inv_1' }),
  })
  expect(forged.status).toBe(401)
  expect(await open(order)).toContain('data-state="waiting"')
})

test(
  'the story plays to its end, and a failed step is named',
  async () => {
    const story = await startWorld({ blockTimeS: null, ports: {} })
    try {
      const lines: string[] = []
      await playStory(story, (line) => lines.push(line))
      expect(lines.join('\n')).toMatch(/invoice\.reversed[\s\S]*invoice\.settled[\s\S]*confirmed/)
      await story.chain.rpc('evm_setAutomine', [false])
      const order = { ...story, gatewayUrl: 'http://127.0.0.1:1' }
      await expect(playStory(order, () => {})).rejects.toThrow()
    } finally {
      await story.stop()
    }
  },
  START_MS,
)
