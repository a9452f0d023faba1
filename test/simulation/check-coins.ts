/**
 * Coins that calls moved (I1, I2). How a payment of them was found is chance: by calls, by a list, by a
 * balance. Whatever it was, it is on our chain with its block; what tells of calls tells the truth; no
 * address has more credits up to any height than coins came to it; and in the end it has all of them.
 */
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import type { Address } from '../../src/core/money/asset.ts'
import type { Observation, Payment } from '../../src/core/payment/payment.ts'
import type { CoinMove } from './coin-accounts.ts'
import type { Standing } from './depth.ts'
import { type CommittedChain, isHaltedIn, type Ledger } from './ledger.ts'
import { OWN_SENDER } from './setting.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

/** Whether it was found by other means than reading the block. */
export function isBeyondBlock({ place }: Observation): boolean {
  return !place.startsWith('log:') && !place.startsWith('tx:')
}

/** What is told of a payment beyond blocks is what happened. */
export function checkCoin(
  { observation, position }: Payment,
  chain: CommittedChain,
  truth: SimulatedChain,
): void {
  const { id, blockHash, blockNumber, place, to, amountUnits } = observation
  const isOurs = chain.blocks.get(blockNumber) === blockHash
  demand(isOurs === (position !== 'orphaned'), 'I1', () => `${id} is ${position}, ours: ${isOurs}`)
  const { coins } = truth.getBlock(blockHash) as SimulatedBlock
  const [how, index, rest] = place.split(':')
  const inTransaction = coins.moves.filter((move) => `${move.index}` === index)
  if (how === 'call') {
    const move = inTransaction.find(({ path }) => path === rest)
    demand(
      move !== undefined &&
        move.to === to &&
        move.from === observation.from &&
        move.units === amountUnits &&
        move.txHash === observation.txHash,
      'I1',
      () => `${id} is no call that moved coins`,
    )
  } else if (how === 'net') {
    const came = sumOf(inTransaction.filter((move) => move.path !== null && move.to === to))
    demand(rest === to && came === amountUnits, 'I1', () => `${id}: ${came} came by calls`)
  } else {
    demand(how === 'balance' && index === to, 'I1', () => `${id} was found nowhere`)
  }
}

/** I1 and I2: no credit comes before its coins, and no coin is credited twice. */
export function checkCoinSums(ledger: Ledger, truth: SimulatedChain): void {
  const credits = creditsOf(ledger, truth.chainId)
  const payees = new Set<Address>()
  for (const { observation } of credits) if (isBeyondBlock(observation)) payees.add(observation.to)
  if (payees.size === 0) return
  const { blocks, tip } = ledger.chains.get(truth.chainId) as CommittedChain
  const left = new Map<Address, bigint>()
  const add = (address: Address, units: bigint): void =>
    void left.set(address, (left.get(address) ?? 0n) + units)
  const byHeight = Map.groupBy(credits, ({ observation }) => observation.blockNumber)
  for (const number of [...blocks.keys()].filter((each) => each <= tip).sort((a, b) => a - b)) {
    const { coins } = truth.getBlock(blocks.get(number) as `0x${string}`) as SimulatedBlock
    for (const move of coins.moves)
      if (payees.has(move.to) && counts(move)) add(move.to, move.units)
    for (const { observation } of byHeight.get(number) ?? []) {
      const { id, to, amountUnits } = observation
      if (!payees.has(to)) continue
      add(to, -amountUnits)
      demand((left.get(to) as bigint) >= 0n, 'I2', () => `${id}: more is credited than came`)
    }
  }
}

/** What the merchant sends himself is no payment. */
function counts({ from, path }: CoinMove): boolean {
  return path !== null || from !== OWN_SENDER
}

function creditsOf({ payments }: Ledger, chainId: number): Payment[] {
  return [...payments.values()].filter(({ observation, position }) => {
    const { asset } = observation
    return observation.chainId === chainId && asset.token === null && position !== 'orphaned'
  })
}

