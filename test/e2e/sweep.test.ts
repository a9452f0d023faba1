/** The four steps of collecting, as a merchant takes them: plan, sign without a network, send, verify. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mnemonicToAccount } from 'viem/accounts'
import { describe, expect, test, vi } from 'vitest'
import { publicKeyToAddress } from '../../src/core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../src/core/money/asset.ts'
import { spawnKeys, withoutNetwork } from '../keys/run-keys.ts'
import { accountXpub, deriveKey } from '../support/account-keys.ts'
import { TEST_MNEMONIC, waitFor } from '../support/gateway-process.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { runWhileMining } from '../support/run-while-mining.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 90_000 })

const ACCOUNT = 8
/** Words of a machine that collects by itself: gas money is all they have. */
const HOT_WORDS = 'legal winner thank year wave sausage worth useful legal winner thank yellow'
const ETHER = 10n ** 18n
const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(ACCOUNT) } })
const treasury = (n: number) =>
  toChecksumAddress(`0x${(0x7ea5000 + n).toString(16).padStart(40, '0')}`)
const sponsor = () => addressOf(`m/44'/60'/${ACCOUNT}'/1/0`)

function addressOf(path: string): `0x${string}` {
  return publicKeyToAddress(deriveKey(path).publicKey as Uint8Array)
}

let files = 0
const freshFile = (name: string) => join(world.gateway.folder, `${name}-${++files}.json`)

async function payInvoices(count: number, asset: 'usdc' | 'native'): Promise<any[]> {
  const invoices = []
  for (let i = 0; i < count; i++) {
    const invoice = await world.createInvoice()
    const { address: to } = invoice
    const id = asset === 'usdc' ? world.usdc.asset : world.native
    const option = invoice.payment_options.find((one: any) => one.asset === id)
    const units = BigInt(option.amount_due_units)
    if (asset === 'usdc') await world.chain.sendToken({ token: world.usdc.address, to, units })
    else await world.chain.sendNative({ to, units })
    invoices.push(invoice)
  }
  await world.mine(K)
  for (const { id } of invoices) await world.waitForStatus(id, 'settled')
  return invoices
}

const isKnown = async (hash: string) =>
  (await world.chain.rpc('eth_getTransactionByHash', [hash])) !== null

async function makePlan(to: string, ...options: string[]) {
  const out = freshFile('plan')
  const run = await world.gateway.run(
    ...['sweep', 'plan', '--chain', '31337', '--to', to, '--out', out, ...options],
  )
  expect(run).toMatchObject({ code: 0 })
  return { out, run, plan: JSON.parse(await readFile(out, 'utf8')) }
}

async function sign(plan: string, to: string) {
  const out = freshFile('signed')
  const args = ['sweep', 'sign', plan, '--to', to, '--out', out]
  const run = await spawnKeys(args, { stdin: TEST_MNEMONIC, below: withoutNetwork() ?? [] })
  expect(run).toMatchObject({ code: 0, stderr: '' })
  return out
}

/** Of USDC, in smallest units: as the API says, and as the node has it at these addresses. */
async function readBalance() {
  const { body } = await world.gateway.request('GET', '/v1/balances')
  const found = body.data.find(({ asset }: any) => asset === world.usdc.asset)
  return { collected: BigInt(found.collected_units), available: BigInt(found.available_units) }
}

async function readHeld(invoices: readonly any[]): Promise<bigint> {
  const token = world.usdc.address
  const all = invoices.map(({ address }) => world.chain.tokenBalance(token, address))
  return (await Promise.all(all)).reduce((sum, units) => sum + units, 0n)
}

