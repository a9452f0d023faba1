/** Money that goes back: asked for over the API, paid with the merchant's keys, followed on the chain. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { DevAccount } from '../../hardhat-local/src/dev-accounts.ts'
import { publicKeyToAddress } from '../../src/core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../src/core/money/asset.ts'
import { spawnKeys, withoutNetwork } from '../keys/run-keys.ts'
import { accountXpub, deriveKey } from '../support/account-keys.ts'
import { TEST_MNEMONIC, waitFor } from '../support/gateway-process.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readAudit } from '../support/read-audit.ts'
import { runWhileMining } from '../support/run-while-mining.ts'

type Hex = `0x${string}`

// Payouts are commands of their own.
vi.setConfig({ testTimeout: 60_000 })

const ACCOUNT = 14
/** The merchant's wallet, told by `own_senders`. */
const TREASURY = 3
/** A wallet of the merchant that nobody told the gateway of. */
const UNKNOWN_WALLET = 5
const world = usePaymentWorld({
  env: { QUITTANCE_XPUB: accountXpub(ACCOUNT) },
  chain: { own_senders: ['0x90F79bf6EB2c4f870365E785982E1f101E93b906'] },
})
const accountOf = (n: number) => world.chain.accounts[n] as DevAccount

beforeAll(async () => {
  expect(accountOf(TREASURY).address.toLowerCase()).toBe(
    '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  )
  for (const n of [TREASURY, UNKNOWN_WALLET]) {
    await world.chain.mint(world.usdc.address, accountOf(n).address, 10n ** 12n)
  }
  await world.mine()
})

let customers = 0
/** An address nobody has used: refunds are recognised by where they go. */
const freshCustomer = () => {
  customers += 1
  return toChecksumAddress(`0x${(0xcafe0000 + customers).toString(16).padStart(40, '0')}`)
}

/** An invoice over 25 USDC that this many units were paid for, settled or as far as they go. */
async function paidInvoice(units: bigint, confirmations = K): Promise<any> {
  const { id, address } = await world.createInvoice({ accept: [world.usdc.asset] })
  await world.chain.sendToken({ token: world.usdc.address, to: address, units })
  await world.mine(confirmations)
  return world.waitForInvoice(id, 'the payment', (invoice) => invoice.payments.length === 1)
}

const ask = (invoice: { id: string }, body: object, headers?: Record<string, string>) =>
  world.gateway.request('POST', `/v1/invoices/${invoice.id}/refunds`, body, headers)
const decide = (refund: { id: string }, verb: string, body?: object) =>
  world.gateway.request('POST', `/v1/refunds/${refund.id}/${verb}`, body)
const read = async (refund: { id: string }) =>
  (await world.gateway.request('GET', `/v1/refunds/${refund.id}`)).body

async function waitForRefund(refund: { id: string }, what: string, is: (now: any) => boolean) {
  await waitFor(`the refund to be ${what}`, async () => is(await read(refund)))
  return read(refund)
}
const waitForStatus = (refund: { id: string }, status: string) =>
  waitForRefund(refund, status, (now) => now.status === status)

async function pay(refund: any, from: number, units = BigInt(refund.amount_units)): Promise<Hex> {
  const to = refund.destination.toLowerCase()
  return world.chain.sendToken({
    token: world.usdc.address,
    to,
    units,
    from: accountOf(from),
  })
}

async function requested(units = 25_000_000n, body: object = { part: 'full' }): Promise<any> {
  const invoice = await paidInvoice(units)
  const answer = await ask(invoice, { ...body, destination: freshCustomer() })
  expect(answer.status).toBe(201)
  return answer.body
}

const refundEvents = async (refund: { invoice: string }) =>
  (await world.eventsOf(refund.invoice)).filter(({ type }) => type.startsWith('refund.'))

describe('IN-27 what may be refunded', () => {
  test('nothing before it is confirmed; then the excess, the rest, and never more', async () => {
    const destination = freshCustomer()
    const early = await paidInvoice(30_000_000n, 1)
    const refused = await ask(early, { part: 'full', destination })
    expect([refused.status, refused.body.code]).toEqual([409, 'not_acceptable_state'])
    await world.mine(K)
    const invoice = await world.waitForStatus(early.id, 'settled')

    const excess = await ask(invoice, { part: 'excess', destination })
    expect(excess.body).toMatchObject({
      ...{ object: 'refund', status: 'requested', invoice: invoice.id, asset: world.usdc.asset },
      ...{ amount: '5', amount_units: '5000000', destination, tx_hash: null, block_number: null },
    })
    expect((await ask(invoice, { part: 'excess', destination })).status).toBe(409)
    const above = await ask(invoice, { amount: '25.000001', destination })
    expect([above.status, above.body.detail]).toEqual([
      409,
      'Of 30 USDC that is confirmed, 25 can be refunded.',
    ])
    const custom = await ask(invoice, { amount: '10.5', destination, reason: 'Two came back' })
    expect(custom.body).toMatchObject({ amount_units: '10500000', reason: 'Two came back' })
    expect((await ask(invoice, { part: 'full', destination })).body.amount).toBe('14.5')
    expect((await ask(invoice, { part: 'full', destination })).status).toBe(409)
    expect((await ask(invoice, { amount: '0.000001', destination })).status).toBe(409)

    const events = await world.eventsOf(invoice.id)
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1))
    expect(events.filter(({ type }) => type === 'refund.requested')).toHaveLength(3)
    expect((await world.getInvoice(invoice.id)).status).toBe('settled')
    const audit = await readAudit(world.gateway)
    const rows = audit.filter(({ action }: any) => action === 'refund.request')
    expect(rows.map(({ after }: any) => after)).toEqual([
      `5 USDC to ${destination}`,
      `10.5 USDC to ${destination}`,
      `14.5 USDC to ${destination}`,
    ])
  })

  test('twenty requests at once get together what is there', async () => {
    const invoice = await paidInvoice(25_000_000n)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        ask(invoice, { amount: '10', destination: freshCustomer() }),
      ),
    )
    const made = answers.filter(({ status }) => status === 201)
    expect(made).toHaveLength(2)
    const others = answers.filter(({ status }) => status !== 201)
    expect(others.every(({ status }) => status === 409 || status === 503)).toBe(true)
  })

  test('a repeated request is one refund', async () => {
    const invoice = await paidInvoice(25_000_000n)
    const body = { amount: '10', destination: freshCustomer() }
    const key = { 'Idempotency-Key': 'refund-once' }
    const [first, second] = [await ask(invoice, body, key), await ask(invoice, body, key)]
    expect([first.status, second.body]).toEqual([201, first.body])
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, object, string]>([
    ['no destination', { part: 'full' }, '/destination'],
    ['no address', { part: 'full', destination: 'vitalik.eth' }, '/destination'],
    ['a wrong checksum', { part: 'full', destination: '0x90f79bf6EB2c4f870365E785982E1f101E93b906' }, '/destination'],
    ['the zero address', { part: 'full', destination: `0x${'0'.repeat(40)}` }, '/destination'],
    ['neither amount nor part', { destination: `0x${'1'.repeat(40)}` }, '/amount'],
    ['both', { destination: `0x${'1'.repeat(40)}`, amount: '1', part: 'full' }, '/part'],
    ['too many digits', { destination: `0x${'1'.repeat(40)}`, amount: '1.0000001' }, '/amount'],
    ['zero', { destination: `0x${'1'.repeat(40)}`, amount: '0' }, '/amount'],
    ['an asset that is none', { destination: `0x${'1'.repeat(40)}`, part: 'full', asset: 'USDC' }, '/asset'],
    ['an unknown field', { destination: `0x${'1'.repeat(40)}`, part: 'full', to: 'x' }, '/to'],
  ])('refused, naming the field: %s', async (_what, body, pointer) => {
    const [invoice] = (await world.gateway.request('GET', '/v1/invoices?status=settled&limit=1')).body
      .data
    const { status, body: problem } = await ask(invoice, body)
    expect([status, problem.errors[0].pointer]).toEqual([400, pointer])
  })

  test('an address of the gateway itself is no destination', async () => {
    const invoice = await paidInvoice(25_000_000n)
    const answer = await ask(invoice, { part: 'full', destination: invoice.address })
    expect([answer.status, answer.body.errors[0].code]).toEqual([400, 'own_address'])
  })
})

