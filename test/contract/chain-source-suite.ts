/**
 * What every chain source promises, whatever node stands behind it. The suite speaks only to the
 * port; how blocks come into being is the world's affair.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BlockRef, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import { recoverSenders } from '../../src/core/proof/recover-senders.ts'
import { ChainSourceError } from '../../src/errors.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'

/**
 * A chain that mines only when told, and a source that reads it, with all proofs on, and watches the
 * coin and the token. Addresses are lower case.
 */
export type ChainWorld = {
  readonly chainId: number
  readonly source: ChainSource
  /** Sends everything; holds plenty of the coin and of the token. */
  readonly payer: Address
  /** An ERC-20 with 6 decimals that exists at start. */
  readonly token: Address
  sendToken(to: Address, units: bigint): Promise<Hash>
  sendNative(to: Address, units: bigint): Promise<Hash>
  /** A transfer of the coin to the token contract, which is mined and fails. */
  sendFailing(units: bigint): Promise<Hash>
  createContract(): Promise<Hash>
  /** Mines what waits into the first block; the others are empty. */
  mine(count?: number): Promise<void>
  /** Replaces the last blocks by as many empty ones with other hashes. */
  reorg(depth: number): Promise<void>
  /** Does so in the middle of the next `getBlock`: after the block was sent, before receipts. */
  reorgWithinNextBlockRead(depth: number): Promise<void>
  stop(): Promise<void>
}

const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const UNKNOWN_HASH: Hash = `0x${'ab'.repeat(32)}`
const SHOP: Address = `0x${'51'.repeat(20)}`
const START_TIMEOUT_MS = 20_000

/** Registers the suite for one kind of node. Each test leaves a longer chain to the next. */
export function describeChainSource(name: string, makeWorld: () => Promise<ChainWorld>): void {
  describe(`chain source: ${name}`, () => {
    let world: ChainWorld
    const signal = new AbortController().signal
    beforeAll(async () => {
      world = await makeWorld()
    }, START_TIMEOUT_MS)
    afterAll(() => world?.stop(), START_TIMEOUT_MS)

    registerHeaderTests(() => world, signal)
    registerReorgTests(() => world, signal)
    registerBlockTests(() => world, signal)

    test('decimals of a token, and of what is none', async () => {
      const { source, token } = world
      expect(await source.getTokenDecimals(token, signal)).toBe(6)
      expect(await source.getTokenDecimals(SHOP, signal)).toBeNull()
    })

    test('balances of a token are those of the block, outflows those of the range', async () => {
      const { source, token, payer, ...chain } = world
      const before = await source.getHead(signal)
      await chain.sendToken(SHOP, 7n)
      await chain.mine()
      const block = await source.getHead(signal)
      await chain.sendToken(SHOP, 5n)
      await chain.mine()
      const question = { token, holder: SHOP, block }
      const [had, has, none] = await source.getTokenBalances(
        [{ ...question, block: before }, question, { ...question, token: SHOP }],
        signal,
      )
      expect((has as bigint) - (had as bigint)).toBe(7n)
      expect(none).toBe(0n)
      const sent = { token, holder: payer, block }
      expect(await source.getTokenOutflow(sent, block.number, signal)).toBe(7n)
      const head = await source.getHead(signal)
      const both = { ...sent, block: head }
      expect(await source.getTokenOutflow(both, block.number, signal)).toBe(12n)
      expect(await source.getTokenOutflow({ ...both, holder: SHOP }, 0, signal)).toBe(0n)
    })

    test('a transaction is unknown, pending, mined or failed', async () => {
      const { source, token, ...chain } = world
      const look = (hash: Hash) => source.getTransaction(hash, signal)
      expect(await look(UNKNOWN_HASH)).toEqual({ kind: 'unknown' })
      const paid = await chain.sendToken(SHOP, 3n)
      const coin = await chain.sendNative(SHOP, 3n)
      const failed = await chain.sendFailing(3n)
      expect(await look(paid)).toEqual({ kind: 'pending' })
      await chain.mine()
      const { number, hash } = await source.getHead(signal)
      const block = { number, hash }
      expect(await look(paid)).toEqual({ kind: 'mined', block, touched: [token, SHOP] })
      expect(await look(coin)).toEqual({ kind: 'mined', block, touched: [SHOP] })
      expect(await look(failed)).toEqual({ kind: 'failed', block })
    })

    test('its node is named by host and port, with the head it shows', async () => {
      const { source } = world
      const { number } = await source.getHead(signal)
      const [provider, ...others] = source.describeProviders()
      expect(others).toEqual([])
      expect(provider).toMatchObject({ head: number, isOk: true })
      expect(provider?.name).toMatch(/^127\.0\.0\.1:\d+$/)
      const range = source.getHeaders(number, number + 1, signal)
      await expect(range).rejects.toMatchObject({ kind: 'not_there' })
      expect(source.describeProviders()).toMatchObject([
        { name: provider?.name, head: number, isOk: false, lastFault: 'not_there' },
      ])
      expect(source.describeAgreement()).toEqual({
        agreedBy: 1,
        conflict: null,
        isProofLowered: false,
      })
      await source.getHead(signal)
      expect(source.describeProviders()[0]).toMatchObject({ isOk: true, lastFault: 'not_there' })
    })

    test('a caller that has given up gets its own reason', async () => {
      const reason = new Error('shutting down')
      await expect(world.source.getHead(AbortSignal.abort(reason))).rejects.toBe(reason)
    })
  })
}

