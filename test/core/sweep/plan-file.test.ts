import { keccak256 } from 'viem'
import { describe, expect, test } from 'vitest'
import { loadArtifact } from '../../../hardhat-local/src/artifacts.ts'
import {
  type Asset,
  nativeAssetId,
  toChecksumAddress,
  tokenAssetId,
} from '../../../src/core/money/asset.ts'
import {
  CREATE2_DEPLOYER,
  DELEGATE_TEMPLATE,
  DELEGATE_TEMPLATE_HASH,
  delegateAddress,
} from '../../../src/core/sweep/delegate-code.ts'
import { readPlan, renderPlan } from '../../../src/core/sweep/plan-file.ts'
import { planTransactions } from '../../../src/core/sweep/plan-transactions.ts'
import type { SweepFacts } from '../../../src/core/sweep/sweep-plan.ts'
import { sampleAddress, sampleHash } from '../../support/fixtures.ts'

const CHAIN_ID = 31_337
const TREASURY = sampleAddress(0x7ea)
const FOREIGN = toChecksumAddress(sampleAddress(0xbad))
const DOLLAR: Asset = {
  id: tokenAssetId(CHAIN_ID, sampleAddress(0xd0)),
  chainId: CHAIN_ID,
  token: sampleAddress(0xd0),
  symbol: 'USDC',
  decimals: 6,
}
const COIN: Asset = {
  id: nativeAssetId(CHAIN_ID),
  chainId: CHAIN_ID,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}

function facts(overrides: Partial<SweepFacts> = {}): SweepFacts {
  return {
    chainId: CHAIN_ID,
    block: { number: 100, hash: sampleHash(100) },
    fingerprint: 'ab'.repeat(16),
    accountNumber: 0,
    destination: TREASURY,
    method: 'delegate',
    clear: true,
    fees: {
      maxFeePerGasUnits: 2_000_000_000n,
      maxPriorityFeePerGasUnits: 1_000_000_000n,
      extraPerTransactionUnits: 0n,
    },
    sponsor: { index: 0, address: sampleAddress(0x59), nonce: 7, balanceUnits: 10n ** 18n },
    delegateDeployed: false,
    assets: [COIN, DOLLAR],
    entries: [3, 5, 9].map((index) => ({
      index,
      address: sampleAddress(index),
      nonce: 0,
      delegated: index === 9,
      balances: [{ assetId: DOLLAR.id, units: 25_000_000n }],
    })),
    skipped: [
      { index: 4, address: sampleAddress(4), assetId: DOLLAR.id, units: 5n, reason: 'dust' },
    ],
    ...overrides,
  }
}

const direct = (units: bigint) =>
  facts({
    method: 'direct',
    clear: false,
    entries: [
      {
        index: 0,
        address: sampleAddress(0),
        nonce: 2,
        delegated: false,
        balances: [{ assetId: COIN.id, units }],
      },
    ],
  })

/** As it comes back from a disk. */
function toJson(value: unknown): any {
  return JSON.parse(JSON.stringify(value))
}

describe('the delegate', () => {
  test('is the contract that was compiled', async () => {
    const { bytecode } = await loadArtifact('SweepDelegate')
    expect(DELEGATE_TEMPLATE).toBe(bytecode)
    expect(DELEGATE_TEMPLATE_HASH).toBe(keccak256(bytecode))
  })

  test('has another address for another treasury', () => {
    expect(delegateAddress(TREASURY)).not.toBe(delegateAddress(sampleAddress(1)))
    expect(delegateAddress(TREASURY)).toBe(delegateAddress(TREASURY))
  })
})

describe('transactions', () => {
  test('SW-11 deploy, collect with the exact nonces, and take the delegations back', () => {
    const [deploy, collect, clear, ...rest] = planTransactions(facts())
    expect(rest).toEqual([])
    expect(deploy).toMatchObject({ step: 'deploy', phase: 0, nonce: 7, to: CREATE2_DEPLOYER })
    expect(collect).toMatchObject({
      step: 'collect',
      phase: 1,
      nonce: 8,
      to: delegateAddress(TREASURY),
      valueUnits: 0n,
    })
    const delegate = delegateAddress(TREASURY)
    expect(collect?.authorizations).toEqual([
      { index: 3, address: sampleAddress(3), nonce: 0, delegate },
      { index: 5, address: sampleAddress(5), nonce: 0, delegate },
    ])
    const nobody = `0x${'0'.repeat(40)}`
    expect(clear).toMatchObject({ step: 'clear', phase: 2, nonce: 9 })
    // The first two have used a nonce for the delegation; the third was delegated before.
    expect(clear?.authorizations.map(({ nonce, delegate: to }) => [nonce, to])).toEqual([
      [1, nobody],
      [1, nobody],
      [0, nobody],
    ])
  })

  test('a large collection is split so that each fits into a transaction', () => {
    const entries = Array.from({ length: 300 }, (_, index) => ({
      index,
      address: sampleAddress(index),
      nonce: 0,
      delegated: false,
      balances: [{ assetId: DOLLAR.id, units: 1n }],
    }))
    const planned = planTransactions(facts({ entries, clear: false, delegateDeployed: true }))
    expect(planned.length).toBeGreaterThan(3)
    for (const { gasLimit } of planned) expect(gasLimit).toBeLessThan(16_777_216n)
    expect(planned.flatMap(({ authorizations }) => authorizations)).toHaveLength(300)
    expect(planned.map(({ nonce }) => nonce)).toEqual(planned.map((_, i) => 7 + i))
  })

  test('direct: everything less what it costs at most', () => {
    const [only] = planTransactions(direct(10n ** 18n))
    expect(only).toMatchObject({
      step: 'transfer',
      nonce: 2,
      to: TREASURY,
      gasLimit: 21_000n,
      valueUnits: 10n ** 18n - 21_000n * 2_000_000_000n,
    })
  })

  test('top-up: gas first, then the transfers, each with its own nonce', () => {
    const planned = planTransactions(facts({ method: 'top-up', clear: false }))
    expect(planned.map(({ step, phase }) => `${step} ${phase}`)).toEqual([
      'top-up 0',
      'top-up 0',
      'top-up 0',
      'transfer 1',
      'transfer 1',
      'transfer 1',
    ])
    expect(planned[3]).toMatchObject({ to: DOLLAR.token, from: { kind: 'deposit', index: 3 } })
  })

  test('nothing to collect is nothing to send', () => {
    expect(planTransactions(facts({ entries: [] }))).toEqual([])
  })
})

