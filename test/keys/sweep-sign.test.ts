/** `quittance sweep sign`, in this process and as one without a network. */
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  type SignedAuthorization,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { recoverAuthorizationAddress } from 'viem/utils'
import { describe, expect, test } from 'vitest'
import { parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { type Address, nativeAssetId, toChecksumAddress } from '../../src/core/money/asset.ts'
import { renderPlan } from '../../src/core/sweep/plan-file.ts'
import { readSigned } from '../../src/core/sweep/signed-file.ts'
import type { SweepFacts } from '../../src/core/sweep/sweep-plan.ts'
import { deriveAccount } from '../../src/entrypoints/keys/account.ts'
import { deriveSeed } from '../../src/entrypoints/keys/mnemonic.ts'
import { buildSweepCommand } from '../../src/entrypoints/keys/sweep-sign-command.ts'
import { KEYS_MAIN, type KeysRun, runHere, spawnKeys, withoutNetwork } from './run-keys.ts'

const WORDS = 'test test test test test test test test test test test junk'
const TREASURY = toChecksumAddress('0x00000000000000000000000000000000007ea500')
const CHAIN_ID = 31_337

/** Address of the same words by an independent implementation. */
function addressAt(chain: 0 | 1, index: number): Address {
  const path = `m/44'/60'/0'/${chain}/${index}` as const
  return mnemonicToAccount(WORDS, { path }).address.toLowerCase() as Address
}

function createFacts(overrides: Partial<SweepFacts> = {}): SweepFacts {
  const parsed = parseAccountKey(deriveAccount(deriveSeed(WORDS, ''), 0).key.xpub)
  if (!parsed.ok) throw new Error(parsed.detail)
  const coin = nativeAssetId(CHAIN_ID)
  return {
    chainId: CHAIN_ID,
    block: { number: 5, hash: `0x${'11'.repeat(32)}` },
    fingerprint: parsed.key.fingerprint,
    accountNumber: 0,
    destination: TREASURY.toLowerCase() as Address,
    method: 'delegate',
    clear: true,
    fees: {
      maxFeePerGasUnits: 2_000_000_000n,
      maxPriorityFeePerGasUnits: 1n,
      extraPerTransactionUnits: 0n,
    },
    sponsor: { index: 0, address: addressAt(1, 0), nonce: 3, balanceUnits: 10n ** 18n },
    delegateDeployed: true,
    assets: [{ id: coin, chainId: CHAIN_ID, token: null, symbol: 'ETH', decimals: 18 }],
    entries: [2, 5].map((index) => ({
      index,
      address: addressAt(0, index),
      nonce: 0,
      delegated: false,
      balances: [{ assetId: coin, units: 10n ** 18n }],
    })),
    skipped: [],
    ...overrides,
  }
}

/** In this process, or in one of its own below other programs. */
async function runSign(
  plan: unknown,
  args: readonly string[],
  below: readonly string[] | null = null,
): Promise<KeysRun & { readonly out: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'quittance-sign-'))
  const file = join(folder, 'plan.json')
  const out = join(folder, 'signed.json')
  await writeFile(file, typeof plan === 'string' ? plan : JSON.stringify(plan))
  const words = ['sign', file, ...args.map((arg) => (arg === 'OUT' ? out : arg))]
  const run =
    below === null
      ? runHere(buildSweepCommand, words, { stdin: WORDS })
      : spawnKeys(['sweep', ...words], { stdin: WORDS, below })
  return { ...(await run), out }
}

