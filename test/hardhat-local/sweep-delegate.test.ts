/** The contract deposit addresses delegate to, with real delegations on a real node (EIP-7702). */
import { encodeFunctionData, type Hex, hexToBigInt } from 'viem'
import { signAuthorization, signTransaction } from 'viem/accounts'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadArtifact } from '../../hardhat-local/src/artifacts.ts'
import type { Address, Asset } from '../../src/core/money/asset.ts'
import { delegateAddress } from '../../src/core/sweep/delegate-code.ts'
import { planTransactions } from '../../src/core/sweep/plan-transactions.ts'
import { createRandom, type Random } from '../simulation/random.ts'
import { useLocalChain } from '../support/local-chain.ts'
import {
  addressAt,
  COIN,
  keyAt,
  readFactsOf,
  sendPlan,
  tokenAsset,
} from '../support/sweep-world.ts'

const ETHER = 10n ** 18n
const TREASURY: Address = '0x00000000000000000000000000000000007ea500'
/** Hostile calls of SW-12. */
const HOSTILE_CALLS = 1_000
const SLOW_MS = 120_000

const local = useLocalChain()
let tokens: Asset[] = []

beforeAll(async () => {
  const { chain } = local
  const names = ['USDC', 'USDT', 'DAI']
  const deployed = await Promise.all(
    names.map((symbol) => chain.deployToken({ name: symbol, symbol, decimals: 6 })),
  )
  await chain.setBalance(addressAt(1, 0), 10n * ETHER)
  await chain.mine()
  tokens = deployed.map(({ address }, i) =>
    tokenAsset(address.toLowerCase() as Address, names[i] as string),
  )
})

async function fund(indexes: readonly number[], of: readonly Asset[] = tokens, units = 25n) {
  for (const index of indexes) {
    for (const { token } of of) await local.chain.mint(token as Address, addressAt(0, index), units)
  }
  await local.chain.mine()
}

const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
const codeOf = (address: Address) => local.chain.rpc<Hex>('eth_getCode', [address, 'latest'])

/** All that an address holds, as one comparable value. */
async function holdingsOf(address: Address): Promise<string> {
  const held = await Promise.all(
    tokens.map(({ token }) => local.chain.tokenBalance(token as Address, address)),
  )
  return [await local.chain.nativeBalance(address), ...held].join(' ')
}

test('SW-10 50 addresses x 3 tokens in one batch: all at the treasury, the sponsor loses gas only', {
  timeout: SLOW_MS,
}, async () => {
  const { chain } = local
  const indexes = range(0, 50)
  await fund(indexes)
  await chain.setBalance(addressAt(0, 7), 3n * ETHER)
  const assets = [COIN, ...tokens]
  const asked = { destination: TREASURY, method: 'delegate', clear: true, assets, indexes } as const
  const facts = await readFactsOf(chain, asked)
  const before = await chain.nativeBalance(addressAt(1, 0))
  const signed = await sendPlan(chain, facts)
  let spent = 0n
  for (const { hash } of signed) {
    const receipt = await chain.receipt(hash)
    expect(receipt?.status).toBe('0x1')
    spent += hexToBigInt(receipt!.gasUsed) * hexToBigInt(receipt!.effectiveGasPrice)
  }
  expect(before - (await chain.nativeBalance(addressAt(1, 0)))).toBe(spent)
  for (const index of indexes) {
    const address = addressAt(0, index)
    expect(await holdingsOf(address), `address ${index}`).toBe('0 0 0 0')
    expect(await codeOf(address)).toBe('0x')
  }
  expect(await holdingsOf(TREASURY)).toBe(`${3n * ETHER} 1250 1250 1250`)
})

test('an address that was delegated before needs no authorization, and its later money follows', async () => {
  const { chain } = local
  const asked = { destination: TREASURY, method: 'delegate', clear: false, assets: tokens } as const
  await fund([60])
  await sendPlan(chain, await readFactsOf(chain, { ...asked, indexes: [60] }))
  await fund([60])
  const facts = await readFactsOf(chain, { ...asked, indexes: [60] })
  expect(facts.entries[0]?.delegated).toBe(true)
  const signed = await sendPlan(chain, facts)
  expect(signed.flatMap(({ planned }) => planned.authorizations)).toEqual([])
  expect(await holdingsOf(addressAt(0, 60))).toBe('0 0 0 0')
})

