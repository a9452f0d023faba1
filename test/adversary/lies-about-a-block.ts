/**
 * Every lie a node can tell about one block: leave out, repeat, move, change or invent a
 * transaction, a receipt or a log, at each place, clumsily (the numbers give it away) or with all
 * numbers, roots and blooms made to fit, so that only the hash of the header tells.
 */
import { type Address, type Hex, keccak256, numberToHex, pad, stringToHex } from 'viem'
import {
  computeBloom,
  computeReceiptsRoot,
  computeTransactionsRoot,
  hashHeader,
  type Json,
} from '../support/sealed-blocks/encode-block.ts'
import { OTHER_TOKEN, shopAddress, TOKEN } from '../support/sealed-blocks/every-kind.ts'
import { hex, transferLog } from '../support/sealed-blocks/seal-block.ts'

export type Told = { block: Json; receipts: Json[] }
/** Told when it is asked for: to make all of it fit costs more than to find it out. */
export type Lie = { readonly name: string; readonly tell: () => Told }

/** Receives the money of inventions: an address of ours, which nobody paid. */
const VICTIM = shopAddress(666)
const STRANGER: Address = '0x5757575757575757575757575757575757575757'
const FAKE_HASH = keccak256(stringToHex('no such transaction'))

/** How far the liar goes to make the rest fit. */
const COVERS = {
  /** Nothing else is touched. */
  bare: (_told: Told, _truth: Told): void => {},
  /** Counts and places fit, so the parts agree with each other; roots are those of the truth. */
  renumbered: renumber,
  /** The header's roots and bloom fit as well; its hash is still the one asked for. */
  resealed: (told: Told, truth: Told): void => {
    renumber(told)
    reseal(told, truth)
  },
  /** A field that only the proof needs is missing, or of a kind nobody knows: nothing can be proven. */
  'without a header field': (told: Told, _truth: Told): void => {
    renumber(told)
    delete told.block.stateRoot
  },
  'with an unknown header field': (told: Told, _truth: Told): void => {
    renumber(told)
    told.block.fieldOfTomorrow = pad('0x1', { size: 32 })
  },
  'with an unknown type': (told: Told, _truth: Told): void => {
    renumber(told)
    for (const part of [told.block.transactions.at(-1), told.receipts.at(-1)]) {
      if (part !== undefined) part.type = '0x55'
    }
  },
  /** The hash fits too: another block. */
  rehashed: (told: Told, truth: Told): void => {
    renumber(told)
    reseal(told, truth)
    rehash(told)
  },
} as const

/** All lies about this block, each told once. */
export function* lieAboutBlock(truth: Told): Generator<Lie> {
  for (const [name, change] of listChanges(truth)) {
    for (const [cover, apply] of Object.entries(COVERS)) {
      const tell = () => {
        const told = structuredClone(truth)
        change(told)
        apply(told, truth)
        return told
      }
      yield { name: `${name}, ${cover}`, tell }
    }
  }
  for (const name of Object.keys(truth.block)) {
    for (const value of [undefined, null, '0x0', pad('0xbad', { size: 32 }), '0x1', {}, []]) {
      const tell = () => ({ ...truth, block: { ...truth.block, [name]: value } })
      yield { name: `header says ${name} is ${JSON.stringify(value)}`, tell }
    }
  }
}

type Change = (told: Told) => void

function* listChanges(truth: Told): Generator<[name: string, change: Change]> {
  const count = truth.block.transactions.length
  for (let index = 0; index < count; index += 1) {
    yield* changesOfPlace(index, count)
    for (const [name, change] of changesOfTransaction(truth, index)) {
      yield [`transaction ${index}: ${name}`, change]
    }
    for (const [name, change] of changesOfReceipt(truth, index)) {
      yield [`receipt ${index}: ${name}`, change]
    }
    for (const at of truth.receipts[index]!.logs.keys()) {
      for (const [name, change] of changesOfLog(truth.receipts[index]!.logs[at])) {
        yield [
          `log ${at} of ${index}: ${name}`,
          ({ receipts }) => change(receipts[index]!.logs, at),
        ]
      }
    }
  }
  yield ['no transactions at all', (told) => Object.assign(told, empty(told))]
  yield [
    'all in reverse',
    ({ block, receipts }) => [block.transactions, receipts].map((l) => l.reverse()),
  ]
}

function empty({ block }: Told): Told {
  return { block: { ...block, transactions: [] }, receipts: [] }
}

