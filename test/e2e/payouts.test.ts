/** Refunds and other payouts, as a merchant makes them: plan, sign without a network, send, verify. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test, vi } from 'vitest'
import { publicKeyToAddress } from '../../src/core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../src/core/money/asset.ts'
import { spawnKeys, withoutNetwork } from '../keys/run-keys.ts'
import { accountXpub, deriveKey } from '../support/account-keys.ts'
import { TEST_MNEMONIC } from '../support/gateway-process.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { runWhileMining } from '../support/run-while-mining.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 })

const ACCOUNT = 12
const ETHER = 10n ** 18n
const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(ACCOUNT) } })
const payerKey = deriveKey(`m/44'/60'/${ACCOUNT}'/1/1`)
const PAYER = publicKeyToAddress(payerKey.publicKey as Uint8Array)
const customer = (n: number) =>
  toChecksumAddress(`0x${(0xc0570000 + n).toString(16).padStart(40, '0')}`)

let files = 0
const freshFile = (name: string) => join(world.gateway.folder, `${++files}-${name}`)

type Row = { asset: string; to: string; amount: string; reference: string }

async function writeList(rows: readonly Row[]): Promise<string> {
  const lines = rows.map(({ asset, to, amount, reference }) =>
    [asset, to, amount, reference].join(),
  )
  const path = freshFile('list.csv')
  await writeFile(path, ['asset,to,amount,reference', ...lines, ''].join('\n'))
  return path
}

async function plan(list: string, ...options: string[]) {
  const out = freshFile('plan.json')
  const args = ['payout', 'plan', list, '--chain', '31337', '--out', out, ...options]
  return { out, ...(await world.gateway.run(...args)) }
}

async function sign(planFile: string, list: string): Promise<string> {
  const out = freshFile('signed.json')
  const args = ['payout', 'sign', planFile, '--list', list, '--decimals', 'USDC=6', '--out', out]
  const run = await spawnKeys(args, { stdin: TEST_MNEMONIC, below: withoutNetwork() ?? [] })
  expect(run).toMatchObject({ code: 0, stderr: '' })
  return out
}

const refund = (n: number, amount = '12.50'): Row => ({
  asset: world.usdc.asset,
  to: customer(n),
  amount,
  reference: `refund ${n}`,
})
const dollarsOf = (n: number) =>
  world.chain.tokenBalance(world.usdc.address, customer(n).toLowerCase() as `0x${string}`)

/** As a wallet would, past the tool. */
async function sendFromPayer(to: `0x${string}`, value: bigint): Promise<void> {
  const nonce = await world.chain.rpc<string>('eth_getTransactionCount', [PAYER, 'latest'])
  const key = Buffer.from(payerKey.privateKey as Uint8Array).toString('hex')
  const raw = await privateKeyToAccount(`0x${key}`).signTransaction({
    ...{ chainId: 31_337, type: 'eip1559', to, value, gas: 21_000n },
    ...{ nonce: Number(nonce), maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1n },
  })
  await world.chain.sendRaw(raw)
}

