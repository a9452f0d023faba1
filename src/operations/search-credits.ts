/**
 * Where coins came from that the balance of an address has more than what is known of it. The block
 * is found by halving the stretch between the last balance that was accounted for and now; there
 * the traces name payer and transaction, where a node has any.
 *
 *     known ----------------- first block that deviates ------------- tip
 *     balance as expected     rise = balance - expected + own spending
 *
 * Expected is the known balance, and all credits since. A fall that our own spending does not explain
 * stops the search: nothing more is credited at this address until it is explained.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import { extractFrames, fitsBlock } from '../core/chain/call-frames.ts'
import type { KnownBalance } from '../core/chain/known-balance.ts'
import { blockAt, type LocalChain } from '../core/chain/local-chain.ts'
import { readNativeCoin } from '../core/chain/native-coin.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import { type Address, nativeAssetId } from '../core/money/asset.ts'
import { ChainSourceError } from '../errors.ts'
import type { KnownCredit } from '../ports/balance-store.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { NativeSource } from '../ports/native-source.ts'

export type CreditSearch = {
  readonly source: Pick<ChainSource, 'getBlock'>
  readonly native: NativeSource
  /** What these send is no payment, and no surprise. */
  isOwn(address: Address): boolean
  /** Our chain; what was known of the address is of a block on it, or below. */
  readonly chain: LocalChain
  readonly known: KnownBalance
  readonly credits: readonly KnownCredit[]
  readonly tip: BlockRef
  readonly tipUnits: bigint
  readonly signal: AbortSignal
}

export type FoundCredits = {
  readonly transfers: readonly Transfer[]
  /** Those they are in, as read for it. */
  readonly blocks: readonly VerifiedBlock[]
  /** Up to where every unit is accounted for now. */
  readonly known: KnownBalance
  /** Units the balance is below what is known of it; zero when it is not. */
  readonly shortUnits: bigint
}

/**
 * Blocks in which one address may change by surprise that are looked at in one turn; the next goes
 * on. Each costs some ten calls.
 */
const MAX_CHANGES = 8

export async function searchCredits(search: CreditSearch): Promise<FoundCredits> {
  const { chain, tip, tipUnits } = search
  const transfers: Transfer[] = []
  const blocks: VerifiedBlock[] = []
  let known = search.known
  for (let changes = 0; changes < MAX_CHANGES; changes += 1) {
    // A node that says something else of the tip than all of them together is not heard twice.
    if (known.block.number >= tip.number) break
    const expectedAt = expectBalance(known, search.credits, transfers)
    if (tipUnits === expectedAt(tip.number)) {
      known = { ...known, block: { number: tip.number, hash: tip.hash }, balanceUnits: tipUnits }
      break
    }
    const at = await findDeviation(search, known, expectedAt)
    const explained = await explainBlock(search, known.address, at, expectedAt(at.number))
    const { shortUnits } = explained
    if (shortUnits > 0n) return { transfers, blocks, known, shortUnits }
    transfers.push(...explained.transfers)
    if (explained.transfers.length > 0) blocks.push(explained.block)
    known = {
      chainId: chain.chainId,
      address: known.address,
      block: { number: at.number, hash: at.hash },
      balanceUnits: explained.balanceUnits,
    }
  }
  return { transfers, blocks, known, shortUnits: 0n }
}

type Expectation = (blockNumber: number) => bigint

/** Known balance and all credits of later blocks up to a height. */
export function expectBalance(
  known: KnownBalance,
  credits: readonly KnownCredit[],
  found: readonly Transfer[] = [],
): Expectation {
  const later = [
    ...credits,
    ...found.map(({ block, amountUnits }) => ({ blockNumber: block.number, amountUnits })),
  ].filter(({ blockNumber }) => blockNumber > known.block.number)
  return (blockNumber) =>
    later
      .filter((credit) => credit.blockNumber <= blockNumber)
      .reduce((sum, { amountUnits }) => sum + amountUnits, known.balanceUnits)
}

/**
 * The first block whose balance is not as expected. Where the states of older blocks are no longer
 * served, the first that is: the change was there or before it.
 */
async function findDeviation(
  search: CreditSearch,
  known: KnownBalance,
  expectedAt: Expectation,
): Promise<BlockRef> {
  const { chain, tip } = search
  const first = chain.blocks[0] as BlockRef
  let low = Math.max(known.block.number, first.number - 1)
  let high = tip.number
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2)
    const units = await readBalance(search, known.address, blockAt(chain, middle) as BlockRef)
    if (units === null || units === expectedAt(middle)) low = middle
    else high = middle
  }
  return blockAt(chain, high) as BlockRef
}