describe('IN-27 a refund follows the chain', () => {
  test('requested, sent with its block, confirmed at depth; a reorg takes it back to sent', async () => {
    const refund = await requested()
    const snapshot = await pay(refund, TREASURY)
    await world.mine()
    const sent = await waitForStatus(refund, 'sent')
    expect(sent).toMatchObject({
      tx_hash: snapshot,
      from: toChecksumAddress(accountOf(TREASURY).address),
    })
    expect(sent.block_number).toBe(await world.chain.blockNumber())
    await world.mine(K - 1)
    const confirmed = await waitForStatus(refund, 'confirmed')
    expect(confirmed.block_hash).toBe(sent.block_hash)

    await world.chain.reorg({ depth: K + 1, transactions: [] })
    await world.mine(2)
    const back = await waitForRefund(refund, 'sent again', ({ status }) => status === 'sent')
    // It may be mined again, so it is not asked for a second time.
    expect(back).toMatchObject({ tx_hash: snapshot, block_number: null, block_hash: null })
    const list = await world.gateway.request('GET', '/v1/reports/payouts.csv')
    expect(JSON.stringify(list.body)).not.toContain(refund.id)

    await pay(refund, TREASURY)
    await world.mine(K)
    await waitForStatus(refund, 'confirmed')
    const events = await refundEvents(refund)
    expect(events.map(({ type }) => type)).toEqual([
      ...['refund.requested', 'refund.sent', 'refund.confirmed'],
      ...['refund.sent', 'refund.sent', 'refund.confirmed'],
    ])
    expect(events.at(-1).data).toMatchObject({ id: refund.id, status: 'confirmed' })
  })

  test('neither a stranger, nor another amount, nor an earlier transfer pays it', async () => {
    const invoice = await paidInvoice(25_000_000n)
    const destination = freshCustomer()
    await pay({ destination }, TREASURY, 25_000_000n)
    await world.mine()
    const { body: refund } = await ask(invoice, { part: 'full', destination })
    await pay(refund, UNKNOWN_WALLET)
    await pay(refund, TREASURY, 24_999_999n)
    await world.mine(K)
    expect((await read(refund)).status).toBe('requested')
    await pay(refund, TREASURY)
    await world.mine()
    await waitForStatus(refund, 'sent')
  })

  test('one transfer pays one of two equal refunds', async () => {
    const invoice = await paidInvoice(25_000_000n)
    const body = { amount: '10', destination: freshCustomer() }
    const [one, two] = [(await ask(invoice, body)).body, (await ask(invoice, body)).body]
    await pay(one, TREASURY)
    await world.mine()
    await waitForStatus(one, 'sent')
    expect((await read(two)).status).toBe('requested')
    await pay(two, TREASURY)
    await world.mine(K)
    await waitForStatus(two, 'confirmed')
    await waitForStatus(one, 'confirmed')
  })

  test('a refund that was canceled and paid all the same says so', async () => {
    const refund = await requested()
    expect((await decide(refund, 'cancel')).body.status).toBe('canceled')
    expect((await decide(refund, 'cancel')).status).toBe(409)
    await pay(refund, TREASURY)
    await world.mine(K)
    await waitForStatus(refund, 'confirmed')
  })
})