test('SW-11 an authorization of another chain, or of another nonce, moves nothing', async () => {
  const { chain } = local
  await fund([70, 71])
  const asked = { destination: TREASURY, method: 'delegate', clear: false, assets: tokens } as const
  const facts = await readFactsOf(chain, { ...asked, indexes: [70, 71] })
  const { entries } = facts
  const stale = {
    ...facts,
    entries: entries.map((entry) => ({ ...entry, nonce: entry.nonce + 1 })),
  }
  await sendPlan(chain, stale)
  expect(await holdingsOf(addressAt(0, 70))).toBe('0 25 25 25')
  expect(await codeOf(addressAt(0, 70))).toBe('0x')
  // Signed for chain 1 and sent here, in a transaction of this chain.
  const foreign = await signAuthorization({
    privateKey: keyAt(0, 71),
    chainId: 1,
    contractAddress: delegateAddress(TREASURY),
    nonce: 0,
  })
  const raw = await signTransaction({
    privateKey: keyAt(1, 0),
    transaction: {
      type: 'eip7702',
      chainId: 31_337,
      nonce: Number(await chain.rpc('eth_getTransactionCount', [addressAt(1, 0), 'latest'])),
      to: addressAt(0, 71),
      gas: 500_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1n,
      authorizationList: [foreign],
    },
  })
  await chain.sendRaw(raw)
  await chain.mine()
  expect(await codeOf(addressAt(0, 71))).toBe('0x')
})

test('SW-13 one token is paused, one lies, one answers nothing: the rest is collected', async () => {
  const { chain } = local
  const { address: silent } = await chain.deploy('NoReturnToken', ['N', 'N', 6])
  const { address: lying } = await chain.deploy('FalseReturnToken', ['F', 'F', 6])
  const { address: fee } = await chain.deploy('FeeToken', ['T', 'T', 6, 100n])
  const { address: reverting } = await chain.deploy('Reverter')
  await chain.mine()
  const odd = [silent, lying, fee].map((address) => address.toLowerCase() as Address)
  for (const token of odd) await chain.mint(token, addressAt(0, 80), 1_000n)
  await fund([80])
  await sendOwn([80])
  const { abi } = await loadArtifact('SweepDelegate')
  const all = [reverting, ...odd, ...tokens.map(({ token }) => token as Address)]
  const hash = await chain.sendCall({
    contract: 'SweepDelegate',
    address: delegateAddress(TREASURY),
    functionName: 'sweepAll',
    args: [[addressAt(0, 80), addressAt(0, 99)], all],
  })
  await chain.mine()
  expect((await chain.receipt(hash))?.status).toBe('0x1')
  expect(abi.some((item) => item.type === 'function' && item.name === 'sweepAll')).toBe(true)
  expect(await chain.tokenBalance(silent, TREASURY)).toBe(1_000n)
  expect(await chain.tokenBalance(lying, addressAt(0, 80))).toBe(1_000n)
  expect(await chain.tokenBalance(fee, TREASURY)).toBe(990n)
  expect(await holdingsOf(addressAt(0, 80))).toBe('0 0 0 0')
})

/** Delegates addresses without collecting from them: a plan whose tokens nobody holds. */
async function sendOwn(indexes: readonly number[]) {
  const { chain } = local
  const { address } = await chain.deployToken({ name: 'X', symbol: 'X', decimals: 6 })
  await chain.mine()
  const asset = tokenAsset(address.toLowerCase() as Address, 'X')
  await fund(indexes, [asset], 1n)
  const asked = { destination: TREASURY, method: 'delegate', clear: false } as const
  await sendPlan(chain, await readFactsOf(chain, { ...asked, assets: [asset], indexes }))
}