function registerHeaderTests(getWorld: () => ChainWorld, signal: AbortSignal): void {
  test('the head rises with the chain', async () => {
    const { source, ...world } = getWorld()
    const before = await source.getHead(signal)
    await world.mine()
    const after = await source.getHead(signal)
    expect(after.number).toBe(before.number + 1)
    expect(after.parentHash).toBe(before.hash)
    expect(after.timestampS).toBeGreaterThanOrEqual(before.timestampS)
    expect(source.chainId).toBe(world.chainId)
  })

  test('a header is the same by number and by hash', async () => {
    const { source } = getWorld()
    const head = await source.getHead(signal)
    expect(await source.getHeaderByNumber(head.number, signal)).toEqual(head)
    expect(await source.getHeaderByHash(head.hash, signal)).toEqual(head)
    const genesis = await source.getHeaderByNumber(0, signal)
    expect(genesis).toMatchObject({ number: 0 })
  })

  test('a block that is not there has no header', async () => {
    const { source } = getWorld()
    const head = await source.getHead(signal)
    expect(await source.getHeaderByHash(UNKNOWN_HASH, signal)).toBeNull()
    expect(await source.getHeaderByNumber(head.number + 1, signal)).toBeNull()
  })

  test('headers of a range are linked and complete, also beyond one batch', async () => {
    const { source, ...world } = getWorld()
    await world.mine(230)
    const head = await source.getHead(signal)
    const from = head.number - 229
    const headers = await source.getHeaders(from, head.number, signal)
    expect(headers).toHaveLength(230)
    expect(headers.at(-1)).toEqual(head)
    for (const [step, header] of headers.entries()) {
      expect(header.number).toBe(from + step)
      if (step > 0) expect(header.parentHash).toBe(headers[step - 1]!.hash)
    }
    expect(await source.getHeaders(head.number, head.number, signal)).toEqual([head])
  })

  test('a range that ends above the head is refused', async () => {
    const { source } = getWorld()
    const head = await source.getHead(signal)
    const range = source.getHeaders(head.number - 1, head.number + 1, signal)
    await expect(range).rejects.toMatchObject({ kind: 'not_there' })
  })
}

function registerReorgTests(getWorld: () => ChainWorld, signal: AbortSignal): void {
  test('after a reorg the old hash never gives another block', async () => {
    const { source, ...world } = getWorld()
    await world.sendToken(SHOP, 3n)
    await world.mine(2)
    const head = await source.getHead(signal)
    const old = (await source.getHeaderByNumber(head.number - 1, signal))!
    const oldBlock = await source.getBlock(old, signal)
    await world.reorg(2)

    const header = await source.getHeaderByHash(old.hash, signal)
    if (header !== null) expect(header).toEqual(old)
    await expectFaultOr(source.getBlock(old, signal), oldBlock)

    const replaced = (await source.getHeaderByNumber(old.number, signal))!
    expect(replaced.hash).not.toBe(old.hash)
    expect(replaced.parentHash).toBe(old.parentHash)
    expect((await source.getBlock(replaced, signal)).transactions).toEqual([])
  })

  test('several blocks at once are what each is alone; one that was replaced refuses all', async () => {
    const { source, ...world } = getWorld()
    const before = await source.getHead(signal)
    for (let units = 1n; units <= 6n; units++) {
      await world.sendToken(SHOP, units)
      await world.mine()
    }
    const head = await source.getHead(signal)
    const refs = await source.getHeaders(before.number + 1, head.number, signal)
    const alone: VerifiedBlock[] = []
    for (const ref of refs) alone.push(await source.getBlock(ref, signal))
    const together = await source.getBlocks(refs, signal)
    expect(together).toEqual(alone)
    expect(together.flatMap(({ logs }) => logs)).toHaveLength(6)

    await world.reorg(2)
    await expectFaultOr(source.getBlocks(refs, signal), alone)
    const current = await source.getHeaders(before.number + 1, head.number, signal)
    const kept = await source.getBlocks(current, signal)
    expect(kept.slice(0, -2)).toEqual(alone.slice(0, -2))
    expect(kept.slice(-2).flatMap(({ transactions }) => transactions)).toEqual([])
  })

  test('a block that is reorganised away while it is read is refused', async () => {
    const { source, ...world } = getWorld()
    await world.sendToken(SHOP, 4n)
    await world.mine()
    const ref = await source.getHead(signal)
    expect((await source.getBlock(ref, signal)).logs).toHaveLength(1)
    await world.reorgWithinNextBlockRead(1)
    await expect(source.getBlock(ref, signal)).rejects.toBeInstanceOf(ChainSourceError)

    const head = await source.getHead(signal)
    expect(head.number).toBe(ref.number)
    expect(head.hash).not.toBe(ref.hash)
    expect((await source.getBlock(head, signal)).logs).toEqual([])
  })
}

