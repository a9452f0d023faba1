import { expect, test } from 'vitest'
import { PAYMENT_CELLS, renderCell } from '../../../src/core/payment/payment-table.ts'

test.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', `"'\r=1"`],
  ['a=1', 'a=1'],
  ['=1,"2"', `"'=1,""2"""`],
  ['two\nlines', '"two\nlines"'],
  ['a,b', '"a,b"'],
  ['0', '0'],
  [0, '0'],
  [false, 'false'],
  [null, ''],
])('AU-17 the cell of %j is %j', (value, cell) => {
  expect(renderCell(value)).toBe(cell)
})

test('every cell has a name of its own', () => {
  expect(new Set(PAYMENT_CELLS).size).toBe(PAYMENT_CELLS.length)
})