describe('a wallet that the gateway does not know', () => {
  test('its transaction is named before it is mined, or afterwards', async () => {
    const [before, after] = [await requested(), await requested()]
    const pending = await pay(before, UNKNOWN_WALLET)
    const named = await decide(before, 'report', { tx_hash: pending })
    expect(named.body).toMatchObject({ status: 'sent', tx_hash: pending, block_number: null })
    await world.mine(K)
    await waitForStatus(before, 'confirmed')

    const mined = await pay(after, UNKNOWN_WALLET)
    await world.mine(2)
    expect((await read(after)).status).toBe('requested')
    const found = await decide(after, 'report', { tx_hash: mined })
    expect(found.body).toMatchObject({ status: 'sent', tx_hash: mined })
    expect(found.body.block_number).toBe((await world.chain.blockNumber()) - 1)
    await world.mine(K)
    await waitForStatus(after, 'confirmed')
    expect((await decide(after, 'report', { tx_hash: mined })).status).toBe(409)
  })

  test('a transaction that pays something else, or failed, is refused', async () => {
    const refund = await requested()
    const other = await pay(refund, UNKNOWN_WALLET, 1n)
    await world.mine()
    const refused = await decide(refund, 'report', { tx_hash: other })
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      'The transaction does not pay this refund: asset, destination or amount differ.',
    ])
    const malformed = await decide(refund, 'report', { tx_hash: '0x12' })
    expect([malformed.status, malformed.body.errors[0].pointer]).toEqual([400, '/tx_hash'])
    expect((await read(refund)).status).toBe('requested')
  })

  test('what will never be paid is failed, and its money is free again', async () => {
    const refund = await requested()
    await decide(refund, 'report', { tx_hash: `0x${'ab'.repeat(32)}` })
    const again = { part: 'full', destination: freshCustomer() }
    expect((await ask({ id: refund.invoice }, again)).status).toBe(409)
    expect((await decide(refund, 'fail')).body.status).toBe('failed')
    expect((await ask({ id: refund.invoice }, again)).body.amount).toBe('25')
    const types = (await refundEvents(refund)).map(({ type }) => type)
    expect(types).toEqual(['refund.requested', 'refund.sent', 'refund.failed', 'refund.requested'])
  })
})