describe('collecting', () => {
  test('SW-10 SW-15 SW-17 tokens and coins by delegation: collected, cleared, and nothing twice', async () => {
    const to = treasury(1)
    const paid = [...(await payInvoices(3, 'usdc')), ...(await payInvoices(1, 'native'))]
    await world.chain.setBalance(sponsor(), ETHER)
    const { out, plan } = await makePlan(to)
    expect(plan.entries).toHaveLength(4)
    expect(plan.totals.map(({ amount, symbol }: any) => `${amount} ${symbol}`)).toEqual([
      '0.01 ETH',
      '75 USDC',
    ])
    const signed = await sign(out, to)
    // Money that comes after the plan was written (SW-17).
    const [late] = await payInvoices(1, 'usdc')

    // The first run is killed when the node has a transaction, no block does, and nobody wrote it down.
    const { transactions } = JSON.parse(await readFile(signed, 'utf8'))
    const first = world.gateway.spawnTool('sweep', 'broadcast', signed)
    await waitFor('the node to have the first', () => isKnown(transactions[0].hash), 30_000)
    first.kill('SIGKILL')
    await once(first, 'exit')
    const sent = await runWhileMining(world, 'sweep', 'broadcast', signed)
    expect(sent).toMatchObject({ code: 0 })
    expect(sent.stdout.split('\n').filter((line) => line.includes('block'))).toHaveLength(3)
    const verified = await world.gateway.run('sweep', 'verify', signed)
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.stdout).toContain('4 of 4 balances collected')
    expect(await world.chain.tokenBalance(world.usdc.address, to)).toBe(75_000_000n)
    expect(await world.chain.nativeBalance(to)).toBe(ETHER / 100n)

    // Again: the chain knows, nothing is sent, nothing moves.
    const nonce = await world.chain.rpc('eth_getTransactionCount', [sponsor(), 'latest'])
    expect(await world.gateway.run('sweep', 'broadcast', signed)).toMatchObject({ code: 0 })
    expect(await world.chain.rpc('eth_getTransactionCount', [sponsor(), 'latest'])).toBe(nonce)

    // Orders stay paid, and no movement of ours was taken for a payment.
    await world.synced()
    for (const { id } of [...paid, late]) {
      const invoice = await world.getInvoice(id)
      expect(invoice).toMatchObject({ status: 'settled', payments_total: 1 })
    }
    expect(await readHeld([...paid, late])).toBe(25_000_000n)
    expect(await readBalance()).toEqual({ collected: 75_000_000n, available: 25_000_000n })
    const rest = (await makePlan(to)).plan
    expect(rest.entries.map(({ address }: any) => address)).toEqual([late.address])
    await world.expectCleanState()
  })

  test('SW-16 dust is left and listed; without anything to collect there is nothing to send', async () => {
    const { plan, run } = await makePlan(treasury(2), '--min', 'USDC=1000', '--min', 'ETH=1')
    expect(plan).toMatchObject({ entries: [], transactions: [], max_fee: '0' })
    expect(plan.skipped.length).toBeGreaterThan(0)
    expect(plan.skipped[0].reason).toBe('dust')
    expect(run.stdout).toContain('0 transactions')
  })

  test('SW-16 gas above the share of what it brings is refused, unless forced', async () => {
    // Dear blocks; the next ones grow cheap again, since they are empty.
    await world.chain.rpc('anvil_setNextBlockBaseFeePerGas', ['0x38d7ea4c680'])
    await world.chain.mine(1)
    const out = freshFile('dear')
    const args = ['sweep', 'plan', '--chain', '31337', '--to', treasury(2), '--out', out]
    const refused = await world.gateway.run(...args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /the fee: may be up to [0-9.]+ % of what is collected, more than 25 %/,
    )
    await expect(readFile(out)).rejects.toThrow()
    expect(await world.gateway.run(...args, '--force')).toMatchObject({ code: 0 })
    await world.chain.mine(200)
    const { run } = await makePlan(treasury(2))
    expect(run.stdout).toMatch(/The fee is at most [0-9.]+ % of what is collected/)
    expect(run.stdout).toMatch(/Of these at most [0-9.]+ for taking the delegations back/)
  })

  test('direct: coins pay for themselves, no sponsor is needed', async () => {
    const to = treasury(3)
    await payInvoices(2, 'native')
    const { out, plan } = await makePlan(to, '--method', 'direct')
    expect(plan.entries).toHaveLength(2)
    const signed = await sign(out, to)
    expect(await runWhileMining(world, 'sweep', 'broadcast', signed)).toMatchObject({ code: 0 })
    const sum = plan.transactions.reduce((all: bigint, one: any) => all + BigInt(one.value), 0n)
    expect(await world.chain.nativeBalance(to)).toBe(sum)
  })

  test('PA-20 top-up: the gas that the sponsor sends is no payment', async () => {
    const to = treasury(4)
    await world.chain.setBalance(sponsor(), ETHER)
    const invoices = await payInvoices(2, 'usdc')
    const before = await readBalance()
    const { out } = await makePlan(to, '--method', 'top-up')
    const signed = await sign(out, to)
    expect(await runWhileMining(world, 'sweep', 'broadcast', signed)).toMatchObject({ code: 0 })
    expect((await world.gateway.run('sweep', 'verify', signed)).code).toBe(0)
    await world.mine(K)
    expect(await readHeld(invoices)).toBe(0n)
    const after = await readBalance()
    expect(after.available).toBe(0n)
    expect(after.collected - before.collected).toBe(before.available)
    for (const { id } of invoices) {
      expect(await world.getInvoice(id)).toMatchObject({ payments_total: 1, status: 'settled' })
    }
    await world.expectCleanState()
  })

  test('scheduled: authorizations signed ahead, a sponsor of other words, and only the treasury is paid', async () => {
    const to = treasury(5)
    const authorizations = freshFile('authorizations')
    const below = withoutNetwork() ?? []
    const ahead = ['sweep', 'authorize', '--chain', '31337', '--account', String(ACCOUNT)]
    const signedAhead = await spawnKeys(
      [...ahead, '--to', to, '--count', '60', '--out', authorizations],
      { stdin: TEST_MNEMONIC, below },
    )
    expect(signedAhead).toMatchObject({ code: 0, stderr: '' })
    const hot = await spawnKeys(['xpub', '--account', String(ACCOUNT)], { stdin: HOT_WORDS })
    const path = `m/44'/60'/${ACCOUNT}'/1/0` as const
    const hotSponsor = mnemonicToAccount(HOT_WORDS, { path }).address
    await world.chain.setBalance(hotSponsor, ETHER)
    await payInvoices(2, 'usdc')

    const options = ['--without', 'ETH', '--sponsor-xpub', hot.stdout.trim()]
    const cleared = await makePlan(to, ...options)
    const signHot = (plan: string, out: string, treasuryGiven = to) =>
      spawnKeys(
        [
          'sweep',
          'sign',
          plan,
          '--to',
          treasuryGiven,
          '--authorizations',
          authorizations,
          '--out',
          out,
        ],
        { stdin: HOT_WORDS, below },
      )
    const refused = await signHot(cleared.out, freshFile('refused'))
    expect(refused.stderr).toContain('plan: clear takes the words')
    const other = await makePlan(treasury(6), ...options, '--keep-delegations')
    expect((await signHot(other.out, freshFile('refused'), treasury(6))).stderr).toContain(
      '--authorizations: are for another treasury',
    )

    const { out, plan } = await makePlan(to, ...options, '--keep-delegations')
    expect(plan.sponsor.address).toBe(hotSponsor)
    const signed = freshFile('signed')
    expect(await signHot(out, signed)).toMatchObject({ code: 0, stderr: '' })
    expect(await runWhileMining(world, 'sweep', 'broadcast', signed)).toMatchObject({ code: 0 })
    expect((await world.gateway.run('sweep', 'verify', signed)).code).toBe(0)
    const total = plan.totals.find(({ symbol }: any) => symbol === 'USDC')
    expect(plan.entries.length).toBeGreaterThanOrEqual(2)
    expect(await world.chain.tokenBalance(world.usdc.address, to)).toBe(BigInt(total.units))
    await world.expectCleanState()
  })

  test.each([
    ['--chain', ['--chain', '1', '--to', treasury(9)]],
    ['--to', ['--chain', '31337', '--to', '0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed']],
    ['--method', ['--chain', '31337', '--to', treasury(9), '--method', 'magic']],
    ['--min', ['--chain', '31337', '--to', treasury(9), '--min', 'XYZ=1']],
    ['--without', ['--chain', '31337', '--to', treasury(9), '--without', 'XYZ']],
    ['--max-gas-share', ['--chain', '31337', '--to', treasury(9), '--max-gas-share', 'x']],
  ])('a plan with a wrong %s is refused by its name', async (name, args) => {
    const out = freshFile('refused')
    const run = await world.gateway.run('sweep', 'plan', '--out', out, ...args)
    expect(run.code).toBe(1)
    expect(run.stderr).toContain(name)
  })
})
