import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openPayoutJournal } from '../../../src/adapters/system/payout-journal.ts'
import type { JournaledPayout } from '../../../src/core/payout/payout-plan.ts'

const key = { chainId: 8453, payer: `0x${'9a'.repeat(20)}` } as const
const entry: JournaledPayout = {
  reference: 'refund "1"',
  assetId: 'eip155:8453/slip44:60',
  to: `0x${'c1'.repeat(20)}`,
  units: 10n ** 30n,
  nonce: 3,
  failed: false,
}

const open = () => {
  const folder = mkdtempSync(join(tmpdir(), 'quittance-journal-'))
  return { folder, journal: openPayoutJournal(folder) }
}

describe('the payout journal', () => {
  test('gives back what was written, also to the next process; each payer and chain by itself', () => {
    const { folder, journal } = open()
    expect(journal.read(key)).toEqual([])
    journal.write(key, [entry, { ...entry, reference: 'two', nonce: 4, failed: true }])
    const again = openPayoutJournal(folder)
    expect(again.read(key)).toEqual([entry, { ...entry, reference: 'two', nonce: 4, failed: true }])
    expect(again.read({ ...key, chainId: 1 })).toEqual([])
    const [file] = readdirSync(join(folder, 'payouts'))
    expect(file).toBe(`8453-${key.payer}.json`)
    expect(statSync(join(folder, 'payouts', file!)).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['cut short', (text: string) => text.slice(0, -20)],
    ['of another payer', (text: string) => text.replace(/9a9a/, '9b9b')],
    [
      'with an amount that is none',
      (text: string) => text.replace(/"units":"\d+"/, '"units":"1.5"'),
    ],
  ])('a file that is %s is never taken for an empty one', (_name, damage) => {
    const { folder, journal } = open()
    journal.write(key, [entry])
    const path = join(folder, 'payouts', `8453-${key.payer}.json`)
    writeFileSync(path, damage(readFileSync(path, 'utf8')))
    expect(() => journal.read(key)).toThrow(/payouts\/8453-0x9a.* is damaged/)
  })
})