function* changesOfPlace(index: number, count: number): Generator<[string, Change]> {
  const both = (change: (list: Json[]) => void): Change => {
    return ({ block, receipts }) => {
      change(block.transactions)
      change(receipts)
    }
  }
  const remove = (list: Json[]) => void list.splice(index, 1)
  const repeat = (list: Json[]) => void list.splice(index, 0, structuredClone(list[index]!))
  yield [`transaction ${index} left out`, ({ block }) => remove(block.transactions)]
  yield [`receipt ${index} left out`, ({ receipts }) => remove(receipts)]
  yield [`transaction and receipt ${index} left out`, both(remove)]
  yield [`transaction ${index} twice`, ({ block }) => repeat(block.transactions)]
  yield [`receipt ${index} twice`, ({ receipts }) => repeat(receipts)]
  yield [`transaction and receipt ${index} twice`, both(repeat)]
  yield [
    `transaction and receipt ${index} twice under another hash`,
    (told) => {
      both(repeat)(told)
      told.block.transactions[index].hash = FAKE_HASH
      told.receipts[index]!.transactionHash = FAKE_HASH
    },
  ]
  if (index + 1 < count) {
    const swap = (list: Json[]) => void list.splice(index, 2, list[index + 1]!, list[index]!)
    yield [
      `transactions ${index} and ${index + 1} swapped`,
      ({ block }) => swap(block.transactions),
    ]
    yield [`receipts ${index} and ${index + 1} swapped`, ({ receipts }) => swap(receipts)]
    yield [`transactions and receipts ${index} and ${index + 1} swapped`, both(swap)]
  }
  yield [
    `a coin payment invented at ${index}`,
    (told) => invent(told, index, { value: '0xde0b6b3a7640000' }),
  ]
  yield [
    `a token payment invented at ${index}`,
    (told) => {
      invent(told, index, { to: TOKEN })
      told.receipts[index]!.logs = [invented()]
    },
  ]
}

/** A payment copied from the one at `index`, with another recipient and a hash of its own. */
function invent(told: Told, index: number, fields: Json): void {
  const transaction = { ...structuredClone(told.block.transactions[index]), to: VICTIM, ...fields }
  const receipt: Json = { ...structuredClone(told.receipts[index]!), status: '0x1', logs: [] }
  transaction.hash = FAKE_HASH
  receipt.transactionHash = FAKE_HASH
  told.block.transactions.splice(index, 0, transaction)
  told.receipts.splice(index, 0, receipt)
}

function invented(): Json {
  return { ...transferLog(TOKEN, STRANGER, VICTIM, 10_000_000_000n), removed: false }
}

function* changesOfTransaction(truth: Told, index: number): Generator<[string, Change]> {
  const set = (fields: Json): Change => {
    return ({ block }) => Object.assign(block.transactions[index], fields)
  }
  const { to, from, value, hash } = truth.block.transactions[index]
  for (const other of [VICTIM, STRANGER, null, from]) yield [`to ${other}`, set({ to: other })]
  // The signature says who sent it, and the hash of the block says which signature.
  for (const other of [VICTIM, STRANGER, to]) yield [`from ${other}`, set({ from: other })]
  for (const units of ['0x0', '0x1', hex(BigInt(value) + 1n), numberToHex(2n ** 256n - 1n)]) {
    yield [`value ${units}`, set({ value: units })]
  }
  for (const type of ['0x0', '0x1', '0x2', '0x3', '0x4', '0x7e', '0x7f', undefined]) {
    yield [`type ${type}`, set({ type })]
  }
  for (const [name, text] of Object.entries(truth.block.transactions[index])) {
    if (typeof text === 'string' && name !== 'hash') {
      yield [`${name} with another digit`, set({ [name]: flipLastDigit(text) })]
    }
    yield [`no ${name}`, set({ [name]: undefined })]
  }
  yield [
    'another hash',
    (told) => {
      told.block.transactions[index].hash = FAKE_HASH
      told.receipts[index]!.transactionHash = FAKE_HASH
    },
  ]
  const shouted: Hex = `0x${hash.slice(2).toUpperCase()}`
  yield ['hash in capitals', set({ hash: shouted })]
}

function* changesOfReceipt(truth: Told, index: number): Generator<[string, Change]> {
  const set = (fields: Json): Change => {
    return ({ receipts }) => Object.assign(receipts[index]!, fields)
  }
  const { status, logs } = truth.receipts[index]!
  const other = status === '0x1' ? '0x0' : '0x1'
  yield ['the other status', set({ status: other })]
  yield ['the other status without logs', set({ status: other, logs: [] })]
  yield ['no logs', set({ logs: [] })]
  for (const [name, text] of Object.entries(truth.receipts[index]!)) {
    if (typeof text === 'string') {
      yield [`${name} with another digit`, set({ [name]: flipLastDigit(text) })]
    }
    yield [`no ${name}`, set({ [name]: undefined })]
  }
  for (let at = 0; at <= logs.length; at += 1) {
    yield [
      `a transfer invented at ${at}`,
      ({ receipts }) => void receipts[index]!.logs.splice(at, 0, invented()),
    ]
  }
  yield [
    'its logs under the next one',
    ({ receipts }) => {
      const next = receipts[(index + 1) % receipts.length]!
      next.logs = [...receipts[index]!.logs, ...next.logs]
      receipts[index]!.logs = []
    },
  ]
}