function registerBlockTests(getWorld: () => ChainWorld, signal: AbortSignal): void {
  const getHead = () => getWorld().source.getHead(signal)
  const getBlock = (ref: BlockRef) => getWorld().source.getBlock(ref, signal)
  const topicOf = (address: Address) => `0x${'0'.repeat(24)}${address.slice(2)}`

  test('a block shows transfers, the coin, a failure and a creation as they were', async () => {
    const world = getWorld()
    const { payer, token } = world
    const hashes = [
      await world.sendToken(SHOP, 7_000_000n),
      await world.sendNative(SHOP, 5n),
      await world.sendFailing(9n),
      await world.createContract(),
      await world.sendToken(SHOP, 1n),
    ]
    await world.mine()
    const ref = await getHead()
    const block = await getBlock(ref)

    expect(block.ref).toEqual(ref)
    expect(block.proofLevel).toBe(2)
    const common = { from: payer, valueUnits: 0n, succeeded: true }
    expect(block.transactions.map(({ signing: _, ...told }) => told)).toEqual([
      { ...common, hash: hashes[0], index: 0, to: token },
      { ...common, hash: hashes[1], index: 1, to: SHOP, valueUnits: 5n },
      { ...common, hash: hashes[2], index: 2, to: token, valueUnits: 9n, succeeded: false },
      { ...common, hash: hashes[3], index: 3, to: null },
      { ...common, hash: hashes[4], index: 4, to: token },
    ])
    const signed = block.transactions.filter(({ signing }) => signing !== undefined)
    expect(signed.map(({ index }) => index)).toEqual([1, 2])
    expect(recoverSenders(block, () => true)).toBe(block)
    const log = { address: token, topics: [TRANSFER_TOPIC, topicOf(payer), topicOf(SHOP)] }
    expect(block.logs).toEqual([
      {
        ...log,
        index: 0,
        transactionIndex: 0,
        transactionHash: hashes[0],
        data: word(7_000_000),
      },
      { ...log, index: 1, transactionIndex: 4, transactionHash: hashes[4], data: word(1) },
    ])
  })

  test('an empty block is empty', async () => {
    const world = getWorld()
    await world.mine()
    const ref = await getHead()
    expect(await getBlock(ref)).toEqual({
      ref,
      proofLevel: 2,
      transactions: [],
      logs: [],
    })
  })

  test('a block of many transactions is whole, its logs without a gap', async () => {
    const world = getWorld()
    const count = 120
    for (let i = 1; i <= count; i += 1) await world.sendToken(SHOP, BigInt(i))
    await world.mine()
    const block = await getBlock(await getHead())
    expect(block.proofLevel).toBe(2)
    expect(block.transactions.map(({ index }) => index)).toEqual([...Array(count).keys()])
    expect(block.logs.map(({ index }) => index)).toEqual([...Array(count).keys()])
    expect(block.logs.at(-1)!.data).toBe(word(count))
  })

  test('a header that is not of the chain gets no block', async () => {
    const head = await getHead()
    for (const wrong of [
      { ...head, hash: UNKNOWN_HASH },
      { ...head, number: head.number - 1 },
      { ...head, parentHash: UNKNOWN_HASH },
      { ...head, timestampS: head.timestampS + 1 },
    ]) {
      await expect(getBlock(wrong)).rejects.toBeInstanceOf(ChainSourceError)
    }
  })
}

/** A node may go on serving an orphaned block it has kept, as long as it is that block. */
async function expectFaultOr(promise: Promise<unknown>, value: unknown): Promise<void> {
  const outcome = await promise.catch((error: unknown) => error)
  if (!(outcome instanceof ChainSourceError)) expect(outcome).toEqual(value)
}

function word(number: number): string {
  return `0x${number.toString(16).padStart(64, '0')}`
}
