/** What leaves deposit addresses: balances follow it, by whomever it was sent, and through reorgs. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeEach, expect, test } from 'vitest'
import { signTransaction } from '../../hardhat-local/src/sign-transaction.ts'
import { accountXpub } from '../support/account-keys.ts'
import { waitFor } from '../support/gateway-process.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { signAsOwner, tokenCall } from '../support/sign-as-owner.ts'

const ACCOUNT = 21
const ETHER = 10n ** 18n
const USDC = 10n ** 6n
const TREASURY = '0x00000000000000000000000000000000007ea5a1'
const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(ACCOUNT) } })
// Out of reach of the reorgs of the next test.
beforeEach(() => world.mine(2 * K))

/** Takes USDC alone: gas at its address is nothing that anybody looks for. */
async function settleOrder() {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  await payInvoice(world, invoice)
  await world.mine(K)
  return world.waitForStatus(invoice.id, 'settled')
}

async function readBalance() {
  const { body } = await world.gateway.request('GET', '/v1/balances')
  const balance = body.data.find(({ asset }: any) => asset === world.usdc.asset)
  const { received_units, collected_units, uncounted_units, available_units } = balance ?? {}
  return [received_units, collected_units, uncounted_units, available_units].map((text) =>
    BigInt(text ?? 0),
  ) as [bigint, bigint, bigint, bigint]
}

/** How far a balance moved since it was read before. */
async function movedSince(before: readonly bigint[]) {
  return (await readBalance()).map((units, place) => units - (before[place] as bigint))
}

const listOutflows = async (query = '') =>
  (await world.gateway.request('GET', `/v1/outflows${query}`)).body.data

test('what the owner sends away is no longer available, from its first block on', async () => {
  const before = await readBalance()
  const invoice = await settleOrder()
  expect(await movedSince(before)).toEqual([25n * USDC, 0n, 0n, 25n * USDC])
  await world.chain.sendRaw(
    await signAsOwner(world, invoice, tokenCall('transfer', [TREASURY, 10n * USDC])),
  )
  await world.mine(1)
  expect(await movedSince(before)).toEqual([25n * USDC, 10n * USDC, 0n, 15n * USDC])
  const [outflow] = await listOutflows()
  expect(outflow).toMatchObject({
    object: 'outflow',
    asset: world.usdc.asset,
    amount: '10',
    from: invoice.address,
    to: expect.stringMatching(new RegExp(`^${TREASURY}$`, 'i')),
    position: 'included',
  })
  // The order stays paid: what became of its money is no matter of the shopper.
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'settled', payments_total: 1 })
  const { body } = await world.gateway.request('GET', '/v1/reports/outflows.csv')
  expect(body).toContain(outflow.id)
  await world.expectCleanState()
})

test('a stranger who was approved takes it: that has left too', async () => {
  const before = await readBalance()
  const invoice = await settleOrder()
  const [, , , stranger] = world.chain.accounts
  const approve = tokenCall('approve', [stranger?.address, 7n * USDC])
  await world.chain.sendRaw(await signAsOwner(world, invoice, approve))
  await world.chain.mine(1)
  expect(await movedSince(before)).toEqual([25n * USDC, 0n, 0n, 25n * USDC])
  const take = tokenCall('transferFrom', [invoice.address, stranger?.address, 7n * USDC])
  const nonce = await world.chain.rpc<string>('eth_getTransactionCount', [
    stranger?.address,
    'latest',
  ])
  await world.chain.sendRaw(
    await signTransaction(stranger as never, {
      ...{ chainId: 31_337, nonce: Number(nonce), gasLimit: 200_000n },
      ...{ to: world.usdc.address, data: take },
    }),
  )
  await world.mine(1)
  expect(await movedSince(before)).toEqual([25n * USDC, 7n * USDC, 0n, 18n * USDC])
})