type LogChange = (logs: Json[], at: number) => void

function* changesOfLog(log: Json): Generator<[string, LogChange]> {
  const set = (fields: Json): LogChange => {
    return (logs, at) => void Object.assign(logs[at]!, fields)
  }
  yield ['left out', (logs, at) => void logs.splice(at, 1)]
  yield ['twice', (logs, at) => void logs.splice(at, 0, structuredClone(logs[at]!))]
  yield ['last', (logs, at) => void logs.push(...logs.splice(at, 1))]
  yield ['removed', set({ removed: true })]
  for (const address of [TOKEN, OTHER_TOKEN, STRANGER]) {
    yield [`of ${address}`, set({ address })]
  }
  const { topics, data } = log as { topics: Hex[]; data: Hex }
  for (const place of topics.keys()) {
    for (const topic of [pad(VICTIM), pad('0x0', { size: 32 }), flipLastDigit(topics[place]!)]) {
      yield [`topic ${place} ${topic}`, set({ topics: topics.with(place, topic as Hex) })]
    }
    yield [`no topic ${place}`, set({ topics: topics.toSpliced(place, 1) })]
  }
  yield ['a topic more', set({ topics: [...topics, pad(VICTIM)] })]
  for (let word = 2; word < data.length; word += 64) {
    const changed = flipLastDigit(data.slice(0, word + 64))
    yield [`another word at ${word}`, set({ data: changed + data.slice(word + 64) })]
  }
  yield ['no data', set({ data: '0x' })]
  yield ['data doubled', set({ data: data + data.slice(2) })]
  yield ['data a byte shorter', set({ data: data.length > 4 ? data.slice(0, -2) : '0x01' })]
  for (const name of [
    'logIndex',
    'transactionIndex',
    'transactionHash',
    'blockHash',
    'blockNumber',
  ]) {
    yield [`${name} with another digit`, set({ [name]: flipLastDigit(log[name]) })]
    yield [`no ${name}`, set({ [name]: undefined })]
  }
}

/** The nearest other value of the same form. */
function flipLastDigit(text: string): string {
  const last = text.at(-1) as string
  return `${text.slice(0, -1)}${last === '1' ? '2' : '1'}`
}

/** Makes every count and place fit what is told. */
function renumber({ block, receipts }: Told): void {
  let logCount = 0
  let cumulative = 0
  for (const [index, transaction] of block.transactions.entries()) {
    transaction.transactionIndex = hex(index)
    const receipt = receipts[index]
    if (receipt === undefined) continue
    cumulative += Number(receipt.gasUsed ?? 21_000)
    const place = {
      transactionIndex: hex(index),
      transactionHash: transaction.hash,
      blockHash: block.hash,
      blockNumber: block.number,
    }
    Object.assign(receipt, place, { cumulativeGasUsed: hex(cumulative) })
    receipt.logsBloom = quietly(() => computeBloom(receipt.logs)) ?? receipt.logsBloom
    for (const log of receipt.logs ?? []) {
      Object.assign(log, place, { logIndex: hex(logCount) })
      logCount += 1
    }
  }
}

/** Computes the commitments anew where what is told differs and has a consensus form at all. */
function reseal({ block, receipts }: Told, truth: Told): void {
  if (!isSame(block.transactions, truth.block.transactions)) {
    const root = quietly(() => computeTransactionsRoot(block.transactions))
    block.transactionsRoot = root ?? block.transactionsRoot
  }
  if (!isSame(receipts, truth.receipts)) {
    block.receiptsRoot = quietly(() => computeReceiptsRoot(receipts)) ?? block.receiptsRoot
    const logs = receipts.flatMap((receipt) => receipt.logs)
    block.logsBloom = quietly(() => computeBloom(logs)) ?? block.logsBloom
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function rehash({ block, receipts }: Told): void {
  block.hash = quietly(() => hashHeader(block)) ?? block.hash
  const place = { blockHash: block.hash }
  for (const part of [...block.transactions, ...receipts]) Object.assign(part, place)
  for (const receipt of receipts) for (const log of receipt.logs ?? []) Object.assign(log, place)
}

function quietly(compute: () => Hex): Hex | null {
  try {
    return compute()
  } catch {
    return null
  }
}