/** Null where the node no longer keeps the state of this block. */
async function readBalance(
  { native, tip, tipUnits, signal }: CreditSearch,
  address: Address,
  ref: BlockRef,
): Promise<bigint | null> {
  if (ref.hash === tip.hash) return tipUnits
  return orNotThere(async () => (await native.getBalances(ref, [address], signal))?.[0] ?? null)
}

type Explained = {
  readonly block: VerifiedBlock
  readonly transfers: readonly Transfer[]
  readonly balanceUnits: bigint
  readonly shortUnits: bigint
}

async function explainBlock(
  search: CreditSearch,
  address: Address,
  at: BlockRef,
  expectedUnits: bigint,
): Promise<Explained> {
  // Nothing is credited by the word of one node where there are several.
  const balanceUnits = await search.native.getAgreedBalance(at, address, search.signal)
  if (balanceUnits === null) throw new ChainSourceError('not_there', 'a balance went out of reach')
  const block = await search.source.getBlock(at, search.signal)
  const spentUnits = await readSpent(search, address, at)
  const ownUnits = sumOwn(search, block, address)
  const riseUnits = balanceUnits - expectedUnits + spentUnits - ownUnits
  const moved = await readMoves(search, address, block)
  // As far as calls explain the rise they are the payments; only the rest is known by balance alone.
  const explains = moved !== null && moved.netUnits <= riseUnits
  const restUnits = riseUnits - (explains ? moved.netUnits : 0n)
  if (restUnits < 0n) {
    // Code at the address spends by itself, and its owner signed for that (EIP-7702).
    const isSpent = await search.native.hasCode(at, address, search.signal)
    return { block, transfers: [], balanceUnits, shortUnits: isSpent ? 0n : -restUnits }
  }
  const arrived = explains ? moved.arrived : []
  const rest = restUnits === 0n ? [] : [risenBy(search.chain.chainId, at, address, restUnits)]
  return { block, transfers: [...arrived, ...rest], balanceUnits, shortUnits: 0n }
}

/** Value that our own senders brought directly, which is in no credit. */
function sumOwn({ chain, isOwn }: CreditSearch, block: VerifiedBlock, to: Address): bigint {
  const direct = readNativeCoin(block, chain.chainId, 'value').transfers
  return sum(
    direct.filter(
      (transfer) => transfer.to === to && transfer.from !== null && isOwn(transfer.from),
    ),
  )
}

/** Value and fees of what the address sent itself in this block. */
async function readSpent(
  { native, chain, signal }: CreditSearch,
  address: Address,
  at: BlockRef,
): Promise<bigint> {
  const parent = blockAt(chain, at.number - 1)
  const before = parent === null ? 0 : await native.getNonce(parent, address, signal)
  const after = await native.getNonce(at, address, signal)
  return before === after ? 0n : native.getSpentUnits(at, address, signal)
}

type Moves = {
  /** Arrivals that are not known yet. */
  readonly arrived: readonly Transfer[]
  /** These, less what calls took from the address (EIP-7702). */
  readonly netUnits: bigint
}

/** Null where no node has traces of the block. */
async function readMoves(
  { native, chain, credits, signal }: CreditSearch,
  address: Address,
  block: VerifiedBlock,
): Promise<Moves | null> {
  const frames = await orUnavailable(() => native.getFrames(block.ref, signal))
  if (frames === null || !fitsBlock(frames, block)) return null
  const all = extractFrames(block, chain.chainId, frames)
  const held = credits.filter(({ blockNumber }) => blockNumber === block.ref.number)
  // Found already, by calls or by logs: which of them are the same money nobody can tell here.
  if (held.some(({ place }) => !place.startsWith('tx:'))) return null
  const arrived = all.filter(({ to }) => to === address)
  const left = all.filter(({ from }) => from === address)
  return { arrived, netUnits: sum(arrived) - sum(left) }
}

function risenBy(chainId: number, block: BlockRef, address: Address, units: bigint): Transfer {
  return {
    chainId,
    block,
    place: `balance:${address}`,
    kind: 'internal',
    assetId: nativeAssetId(chainId),
    from: null,
    to: address,
    amountUnits: units,
    txHash: null,
    logIndex: null,
  }
}

function sum(transfers: readonly Transfer[]): bigint {
  return transfers.reduce((total, { amountUnits }) => total + amountUnits, 0n)
}

async function orNotThere<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ChainSourceError && error.kind === 'not_there') return null
    throw error
  }
}

/** Who paid can also be learned later; the money itself must not wait for it. */
async function orUnavailable<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ChainSourceError) return null
    throw error
  }
}
