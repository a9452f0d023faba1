/** Refunds: how merchants ask for them and pay them, and what must hold of them at every commit. */
import { isDeepStrictEqual } from 'node:util'
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import { formatDecimal } from '../../src/core/money/decimal.ts'
import type { Refund, RefundStatus } from '../../src/core/refund/refund.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import { GatewayError } from '../../src/errors.ts'
import type { Deps } from '../../src/operations/deps.ts'
import { cancelRefund, failRefund } from '../../src/operations/end-refund.ts'
import { reportRefund } from '../../src/operations/report-refund.ts'
import { requestRefund } from '../../src/operations/request-refund.ts'
import { isDeep, type Standing } from './depth.ts'
import { type CommittedChain, isHaltedIn, type Ledger, standingOf } from './ledger.ts'
import { createRandom, type Random } from './random.ts'
import { OWN_SENDER } from './setting.ts'
import { paddedHex, type SimulatedBlock, type SimulatedChain } from './simulated-chain.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { World } from './simulated-world.ts'
import { payTransaction } from './transactions.ts'
import { demand } from './violation.ts'

/** Where shoppers want their money: so few that refunds look alike. */
const SHOPPERS = [0x5409n, 0x5a0bn].map((number) => paddedHex(number, 40)) as Address[]
/** Neither the merchant's nor named: what it sends pays no refund. */
const STRANGER: Address = paddedHex(0xbadn, 40)

const NEVER = new AbortController().signal

/** Which status may follow on which; a refund that is paid after all is sent, whatever it was. */
const FROM: Readonly<Record<RefundStatus, readonly (RefundStatus | null)[]>> = {
  requested: [null],
  sent: ['requested', 'sent', 'confirmed', 'failed', 'canceled'],
  confirmed: ['sent'],
  failed: ['requested', 'sent'],
  canceled: ['requested'],
}

export function checkRefunds(
  ledger: Ledger,
  changes: ChangeSet,
  chains: ReadonlyMap<number, SimulatedChain>,
): void {
  const wasConfirmed = new Set<string>()
  for (const { id, status } of ledger.refunds.values()) {
    if (status === 'confirmed') wasConfirmed.add(id)
  }
  for (const refund of changes.refunds ?? []) {
    const before = ledger.refunds.get(refund.id)
    checkStory(refund, before, changes.events ?? [])
    if (before === undefined) checkCovered(ledger, refund)
    else checkFrozen(refund, before)
  }
  for (const refund of changes.refunds ?? []) ledger.refunds.set(refund.id, refund)
  for (const { action, target, after } of changes.audit ?? []) {
    if (action === 'refund.report') ledger.refundNames.set(target, after as Hash)
  }
  // A merchant's decision changes no chain, and may meet one that moves meanwhile.
  const chainId = changes.chain?.chainId
  const standing = chainId === undefined ? null : standingIn(ledger, chainId)
  if (chainId === undefined || standing === null) return
  const truth = chains.get(chainId) as SimulatedChain
  const paidBy = new Set<string>()
  for (const refund of ledger.refunds.values()) {
    if (refund.asset.chainId !== chainId) continue
    checkOutgoing(ledger, refund, truth, paidBy)
    checkDone(refund, truth, standing, wasConfirmed.has(refund.id))
  }
}

function standingIn({ chains }: Ledger, chainId: number): Standing | null {
  const chain = chains.get(chainId)
  return chain === undefined ? null : standingOf(chain)
}

function checkStory(refund: Refund, before: Refund | undefined, events: readonly Event[]): void {
  const own = events.filter(({ type, payload }) => {
    const { data } = JSON.parse(payload) as { data: { id?: string } }
    return type.startsWith('refund.') && data.id === refund.id
  })
  const told = own.map(({ type }) => type.slice('refund.'.length) as RefundStatus)
  let status: RefundStatus | null = before?.status ?? null
  for (const next of told) {
    const last = status
    demand(FROM[next].includes(last), 'refund', () => `${refund.id}: ${next} when ${last}`)
    status = next
  }
  demand(
    told.length > 0 && status === refund.status,
    'refund',
    () => `${refund.id} is ${refund.status}, its events say ${told.join()}`,
  )
}

/** What is promised and what is gone is together never more than what was confirmed then. */
function checkCovered(ledger: Ledger, refund: Refund): void {
  const { id, invoiceId, asset, amountUnits } = refund
  const free = freeUnits(ledger, invoiceId, asset.id)
  demand(
    amountUnits > 0n && amountUnits <= free,
    'refund',
    () => `${id} of ${amountUnits} was taken, ${free} were free`,
  )
}

function freeUnits({ payments, refunds }: Ledger, invoiceId: string, assetId: string): bigint {
  let units = 0n
  for (const payment of payments.values()) {
    const isIts = payment.invoiceId === invoiceId && payment.observation.asset.id === assetId
    if (isIts && payment.position === 'confirmed') units += payment.countedUnits
  }
  for (const refund of refunds.values()) {
    const isIts = refund.invoiceId === invoiceId && refund.asset.id === assetId
    if (isIts && !['failed', 'canceled'].includes(refund.status)) units -= refund.amountUnits
  }
  return units
}

