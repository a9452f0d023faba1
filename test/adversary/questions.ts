/**
 * Everything a chain source asks of a node beside one whole block, with what each answer must be
 * whatever the node sent: of its form, and of the true block where a hash commits to it.
 */
import type { EvmChainSource } from '../../src/adapters/evm-rpc/evm-chain-source.ts'
import type { BlockRef, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { CallFrame } from '../../src/core/chain/call-frames.ts'
import { never } from '../adapters/evm-rpc/support.ts'
import { shopAddress, TOKEN } from '../support/sealed-blocks/every-kind.ts'
import { addressOfKey, lower, type SealedBlock } from '../support/sealed-blocks/seal-block.ts'

export type Asked = {
  readonly source: EvmChainSource
  readonly truth: SealedBlock
  readonly ref: BlockRef
  /** Throws where a block that was handed over as proven credits what the true one does not. */
  judgeBlock(block: VerifiedBlock): void
}

/** Resolves with an answer that may be used, or throws: a `ChainSourceError` to refuse it. */
export type Question = (asked: Asked) => Promise<void>

const SHOPS = [shopAddress(1), shopAddress(3)] as const
const HASH = /^0x[0-9a-f]{64}$/
const ADDRESS = /^0x[0-9a-f]{40}$/
const UINT256_END = 2n ** 256n
const BLOOM_BYTES = 256

function must(isSo: boolean, what: string, value?: unknown): asserts isSo {
  if (isSo) return
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? `${part}` : part))
  throw new Error(`${what}: ${text}`)
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
const isUnits = (value: unknown) => typeof value === 'bigint' && value >= 0n && value < UINT256_END

/** Nobody can tell a made-up header from a true one; but it is one. */
function checkRef(ref: BlockRef | null): void {
  if (ref === null) return
  const { number, hash, parentHash, timestampS } = ref
  const isRef = HASH.test(hash) && HASH.test(parentHash) && isCount(number) && isCount(timestampS)
  must(isRef, 'a header that is none', ref)
}

function checkFrame({ type, from, to, valueUnits, calls }: CallFrame): void {
  const isFrame = ADDRESS.test(from) && (to === null || ADDRESS.test(to)) && isUnits(valueUnits)
  must(isFrame && type === type.toUpperCase(), 'a call that is none', { type, from, to })
  for (const call of calls) checkFrame(call)
}