test('a collection that is reorganised away is there again, and gone again when it is mined again', async () => {
  const before = await readBalance()
  const invoice = await settleOrder()
  const raw = await signAsOwner(world, invoice, tokenCall('transfer', [TREASURY, 25n * USDC]))
  await world.chain.sendRaw(raw)
  await world.mine(1)
  expect(await movedSince(before)).toEqual([25n * USDC, 25n * USDC, 0n, 0n])
  const [gone] = await listOutflows()

  await world.chain.reorg({ depth: 2 })
  await world.mine(2)
  await waitFor('the collection to be taken back', async () => {
    return (await movedSince(before))[1] === 0n
  })
  expect(await movedSince(before)).toEqual([25n * USDC, 0n, 0n, 25n * USDC])
  expect((await listOutflows())[0]).toMatchObject({ id: gone.id, position: 'orphaned' })

  // Its gas left with the branch.
  await world.chain.setBalance(invoice.address, ETHER)
  await world.chain.sendRaw(raw)
  await world.mine(1)
  expect(await movedSince(before)).toEqual([25n * USDC, 25n * USDC, 0n, 0n])
  const [again, orphaned] = await listOutflows(`?asset=${encodeURIComponent(world.usdc.asset)}`)
  expect([again.position, orphaned.position]).toEqual(['included', 'orphaned'])
  expect([again.tx_hash, orphaned.id]).toEqual([gone.tx_hash, gone.id])
  await world.expectCleanState()
})

test('what left before it was confirmed is uncounted until it is', async () => {
  const before = await readBalance()
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  await payInvoice(world, invoice)
  await world.mine(1)
  await world.chain.sendRaw(
    await signAsOwner(world, invoice, tokenCall('transfer', [TREASURY, 25n * USDC])),
  )
  await world.mine(1)
  expect(await movedSince(before)).toEqual([0n, 25n * USDC, 25n * USDC, 0n])
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  expect(await movedSince(before)).toEqual([25n * USDC, 25n * USDC, 0n, 0n])
})

test('what left while the gateway was down is found, and a rescan counts nothing twice', async () => {
  const before = await readBalance()
  const invoice = await settleOrder()
  await world.gateway.stop()
  const first = (await world.chain.blockNumber()) + 1
  await world.chain.sendRaw(
    await signAsOwner(world, invoice, tokenCall('transfer', [TREASURY, 5n * USDC])),
  )
  await world.chain.mine(2)
  await world.gateway.start()
  await world.synced()
  expect(await movedSince(before)).toEqual([25n * USDC, 5n * USDC, 0n, 20n * USDC])
  const count = (await listOutflows()).length
  await world.gateway.stop()
  expect(await world.gateway.run('rescan', '--from', String(first))).toMatchObject({ code: 0 })
  await world.gateway.start()
  expect(await movedSince(before)).toEqual([25n * USDC, 5n * USDC, 0n, 20n * USDC])
  expect(await listOutflows()).toHaveLength(count)
})

test('I8 the books are held against the chain; a row that somebody took away shows', async () => {
  const invoice = await settleOrder()
  await world.chain.sendRaw(
    await signAsOwner(world, invoice, tokenCall('transfer', [TREASURY, 5n * USDC])),
  )
  await world.mine(K)
  const whole = await world.gateway.run('check', '--balances')
  expect(whole).toMatchObject({ code: 0, stderr: '' })
  const [, held, asked] = /^chain 31337: (\d+) of (\d+) balances/.exec(whole.stdout) ?? []
  expect(held).toBe(asked)
  expect(Number(asked)).toBeGreaterThan(0)
  const sampled = await world.gateway.run('check', '--balances', '--sample', '1', '--json')
  expect(JSON.parse(sampled.stdout).balances).toMatchObject([
    { chainId: 31_337, asked: 1, unread: 0, violations: [] },
  ])

  expect(await world.gateway.stop()).toBe(0)
  const db = new Database(join(world.gateway.folder, 'data', 'quittance.db'))
  const take = db.prepare('DELETE FROM outflows WHERE from_address = ?')
  const address = invoice.address.toLowerCase()
  // The database itself refuses; somebody with the file can take that away.
  expect(() => take.run(address)).toThrow('append-only')
  db.exec('DROP TRIGGER outflows_no_delete')
  expect(take.run(address).changes).toBe(1)
  db.close()
  const broken = await world.gateway.run('check', '--balances', '--chain', '31337')
  expect(broken.code).toBe(1)
  expect(broken.stderr).toContain(
    `I8 ${invoice.address}: 25 USDC received, 0 USDC left, and only 20 USDC there`,
  )
})