function checkFrozen(refund: Refund, before: Refund): void {
  const frozen = ({ invoiceId, asset, amountUnits, destination, finality, sinceBlock }: Refund) => [
    invoiceId,
    asset,
    amountUnits,
    destination,
    finality,
    sinceBlock,
  ]
  const isSame = isDeepStrictEqual(frozen(refund), frozen(before))
  demand(isSame, 'refund', () => `${refund.id}: what was asked for changed`)
}

/** Paid is what a block of ours moved: exactly that, by the merchant or as named, once, and as deep. */
function checkOutgoing(
  ledger: Ledger,
  refund: Refund,
  truth: SimulatedChain,
  paidBy: Set<string>,
): void {
  const { id, status, outgoing } = refund
  const broken = (detail: string) => () => `${id} is ${status}: ${detail}`
  if (outgoing === null) {
    demand(status !== 'confirmed', 'refund', broken('no block pays it'))
    return
  }
  const place = `${outgoing.blockHash}/${outgoing.place}`
  demand(!paidBy.has(place), 'refund', broken(`${place} pays another one, too`))
  paidBy.add(place)
  const { blocks } = ledger.chains.get(truth.chainId) as CommittedChain
  const isOurs = blocks.get(outgoing.blockNumber) === outgoing.blockHash
  demand(isOurs, 'refund', broken('its block left our chain'))
  const block = truth.getBlock(outgoing.blockHash) as SimulatedBlock
  const transfer = transfersFor(refund, block).find((one) => one.place === outgoing.place)
  demand(transfer !== undefined, 'refund', broken('its block moved something else'))
  demand(mayPay(ledger, refund, block, transfer), 'refund', broken('a stranger paid'))
  // Wherever it is mined from now on.
  ledger.refundNames.set(id, transfer.txHash)
}

/** I7 of refunds: confirmed once it is as deep as asked. A shorter branch takes nothing of that back. */
function checkDone(
  { id, status, outgoing, finality }: Refund,
  truth: SimulatedChain,
  standing: Standing,
  wasConfirmed: boolean,
): void {
  if (outgoing === null) return
  const isDone = isDeep(truth, finality, standing, outgoing.blockNumber)
  const fits = status === 'confirmed' ? isDone || wasConfirmed : !isDone
  demand(fits, 'refund', () => `${id} is ${status}, deep enough: ${isDone}`)
}

type OutgoingTransfer = { readonly place: string; readonly txHash: Hash; readonly isOwn: boolean }

/** What a block moved of this asset and amount to this destination. */
function transfersFor(refund: Refund, block: SimulatedBlock): OutgoingTransfer[] {
  const { asset, destination, amountUnits } = refund
  const fitting = block.movements.filter(
    (one) => one.asset.id === asset.id && one.to === destination && one.units === amountUnits,
  )
  return fitting.flatMap(({ place }) => {
    const [kind, index] = place.split(':')
    const log = kind === 'log' ? block.logs.find((one) => one.index === Number(index)) : undefined
    const transaction = block.transactions[log?.transactionIndex ?? Number(index)]
    if (transaction === undefined) return []
    const from = log === undefined ? transaction.from : `0x${log.topics[1]?.slice(26)}`
    return [{ place, txHash: transaction.hash, isOwn: from === OWN_SENDER }]
  })
}

function mayPay(
  { refundNames }: Ledger,
  { id, sinceBlock }: Refund,
  { ref }: SimulatedBlock,
  { txHash, isOwn }: OutgoingTransfer,
): boolean {
  return refundNames.get(id) === txHash || (isOwn && ref.number > sinceBlock)
}

/** In the end no transfer that pays a refund is left over beside a refund that nothing pays. */
export function judgeRefunds(
  ledger: Ledger,
  stored: readonly Refund[],
  chains: ReadonlyMap<number, SimulatedChain>,
  standings: ReadonlyMap<number, Standing>,
): void {
  demand(stored.length === ledger.refunds.size, 'replay-refund', () => `${stored.length} stored`)
  const used = new Set(
    stored.flatMap(({ outgoing }) =>
      outgoing === null ? [] : [`${outgoing.blockHash}/${outgoing.place}`],
    ),
  )
  for (const refund of stored) {
    const { id, asset, status, outgoing, finality } = refund
    if (isHaltedIn(ledger, asset.chainId)) continue
    const chain = chains.get(asset.chainId) as SimulatedChain
    const standing = standings.get(asset.chainId) as Standing
    if (outgoing !== null) {
      const isOn = chain.ancestorAt(standing.tip, outgoing.blockNumber)?.ref.hash
      demand(isOn === outgoing.blockHash, 'replay-refund', () => `${id} is paid by a lost block`)
      const isDone = isDeep(chain, finality, standing, outgoing.blockNumber)
      demand(!isDone || status === 'confirmed', 'replay-refund', () => `${id} is ${status}`)
      continue
    }
    for (const block of blocksOf(chain, standing.tip)) {
      const { hash } = block.ref
      const found = transfersFor(refund, block).find((one) => {
        return !used.has(`${hash}/${one.place}`) && mayPay(ledger, refund, block, one)
      })
      demand(found === undefined, 'replay-refund', () => `${id} is ${status}, ${hash} pays it`)
    }
  }
}