describe('addresses that shoppers propose', () => {
  test('are shown to the merchant and pay nobody', async () => {
    const invoice = await paidInvoice(25_000_000n)
    const url = `${invoice.checkout_url}/refund-proposals`
    const destination = freshCustomer()
    const post = (body: string, type = 'application/json') =>
      fetch(url, { method: 'POST', redirect: 'manual', headers: { 'content-type': type }, body })
    const kept = await post(JSON.stringify({ destination }))
    expect([kept.status, await kept.json()]).toEqual([
      201,
      expect.objectContaining({ object: 'refund_proposal', destination }),
    ])
    const form = await post(`destination=${freshCustomer()}`, 'application/x-www-form-urlencoded')
    expect([form.status, form.headers.get('location')]).toEqual([
      303,
      expect.stringMatching(/^\/i\/[0-9a-z]{36}\?refund=proposed$/),
    ])
    const wrong = await post('destination=me', 'application/x-www-form-urlencoded')
    expect(wrong.headers.get('location')).toContain('?refund=malformed')
    expect((await post('{"destination":"me"}')).status).toBe(400)

    const path = `/v1/invoices/${invoice.id}/refund-proposals`
    const { data } = (await world.gateway.request('GET', path)).body
    expect(data.map((one: any) => one.destination)).toEqual([
      expect.not.stringMatching(destination),
      destination,
    ])
    const refunds = await world.gateway.request('GET', `/v1/refunds?invoice=${invoice.id}`)
    expect(refunds.body.data).toEqual([])
    const still = await ask(invoice, { part: 'full' })
    expect([still.status, still.body.errors[0].pointer]).toEqual([400, '/destination'])
  })
})

describe('SW-19 with the payout tools', () => {
  const payer = publicKeyToAddress(deriveKey(`m/44'/60'/${ACCOUNT}'/1/1`).publicKey as Uint8Array)

  async function exportList(): Promise<string> {
    const { url, apiKey, folder } = world.gateway
    const headers = { authorization: `Bearer ${apiKey}` }
    const answer = await fetch(`${url}/v1/reports/payouts.csv?chain=31337`, { headers })
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const path = join(folder, `payouts-${Math.random()}.csv`)
    await writeFile(path, await answer.text())
    return path
  }

  test('an interrupted refund is neither lost nor sent twice', async () => {
    await world.chain.mint(world.usdc.address, payer, 10n ** 12n)
    await world.chain.setBalance(payer, 10n ** 18n)
    // What other tests left is not for this list.
    const waiting = (await world.gateway.request('GET', '/v1/refunds?status=requested&limit=100'))
      .body
    for (const refund of waiting.data) await decide(refund, 'cancel')
    const [one, two] = [await requested(), await requested(20_000_000n)]
    const list = await exportList()
    const plan = join(world.gateway.folder, 'refund-plan.json')
    const signed = join(world.gateway.folder, 'refund-signed.json')
    const planned = await world.gateway.run(
      'payout',
      'plan',
      list,
      '--chain',
      '31337',
      '--out',
      plan,
    )
    expect(planned).toMatchObject({ code: 0 })
    expect(planned.stdout).toContain('45 USDC')
    const args = ['payout', 'sign', plan, '--list', list, '--decimals', 'USDC=6', '--out', signed]
    const run = await spawnKeys(args, { stdin: TEST_MNEMONIC, below: withoutNetwork() ?? [] })
    expect(run).toMatchObject({ code: 0 })

    // The gateway is killed while the transactions are on their way.
    await world.gateway.kill()
    const sent = await runWhileMining(world, 'payout', 'broadcast', signed)
    expect(sent).toMatchObject({ code: 0 })
    await world.chain.mine(K)
    await world.gateway.start()
    for (const refund of [one, two]) {
      const now = await waitForStatus(refund, 'confirmed')
      expect(now.from).toBe(toChecksumAddress(payer))
    }
    // Nothing is left to pay: who exports again gets an empty list, and the old one pays nobody.
    const again = await world.gateway.run(
      ...['payout', 'plan', list, '--chain', '31337', '--out', `${plan}.2`],
    )
    expect(again.code).toBe(3)
    const empty = await world.gateway.run(
      ...['payout', 'plan', await exportList(), '--chain', '31337', '--out', `${plan}.3`],
    )
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('has no payouts')])
    for (const { destination, amount_units } of [one, two]) {
      const paid = await world.chain.tokenBalance(world.usdc.address, destination.toLowerCase())
      expect(paid).toBe(BigInt(amount_units))
    }
  })
})

test('the state is whole', async () => {
  await world.expectCleanState()
})