/** No order expires while coins lie at its address that came in time and nobody looked at. */
export function checkExpiredCoins(
  ledger: Ledger,
  invoice: Invoice,
  settings: readonly ChainSettings[],
  chains: ReadonlyMap<number, SimulatedChain>,
): void {
  for (const own of coinChains(invoice, settings)) {
    const truth = chains.get(own.chainId) as SimulatedChain
    const { blocks, tip } = ledger.chains.get(own.chainId) as CommittedChain
    const standing = { tip: blocks.get(tip) as `0x${string}`, final: null, safe: null }
    const isInTime = ({ ref }: SimulatedBlock) =>
      ref.timestampS * 1_000 <= deadlineMs(invoice.terms)
    const came = sumCame(ledger, invoice, truth, standing, isInTime)
    const credited = sumCredited(ledger, invoice, truth, standing)
    demand(credited >= came, 'expiry', () => {
      return `${invoice.id} expired, ${came} came to it on ${own.chainId}, ${credited} are credited`
    })
  }
}

/** In the end: what came to an order since it was given out is credited, to the unit. */
export function judgeCoins(
  ledger: Ledger,
  settings: readonly ChainSettings[],
  chains: ReadonlyMap<number, SimulatedChain>,
  standings: ReadonlyMap<number, Standing>,
  isDue: (invoice: Invoice) => boolean,
): void {
  for (const invoice of ledger.invoices.values()) {
    if (!isDue(invoice)) continue
    for (const { chainId } of coinChains(invoice, settings)) {
      const truth = chains.get(chainId) as SimulatedChain
      const standing = standings.get(chainId) as Standing
      if (isHaltedIn(ledger, chainId)) continue
      const came = sumCame(ledger, invoice, truth, standing, () => true)
      const credited = sumCredited(ledger, invoice, truth, standing)
      demand(came === credited, 'replay-coins', () => {
        return `${invoice.id} at ${invoice.address} on ${chainId}: ${came} came, ${credited} credited`
      })
    }
  }
}

/** Chains whose coin the order takes, and on which balances are compared. */
function coinChains({ terms }: Invoice, settings: readonly ChainSettings[]): ChainSettings[] {
  return settings.filter(({ chainId, nativeMode }) => {
    const takes = terms.options.some(({ asset }) => asset.chainId === chainId && !asset.token)
    return takes && nativeMode !== 'direct'
  })
}

/** Coins that came to the order's address after the block in which it was given out. */
function sumCame(
  ledger: Ledger,
  invoice: Invoice,
  truth: SimulatedChain,
  { tip }: Standing,
  isMeant: (block: SimulatedBlock) => boolean,
): bigint {
  let sum = 0n
  const begin = beginOf(ledger, invoice, truth, tip)
  let block = truth.getBlock(tip)
  while (block !== undefined && block.ref.number > begin) {
    const arrived = block.coins.moves.filter((move) => move.to === invoice.address && counts(move))
    if (isMeant(block)) sum += sumOf(arrived)
    block = truth.getBlock(block.ref.parentHash)
  }
  return sum
}

function sumCredited(
  ledger: Ledger,
  invoice: Invoice,
  truth: SimulatedChain,
  { tip }: Standing,
): bigint {
  const { address } = invoice
  const begin = beginOf(ledger, invoice, truth, tip)
  const own = creditsOf(ledger, truth.chainId).filter(
    ({ observation }) => observation.to === address && observation.blockNumber > begin,
  )
  return own.reduce((sum, { observation }) => sum + observation.amountUnits, 0n)
}

/** Height of the last block of this branch that the order's address was given out above. */
function beginOf(
  ledger: Ledger,
  { address }: Invoice,
  truth: SimulatedChain,
  tip: `0x${string}`,
): number {
  const issued = ledger.addresses.get(address)?.row.issued?.tips[truth.chainId]
  let block = issued === undefined ? undefined : truth.getBlock(issued.hash as `0x${string}`)
  while (block !== undefined) {
    const { number, hash, parentHash } = block.ref
    if (truth.ancestorAt(tip, number)?.ref.hash === hash) return number
    block = truth.getBlock(parentHash)
  }
  return -1
}

function sumOf(moves: readonly { readonly units: bigint }[]): bigint {
  return moves.reduce((sum, { units }) => sum + units, 0n)
}
