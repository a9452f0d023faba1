import { type Address, type Hex, hexToNumber, pad, toHex } from 'viem'
import { beforeAll, describe, expect, test } from 'vitest'
import { CONTRACT_NAMES, type ContractName } from '../../hardhat-local/src/artifacts.ts'
import { hashTransaction } from '../../hardhat-local/src/sign-transaction.ts'
import { useLocalChain } from '../support/local-chain.ts'

const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const UNKNOWN_HASH: Hex = `0x${'ab'.repeat(32)}`
const TERMS = { name: 'Test Dollar', symbol: 'TUSD', decimals: 6 }

const local = useLocalChain({ args: ['--slots-in-an-epoch', '2'] })
const contracts = {} as Record<ContractName, Address>

/** Recipients without a history, so that balances start at zero. */
let recipientCount = 0
function newRecipient(): Address {
  recipientCount += 1
  return pad(toHex(0xbeef_0000 + recipientCount), { size: 20 })
}

async function expectMined(hash: Hex, status: 'success' | 'reverted' = 'success') {
  const receipt = await local.chain.receipt(hash)
  expect(receipt?.status).toBe(status === 'success' ? '0x1' : '0x0')
  return receipt!
}

async function getBlock(tag: Hex | 'latest' | 'finalized' | 'safe') {
  type Block = { number: Hex; hash: Hex; timestamp: Hex; transactions: Hex[] }
  return (await local.chain.rpc<Block | null>(
    tag.length === 66 ? 'eth_getBlockByHash' : 'eth_getBlockByNumber',
    [tag, false],
  ))!
}

beforeAll(async () => {
  const { chain } = local
  const hashes: Hex[] = []
  for (const name of CONTRACT_NAMES) {
    const terms = name.endsWith('Token') ? [TERMS.name, TERMS.symbol, TERMS.decimals] : []
    const others = {
      FeeToken: [...terms, 100n],
      PriceFeed: ['ETH / USD', 8],
      SweepDelegate: [newRecipient()],
    }
    const args = others[name as keyof typeof others] ?? terms
    const { address, hash } = await chain.deploy(name, args)
    contracts[name] = address
    hashes.push(hash)
  }
  for (const name of CONTRACT_NAMES.filter((name) => name.endsWith('Token'))) {
    hashes.push(await chain.mint(contracts[name], chain.accounts[1]!.address, 1_000_000n))
  }
  await chain.mine()
  for (const hash of hashes) await expectMined(hash)
})

describe('sending', () => {
  test('a native transfer waits for a block', async () => {
    const { chain } = local
    const to = newRecipient()
    const hash = await chain.sendNative({ to, units: 5n })
    expect(await chain.receipt(hash)).toBeNull()
    await chain.mine()
    await expectMined(hash)
    expect(await chain.nativeBalance(to)).toBe(5n)
  })

  test('many transfers of one sender go into one block in order', async () => {
    const { chain } = local
    const to = newRecipient()
    const token = contracts.TestToken
    const hashes = await Promise.all(
      [1n, 2n, 3n].map((units) => chain.sendToken({ token, to, units })),
    )
    await chain.mine()
    expect((await getBlock('latest')).transactions).toEqual(hashes)
    expect(await chain.tokenBalance(token, to)).toBe(6n)
  })

  test('an explicit nonce and a higher fee replace a waiting transaction', async () => {
    const { chain } = local
    const [to, instead] = [newRecipient(), newRecipient()]
    const hash = await chain.sendNative({ to, units: 1n })
    const tx = await chain.rpc<{ nonce: Hex }>('eth_getTransactionByHash', [hash])
    const raw = await chain.signNative({
      to: instead,
      units: 1n,
      nonce: hexToNumber(tx.nonce),
      gasPriceWei: 300_000_000_000n,
    })
    await chain.sendRaw(raw)
    await chain.mine()
    expect(await chain.receipt(hash)).toBeNull()
    expect(await chain.nativeBalance(to)).toBe(0n)
    expect(await chain.nativeBalance(instead)).toBe(1n)
  })

  test('a dropped transaction is never mined', async () => {
    const { chain } = local
    const to = newRecipient()
    await chain.dropTransaction(await chain.sendNative({ to, units: 1n }))
    await chain.mine()
    expect(await chain.nativeBalance(to)).toBe(0n)
  })
})