/** A branch from its tip down. */
function blocksOf(chain: SimulatedChain, tip: Hash): SimulatedBlock[] {
  const blocks: SimulatedBlock[] = []
  for (let block = chain.getBlock(tip); block !== undefined; ) {
    blocks.push(block)
    block = chain.getBlock(block.ref.parentHash)
  }
  return blocks
}

type RefundJob = { readonly job: 'refund' | 'end-refund'; readonly pick: number }

export async function decideRefund(
  world: World,
  process: SimulatedProcess,
  deps: Deps,
  { job, pick }: RefundJob,
  isAlone: boolean,
): Promise<string> {
  const random = createRandom(pick)
  if (job === 'refund') return askForRefund(world, process, deps, random, isAlone)
  const refund = pickRefund(world, random)
  if (refund === undefined) return 'no refund'
  const decision = {
    storeId: process.account.id,
    refundId: refund.id,
    actor: 'merchant',
    idempotency: null,
  }
  const kind = random.pick(['cancel', 'fail', 'report', 'report'] as const)
  if (kind === 'cancel') return `${refund.id} is ${(await cancelRefund(deps, decision)).status}`
  if (kind === 'fail') return `${refund.id} is ${(await failRefund(deps, decision)).status}`
  const nodesOf = (chainId: number) => world.nodes.get(chainId) ?? null
  const txHash = nextHash(world)
  const report = { ...decision, txHash, signal: NEVER }
  const { status } = await reportRefund({ ...deps, nodesOf }, report)
  if (random.chance(0.8)) broadcast(world, refund, txHash, STRANGER)
  return `${refund.id} is ${status}, by ${txHash}`
}

async function askForRefund(
  { ledger }: World,
  process: SimulatedProcess,
  deps: Deps,
  random: Random,
  isAlone: boolean,
): Promise<string> {
  const paid = [...ledger.payments.values()].filter(({ invoiceId }) => invoiceId !== null)
  const confirmed = paid.filter(({ position }) => position === 'confirmed')
  if (paid.length === 0) return 'nothing to refund'
  const some = random.chance(0.9) && confirmed.length > 0 ? confirmed : paid
  const { invoiceId, observation } = random.pick(some.slice(-5))
  const { asset, amountUnits } = observation
  const free = freeUnits(ledger, invoiceId ?? '', asset.id)
  const part = random.pick(['full', 'full', 'excess', 'some', 'some'] as const)
  const units = amountUnits / BigInt(random.between(1, 3)) || 1n
  const amount = part === 'some' ? { text: formatDecimal(units, asset.decimals) } : { part }
  const may = part === 'some' ? units <= free : free > 0n
  try {
    const refund = await requestRefund(deps, {
      storeId: process.account.id,
      invoiceId: invoiceId ?? '',
      assetId: asset.id,
      amount,
      destination: random.pick(SHOPPERS),
      reason: null,
      actor: 'merchant',
      idempotency: null,
    })
    demand(!isAlone || may, 'decision', () => `refund ${refund.id} was not refused`)
    return `${refund.id} of ${refund.amount_units}`
  } catch (error) {
    const isRefused = error instanceof GatewayError && error.code === 'not_acceptable_state'
    const wasRight = !may || part === 'excess'
    demand(!(isAlone && isRefused) || wasRight, 'decision', () => `${free} were not refunded`)
    throw error
  }
}

function pickRefund({ ledger }: World, random: Random): Refund | undefined {
  const all = [...ledger.refunds.values()]
  const waiting = all.filter(({ outgoing }) => outgoing === null)
  const some = random.chance(0.8) && waiting.length > 0 ? waiting : all
  return some.length === 0 ? undefined : random.pick(some.slice(-3))
}

/** The merchant pays a refund, perhaps twice or not quite; or a stranger sends just as much. */
export function payRefund(world: World, pick: number): void {
  const random = createRandom(pick)
  const refund = pickRefund(world, random)
  if (refund === undefined) return
  const isOdd = random.chance(0.1)
  const sent = isOdd ? { ...refund, amountUnits: refund.amountUnits + 1n } : refund
  const from = random.chance(0.1) ? STRANGER : OWN_SENDER
  for (let i = random.chance(0.1) ? 2 : 1; i > 0; i--) broadcast(world, sent, nextHash(world), from)
}

function broadcast(
  { chains, tell }: World,
  { asset, destination, amountUnits }: Refund,
  hash: Hash,
  from: Address,
): void {
  // Several huge payments together are more than one transfer can be.
  if (amountUnits >= 2n ** 256n) return
  tell(`  ${amountUnits} of ${asset.symbol} on ${asset.chainId} to ${destination} by ${from}`)
  const transaction = payTransaction(hash, asset, destination, amountUnits, from)
  chains.get(asset.chainId)?.broadcast(transaction)
}

function nextHash(world: World): Hash {
  world.transactions += 1
  return paddedHex((0x4ef0n << 64n) + BigInt(world.transactions), 64)
}