describe('SW-12 a stranger', () => {
  test(`calls a delegated address and its delegate ${HOSTILE_CALLS} ways: money goes nowhere but to the treasury`, {
    timeout: SLOW_MS,
  }, async () => {
    const { chain } = local
    const victims = range(90, 5)
    await sendOwn(victims)
    await fund(victims)
    const addresses = victims.map((index) => addressAt(0, index))
    const delegate = delegateAddress(TREASURY)
    const stranger = chain.accounts[3]!.address.toLowerCase() as Address
    const random = createRandom(12)
    const { address: reverter } = await chain.deploy('Reverter')
    await chain.mine()
    const others = [stranger, delegate, reverter, ...addresses]
    const totalOf = async (owner: Address) =>
      Promise.all(tokens.map(({ token }) => chain.tokenBalance(token as Address, owner)))
    const before = await totalOf(TREASURY)
    const strangerBefore = await totalOf(stranger)
    for (let done = 0; done < HOSTILE_CALLS; done += 50) {
      for (let i = 0; i < 50; i++) {
        const to = random.chance(0.8) ? random.pick(addresses) : delegate
        const data = hostileData(random, others, tokens)
        await chain.rpc('eth_sendTransaction', [{ from: stranger, to, data, gas: '0x7a120' }])
      }
      await chain.mine()
    }
    // Whatever left a victim is at the treasury, and the stranger has nothing more than before.
    expect(await totalOf(stranger)).toEqual(strangerBefore)
    const left = await Promise.all(addresses.map(totalOf))
    const after = await totalOf(TREASURY)
    for (const [i, total] of after.entries()) {
      const held = left.reduce((sum, balances) => sum + balances[i]!, 0n)
      expect(total - before[i]! + held).toBe(BigInt(victims.length) * 25n)
    }
    for (const address of addresses) {
      expect(await codeOf(address)).toBe(`0xef0100${delegate.slice(2)}`)
      for (const slot of range(0, 4)) {
        const word = await chain.rpc<Hex>('eth_getStorageAt', [address, `0x${slot}`, 'latest'])
        expect(hexToBigInt(word)).toBe(0n)
      }
    }
    expect(await codeOf(delegate)).not.toBe('0x')
  })

  test('deploys the delegate first, or uses the authorizations first: it is the same delegate', async () => {
    const { chain } = local
    const treasury: Address = '0x00000000000000000000000000000000007ea501'
    await fund([100])
    const asked = { destination: treasury, method: 'delegate', clear: false } as const
    const facts = await readFactsOf(chain, { ...asked, assets: tokens, indexes: [100] })
    const [deploy] = planTransactions(facts)
    await chain.rpc('eth_sendTransaction', [
      { from: chain.accounts[3]!.address, to: deploy!.to, data: deploy!.data, gas: '0x100000' },
    ])
    await chain.mine()
    expect(await codeOf(delegateAddress(treasury))).not.toBe('0x')
    await sendPlan(chain, await readFactsOf(chain, { ...asked, assets: tokens, indexes: [100] }))
    expect(await holdingsOf(addressAt(0, 100))).toBe('0 0 0 0')
    expect(await chain.tokenBalance(tokens[0]!.token as Address, treasury)).toBe(25n)
  })
})

/** Calldata of the contract's own functions with hostile arguments, of tokens, and by chance. */
function hostileData(random: Random, others: readonly Address[], of: readonly Asset[]): Hex {
  const address = () => random.pick([...others, ...of.map(({ token }) => token as Address)])
  const list = () => Array.from({ length: random.below(4) }, address)
  switch (random.below(6)) {
    case 0:
      return encode('sweep', [list()])
    case 1:
      return encode('sweepAll', [list(), list()])
    case 2:
      // transfer, approve, transferFrom: what would move money if the address answered to it.
      return encodeErc20(random, address)
    case 3:
      return `${encode('sweep', [list()])}${toHex(random.bytes(random.below(64)))}`
    case 4:
      return `0x${toHex(random.bytes(random.between(0, 200)))}`
    default:
      return `${encode('sweepAll', [list(), list()]).slice(0, -2 * random.between(1, 40))}` as Hex
  }
}

const SWEEP_ABI = [
  { type: 'function', name: 'sweep', inputs: [{ type: 'address[]' }], outputs: [] },
  {
    type: 'function',
    name: 'sweepAll',
    inputs: [{ type: 'address[]' }, { type: 'address[]' }],
    outputs: [],
  },
] as const

function encode(functionName: string, args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: SWEEP_ABI as any, functionName, args } as any)
}

function encodeErc20(random: Random, address: () => Address): Hex {
  const words = [address(), address(), `0x${random.below(100).toString(16)}`]
  const selector = random.pick(['a9059cbb', '095ea7b3', '23b872dd', '00000000', '70a08231'])
  return `0x${selector}${words.map((word) => word.slice(2).padStart(64, '0')).join('')}`
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