describe('contracts', () => {
  test('BatchPayer pays three addresses native money and tokens in one transaction', async () => {
    const { chain } = local
    const to = [newRecipient(), newRecipient(), newRecipient()]
    const token = contracts.NoReturnToken
    await chain.sendCall({
      contract: 'NoReturnToken',
      address: token,
      functionName: 'approve',
      args: [contracts.BatchPayer, 600n],
    })
    const hash = await chain.sendCall({
      contract: 'BatchPayer',
      address: contracts.BatchPayer,
      functionName: 'payMixed',
      args: [token, to, [1n, 2n, 3n], [100n, 200n, 300n]],
      units: 6n,
    })
    await chain.mine()
    expect((await expectMined(hash)).logs).toHaveLength(3)
    expect(await Promise.all(to.map(chain.nativeBalance))).toEqual([1n, 2n, 3n])
    const tokens = await Promise.all(to.map((address) => chain.tokenBalance(token, address)))
    expect(tokens).toEqual([100n, 200n, 300n])
  })

  test.each([
    ['payNative', 'success', 4n],
    ['payThenRevert', 'reverted', 0n],
    ['payInRevertedFrame', 'success', 0n],
  ] as const)('BatchPayer.%s: %s, recipient has %d', async (functionName, status, received) => {
    const { chain } = local
    const to = newRecipient()
    const hash = await chain.sendCall({
      contract: 'BatchPayer',
      address: contracts.BatchPayer,
      functionName,
      args: [[to], [4n]],
      units: 4n,
    })
    await chain.mine()
    await expectMined(hash, status)
    expect(await chain.nativeBalance(to)).toBe(received)
  })

  test('OddTransferToken emits each odd shape, and one transfer that counts', async () => {
    const { chain } = local
    const to = newRecipient()
    const hash = await chain.sendCall({
      contract: 'OddTransferToken',
      address: contracts.OddTransferToken,
      functionName: 'transferAmongOdd',
      args: [to, 7n],
    })
    await chain.mine()
    const { logs } = await expectMined(hash)
    expect(logs.every((log) => log.topics[0] === TRANSFER_TOPIC)).toBe(true)
    const shapes = logs.map((log) => [log.topics.length, (log.data.length - 2) / 2])
    expect(shapes).toEqual([
      [4, 0], // value indexed
      [1, 96], // nothing indexed
      [3, 64], // memo after the value
      [3, 0], // no value
      [3, 32], // dirty address topic
      [3, 32], // zero value
      [3, 32], // to itself
      [3, 32], // the real one
    ])
    expect(logs[4]!.topics[2]).toMatch(/^0x0{16}deadbeef/)
    expect(logs[6]!.topics[1]).toBe(logs[6]!.topics[2])
    expect(await chain.tokenBalance(contracts.OddTransferToken, to)).toBe(7n)
  })

  test('FalseReturnToken: status 1, no log, nothing moved', async () => {
    const { chain } = local
    const to = newRecipient()
    const token = contracts.FalseReturnToken
    const hash = await chain.sendToken({ token, to, units: 9n })
    await chain.mine()
    expect((await expectMined(hash)).logs).toEqual([])
    expect(await chain.tokenBalance(token, to)).toBe(0n)
  })

  test.each([
    ['NoReturnToken', 1_000n],
    ['FeeToken', 990n],
    ['PhantomToken', 0n],
  ] as const)('%s announces 1000, and %d arrive', async (name, received) => {
    const { chain } = local
    const to = newRecipient()
    const hash = await chain.sendToken({ token: contracts[name], to, units: 1_000n })
    await chain.mine()
    const { logs } = await expectMined(hash)
    expect(logs.map((log) => log.data)).toEqual([toHex(1_000n, { size: 32 })])
    expect(await chain.tokenBalance(contracts[name], to)).toBe(received)
  })

  test('Reverter refuses money, and its logs vanish with the revert', async () => {
    const { chain } = local
    const bounced = await chain.sendNative({ to: contracts.Reverter, units: 1n })
    const emitted = await chain.sendCall({
      contract: 'Reverter',
      address: contracts.Reverter,
      functionName: 'emitThenRevert',
      args: [newRecipient(), 1n],
    })
    await chain.mine()
    await expectMined(bounced, 'reverted')
    expect((await expectMined(emitted, 'reverted')).logs).toEqual([])
  })
})

