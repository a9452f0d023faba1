import { expect, test } from 'vitest'
import { readOnce } from '../../src/operations/read-once.ts'
import { sampleBlock } from '../support/fixtures.ts'

const { signal } = new AbortController()

test('fifty addresses of one block cost one read', async () => {
  let reads = 0
  const read = readOnce(async ({ number }) => {
    reads += 1
    return number
  })
  for (let i = 0; i < 50; i++) expect(await read(sampleBlock(7), signal)).toBe(7)
  expect(reads).toBe(1)
})

test('what failed, or was long ago, is read again', async () => {
  const asked: number[] = []
  const read = readOnce(async ({ number }) => {
    asked.push(number)
    if (asked.length === 1) throw new Error('gone')
    return number
  })
  await expect(read(sampleBlock(1), signal)).rejects.toThrow('gone')
  for (const number of [1, 2, 3, 4, 5, 5, 1]) await read(sampleBlock(number), signal)
  expect(asked).toEqual([1, 1, 2, 3, 4, 5, 1])
})
