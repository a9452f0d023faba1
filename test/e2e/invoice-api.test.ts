/** Idempotency, indexes, and decisions that race with the chain, against the running process. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { deriveDevAccounts } from '../../hardhat-local/src/dev-accounts.ts'
import type { Answer } from '../support/gateway-process.ts'
import {
  countType,
  deployBatchPayer,
  inParallel,
  readAllInvoices,
  skipDevAccounts,
} from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

/** Makes the gateway kill itself where the answer to this request would begin. */
const DIE_HEADER = 'x-die-before-answer'
const preload = new URL('../support/die-before-answer.ts', import.meta.url)
const world = usePaymentWorld({
  config: { limits: { requests_per_second_per_key: 100_000 } },
  env: { NODE_OPTIONS: `--import=${preload}` },
})

beforeAll(() => skipDevAccounts(world))

const order = (orderId: string, amount = '25.00') => ({
  price: { amount, currency: 'USD' },
  order_id: orderId,
})
const create = (key: string, body: object): Promise<Answer> =>
  world.gateway.request('POST', '/v1/invoices', body, { 'idempotency-key': key })

const isReplayed = (answer: Answer) => answer.headers.get('idempotency-replayed') === 'true'

async function invoicesOf(orderId: string): Promise<any[]> {
  const { body } = await world.gateway.request('GET', `/v1/invoices?order_id=${orderId}`)
  return body.data
}

describe('IN-09 one key, 50 requests at once', () => {
  const KEYS = 20
  const PARALLEL = 50

  test('IN-09 make one invoice; answers are 201 with one body, or 409', async () => {
    for (let n = 0; n < KEYS; n++) {
      const body = order(`race-${n}`)
      const answers = await Promise.all(
        Array.from({ length: PARALLEL }, () => create(`race-${n}`, body)),
      )
      const made = answers.filter(({ status }) => status === 201)
      const refused = answers.filter(({ status }) => status === 409)
      expect(made.length + refused.length).toBe(PARALLEL)
      expect(made.filter((answer) => !isReplayed(answer))).toHaveLength(1)
      const [first] = made
      for (const answer of made) expect(answer.body).toEqual(first?.body)
      for (const answer of refused) {
        expect(answer.body).toMatchObject({ status: 409, code: 'idempotency_in_progress' })
        expect(answer.headers.get('retry-after')).not.toBeNull()
      }
      const again = await create(`race-${n}`, body)
      expect([again.status, isReplayed(again)]).toEqual([201, true])
      expect(again.body).toEqual(first?.body)
      expect((await invoicesOf(`race-${n}`)).map(({ id }) => id)).toEqual([first?.body.id])
    }
  }, 60_000)

  test('IN-09 another body under the key is refused, another key is another invoice', async () => {
    const first = await create('one', order('bodies'))
    expect([first.status, isReplayed(first)]).toEqual([201, false])
    const other = await create('one', order('bodies', '25.01'))
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
    const second = await create('two', order('bodies'))
    expect(second.status).toBe(201)
    expect(second.body.id).not.toBe(first.body.id)
    expect(second.body.address).not.toBe(first.body.address)
    expect(await invoicesOf('bodies')).toHaveLength(2)
  })
})

test('IN-24 5,000 invoices made at once: unique indexes and addresses, all derived', async () => {
  const numbers = Array.from({ length: 5_000 }, (_, n) => n)
  const made = await inParallel(numbers, (n) => world.createInvoice(order(`c-${n}`)), 500)
  const all = [...(await readAllInvoices(world.gateway)).values()]
  expect(all.length).toBeGreaterThanOrEqual(made.length)
  const indexes = all.map(({ derivation_path }) => {
    expect(derivation_path).toMatch(/^m\/44'\/60'\/0'\/0\/(0|[1-9][0-9]*)$/)
    return Number(derivation_path.split('/').at(-1))
  })
  expect(new Set(indexes).size).toBe(all.length)
  expect(new Set(all.map(({ address }) => address)).size).toBe(all.length)
  // From the mnemonic by private keys; the gateway only ever saw the account's public key.
  const derived = deriveDevAccounts(Math.max(...indexes) + 1)
  const wrong = all.filter(({ address }, i) => address !== derived[indexes[i] as number]?.address)
  expect(wrong).toEqual([])
  const byId = new Map(all.map((invoice) => [invoice.id, invoice.address]))
  for (const { id, address } of made) expect(byId.get(id)).toBe(address)
}, 120_000)

describe('IN-22 cancel races a payment: one of two ends, one terminal event', () => {
  const RUNS = 20
  const POLL_MS = 250
  type Run = { id: string; canceled: boolean }

  async function cancel(id: string): Promise<Run> {
    const { status, body } = await world.gateway.request('POST', `/v1/invoices/${id}/cancel`)
    expect([
      [200, 'canceled'],
      [409, 'not_acceptable_state'],
    ]).toContainEqual([status, body.code ?? body.status])
    return { id, canceled: status === 200 }
  }

  async function expectOneEndEach(runs: readonly Run[]): Promise<void> {
    await world.mine(K)
    for (const { id, canceled } of runs) {
      const invoice = await world.getInvoice(id)
      const events = await world.eventsOf(id)
      const counts = ['canceled', 'settled', 'paid_after_cancel', 'expired'].map((type) =>
        countType(events, `invoice.${type}`),
      )
      expect(invoice).toMatchObject({
        status: canceled ? 'canceled' : 'settled',
        payments_total: 1,
      })
      expect(counts).toEqual(canceled ? [1, 0, 1, 0] : [0, 1, 0, 0])
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, i) => i + 1))
    }
    await world.expectCleanState()
  }

  test('IN-22 20 times, from long before the payment is seen to right after', async () => {
    const runs: Run[] = []
    for (let run = 0; run < RUNS; run++) {
      const { id, address } = await world.createInvoice(order(`cancel-${run}`))
      const { usdc, chain } = world
      await chain.sendToken({ token: usdc.address, to: address, units: 25_000_000n })
      // The first is canceled for sure, the last paid for sure; the others race.
      if (run === 0) runs.push(await cancel(id))
      await chain.mine()
      if (run === RUNS - 1) await world.synced()
      else await sleep((run / RUNS) * POLL_MS * 1.2)
      if (run > 0) runs.push(await cancel(id))
      await world.synced()
    }
    expect([runs[0]?.canceled, runs.at(-1)?.canceled]).toEqual([true, false])
    await expectOneEndEach(runs)
  }, 60_000)

  test('IN-22 a stream of cancels through the turn that sees all the payments', async () => {
    const batchPayer = await deployBatchPayer(world, [world.usdc.address])
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    const invoices = await inParallel(numbers, (n) => world.createInvoice(order(`stream-${n}`)))
    const transfers = invoices.map(({ address }) => ({ to: address, units: 25_000_000n }))
    await batchPayer.payToken(world.usdc.address, transfers)
    await world.chain.mine()
    const runs = await inParallel(
      invoices,
      async ({ id }, n) => {
        await sleep(n * 4)
        return cancel(id)
      },
      invoices.length,
    )
    await world.synced()
    await expectOneEndEach(runs)
  }, 60_000)
})

