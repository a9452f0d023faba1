/** Lists of payouts, as people and programs write them. */
import { describe, expect, test } from 'vitest'
import { parseCsv } from '../../../src/core/payout/parse-csv.ts'
import { readPayoutList } from '../../../src/core/payout/payout-list.ts'

const TOKEN = 'eip155:8453/erc20:0x833589fcd6edb6e08f4c7c32d4f71b54bda02913'
const COIN = 'eip155:1/slip44:60'
const TO = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const HEADER = 'asset,to,amount,reference'

describe('a list of payouts', () => {
  test('is CSV with a header, in any order of columns, with quotes where they are needed', () => {
    const text = [
      '\ufeffreference,amount,to,asset,chain\r',
      `"refund, order ""7""",12.50,${TO},${TOKEN},8453\r`,
      '\r',
      `plain,1,${TO.toLowerCase()},${COIN},eip155:1`,
      '',
    ].join('\n')
    expect(readPayoutList(text)).toEqual({
      ok: true,
      value: [
        {
          place: 'line 2',
          reference: 'refund, order "7"',
          chainId: 8453,
          assetId: TOKEN,
          to: TO.toLowerCase(),
          amount: '12.50',
        },
        {
          place: 'line 4',
          reference: 'plain',
          chainId: 1,
          assetId: COIN,
          to: TO.toLowerCase(),
          amount: '1',
        },
      ],
    })
  })

  test('is JSON: an array, or an object that has one', () => {
    const payouts = [{ asset: TOKEN, to: TO, amount: '1', reference: 'r' }]
    const read = readPayoutList(JSON.stringify(payouts))
    expect(read).toMatchObject({ ok: true, value: [{ place: 'payouts[0]', chainId: 8453 }] })
    expect(readPayoutList(JSON.stringify({ payouts }))).toEqual(read)
  })

  const row = (changes: object) => {
    const fields = { asset: TOKEN, to: TO, amount: '1', reference: 'r', ...changes }
    return JSON.stringify([fields])
  }
  test.each([
    ['payouts[0], to', 'wrong checksum', row({ to: TO.replace('aAeb', 'aaeb') })],
    ['payouts[0], to', 'is not an address', row({ to: 'vitalik.eth' })],
    ['payouts[0], to', 'is the zero address', row({ to: `0x${'0'.repeat(40)}` })],
    ['payouts[0], asset', 'is not an asset id', row({ asset: 'USDC' })],
    ['payouts[0], amount', 'is zero', row({ amount: '0.00' })],
    ['payouts[0], amount', 'form', row({ amount: '-1' })],
    ['payouts[0], amount', 'form', row({ amount: '1e3' })],
    ['payouts[0], amount', 'form', row({ amount: 1 })],
    ['payouts[0], reference', 'form', row({ reference: 'two\nlines' })],
    ['payouts[0], reference', 'form', row({ reference: '\u001b[2J' })],
    ['payouts[0], chain', 'is not the chain of the asset', row({ chain: 1 })],
    ['payouts[0]', 'none of chain, asset', row({ memo: 'x' })],
    [
      'payouts[0]',
      'misses the field amount',
      JSON.stringify([{ asset: TOKEN, to: TO, reference: 'r' }]),
    ],
    ['line 3, reference', 'twice', `${HEADER}\n${TOKEN},${TO},1,r\n${TOKEN},${TO},2,r`],
    ['line 2', 'has 3 cells', `${HEADER}\n${TOKEN},${TO},1`],
    ['line 2', 'is not CSV', `${HEADER}\n${TOKEN},${TO},1,"open`],
    ['line 1', 'names a field twice', `${HEADER},to\n${TOKEN},${TO},1,r,${TO}`],
    ['the list', 'has no payouts', HEADER],
    ['line 1', 'misses the field asset', ''],
    ['the list', 'is not JSON', '[{'],
  ])('is refused by place and field: %s %s', (field, detail, text) => {
    const read = readPayoutList(text)
    expect(read).toMatchObject({ ok: false, field })
    expect(read.ok ? '' : read.detail).toContain(detail)
  })

  test('holds at most 1,000 payouts', () => {
    const rows = Array.from({ length: 1_001 }, (_, i) => `${TOKEN},${TO},1,r${i}`)
    expect(readPayoutList([HEADER, ...rows].join('\n'))).toMatchObject({
      ok: false,
      field: 'the list',
    })
    expect(readPayoutList([HEADER, ...rows.slice(1)].join('\n'))).toMatchObject({ ok: true })
  })
})

test('a record of CSV begins on its own line, also after a cell of several', () => {
  expect(parseCsv('a,"b\nc"\nd,e')).toEqual([
    { line: 1, cells: ['a', 'b\nc'] },
    { line: 3, cells: ['d', 'e'] },
  ])
})
