/** The reader of bytes believes what the reference believes, and nothing else. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { Address, Hash } from '../../../src/core/money/asset.ts'
import { ChainSourceError } from '../../../src/errors.ts'
import type { Json } from '../../support/sealed-blocks/encode-block.ts'
import { sealEveryKind } from '../../support/sealed-blocks/every-kind.ts'
import {
  addressOfKey,
  type LogDescription,
  sealBlock,
} from '../../support/sealed-blocks/seal-block.ts'
import { createTerms, readAnswers } from './read-answers.ts'
import { readByReference } from './reference-reader.ts'

const sealed = await sealEveryKind('prague')

function refOf(block: Json) {
  return {
    number: Number(block.number),
    hash: block.hash as Hash,
    parentHash: block.parentHash as Hash,
    timestampS: Number(block.timestamp),
  }
}

/** The same from both, or a refusal by both. */
function compare(
  ref: ReturnType<typeof refOf>,
  block: string,
  receipts: string,
  watched: Address[],
) {
  const terms = createTerms(watched, { proofs: setAllProofs('off') })
  let reference: ReturnType<typeof readByReference> | null = null
  try {
    reference = readByReference(ref, block, receipts)
  } catch {
    expect(() => readAnswers(ref, { block, receipts }, terms)).toThrow(ChainSourceError)
    return false
  }
  const { transactions, logs } = readAnswers(ref, { block, receipts }, terms).block
  expect(transactions).toEqual(reference.transactions)
  expect(logs).toEqual(reference.logs.filter(({ address }) => watched.includes(address)))
  return true
}

type Place = { readonly holder: Json; readonly name: string }

/** Every place of a document that a change can be made at. */
function listPlaces(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Json
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...listPlaces(holder[name])])
}

const ODD = [
  null,
  true,
  7,
  '',
  '0x',
  '0x0',
  '0x1',
  '0x01',
  '0X1',
  '0xg',
  [],
  {},
  '0xAB',
  `0x${'1'.repeat(64)}`,
  `0x${'1'.repeat(40)}`,
  `0x${'f'.repeat(65)}`,
]

const change = fc.record({
  inReceipts: fc.boolean(),
  at: fc.nat(100_000),
  how: fc.constantFrom('remove', 'odd', 'upper', 'copy', 'cut'),
  odd: fc.constantFrom<unknown>(...ODD),
})

test('answers of which one part or two were changed', () => {
  const watched = [
    ...new Set(sealed.receipts.flatMap(({ logs }) => logs.map((l: Json) => l.address))),
  ]
  const ref = refOf(sealed.block)
  let believed = 0
  const check = fc.property(fc.array(change, { minLength: 0, maxLength: 2 }), (changes) => {
    const answers = structuredClone({ block: sealed.block, receipts: [...sealed.receipts] })
    for (const { inReceipts, at, how, odd } of changes) {
      const places = listPlaces(inReceipts ? answers.receipts : answers.block)
      const { holder, name } = places[at % places.length]!
      const value: unknown = holder[name]
      if (how === 'remove') delete holder[name]
      else if (how === 'odd') holder[name] = odd
      else if (how === 'copy') holder[name] = places[(at * 7) % places.length]!.holder[name] ?? odd
      else if (typeof value === 'string') {
        holder[name] = how === 'upper' ? `0x${value.slice(2).toUpperCase()}` : value.slice(0, -1)
      }
    }
    const [block, receipts] = [answers.block, answers.receipts].map((one) =>
      // A hole in a list is no JSON.
      JSON.stringify(one, (_, value) => (Array.isArray(value) ? value.flat(0) : value)),
    ) as [string, string]
    if (compare(ref, block, receipts, watched as Address[])) believed += 1
  })
  fc.assert(check, { numRuns: 1_500 })
  expect(believed).toBeGreaterThan(300)
})

test('answers of which some bytes were changed', () => {
  const texts = [sealed.block, sealed.receipts].map((part) => JSON.stringify(part)) as [
    string,
    string,
  ]
  const ref = refOf(sealed.block)
  const bytes = fc.record({
    which: fc.constantFrom(0, 1),
    at: fc.nat(1_000_000),
    to: fc.constantFrom('', '0', 'f', 'A', '"', ',', ' ', '}', ']', 'x', '\n'),
  })
  fc.assert(
    fc.property(bytes, ({ which, at, to }) => {
      const changed = [...texts] as [string, string]
      const text = changed[which]!
      const place = at % text.length
      changed[which] = text.slice(0, place) + to + text.slice(place + 1)
      compare(ref, ...changed, [])
    }),
    { numRuns: 1_500 },
  )
})

test('blocks by chance', async () => {
  const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const
  const log = fc.record({
    address: fc.constantFrom<Address>(addressOfKey(1), addressOfKey(2)),
    topics: fc.array(fc.nat(9).map(word), { maxLength: 4 }),
    data: fc
      .uint8Array({ maxLength: 80 })
      .map((b) => `0x${Buffer.from(b).toString('hex')}` as const),
  })
  const transaction = fc.record({
    type: fc.constantFrom<0 | 1 | 2 | 3 | 4>(0, 1, 2, 3, 4),
    to: fc.constantFrom<Address>(addressOfKey(3), addressOfKey(4)),
    units: fc.bigInt({ min: 0n, max: 2n ** 70n }),
    input: fc
      .uint8Array({ maxLength: 90 })
      .map((b) => `0x${Buffer.from(b).toString('hex')}` as const),
    logs: fc.array(log, { maxLength: 4 }) as fc.Arbitrary<LogDescription[]>,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { maxLength: 20 }), async (transactions) => {
      const common = { chainId: 1, number: 7, timestampS: 9, parentHash: sealed.hash }
      const { block, receipts } = await sealBlock({ ...common, transactions })
      const texts = [JSON.stringify(block), JSON.stringify(receipts)] as const
      expect(compare(refOf(block), ...texts, [addressOfKey(1)])).toBe(true)
      const judged = readAnswers(refOf(block), { block, receipts }, createTerms([]))
      expect([judged.block.proofLevel, ...Object.values(judged.proof)]).toEqual([
        2,
        ...Array(4).fill('match'),
      ])
    }),
    { numRuns: 25 },
  )
})
