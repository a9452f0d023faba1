/** Collecting where some of it cannot be collected, and finding what lies far behind. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { publicKeyToAddress } from '../../src/core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../src/core/money/asset.ts'
import { spawnKeys, withoutNetwork } from '../keys/run-keys.ts'
import { accountXpub, deriveKey } from '../support/account-keys.ts'
import { TEST_MNEMONIC } from '../support/gateway-process.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { runWhileMining } from '../support/run-while-mining.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 })

type Hex = `0x${string}`
const ACCOUNT = 11
const TREASURY = toChecksumAddress('0x0000000000000000000000000000000007ea5013')
/** Where the code of a token goes that gets another in front of it. */
const HIDDEN_CODE = '0x00000000000000000000000000000000c0de0000'
let fee: Hex = '0x'
let silent: Hex = '0x'

const world = usePaymentWorld({
  env: { QUITTANCE_XPUB: accountXpub(ACCOUNT) },
  extraTokens: async (chain) => {
    fee = (await chain.deploy('FeeToken', ['Fee', 'FEE', 6, 100n])).address
    silent = (await chain.deploy('NoReturnToken', ['Silent', 'SIL', 6])).address
    return [
      { address: fee, symbol: 'FEE', decimals: 6 },
      { address: silent, symbol: 'SIL', decimals: 6 },
    ]
  },
})

const addressOf = (path: string): Hex =>
  publicKeyToAddress(deriveKey(`m/44'/60'/${ACCOUNT}'/${path}`).publicKey as Uint8Array)
const deposit = (index: number) => addressOf(`0/${index}`)

/**
 * From now on transfers of the token revert, all or those of one address; everything else goes to
 * the code that was there.
 */
async function refuseTransfers(token: Hex, place: number, of: Hex | null): Promise<void> {
  const hidden = HIDDEN_CODE.slice(2, -1) + place
  const code = await world.chain.rpc<Hex>('eth_getCode', [token, 'latest'])
  await world.chain.rpc('anvil_setCode', [`0x${hidden}`, code])
  // The selector is that of transfer(address,uint256), and the caller the one that is meant.
  const isRefused = `5f3560e01c63a9059cbb14${of === null ? '' : `3373${of.slice(2)}1416`}`
  const forward = `365f5f375f5f365f73${hidden}5af43d5f5f3e`
  const at = (bytes: number) => bytes.toString(16).padStart(2, '0')
  const start = isRefused.length / 2 + 3 + forward.length / 2 + 3
  const ends = ['3d5ffd', '5b3d5ff3', '5b5f5ffd']
  const jumps = { returned: at(start + 3), refused: at(start + 7) }
  const parts = [isRefused, `60${jumps.refused}57`, forward, `60${jumps.returned}57`, ...ends]
  await world.chain.rpc('anvil_setCode', [token, `0x${parts.join('')}`])
}

test('SW-13 paused, blacklisted, passed over: the rest is collected, and these are listed with why', async () => {
  const { chain, gateway, usdc, dai } = world
  const [plan, signed] = ['plan.json', 'signed.json'].map((name) => join(gateway.folder, name)) as [
    string,
    string,
  ]
  for (const index of [0, 1, 4, 5]) await chain.mint(usdc.address, deposit(index), 1_000n)
  await chain.mint(dai.address, deposit(0), 1_000n)
  await chain.mint(fee, deposit(2), 1_000n)
  await chain.mint(silent, deposit(3), 1_000n)
  await chain.setBalance(addressOf('1/0'), 10n ** 18n)
  await chain.mine(1)
  const planned = await gateway.run(
    ...['sweep', 'plan', '--chain', '31337', '--to', TREASURY, '--out', plan],
    '--keep-delegations',
    // What is tested here is worth less than its gas.
    '--force',
  )
  expect(planned).toMatchObject({ code: 0 })
  expect(JSON.parse(await readFile(plan, 'utf8')).entries).toHaveLength(6)
  const sign = ['sweep', 'sign', plan, '--to', TREASURY, '--out', signed]
  const below = withoutNetwork() ?? []
  expect(await spawnKeys(sign, { stdin: TEST_MNEMONIC, below })).toMatchObject({ code: 0 })

  // After the signature: one token is paused, one address frozen, one nonce no longer the signed one.
  await refuseTransfers(dai.address, 1, null)
  await refuseTransfers(usdc.address, 2, deposit(1))
  await chain.rpc('anvil_setNonce', [deposit(4), '0x1'])
  expect(await runWhileMining(world, 'sweep', 'broadcast', signed)).toMatchObject({ code: 0 })
  const verified = await gateway.run('sweep', 'verify', signed)
  expect(verified.code).toBe(3)
  expect(verified.stdout).toContain('4 of 7 balances collected')
  const left = (index: number, asset: string, why: string) =>
    expect.stringMatching(
      new RegExp(`^${toChecksumAddress(deposit(index))} ${asset}: 1000 units left: .*${why}`),
    )
  expect(verified.stdout.trim().split('\n').slice(1)).toEqual([
    left(0, dai.asset, 'the token refuses the transfer'),
    left(1, usdc.asset, 'the token refuses the transfer'),
    left(4, usdc.asset, 'the address does not delegate'),
  ])
  expect(await chain.tokenBalance(usdc.address, TREASURY)).toBe(2_000n)
  expect(await chain.tokenBalance(dai.address, TREASURY)).toBe(0n)
  // 1 % stays with the token that takes a fee: gone from its address all the same.
  expect(await chain.tokenBalance(fee, TREASURY)).toBe(990n)
  expect(await chain.tokenBalance(silent, TREASURY)).toBe(1_000n)
})

test('SW-20 one order is paid after 50 that were not: shown with its path, and found by the xpub', async () => {
  let invoice: any
  for (let i = 0; i < 51; i++) invoice = await world.createInvoice()
  const { chain, gateway, native } = world
  const option = invoice.payment_options.find(({ asset }: any) => asset === native)
  await chain.sendNative({ to: invoice.address, units: BigInt(option.amount_due_units) })
  await world.mine(K)
  const paid = await world.waitForStatus(invoice.id, 'settled')
  const index = Number(paid.derivation_path.split('/').at(-1))
  expect(index).toBeGreaterThanOrEqual(50)
  expect(paid.derivation_path).toBe(`m/44'/60'/${ACCOUNT}'/0/${index}`)
  expect(paid.address).toBe(toChecksumAddress(deposit(index)))
  const args = ['recover', '--xpub', accountXpub(ACCOUNT), '--gap', '100', '--json']
  const found = JSON.parse((await gateway.run(...args)).stdout).found
  expect(found.at(-1)).toMatchObject({
    index,
    path: paid.derivation_path,
    address: paid.address,
    balances: [{ symbol: 'ETH', units: option.amount_due_units }],
  })
})