describe('rewriting the chain', () => {
  test('a reorg of depth 3 drops a transfer for good', async () => {
    const { chain } = local
    const to = newRecipient()
    const token = contracts.TestToken
    const hash = await chain.sendToken({ token, to, units: 10n })
    await chain.mine(3)
    const { blockHash } = await expectMined(hash)
    const height = await chain.blockNumber()

    await chain.reorg({ depth: 3 })
    await chain.mine()
    expect(await chain.blockNumber()).toBe(height + 1)
    expect(await chain.receipt(hash)).toBeNull()
    expect(await chain.tokenBalance(token, to)).toBe(0n)
    // The orphaned block is unknown from now on, by every way of asking.
    expect(await getBlock(blockHash)).toBeNull()
    expect(await chain.rpc('eth_getBlockReceipts', [blockHash])).toBeNull()
    await expect(chain.rpc('eth_getLogs', [{ blockHash }])).rejects.toMatchObject({ code: -32000 })

    // The sender's nonce went back as well.
    const again = await chain.sendToken({ token, to, units: 11n })
    await chain.mine()
    await expectMined(again)
  })

  test('a reorg keeps a transfer given in raw form, in the block chosen for it', async () => {
    const { chain } = local
    const to = newRecipient()
    const token = contracts.TestToken
    const kept = await chain.sendToken({ token, to, units: 10n })
    await chain.mine(3)
    const before = await expectMined(kept)
    const raw = await chain.rawTransaction(kept)
    const fresh = await chain.signToken({ token, to, units: 5n })

    await chain.reorg({
      depth: 3,
      transactions: [
        [raw, 1],
        [fresh, 2],
      ],
    })
    const after = await expectMined(kept)
    expect(hexToNumber(after.blockNumber)).toBe(hexToNumber(before.blockNumber) + 1)
    expect(after.blockHash).not.toBe(before.blockHash)
    await expectMined(hashTransaction(fresh))
    expect(await chain.tokenBalance(token, to)).toBe(15n)
  })

  test('a reorg that could not place a transaction says so', async () => {
    const { chain } = local
    await chain.mine(2)
    const raw = await chain.signNative({ to: newRecipient(), units: 1n, nonce: 99_999 })
    await expect(chain.reorg({ depth: 2, transactions: [[raw, 0]] })).rejects.toThrow('left out')
  })

  test('empty replacement blocks never get an old hash, whichever way they come', async () => {
    const { chain } = local
    await chain.mine(200) // the base fee reaches its floor: now empty blocks can be equal
    const seen = new Set<Hex>([(await getBlock('latest')).hash])
    const rewrites = [
      () => chain.reorg({ depth: 2 }),
      () => chain.reorg({ depth: 2 }),
      () => chain.rollback(2).then(() => chain.mine(2)),
    ]
    for (const rewrite of rewrites) {
      await rewrite()
      const { hash } = await getBlock('latest')
      expect(seen).not.toContain(hash)
      seen.add(hash)
    }
  })

  test('a snapshot brings state back once', async () => {
    const { chain } = local
    const to = newRecipient()
    const snapshotId = await chain.snapshot()
    const height = await chain.blockNumber()
    await chain.setBalance(to, 3n)
    await chain.mine()
    const { hash } = await getBlock('latest')
    await chain.revert(snapshotId)
    expect(await chain.nativeBalance(to)).toBe(0n)
    expect(await chain.blockNumber()).toBe(height)
    await chain.mine()
    expect((await getBlock('latest')).hash).not.toBe(hash)
    await expect(chain.revert(snapshotId)).rejects.toThrow('no snapshot')
  })
})

