/** `quittance payout sign`: what is signed is the merchant's own list, not what a plan says of it. */
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keccak256, parseTransaction, recoverTransactionAddress } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { type Address, toChecksumAddress } from '../../src/core/money/asset.ts'
import { renderPayoutPlan } from '../../src/core/payout/payout-file.ts'
import type { PayoutFacts } from '../../src/core/payout/payout-plan.ts'
import { readSignedPayouts } from '../../src/core/payout/signed-payouts.ts'
import { deriveAccount } from '../../src/entrypoints/keys/account.ts'
import { deriveSeed } from '../../src/entrypoints/keys/mnemonic.ts'
import { buildPayoutCommand } from '../../src/entrypoints/keys/payout-sign-command.ts'
import { COIN, DOLLAR, payoutFacts, toJson } from '../support/payout-facts.ts'
import { runHere, spawnKeys, withoutNetwork } from './run-keys.ts'

const WORDS = 'test test test test test test test test test test test junk'
const { payouts } = payoutFacts()
const [FIRST, SECOND] = payouts.map(({ to }) => toChecksumAddress(to)) as [Address, Address]
const LIST = `asset,to,amount,reference
${COIN.id},${FIRST},0.5,refund 1
${DOLLAR.id},${SECOND},12.50,refund 2
`
/** The payer's address by an independent implementation. */
const PAYER = mnemonicToAccount(WORDS, {
  path: "m/44'/60'/0'/1/1",
}).address.toLowerCase() as Address

function ownFacts(overrides: Partial<PayoutFacts> = {}): PayoutFacts {
  const parsed = parseAccountKey(deriveAccount(deriveSeed(WORDS, ''), 0).key.xpub)
  if (!parsed.ok) throw new Error(parsed.detail)
  const payer = { ...payoutFacts().payer, address: PAYER }
  return payoutFacts({ fingerprint: parsed.key.fingerprint, payer, ...overrides })
}

async function runSign(
  plan: unknown,
  { list = LIST, args = [] as string[], below = null as readonly string[] | null } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'quittance-payout-'))
  const [planFile, listFile, out] = ['plan.json', 'list.csv', 'signed.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  await writeFile(planFile, JSON.stringify(plan))
  await writeFile(listFile, list)
  const given = args.map((arg) => (arg === 'OUT' ? out : arg))
  const words = ['sign', planFile, '--list', listFile, ...given]
  const run =
    below === null
      ? runHere(buildPayoutCommand, words, { stdin: WORDS })
      : spawnKeys(['payout', ...words], { stdin: WORDS, below })
  return { ...(await run), out }
}

const SIGN = ['--decimals', 'USDC=6', '--out', 'OUT']

