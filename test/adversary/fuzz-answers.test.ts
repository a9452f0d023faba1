/**
 * Two thousand spoilt answers of each kind by default; others by
 * `FUZZ=50000 SEED=7 npx vitest run test/adversary/fuzz-answers.test.ts`.
 */
import process from 'node:process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealEveryKind, shopAddress } from '../support/sealed-blocks/every-kind.ts'
import type { SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import { fuzzNode } from './fuzz-node.ts'
import { type Liar, startLiar } from './liar.ts'
import { QUESTIONS } from './questions.ts'

const count = readCount('FUZZ', 2_000)
const seed = readCount('SEED', 20_261_122)
const TIME_PER_ANSWER_MS = 20
const TIME_FOR_THE_REST_MS = 20_000
const TIMEOUT_MS = count * TIME_PER_ANSWER_MS + TIME_FOR_THE_REST_MS

let truth: SealedBlock
let liar: Liar
beforeAll(async () => {
  const changes = [{ index: '0x1', value: '0xde0b6b3a7640000' }]
  truth = await sealEveryKind('amsterdam', {}, [
    { address: shopAddress(1), balanceChanges: changes },
    { address: shopAddress(2), storageReads: ['0x1'], balanceChanges: [] },
  ])
  liar = await startLiar(truth)
})
afterAll(() => liar.stop())

test(
  `${count} spoilt answers, seed ${seed}: no crash, no payment lost, invented or changed`,
  async () => {
    const plan = { count, seed, blockShare: 0.7 }
    const { failures, ...report } = await fuzzNode(truth, liar, plan)
    expect(failures).toEqual([])
    expect(report.spoilt).toBeGreaterThanOrEqual(count)
    expect(report.refused).toBeGreaterThan(count / 10)
    expect(report.harmless).toBeGreaterThan(0)
    process.stdout.write(`${JSON.stringify(report)}\n`)
  },
  TIMEOUT_MS,
)

test(
  `${count} spoilt answers to everything else that a node is asked: refused, or of their form`,
  async () => {
    const { failures, ...report } = await fuzzNode(truth, liar, { count, seed, blockShare: 0 })
    expect(failures).toEqual([])
    expect(report.spoilt).toBeGreaterThanOrEqual(count)
    expect(report.refused).toBeGreaterThan(count / 10)
    // Each of them was asked, and not always refused: else nothing of it was looked at.
    expect(Object.keys(report.answered).sort()).toEqual(Object.keys(QUESTIONS).sort())
    process.stdout.write(`${JSON.stringify(report)}\n`)
  },
  TIMEOUT_MS,
)

function readCount(name: string, standard: number): number {
  const text = process.env[name] ?? String(standard)
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new Error(`${name} must be a whole number above zero`)
  return Number.parseInt(text, 10)
}
