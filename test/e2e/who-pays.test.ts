/** Whoever sends the transaction, the payer is who the log says, and the credit is the same. */
import { type Hex, keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getAddress } from 'viem/utils'
import { beforeAll, expect, test } from 'vitest'
import type { ContractCall } from '../../hardhat-local/src/local-chain.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { storyOf } from '../support/pay-invoice.ts'
import { expectMined, expectUntouched, optionOf, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const DUE = 25_000_000n
const NAME = 'Signed Coin'
const FOREVER = 2n ** 40n
const AMPLE_GAS = 500_000n

let token: Hex
let router: Hex
let wallet: Hex

const world = usePaymentWorld({
  async extraTokens(chain) {
    token = (await chain.deploy('SignedToken', [NAME, 'SGN', 6])).address
    router = (await chain.deploy('TokenRouter')).address
    wallet = (await chain.deploy('ContractWallet')).address
    await chain.mine()
    for (const owner of [payer(chain).address, wallet]) await chain.mint(token, owner, 10n ** 12n)
    return [{ address: token, symbol: 'SGN', decimals: 6 }]
  },
})
beforeAll(() => skipDevAccounts(world))

/** Owns the tokens. Account 4 sends the transactions and owns nothing but gas. */
const payer = ({ accounts }: { accounts: typeof world.chain.accounts }) => accounts[1]!
const relayer = () => world.chain.accounts[4]!
const createInvoice = () => world.createInvoice({ price: { amount: '25', currency: 'SGN' } })

const domain = () =>
  ({ name: NAME, version: '2', chainId: 31_337, verifyingContract: token }) as const
const field = (name: string, type: string) => ({ name, type })
const AUTHORIZATION = [
  field('from', 'address'),
  field('to', 'address'),
  field('value', 'uint256'),
  field('validAfter', 'uint256'),
  field('validBefore', 'uint256'),
  field('nonce', 'bytes32'),
]
const PERMIT = [
  field('owner', 'address'),
  field('spender', 'address'),
  field('value', 'uint256'),
  field('nonce', 'uint256'),
  field('deadline', 'uint256'),
]

function sendBy(account: ReturnType<typeof relayer>, call: ContractCall): Promise<Hex> {
  return world.chain.sendCall({ ...call, from: account, gasLimit: AMPLE_GAS })
}

/** EIP-3009: the payer signs, anybody sends. */
async function authorize(to: Hex, units: bigint): Promise<unknown[]> {
  const nonce = keccak256(stringToHex(`${to} ${units}`))
  const from = payer(world.chain).address
  const message = { from, to, value: units, validAfter: 0n, validBefore: FOREVER, nonce }
  const signature = await privateKeyToAccount(payer(world.chain).privateKey).signTypedData({
    domain: domain(),
    types: { TransferWithAuthorization: AUTHORIZATION },
    primaryType: 'TransferWithAuthorization',
    message,
  })
  return [...Object.values(message), signature]
}

/** EIP-2612: the payer lets the router spend. */
async function permitRouter(units: bigint): Promise<Hex> {
  const owner = payer(world.chain).address
  const nonces = { contract: 'SignedToken', address: token, functionName: 'nonces' } as const
  const nonce = await world.chain.read<bigint>({ ...nonces, args: [owner] })
  return privateKeyToAccount(payer(world.chain).privateKey).signTypedData({
    domain: domain(),
    types: { Permit: PERMIT },
    primaryType: 'Permit',
    message: { owner, spender: router, value: units, nonce, deadline: FOREVER },
  })
}

const byRouter = (functionName: string, ...args: unknown[]): ContractCall => {
  return { contract: 'TokenRouter', address: router, functionName, args: [token, ...args] }
}
const WAYS: readonly {
  way: string
  pays: () => Hex
  /** What is sent, and by whom. */
  send: (to: Hex) => Promise<Hex>
}[] = [
  {
    way: 'transferFrom through a router',
    pays: () => payer(world.chain).address,
    send: async (to) => {
      const args = [router, 2n ** 255n]
      const approve = { contract: 'SignedToken', address: token, functionName: 'approve' } as const
      await sendBy(payer(world.chain), { ...approve, args })
      return sendBy(payer(world.chain), byRouter('pay', to, DUE))
    },
  },
  {
    way: 'a router that takes the tokens first',
    pays: () => router,
    send: (to) => sendBy(payer(world.chain), byRouter('payThrough', to, DUE)),
  },
  {
    way: 'a permit, sent by a relayer',
    pays: () => payer(world.chain).address,
    send: async (to) => {
      const signature = await permitRouter(DUE)
      const args = [payer(world.chain).address, to, DUE, FOREVER, signature]
      return sendBy(relayer(), byRouter('payWithPermit', ...args))
    },
  },
  {
    way: 'an authorization (EIP-3009), sent by a relayer',
    pays: () => payer(world.chain).address,
    send: async (to) =>
      sendBy(relayer(), {
        contract: 'SignedToken',
        address: token,
        functionName: 'transferWithAuthorization',
        args: await authorize(to, DUE),
      }),
  },
  {
    way: 'a contract account (EIP-4337), whose bundler sends',
    pays: () => wallet,
    send: (to) =>
      sendBy(relayer(), {
        contract: 'ContractWallet',
        address: wallet,
        functionName: 'execute',
        args: [token, 0n, encodeTransfer(to, DUE)],
      }),
  },
]

test.for(WAYS)(
  'PA-21 $way: credited, and the payer is who the log says',
  async ({ pays, send }) => {
    const invoice = await createInvoice()
    const hash = await send(invoice.address)
    await world.mine(K)
    await expectMined(world, [hash])
    const settled = await world.waitForStatus(invoice.id, 'settled')
    expect(settled).toMatchObject({ payments_total: 1, paid: { overpaid: false } })
    expect(settled.payments).toMatchObject([
      { tx_hash: hash, amount_units: DUE.toString(), from: getAddress(pays()), kind: 'erc20' },
    ])
    await expectCreditedAsOnChain(world, [invoice], [token])
  },
)

test('PA-21 an authorization sent twice pays once, and one of another payer pays nothing', async () => {
  const [invoice, other] = [await createInvoice(), await createInvoice()]
  const call = {
    contract: 'SignedToken',
    address: token,
    functionName: 'transferWithAuthorization',
  } as const
  const args = await authorize(invoice.address, DUE)
  const stolen = (await authorize(other.address, DUE)).with(0, wallet)
  const good = await sendBy(relayer(), { ...call, args })
  const bad = [
    await sendBy(relayer(), { ...call, args }),
    await sendBy(relayer(), { ...call, args: stolen }),
  ]
  await world.mine(K)
  await expectMined(world, [good])
  await expectMined(world, bad, 'failed')
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled).toMatchObject({ payments_total: 1 })
  expect(optionOf(settled)).toMatchObject({ outstanding_units: '0', excess_units: '0' })
  await expectUntouched(world, other.id)
  expect(
    (await storyOf(world, invoice)).filter((type) => type === 'payment.detected'),
  ).toHaveLength(1)
})

test('the stored state is clean', () => world.expectCleanState())

function encodeTransfer(to: Hex, units: bigint): Hex {
  const word = (value: string) => value.padStart(64, '0')
  return `0xa9059cbb${word(to.slice(2).toLowerCase())}${word(units.toString(16))}`
}