describe('sweep sign', () => {
  test('SW-09 without --out it shows treasury, totals and fee, and signs nothing', async () => {
    const run = await runSign(renderPlan(createFacts()), ['--to', TREASURY])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(run.stdout).toContain(`Treasury:  ${TREASURY}`)
    expect(run.stdout).toContain('2 ETH from 2 addresses')
    expect(run.stdout).toMatch(/Costs: {5}at most 0\.\d+ coins/)
    expect(run.stdout).toContain('Nothing was signed')
    await expect(stat(run.out)).rejects.toThrow()
  })

  const below = withoutNetwork()
  test.skipIf(below === null)('SW-07 signs without a network what anybody can check', async () => {
    const facts = createFacts()
    const run = await runSign(renderPlan(facts), ['--to', TREASURY, '--out', 'OUT'], below)
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect((await stat(run.out)).mode & 0o777).toBe(0o600)
    const read = readSigned(JSON.parse(await readFile(run.out, 'utf8')))
    if (!read.ok) throw new Error(read.field)
    expect(read.value.transactions.map(({ step }) => step)).toEqual(['collect', 'clear'])
    for (const { raw, hash, nonce } of read.value.transactions) {
      expect(keccak256(raw)).toBe(hash)
      const parsed = parseTransaction(raw as `0x04${string}`)
      expect(parsed).toMatchObject({ chainId: CHAIN_ID, nonce, type: 'eip7702' })
      const sender = await recoverTransactionAddress({
        serializedTransaction: raw as `0x04${string}`,
      })
      expect(sender.toLowerCase()).toBe(addressAt(1, 0))
      const signers = await Promise.all(
        (parsed.authorizationList ?? []).map((authorization) =>
          recoverAuthorizationAddress({ authorization: authorization as SignedAuthorization }),
        ),
      )
      expect(signers.map((address) => address.toLowerCase())).toEqual(
        [2, 5].map((i) => addressAt(0, i)),
      )
      expect(parsed.authorizationList?.map(({ chainId }) => chainId)).toEqual([CHAIN_ID, CHAIN_ID])
    }
    expect(`${run.stdout}${run.stderr}`).not.toContain('junk')
  })

  test('an existing file is not written over', async () => {
    const run = await runSign(renderPlan(createFacts()), ['--to', TREASURY, '--out', KEYS_MAIN])
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('--out')
  })

  test.each([
    ['another treasury', TREASURY, 'plan: destination'],
    ['a name', 'vitalik.eth', 'ADDRESS'],
    ['a wrong checksum', '0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 'checksum'],
  ])('SW-09 %s in --to is refused', async (_name, to, word) => {
    const other = createFacts({ destination: addressAt(0, 9) })
    const run = await runSign(renderPlan(other), ['--to', to, '--out', 'OUT'])
    expect(run.code).toBe(2)
    expect(run.stderr).toContain(word)
    await expect(stat(run.out)).rejects.toThrow()
  })

  test.each([
    ['the sponsor', addressAt(1, 0)],
    ['a deposit address', addressAt(0, 5)],
  ])('%s is no treasury, and nothing is signed for it', async (_name, destination) => {
    const plan = renderPlan(createFacts({ destination }))
    const run = await runSign(plan, ['--to', plan.destination, '--out', 'OUT'])
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('destination is the sponsor or a deposit address')
    await expect(stat(run.out)).rejects.toThrow()
  })

  test.each<[string, (plan: any) => void, string]>([
    ['destination', (plan) => (plan.destination = plan.sponsor.address), 'destination'],
    ['amount', (plan) => (plan.entries[0].balances[0].units = '1'), 'entries[0]'],
    ['chain id', (plan) => (plan.chain_id = 1), 'chain_id'],
    ['nonce', (plan) => (plan.entries[1].nonce = 7), 'entries[1]'],
    ['fee', (plan) => (plan.fees.max_fee_per_gas = '9'), 'fees'],
    ['calldata', (plan) => (plan.transactions[0].data += '00'), 'transactions[0].data'],
    ['extra entry', (plan) => plan.entries.push({ ...plan.entries[0], index: 9 }), 'entries[2]'],
  ])(
    'SW-08 a plan altered in its %s is refused by the name of the field',
    async (_n, alter, field) => {
      const plan = JSON.parse(JSON.stringify(renderPlan(createFacts())))
      alter(plan)
      const run = await runSign(plan, ['--to', TREASURY, '--out', 'OUT'])
      expect(run.code).toBe(2)
      expect(run.stderr).toContain(`plan: ${field}`)
      await expect(stat(run.out)).rejects.toThrow()
    },
  )

  test('SW-08 a plan that was made again around a foreign address is refused all the same', async () => {
    const [first, second] = createFacts().entries
    const foreign = { ...second!, address: addressAt(1, 4) }
    const run = await runSign(renderPlan(createFacts({ entries: [first!, foreign] })), [
      '--to',
      TREASURY,
    ])
    expect(run.stderr).toContain('entries[1].address does not derive')
    const other = createFacts({ fingerprint: 'ab'.repeat(16) })
    expect((await runSign(renderPlan(other), ['--to', TREASURY])).stderr).toContain('fingerprint')
  })

  test('SW-16 a fee above the cap is refused, unless forced', async () => {
    const plan = renderPlan(createFacts())
    const args = ['--to', TREASURY, '--max-fee', '0.0001']
    expect((await runSign(plan, args)).stderr).toContain('max_fee')
    expect((await runSign(plan, [...args, '--force'])).code).toBe(0)
  })

  test.each(['', 'x', '[]', '{"kind":"other"}'])('what is no plan is refused: %s', async (text) => {
    expect(await runSign(text, ['--to', TREASURY])).toMatchObject({ code: 2, stdout: '' })
  })
})
