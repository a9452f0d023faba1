import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { getAddress } from 'viem/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Address } from '../../src/core/money/asset.ts'
import { SAMPLE_TOKEN, sampleBlock, sampleObservation, samplePayment } from '../support/fixtures.ts'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'
import { readQrCodes } from '../support/read-qr-codes.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

const pathOf = (invoice: { checkout_url: string }) => new URL(invoice.checkout_url).pathname
const open = (path: string, headers: Record<string, string> = {}) =>
  gateway.ask({ path, key: null, headers })

/** The text of the element with this id. */
function textOf(page: string, id: string): string {
  const [, tag = '', content = ''] =
    new RegExp(`<(\\w+) id="${id}"[^>]*>(.*?)</\\1>`, 's').exec(page) ?? []
  expect(tag).not.toBe('')
  return content.replaceAll(/<[^>]*>/g, '')
}

/** Bytes of the body as they travel: `fetch` would unpack them. */
function sizeOnTheWire(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(gateway.url + path, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      answer.on('end', () => resolve(size))
    }).on('error', reject)
  })
}

async function addPayment(invoice: { id: string; address: string }, n: number, units: bigint) {
  const to = invoice.address.toLowerCase() as Address
  const observation = sampleObservation(n, sampleBlock(10), { to, amountUnits: units })
  const payment = samplePayment(observation, { storeId: gateway.store.id, invoiceId: invoice.id })
  await gateway.deps.store.commit({ payments: [payment] })
}

describe('the checkout page', () => {
  test('shows address, amount and code without script', async () => {
    const invoice = await createInvoice(gateway, { accept: [SAMPLE_TOKEN.id] })
    const page = await open(pathOf(invoice))
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ])
    expect(page.headers.get('cache-control')).toBe('no-store')
    // PA-34: the checksum form, and no other.
    expect(invoice.address).toBe(getAddress(invoice.address))
    expect(textOf(page.text, 'address')).toBe(invoice.address)
    const [option] = invoice.payment_options
    const token = getAddress(SAMPLE_TOKEN.token as string)
    expect(option.uri).toBe(
      `ethereum:${token}@31337/transfer?address=${invoice.address}&uint256=25000000`,
    )
    expect(readQrCodes(page.text)).toEqual([option.uri, invoice.address])
    expect(textOf(page.text, 'amount')).toBe('25')
    expect(page.text).toContain(option.uri.replace('&', '&amp;'))
  })

  test('has no inline code and nothing from elsewhere', async () => {
    const invoice = await createInvoice(gateway, { redirect_url: 'https://shop.example/a?b=1&c=2' })
    const { text } = await open(pathOf(invoice))
    expect(text).not.toMatch(/<style|style=|\son\w+=|<script>|javascript:/)
    const sources = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target)
    for (const source of sources) {
      expect(source).toMatch(/^(#|data:,$|\/assets\/|\/i\/|ethereum:0x|https:\/\/shop\.example\/)/)
    }
    expect(text).toContain('href="https://shop.example/a?b=1&amp;c=2"')
  })

  test('shows nothing private, and text as text (AU-12, AU-18)', async () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    const secrets = { order_id: 'private-order', metadata: { note: 'private-note' } }
    const invoice = await createInvoice(gateway, { ...secrets, description: evil })
    const path = pathOf(invoice)
    const page = await open(path)
    const status = await open(`${path}/status`)
    for (const { text } of [page, status]) {
      expect(text).not.toMatch(/private|st_0|inv_|derivation/)
    }
    expect(page.text).not.toContain('<script>alert')
    expect(page.text).not.toContain('<img')
    expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  test('of a thousand guessed tokens none is there, and guessing is limited (AU-18)', async () => {
    const harness = await startHttpHarness()
    const statuses = new Set<number>()
    for (let n = 0; n < 1_000; n++) {
      const token = String(n).padStart(26, '0')
      const { status, headers } = await harness.ask({ path: `/i/${token}/status`, key: null })
      expect(headers.get('content-type')).toBe('application/problem+json')
      statuses.add(status)
    }
    expect(statuses).toEqual(new Set([404, 429]))
    const { checkout_url } = await createInvoice(harness)
    expect((await harness.ask({ path: pathOf({ checkout_url }), key: null })).status).toBe(200)
    await harness.server.close()
  })

  test('tells what is left after a part, and stops asking after the end', async () => {
    const invoice = await createInvoice(gateway, { accept: [SAMPLE_TOKEN.id] })
    await addPayment(invoice, 100, 10_000_000n)
    const part = await open(pathOf(invoice))
    expect(textOf(part.text, 'amount')).toBe('15')
    expect(part.text).toContain('Arrived so far: 10 USDC')
    expect(readQrCodes(part.text)[0]).toBe(
      invoice.payment_options[0].uri.replace('25000000', '15000000'),
    )
    const other = await createInvoice(gateway)
    await gateway.ask({ method: 'POST', path: `/v1/invoices/${other.id}/cancel` })
    const canceled = await open(pathOf(other))
    expect(canceled.text).toContain('canceled')
    expect(canceled.text).not.toContain('<svg')
  })

  test('AU-15 its files are named by their bytes, whole, and kept for ever', async () => {
    const { text } = await open(pathOf(await createInvoice(gateway)))
    for (const name of ['checkout.js', 'checkout.css']) {
      const file = readFileSync(`src/entrypoints/http/assets/${name}`)
      const digest = createHash('sha256').update(file).digest()
      const path = `/assets/${name.replace('.', `-${digest.toString('hex').slice(0, 16)}.`)}`
      expect(text).toContain(`="${path}" integrity="sha256-${digest.toString('base64')}"`)
      const answer = await open(path)
      expect(answer.text).toBe(file.toString())
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(answer.headers.get('content-encoding')).toBe('gzip')
      const plain = await open(path, { 'accept-encoding': 'gzip;q=0, br' })
      expect([plain.headers.get('content-encoding'), plain.text]).toEqual([null, file.toString()])
    }
    const script = readFileSync('src/entrypoints/http/assets/checkout.js')
    expect(script.byteLength).toBeLessThanOrEqual(10 * 1024)
    expect((await open('/assets/../http-app.ts')).status).toBe(404)
    expect((await open('/assets/other.js')).status).toBe(404)
    expect((await open('/assets/checkout-0000000000000000.js')).status).toBe(404)
  })

  test('is small: the first view takes less than 30 kB, with eight ways to pay', async () => {
    const { text } = await open(pathOf(await createInvoice(gateway)))
    const links = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]*)"/g)]
    const files = await Promise.all(links.map(([, path = '']) => sizeOnTheWire(path)))
    expect(files).toHaveLength(2)
    const bytes = files.reduce((sum, size) => sum + size, Buffer.byteLength(text))
    expect(bytes).toBeLessThan(30_000)
  })
})