describe('payouts', () => {
  test('a payer that has too little is told what it lacks', async () => {
    const run = await plan(await writeList([refund(1)]))
    expect(run.code).toBe(1)
    expect(run.stderr).toContain(`The payer ${toChecksumAddress(PAYER)} lacks 12.5 USDC and 0.0`)
  })

  test('SW-19 an interrupted refund is neither lost nor sent twice, and no list pays twice', async () => {
    await world.chain.mint(world.usdc.address, PAYER, 1_000_000_000n)
    await world.chain.setBalance(PAYER, ETHER)
    await world.chain.mine(1)
    const coins = { ...refund(2, '0.01'), asset: world.native }
    const list = await writeList([refund(1), coins, refund(3)])
    const first = await plan(list)
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toContain('25 USDC')
    expect(first.stdout).toContain('3 payouts in 3 transactions')
    const signed = await sign(first.out, list)

    // The first run dies when the node has one of them and nobody wrote it down.
    const { transactions } = JSON.parse(await readFile(signed, 'utf8'))
    await world.chain.sendRaw(transactions[0].raw)
    await world.chain.mine(1)

    // Somebody plans the list again instead of sending it again: what is paid is left out.
    const again = await plan(list)
    expect(again.code).toBe(3)
    expect(again.stderr).toContain('LEFT OUT: "refund 1" was planned with nonce 0, which is used')
    const signedAgain = await sign(again.out, list)

    // Both files are sent. For each nonce the chain takes one.
    expect(await runWhileMining(world, 'payout', 'broadcast', signedAgain)).toMatchObject({
      code: 0,
    })
    await runWhileMining(world, 'payout', 'broadcast', signed)
    expect([await dollarsOf(1), await dollarsOf(3)]).toEqual([12_500_000n, 12_500_000n])
    const to = coins.to.toLowerCase() as `0x${string}`
    expect(await world.chain.nativeBalance(to)).toBe(ETHER / 100n)

    const verified = await world.gateway.run('payout', 'verify', signedAgain)
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.stdout).toContain(`paid: "refund 3" to ${customer(3)}: in a block`)
    const last = await plan(list)
    expect(last).toMatchObject({ code: 3 })
    expect(last.stdout).toContain('0 payouts to make')
  })

  test('SW-19 a reference stands for one payout: another amount, and a plan that waits, are refused', async () => {
    const changed = await plan(await writeList([refund(1, '13')]))
    expect(changed.code).toBe(1)
    expect(changed.stderr).toContain('line 2, reference: was planned before for 12500000 units')
    const waiting = await writeList([refund(4)])
    expect(await plan(waiting)).toMatchObject({ code: 0 })
    const other = await plan(await writeList([refund(5)]))
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('Planned before and not in a block yet: "refund 4"')
    const list = await writeList([refund(5)])
    const replacing = await plan(list, '--replace')
    expect(replacing).toMatchObject({ code: 0 })
    const signed = await sign(replacing.out, list)
    expect(await runWhileMining(world, 'payout', 'broadcast', signed)).toMatchObject({ code: 0 })
    expect([await dollarsOf(4), await dollarsOf(5)]).toEqual([0n, 12_500_000n])
  })

  test('SW-19 what failed for good may be planned again under its reference, and not before', async () => {
    const list = await writeList([refund(6)])
    const first = await plan(list)
    const signed = await sign(first.out, list)
    // Somebody uses the payer's key in a wallet meanwhile.
    await sendFromPayer(customer(7), 1n)
    await world.chain.mine(1)
    const sent = await runWhileMining(world, 'payout', 'broadcast', signed)
    expect(sent.code).toBe(3)
    expect(sent.stdout).toContain('refused: its nonce was used by another transaction')
    expect((await plan(list)).stderr).toContain('LEFT OUT: "refund 6"')
    const early = await world.gateway.run('payout', 'verify', signed)
    expect(early.code).toBe(3)
    expect(early.stdout).toContain('failed: "refund 6"')
    await world.mine(K)
    expect((await world.gateway.run('payout', 'verify', signed)).code).toBe(3)
    const again = await plan(list)
    expect(again).toMatchObject({ code: 0 })
    const second = await sign(again.out, list)
    expect(await runWhileMining(world, 'payout', 'broadcast', second)).toMatchObject({ code: 0 })
    expect(await dollarsOf(6)).toBe(12_500_000n)
  })

  test('PA-20 what the payer sends to a deposit address is no payment, and no alarm', async () => {
    const invoice = await world.createInvoice()
    await sendFromPayer(invoice.address, ETHER / 50n)
    await world.mine(K)
    expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open', payments_total: 0 })
    expect(world.gateway.output()).not.toContain('ALARM')
    await world.expectCleanState()
  })

  test('a refund that was asked for is paid from the list the gateway gives, and confirmed by it', async () => {
    const invoice = await world.createInvoice()
    const option = invoice.payment_options.find((one: any) => one.asset === world.usdc.asset)
    const units = BigInt(option.amount_due_units)
    await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
    await world.mine(K)
    await world.waitForStatus(invoice.id, 'settled')
    const asked = { part: 'full', destination: customer(8) }
    const path = `/v1/invoices/${invoice.id}/refunds`
    const made = await world.gateway.request('POST', path, asked)
    expect(made).toMatchObject({ status: 201, body: { status: 'requested' } })
    const waiting = await world.gateway.request('GET', '/v1/reports/payouts.csv?chain=31337')
    const list = freshFile('refunds.csv')
    await writeFile(list, waiting.body)
    const planned = await plan(list)
    expect(planned).toMatchObject({ code: 0 })
    const signed = await sign(planned.out, list)
    expect(await runWhileMining(world, 'payout', 'broadcast', signed)).toMatchObject({ code: 0 })
    await world.mine(K)
    const refunds = await world.gateway.request('GET', `/v1/refunds/${made.body.id}`)
    expect(refunds.body).toMatchObject({ status: 'confirmed' })
    const verified = await world.gateway.run('payout', 'verify', signed, '--json')
    expect(JSON.parse(verified.stdout)).toMatchObject([
      { reference: made.body.id, tx_hash: refunds.body.tx_hash, state: 'paid' },
    ])
    expect(await dollarsOf(8)).toBe(units)
  })

  test('a payout that cannot be right is refused by its line', async () => {
    const { address } = await world.createInvoice()
    const token = { ...refund(9), to: toChecksumAddress(world.usdc.address) }
    const cases: [string, Row][] = [
      ['line 2, to: is a deposit address of yours', { ...refund(9), to: address }],
      ['line 2, to: is the payer itself', { ...refund(9), to: toChecksumAddress(PAYER) }],
      ['line 2, to: is the contract of a token', token],
      ['line 2, amount: takes at most 6 decimals', refund(9, '1.0000001')],
      ['line 2, asset: is not configured', { ...refund(9), asset: `eip155:31337/erc20:${PAYER}` }],
    ]
    for (const [fault, row] of cases) {
      const run = await plan(await writeList([row]))
      expect(run.stderr).toContain(fault)
      expect(run.code).toBe(1)
    }
  })
})