describe('the file', () => {
  test.each([
    ['delegate', facts()],
    ['top-up', facts({ method: 'top-up', clear: false })],
    ['direct', direct(10n ** 18n)],
    ['empty', facts({ entries: [], skipped: [] })],
  ])('of a plan by %s is read back as it was', (_name, plan) => {
    const read = readPlan(toJson(renderPlan(plan)))
    expect(read).toMatchObject({ ok: true, facts: plan })
  })

  test('says how much there is, in all', () => {
    expect(renderPlan(facts()).totals).toEqual([
      { asset: DOLLAR.id, units: '75000000', amount: '75', symbol: 'USDC', addresses: 3 },
    ])
  })

  /** Every change of one value, and the field that must be named for it. */
  const changes: readonly [string, (plan: any) => void, RegExp][] = [
    ['destination', (p) => (p.destination = FOREIGN), /^delegate\.address$/],
    ['destination to its sponsor', (p) => (p.destination = p.sponsor.address), /^destination$/],
    ['amount', (p) => (p.entries[1].balances[0].units = '26000000'), /^entries\[1\]/],
    ['shown amount', (p) => (p.entries[1].balances[0].amount = '1'), /^entries\[1\].*amount$/],
    ['chain id', (p) => (p.chain_id = 1), /^chain_id$/],
    ['nonce of an address', (p) => (p.entries[0].nonce = 1), /^entries\[0\]$/],
    ['nonce of the sponsor', (p) => (p.sponsor.nonce = 8), /^sponsor$/],
    ['nonce of a transaction', (p) => (p.transactions[0].nonce = 9), /^transactions\[0\]\.nonce$/],
    ['fee', (p) => (p.fees.max_fee_per_gas = '9000000000'), /^fees$/],
    ['calldata', (p) => (p.transactions[1].data += '00'), /^transactions\[1\]\.data$/],
    ['receiver', (p) => (p.transactions[1].to = p.sponsor.address), /^transactions\[1\]\.to$/],
    ['gas', (p) => (p.transactions[1].gas_limit = '1'), /^transactions\[1\]\.gas_limit$/],
    ['total', (p) => (p.totals[0].units = '1'), /^totals\[0\]\.units$/],
    ['extra entry', (p) => p.entries.push({ ...p.entries[0], index: 11 }), /^entries\[3\]/],
    ['entry twice', (p) => p.entries.push(p.entries[2]), /^entries\[3\]\.index$/],
    ['entry less', (p) => p.entries.pop(), /^totals|^transactions/],
    ['extra transaction', (p) => p.transactions.push(p.transactions[0]), /^transactions\[3\]$/],
    ['extra authorization', (p) => p.transactions[1].authorizations.pop(), /^transactions\[1\]/],
    ['another delegate', (p) => (p.delegate.address = p.destination), /^delegate\.address$/],
    ['extra field', (p) => (p.note = 'x'), /^note$/],
    ['digest', (p) => (p.digest = '00'), /^digest$/],
    ['lower case', (p) => (p.destination = p.destination.toLowerCase()), /^destination$/],
    ['version', (p) => (p.version = 2), /^version$/],
    ['zero fee', (p) => (p.fees.max_fee_per_gas = '0'), /^fees\.max_fee_per_gas$/],
  ]
  test.each(changes)('SW-08 a changed %s is refused by name', (_name, change, field) => {
    const plan = toJson(renderPlan(facts()))
    change(plan)
    const read = readPlan(plan)
    expect(read.ok).toBe(false)
    if (!read.ok) expect(read.field).toMatch(field)
  })

  test.each([
    ['the sponsor', sampleAddress(0x59)],
    ['an address that is collected from', sampleAddress(5)],
  ])('a plan made for %s is refused, even where everything fits', (_name, destination) => {
    const plan = toJson(renderPlan(facts({ destination })))
    expect(readPlan(plan, destination)).toMatchObject({ ok: false, field: 'destination' })
  })

  test.each([[null], ['text'], [[]], [{}], [{ kind: 'quittance-sweep-plan', version: 1 }]])(
    'what is no plan is refused: %j',
    (value) => expect(readPlan(value).ok).toBe(false),
  )
})