describe('the public status', () => {
  test('is what the API says, and 304 while nothing changes (IN-23)', async () => {
    const invoice = await createInvoice(gateway, { accept: [SAMPLE_TOKEN.id] })
    const path = `${pathOf(invoice)}/status`
    const first = await open(path)
    expect(first.json).toMatchObject({
      status: 'open',
      address: invoice.address,
      payment_options: invoice.payment_options,
      expires_at: invoice.expires_at,
      paid: { underpaid: false, overpaid: false, late: false },
      payments: [],
    })
    expect(first.headers.get('access-control-allow-origin')).toBe('*')
    expect(first.headers.get('access-control-allow-credentials')).toBeNull()
    const tag = first.headers.get('etag') ?? ''
    expect((await open(path, { 'if-none-match': tag })).status).toBe(304)
    expect((await open(path, { 'if-none-match': `"x", W/${tag}` })).status).toBe(304)
    await addPayment(invoice, 200, 1_000_000n)
    const changed = await open(path, { 'if-none-match': tag })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(tag)
    expect(changed.json.payments).toMatchObject([{ amount: '1', position: 'included' }])
    expect(changed.text).not.toContain('"from"')
  })

  test('is streamed: what it is, and every change within two seconds', async () => {
    const invoice = await createInvoice(gateway)
    const path = pathOf(invoice)
    const answer = await fetch(`${gateway.url}${path}/events`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const messages = readMessages(answer)
    const first = await messages.next()
    expect(first.value?.data.status).toBe('open')
    const page = await open(path)
    expect(page.text).toContain(`data-tag="${first.value?.id}"`)
    await gateway.ask({ method: 'POST', path: `/v1/invoices/${invoice.id}/cancel` })
    const changedAtMs = performance.now()
    const second = await messages.next()
    expect(second.value?.data.status).toBe('canceled')
    expect(performance.now() - changedAtMs).toBeLessThan(2_000)
    await messages.return(undefined)
  })

  test('a server that stops ends the streams and lets go', async () => {
    const harness = await startHttpHarness()
    const invoice = await createInvoice(harness)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${harness.url}${pathOf(invoice)}/events`)),
    )
    const startMs = performance.now()
    await harness.server.close()
    expect(performance.now() - startMs).toBeLessThan(2_000)
    await Promise.all(answers.map((answer) => answer.text()))
  })
})

async function* readMessages(answer: Response) {
  let buffer = ''
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    buffer += Buffer.from(chunk).toString()
    for (;;) {
      const end = buffer.indexOf('\n\n')
      if (end === -1) break
      const lines = buffer.slice(0, end).split('\n')
      buffer = buffer.slice(end + 2)
      const read = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const data = read('data')
      if (data !== undefined) yield { id: read('id'), data: JSON.parse(data) }
    }
  }
}
