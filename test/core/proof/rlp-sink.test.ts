import fc from 'fast-check'
import { bytesToHex, type Hex, numberToHex, toRlp } from 'viem'
import { describe, expect, test } from 'vitest'
import {
  beginList,
  createRlpSink,
  endList,
  headerLength,
  type RlpSink,
  writeBytes,
  writeListHeader,
  writeQuantity,
} from '../../../src/core/proof/rlp-sink.ts'

const digitsOf = (hex: string) => new TextEncoder().encode(hex.slice(2))
const written = ({ bytes, end }: RlpSink) => bytesToHex(bytes.subarray(0, end))

function writeAll(write: (sink: RlpSink) => void): Hex {
  const sink = createRlpSink(1)
  write(sink)
  return written(sink)
}

const bytesOf = (hex: Hex) => writeAll((sink) => writeBytes(sink, digitsOf(hex), 0, hex.length - 2))
const quantityOf = (hex: Hex) =>
  writeAll((sink) => writeQuantity(sink, digitsOf(hex), 0, hex.length - 2))

describe('strings', () => {
  test.each([0, 1, 2, 31, 32, 54, 55, 56, 57, 255, 256, 257, 65_535, 65_536, 70_000])(
    'of %i bytes',
    (length) => {
      const hex = bytesToHex(new Uint8Array(length).fill(0xab))
      expect(bytesOf(hex)).toBe(toRlp(hex))
    },
  )

  test.each<Hex>(['0x00', '0x01', '0x7f', '0x80', '0xff', '0xFF'])('of the one byte %s', (hex) => {
    expect(bytesOf(hex)).toBe(toRlp(hex.toLowerCase() as Hex))
  })
})

describe('numbers', () => {
  test.each(['0x0', '0x00', '0x', '0x000'] as Hex[])('%s is nothing', (hex) => {
    expect(quantityOf(hex)).toBe('0x80')
  })

  test('without leading zeros, whatever the node writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }), fc.nat(3), (value, zeros) => {
        const hex = `0x${'0'.repeat(zeros)}${value.toString(16)}` as Hex
        const size = Math.ceil(value.toString(16).length / 2)
        expect(quantityOf(hex)).toBe(toRlp(numberToHex(value, { size })))
      }),
    )
  })
})

describe('lists', () => {
  test.each([0, 1, 54, 55, 56, 255, 256, 257, 66_000])('with %i bytes of content', (length) => {
    const items = Array.from({ length }, () => '0x01' as Hex)
    const nested = writeAll((sink) => {
      const outer = beginList(sink)
      const inner = beginList(sink)
      for (const item of items) writeBytes(sink, digitsOf(item), 0, 2)
      endList(sink, inner)
      writeBytes(sink, digitsOf('0x1234'), 0, 4)
      endList(sink, outer)
    })
    expect(nested).toBe(toRlp([items, '0x1234']))
    const header = writeAll((sink) => writeListHeader(sink, length))
    expect(header).toBe(toRlp(items).slice(0, header.length))
    expect(headerLength(length)).toBe(header.length / 2 - 1)
  })
})
