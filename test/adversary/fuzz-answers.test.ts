/**
 * Two thousand spoilt answers by default; others by
 * `FUZZ=50000 SEED=7 npx vitest run test/adversary/fuzz-answers.test.ts`.
 */
import process from 'node:process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealEveryKind } from '../support/sealed-blocks/every-kind.ts'
import type { SealedBlock } from '../support/sealed-blocks/seal-block.ts'
import { fuzzNode } from './fuzz-node.ts'
import { type Liar, startLiar } from './liar.ts'

const count = readCount('FUZZ', 2_000)
const seed = readCount('SEED', 20_261_122)
const TIME_PER_ANSWER_MS = 20
const TIME_FOR_THE_REST_MS = 20_000

let truth: SealedBlock
let liar: Liar
beforeAll(async () => {
  truth = await sealEveryKind('prague')
  liar = await startLiar(truth)
})
afterAll(() => liar.stop())

test(
  `${count} spoilt answers, seed ${seed}: no crash, no payment lost, invented or changed`,
  async () => {
    const { failures, ...report } = await fuzzNode(truth, liar, { count, seed })
    expect(failures).toEqual([])
    expect(report.spoilt).toBeGreaterThanOrEqual(count)
    expect(report.refused).toBeGreaterThan(count / 10)
    expect(report.harmless).toBeGreaterThan(0)
    process.stdout.write(`${JSON.stringify(report)}\n`)
  },
  count * TIME_PER_ANSWER_MS + TIME_FOR_THE_REST_MS,
)

function readCount(name: string, standard: number): number {
  const text = process.env[name] ?? String(standard)
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new Error(`${name} must be a whole number above zero`)
  return Number.parseInt(text, 10)
}