describe('IN-11 the same key after the process is gone', () => {
  test('IN-11 after a restart: the same invoice and address', async () => {
    const first = await create('restart', order('restart'))
    expect(first.status).toBe(201)
    expect(await world.gateway.stop()).toBe(0)
    await world.gateway.start()
    const again = await create('restart', order('restart'))
    expect([again.status, isReplayed(again)]).toEqual([201, true])
    expect(again.body).toEqual(first.body)
    const other = await create('restart', order('restart', '1.00'))
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
    expect(await invoicesOf('restart')).toHaveLength(1)
  })

  test('IN-11 kill -9 between commit and answer: made once, told when asked again', async () => {
    for (const key of ['untold-1', 'untold-2']) {
      const headers = { 'idempotency-key': key, [DIE_HEADER]: '1' }
      const untold = world.gateway.request('POST', '/v1/invoices', order(key), headers)
      await expect(untold).rejects.toThrow('fetch failed')
      await world.gateway.start()
      const kept = await invoicesOf(key)
      expect(kept).toHaveLength(1)
      const again = await create(key, order(key))
      expect([again.status, isReplayed(again)]).toEqual([201, true])
      expect([again.body.id, again.body.address]).toEqual([kept[0].id, kept[0].address])
      const other = await create(key, order(key, '1.00'))
      expect(other.status).toBe(422)
      expect(await invoicesOf(key)).toHaveLength(1)
    }
  }, 60_000)

  test('IN-11 kill -9 among 200 requests: acknowledged ones stand, no key makes two', async () => {
    const keys = Array.from({ length: 200 }, (_, n) => `kill-${n}`)
    const told = await createAndKill(keys)
    await world.gateway.start()
    await inParallel(keys, async (key, n) => {
      const before = told[n] ?? null
      const again = await create(key, order(key))
      expect(again.status).toBe(201)
      if (before !== null) expect([isReplayed(again), again.body]).toEqual([true, before])
      expect((await invoicesOf(key)).map(({ id }) => id)).toEqual([again.body.id])
    })
  }, 60_000)

  test('IN-11 no address and no index came twice over all of it', async () => {
    const all = [...(await readAllInvoices(world.gateway)).values()]
    expect(new Set(all.map(({ address }) => address)).size).toBe(all.length)
    expect(new Set(all.map(({ derivation_path }) => derivation_path)).size).toBe(all.length)
  })

  /**
   * Sends one creation per key at the same time and ends the process at the first byte of any
   * answer. The bodies of the answers that came whole; null for the others.
   */
  async function createAndKill(keys: readonly string[]): Promise<(object | null)[]> {
    const { hostname, port } = new URL(world.gateway.url)
    const sockets = await Promise.all(
      keys.map(async () => {
        const socket = connect(Number(port), hostname)
        await once(socket, 'connect')
        return socket
      }),
    )
    let killed: Promise<void> | null = null
    const answers = sockets.map(async (socket, n) => {
      let text = ''
      // Cut off in the middle is what is asked for; `close` follows.
      socket.setEncoding('utf8').on('error', () => {})
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('data', (part: string) => {
        killed ??= world.gateway.kill()
        text += part
      })
      socket.write(renderCreation(hostname, keys[n] as string))
      await closed
      return readWholeAnswer(text)
    })
    const bodies = await Promise.all(answers)
    await killed
    return bodies
  }

  function renderCreation(host: string, key: string): string {
    const body = JSON.stringify(order(key))
    return [
      'POST /v1/invoices HTTP/1.1',
      `host: ${host}`,
      `authorization: Bearer ${world.gateway.apiKey}`,
      'content-type: application/json',
      `idempotency-key: ${key}`,
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n')
  }

  function readWholeAnswer(text: string): object | null {
    const [head = '', body = ''] = text.split('\r\n\r\n')
    const length = /^content-length: ([0-9]+)$/im.exec(head)?.[1]
    if (length === undefined || Buffer.byteLength(body) !== Number(length)) return null
    expect(head).toMatch(/^HTTP\/1\.1 201 /)
    return JSON.parse(body)
  }
})

test('the stored state is clean', () => world.expectCleanState(), 60_000)