describe('payout sign', () => {
  test('without --out it shows who would be paid what, and signs nothing', async () => {
    const run = await runSign(renderPayoutPlan(ownFacts()))
    expect(run).toMatchObject({ code: 0, stderr: '' })
    for (const line of [
      `  ${FIRST}  0.5 ETH  refund 1`,
      `  ${SECOND}  12.5 USDC  refund 2`,
      'Total:     12.5 USDC',
      `Asset:     USDC is ${DOLLAR.id}, 6 decimals`,
      'Cancels:   1 nonces of an earlier plan',
      'Nothing was signed',
    ]) {
      expect(run.stdout).toContain(line)
    }
    await expect(stat(run.out)).rejects.toThrow()
  })

  const below = withoutNetwork()
  test.skipIf(below === null)('SW-07 signs without a network what anybody can check', async () => {
    const run = await runSign(renderPayoutPlan(ownFacts()), { args: SIGN, below })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect((await stat(run.out)).mode & 0o777).toBe(0o600)
    const read = readSignedPayouts(JSON.parse(await readFile(run.out, 'utf8')))
    if (!read.ok) throw new Error(read.field)
    expect(read.value.transactions.map(({ step }) => step)).toEqual(['pay', 'cancel', 'pay'])
    for (const { raw, hash, nonce } of read.value.transactions) {
      expect(keccak256(raw)).toBe(hash)
      expect(parseTransaction(raw)).toMatchObject({ chainId: 31_337, nonce, type: 'eip1559' })
      const serializedTransaction = raw as `0x02${string}`
      const sender = await recoverTransactionAddress({ serializedTransaction })
      expect(sender.toLowerCase()).toBe(PAYER)
    }
    const [first, , last] = read.value.transactions
    expect(read.value.payouts.map(({ reference, txHash }) => [reference, txHash])).toEqual([
      ['refund 1', first?.hash],
      ['refund 2', last?.hash],
    ])
    expect(`${run.stdout}${run.stderr}`).not.toContain('junk')
  })

  const other = toChecksumAddress(`0x${'dd'.repeat(20)}`)
  test.each<[string, string, (facts: PayoutFacts) => PayoutFacts['payouts'], string]>([
    ['another recipient', LIST.replace(FIRST, other), (facts) => facts.payouts, 'payouts[0].to'],
    [
      'another amount',
      LIST.replace('12.50', '12.51'),
      (facts) => facts.payouts,
      'payouts[1].units',
    ],
    [
      'another asset',
      LIST.replace(DOLLAR.id, COIN.id),
      (facts) => facts.payouts,
      'payouts[1].asset',
    ],
    [
      'one more',
      LIST,
      (facts) => [...facts.payouts, { ...facts.payouts[0]!, nonce: 7, reference: 'mine' }],
      'payouts[2].reference',
    ],
  ])('SW-08 a plan that says %s than the list is refused', async (_n, list, change, field) => {
    const facts = ownFacts()
    const plan = renderPayoutPlan({ ...facts, payouts: change(facts) })
    const run = await runSign(plan, { list, args: SIGN })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain(`plan: ${field}`)
    await expect(stat(run.out)).rejects.toThrow()
  })

  test('SW-08 decimals are typed again: with two more, the list would pay a hundred times as much', async () => {
    const { assets, payouts: planned } = ownFacts()
    const inflated = ownFacts({
      assets: assets.map((asset) => (asset.id === DOLLAR.id ? { ...asset, decimals: 8 } : asset)),
      payouts: planned.map((one) =>
        one.assetId === DOLLAR.id ? { ...one, units: one.units * 100n } : one,
      ),
    })
    const run = await runSign(renderPayoutPlan(inflated), { args: SIGN })
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('plan: assets[1].decimals is not the 6 of --decimals')
    const untold = await runSign(renderPayoutPlan(ownFacts()), { args: ['--out', 'OUT'] })
    expect(untold.stderr).toContain('--decimals: is needed for USDC; the plan says USDC=6')
  })

  test('SW-08 a plan of other words, or of another payer, is refused', async () => {
    const foreign = renderPayoutPlan(ownFacts({ fingerprint: 'ab'.repeat(16) }))
    expect((await runSign(foreign, { args: SIGN })).stderr).toContain('account.fingerprint')
    const payer = { ...ownFacts().payer, address: other.toLowerCase() as Address }
    const run = await runSign(renderPayoutPlan(ownFacts({ payer })), { args: SIGN })
    expect(run.stderr).toContain('payer.address does not derive')
  })

  test('SW-16 a fee above the cap is refused, unless forced', async () => {
    const plan = toJson(renderPayoutPlan(ownFacts()))
    const args = [...SIGN, '--max-fee', '0.0001']
    expect((await runSign(plan, { args })).stderr).toContain('max_fee')
    expect((await runSign(plan, { args: [...args, '--force'] })).code).toBe(0)
  })

  test('a list that cannot be read right is refused with its line', async () => {
    const list = LIST.replace(FIRST, FIRST.toLowerCase().replace('0xc', '0xC'))
    const run = await runSign(renderPayoutPlan(ownFacts()), { list, args: SIGN })
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('--list: line 2, to has a wrong checksum')
  })
})
