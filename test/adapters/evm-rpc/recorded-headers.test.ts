/** Headers as chains made them and nodes show them: each has the hash that the chain gave it. */
import { describe, expect, test } from 'vitest'
import { createCursor } from '../../../src/adapters/evm-rpc/json-cursor.ts'
import { readHeaderJson } from '../../../src/adapters/evm-rpc/read-block-json.ts'
import { createDesk } from '../../../src/adapters/evm-rpc/reading-desk.ts'
import type { Hash } from '../../../src/core/money/asset.ts'
import { BESIDE_HEADER } from '../../../src/core/proof/write-header.ts'
import type { Json } from '../../support/sealed-blocks/encode-block.ts'
import recordedHeaders from '../../vectors/headers.json' with { type: 'json' }
import { createTerms, METHOD } from './read-answers.ts'

const RECORDED: readonly { source: string; chainId: number; header: Json }[] = recordedHeaders
/** Whoever changes these is refused before any hash is computed. */
const CLAIMED = ['number', 'parentHash', 'timestamp']

const desk = createDesk()
const terms = createTerms([])

/** `shown` as a node's answer about the block that `header` is of. */
function isDisproven(header: Json, shown: Json): boolean {
  const ref = {
    number: Number(header.number),
    hash: header.hash as Hash,
    parentHash: header.parentHash as Hash,
    timestampS: Number(header.timestamp),
  }
  const text = JSON.stringify({ ...shown, transactions: [] })
  return (
    readHeaderJson(createCursor(Buffer.from(text), METHOD), ref, terms, desk).proof === 'mismatch'
  )
}

/** Another value of the same form. */
function spoil(text: string): string {
  return text === '0x' ? '0x01' : `${text.slice(0, -1)}${text.endsWith('1') ? '2' : '1'}`
}

test.each(RECORDED)('$source', ({ header }) => {
  expect(isDisproven(header, header)).toBe(false)
  const committed = Object.keys(header).filter((name) => {
    return header[name] !== null && ![...CLAIMED, ...BESIDE_HEADER].includes(name)
  })
  expect(committed.length).toBeGreaterThanOrEqual(12)
  for (const name of committed) {
    const shown = { ...header, [name]: spoil(header[name]) }
    expect([name, isDisproven(header, shown)]).toEqual([name, true])
  }
})

describe('what is not a header of its chain', () => {
  const [base, avalanche] = [8_453, 43_114].map(
    (id) => RECORDED.findLast(({ chainId }) => chainId === id)!.header,
  ) as [Json, Json]

  test('with a field of another chain: neither proven nor disproven', () => {
    expect(isDisproven(base, { ...base, stateRoot: base.parentHash, blockGasCost: '0x0' })).toBe(
      false,
    )
    const spoilt = { ...avalanche, stateRoot: avalanche.parentHash }
    expect(isDisproven(avalanche, { ...spoilt, requestsHash: base.requestsHash })).toBe(false)
  })

  test("a field of Avalanche's order does not make another header pass", () => {
    expect(isDisproven(base, { ...base, extDataHash: base.mixHash })).toBe(false)
    const renamed = { ...avalanche, withdrawalsRoot: avalanche.extDataHash, extDataHash: null }
    expect(isDisproven(avalanche, renamed)).toBe(false)
    const without = { ...avalanche, extDataHash: null, extDataGasUsed: null, blockGasCost: null }
    expect(isDisproven(avalanche, without)).toBe(true)
  })

  test('names that nodes put beside the header cost no proof, unknown ones do', () => {
    const spoilt = { ...base, stateRoot: base.parentHash }
    expect(isDisproven(base, { ...spoilt, milliTimestamp: '0x1' })).toBe(true)
    expect(isDisproven(base, { ...spoilt, somethingNew: '0x1' })).toBe(false)
  })
})

test('a field of the header that stands twice is refused, whatever its place', () => {
  const { header } = RECORDED.findLast(({ chainId }) => chainId === 43_114)!
  const text = JSON.stringify({ ...header, transactions: [] })
  const ref = {
    number: Number(header.number),
    hash: header.hash as Hash,
    parentHash: header.parentHash as Hash,
    timestampS: Number(header.timestamp),
  }
  for (const name of ['hash', 'transactions', 'parentHash', 'blockGasCost']) {
    const twice = `${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(header[name] ?? [])}}`
    const read = () => readHeaderJson(createCursor(Buffer.from(twice), METHOD), ref, terms, desk)
    expect(read).toThrow('once only')
  }
})