describe('time and finality', () => {
  test('block times can be chosen, and the clock goes on through a reorg', async () => {
    const { chain } = local
    const readTimeS = async () => hexToNumber((await getBlock('latest')).timestamp)
    const startS = await readTimeS()
    await chain.setNextBlockTimestamp(startS + 1_000)
    await chain.mine()
    expect(await readTimeS()).toBe(startS + 1_000)
    await chain.increaseTime(500)
    await chain.mine()
    expect(await readTimeS()).toBeGreaterThanOrEqual(startS + 1_500)

    await chain.reorg({ depth: 2 })
    await chain.mine()
    expect(await readTimeS()).toBeGreaterThanOrEqual(startS + 1_500)
    const beforeS = await readTimeS()
    await chain.mine(3, { intervalS: 12 })
    expect(await readTimeS()).toBe(beforeS + 36)
  })

  test('replacement blocks are dated like their ancestor, or as far apart as asked', async () => {
    const { chain } = local
    const readTimesS = async () => {
      const head = await chain.blockNumber()
      const blocks = await Promise.all([head - 2, head - 1, head].map((n) => getBlock(toHex(n))))
      return blocks.map((block) => hexToNumber(block.timestamp))
    }
    await chain.mine(2, { intervalS: 12 })
    const [ancestorS] = (await readTimesS()) as [number]
    await chain.reorg({ depth: 2 })
    expect(await readTimesS()).toEqual([ancestorS, ancestorS, ancestorS])
    await chain.reorg({ depth: 2, intervalS: 3_600 })
    expect(await readTimesS()).toEqual([ancestorS, ancestorS + 3_600, ancestorS + 7_200])
    await chain.mine()
    expect((await readTimesS())[2]).toBeLessThan(ancestorS + 7_210) // the interval is over
  })

  test('safe and finalized follow the epoch length', async () => {
    const { chain } = local
    const head = await chain.blockNumber()
    expect(hexToNumber((await getBlock('safe')).number)).toBe(head - 2)
    expect(hexToNumber((await getBlock('finalized')).number)).toBe(head - 4)
  })
})

describe('what we rely on in anvil', () => {
  test('eth_getBlockReceipts takes a block hash; unknown ones give null', async () => {
    const { chain } = local
    const hash = await chain.sendNative({ to: newRecipient(), units: 1n })
    await chain.mine()
    const { blockHash } = await expectMined(hash)
    const receipts = await chain.rpc<{ transactionHash: Hex }[]>('eth_getBlockReceipts', [
      blockHash,
    ])
    expect(receipts.map((receipt) => receipt.transactionHash)).toEqual([hash])
    expect(await chain.rpc('eth_getBlockReceipts', [UNKNOWN_HASH])).toBeNull()
    expect(await chain.rpc('eth_getBlockByHash', [UNKNOWN_HASH, false])).toBeNull()
  })

  test('eth_getLogs refuses an unknown block hash and a range above the head', async () => {
    const { chain } = local
    await expect(chain.rpc('eth_getLogs', [{ blockHash: UNKNOWN_HASH }])).rejects.toMatchObject({
      code: -32000,
    })
    await expect(
      chain.rpc('eth_getLogs', [{ fromBlock: '0xffffff', toBlock: '0xffffff' }]),
    ).rejects.toMatchObject({ code: -32602 })
  })

  test('a waiting transaction survives a reorg and stays out of its blocks', async () => {
    const { chain } = local
    await chain.mine(2)
    const hash = await chain.sendNative({ to: newRecipient(), units: 1n })
    await chain.reorg({ depth: 2 })
    expect(await chain.receipt(hash)).toBeNull()
    await chain.mine()
    await expectMined(hash)
    await chain.sendNative({ to: newRecipient(), units: 1n })
    await chain.dropMempool()
    await chain.mine()
    expect((await getBlock('latest')).transactions).toEqual([])
  })
})