export const QUESTIONS: Readonly<Record<string, Question>> = {
  head: async ({ source }) => checkRef(await source.getHead(never())),
  headerByNumber: async ({ source, ref }) => {
    const header = await source.getHeaderByNumber(ref.number, never())
    checkRef(header)
    must(header === null || header.number === ref.number, 'a header of another height', header)
  },
  headerByHash: async ({ source, ref }) => {
    const header = await source.getHeaderByHash(ref.hash, never())
    checkRef(header)
    must(header === null || header.hash === ref.hash, 'a header of another hash', header)
  },
  headers: async ({ source, ref }) => {
    const headers = await source.getHeaders(ref.number, ref.number, never())
    for (const header of headers) checkRef(header)
    must(headers.length === 1 && headers[0]?.number === ref.number, 'another range', headers)
  },
  decimals: async ({ source }) => {
    const decimals = await source.getTokenDecimals(TOKEN, never())
    must(decimals === null || (isCount(decimals) && decimals < 256), 'decimals', decimals)
  },
  blocks: async ({ source, ref, judgeBlock }) => {
    const blocks = await source.getBlocks([ref], never())
    must(blocks.length === 1, 'as many blocks as were asked for', blocks.length)
    blocks.forEach(judgeBlock)
  },
  blockOfEach: async ({ source, ref, judgeBlock }) => {
    const { blocks } = await source.getBlockOfEach(ref, never())
    blocks.forEach(judgeBlock)
  },
  finality: async ({ source }) => {
    for (const { finalized, safe } of await source.getFinality(['finalized', 'safe'], never())) {
      for (const mark of [finalized, safe]) {
        const isMark = mark === null || (HASH.test(mark.hash) && isCount(mark.number))
        must(isMark, 'a mark that is none', mark)
      }
    }
  },
  transaction: async ({ source, truth }) => {
    const { hash } = truth.block.transactions[2]
    const seen = await source.getTransaction(hash, never())
    if (!('block' in seen)) return
    must(HASH.test(seen.block.hash) && isCount(seen.block.number), 'a place', seen.block)
    const touched = seen.kind === 'mined' ? seen.touched : []
    must(
      touched.every((address) => ADDRESS.test(address)),
      'who was touched',
      touched,
    )
  },
  tokenBalances: async ({ source, ref }) => {
    const questions = SHOPS.map((holder) => ({ token: TOKEN, holder, block: ref }))
    const balances = await source.getTokenBalances(questions, never())
    must(balances.length === questions.length, 'as many balances as holders', balances)
    must(
      balances.every((units) => units === null || isUnits(units)),
      'a balance',
      balances,
    )
  },
  agreedTokenBalance: async ({ source, ref }) => {
    const question = { token: TOKEN, holder: SHOPS[0], block: ref }
    const units = await source.getAgreedTokenBalance(question, never())
    must(units === null || isUnits(units), 'a balance', units)
  },
  outflow: async ({ source, ref }) => {
    const question = { token: TOKEN, holder: addressOfKey(3), block: ref }
    const units = await source.getTokenOutflow(question, ref.number, never())
    must(typeof units === 'bigint' && units >= 0n, 'an outflow', units)
  },
  arrivals: async ({ source, ref }) => {
    const question = { tokens: [TOKEN], holders: SHOPS, fromNumber: ref.number, block: ref }
    for (const { block, logIndex, holder } of await source.getTokenArrivals(question, never())) {
      const isArrival = SHOPS.includes(holder) && isCount(logIndex) && HASH.test(block.hash)
      must(isArrival && block.number === ref.number, 'an arrival', { block, logIndex, holder })
    }
  },
  priceFeed: async ({ source }) => {
    const reading = await source.readPriceFeed(TOKEN, never())
    if (reading === null) return
    const { answer, decimals, updatedAtS } = reading
    const isReading = typeof answer === 'bigint' && isCount(decimals) && isCount(updatedAtS)
    must(isReading, 'a price', reading)
  },
  sightings: async ({ source, ref }) => {
    const [sighting, ...others] = await source.logs.readSightings([ref], never())
    must(sighting?.ref === ref && others.length === 0, 'one sighting of this block', others)
    const { logs, payees, bloom } = sighting
    for (const { index, from, to } of logs) {
      const isSeen = [from, to].every((party) => party === null || ADDRESS.test(party))
      must(isSeen && isCount(index), 'a log', { index, from, to })
    }
    must(
      payees.every((payee) => ADDRESS.test(payee)),
      'a payee',
      payees,
    )
    must(bloom === null || bloom.length === BLOOM_BYTES, 'a bloom')
    await source.logs.findInBlooms([sighting], SHOPS)
  },
  frames: async ({ source, ref }) => {
    for (const { txHash, root } of (await source.native.getFrames(ref, never())) ?? []) {
      must(HASH.test(txHash), 'a hash', txHash)
      checkFrame(root)
    }
  },
  balances: async ({ source, ref }) => {
    const balances = await source.native.getBalances(ref, SHOPS, never())
    if (balances === null) return
    must(balances.length === SHOPS.length && balances.every(isUnits), 'balances', balances)
  },
  agreedBalance: async ({ source, ref }) => {
    const units = await source.native.getAgreedBalance(ref, SHOPS[0], never())
    must(units === null || isUnits(units), 'a balance', units)
  },
  /** The header commits to the list: what is handed over is the truth. */
  balanceChanges: async ({ source, ref, truth }) => {
    const changes = await source.native.getBalanceChanges(ref, never())
    if (changes === null) return
    const told = changes.map(({ address, changes: all }) => [
      address,
      ...all.map(({ index, balanceUnits }) => `${index} ${balanceUnits}`),
    ])
    const moved = (truth.accessList ?? []).filter((one) => one.balanceChanges.length > 0)
    const expected = moved.map(({ address, balanceChanges }) => [
      lower(address),
      ...balanceChanges.map(({ index, value }: any) => `${Number(index)} ${BigInt(value)}`),
    ])
    must(JSON.stringify(told) === JSON.stringify(expected), 'another access list', told)
  },
  nonce: async ({ source, ref }) => {
    const nonce = await source.native.getNonce(ref, SHOPS[0], never())
    must(isCount(nonce), 'a nonce', nonce)
  },
  code: async ({ source, ref }) => {
    must(typeof (await source.native.hasCode(ref, SHOPS[0], never())) === 'boolean', 'an answer')
  },
  spent: async ({ source, ref }) => {
    const units = await source.native.getSpentUnits(ref, addressOfKey(1), never())
    must(typeof units === 'bigint' && units >= 0n, 'what was spent', units)
  },
}
