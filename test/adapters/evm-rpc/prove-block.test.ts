/** Blocks with true commitments (test/support/sealed-blocks), and one lie at a time. */
import { keccak256 } from 'viem'
import { describe, expect, test } from 'vitest'
import type { ReadingTerms } from '../../../src/adapters/evm-rpc/reading-desk.ts'
import type { JudgedBlock } from '../../../src/adapters/evm-rpc/verify-block.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { Address, Hash } from '../../../src/core/money/asset.ts'
import type { BlockProof } from '../../../src/core/proof/block-proof.ts'
import { recoverSenders } from '../../../src/core/proof/recover-senders.ts'
import { encodeTransaction, type Json } from '../../support/sealed-blocks/encode-block.ts'
import { sealEveryKind, TOKEN } from '../../support/sealed-blocks/every-kind.ts'
import { addressOfKey, FORKS, sealBlock } from '../../support/sealed-blocks/seal-block.ts'
import realBlocks from '../../vectors/blocks.json' with { type: 'json' }
import { createTerms, readAnswers } from './read-answers.ts'

type RealBlock = { source: string; block: Json; receipts?: Json[] }
type Answers = { block: Json; receipts: Json[] }

const ALL_MATCH: BlockProof = {
  headerHash: 'match',
  transactionsRoot: 'match',
  receiptsRoot: 'match',
  bloom: 'match',
}
const TERMS = createTerms([TOKEN])
const sealed = await sealEveryKind('prague')
const copy = (): Answers => structuredClone({ block: sealed.block, receipts: [...sealed.receipts] })

function prove({ block, receipts }: Answers, terms: ReadingTerms = TERMS): JudgedBlock {
  const ref = {
    number: Number(block.number),
    hash: block.hash as Hash,
    parentHash: block.parentHash as Hash,
    timestampS: Number(block.timestamp),
  }
  return readAnswers(ref, { block, receipts }, terms)
}

/** What a node adds to a block that was published as RLP alone; its receipts are not known. */
function complete(block: Json): Answers {
  const place = { blockHash: block.hash, blockNumber: block.number }
  const transactions = block.transactions.map((transaction: Json, index: number) => ({
    from: addressOfKey(1),
    hash: keccak256(encodeTransaction(transaction)),
    ...transaction,
    ...place,
    transactionIndex: `0x${index.toString(16)}`,
  }))
  const receipts = transactions.map(({ hash, transactionIndex }: Json) => {
    return { ...place, transactionHash: hash, transactionIndex, status: '0x1', logs: [] }
  })
  return { block: { ...block, transactions }, receipts }
}

describe('a true block is proven', () => {
  test.each(FORKS)('of %s, with every type of transaction', async (fork) => {
    const { block, receipts } = await sealEveryKind(fork)
    const judged = prove({ block, receipts: [...receipts] })
    expect(judged.proof).toEqual(ALL_MATCH)
    expect(judged.block.proofLevel).toBe(2)
    expect(judged.block.transactions).toHaveLength(block.transactions.length)
  })

  test.each(realBlocks as RealBlock[])('$source', ({ block, receipts }) => {
    const judged = prove(receipts === undefined ? complete(block) : { block, receipts })
    expect(judged.proof).toMatchObject({ headerHash: 'match', transactionsRoot: 'match' })
    // Where the chain's own senders are known, the signatures say the same.
    const senders = block.transactions.map(({ from }: Json) => from)
    if (!senders.includes(undefined)) {
      expect(recoverSenders(judged.block, () => true).transactions.map(({ from }) => from)).toEqual(
        senders,
      )
    }
    if (receipts === undefined) return
    expect(judged.proof).toEqual(ALL_MATCH)
    expect(judged.block.proofLevel).toBe(2)
  })

  test('of 300 transactions, whose keys in the trie are longer', async () => {
    const transactions = Array.from({ length: 300 }, (_, n) => ({
      to: addressOfKey(2),
      units: BigInt(n + 1),
    }))
    const common = { chainId: 1, number: 1, timestampS: 1, parentHash: sealed.hash }
    const { block, receipts } = await sealBlock({ ...common, transactions })
    expect(prove({ block, receipts: [...receipts] }).proof).toEqual(ALL_MATCH)
  })

  test('without transactions', async () => {
    const common = { chainId: 1, number: 1, timestampS: 1, parentHash: sealed.hash }
    const { block } = await sealBlock(common)
    const judged = prove({ block, receipts: [] })
    expect([judged.proof, judged.block.proofLevel]).toEqual([ALL_MATCH, 2])
  })

  test('whatever the case of its digits, the order of its fields and what stands beside them', () => {
    const { block, receipts } = copy()
    const upper = (text: string) => `0x${text.slice(2).toUpperCase()}`
    const turn = (fields: Json): Json => Object.fromEntries(Object.entries(fields).reverse())
    for (const receipt of receipts) {
      receipt.logsBloom = upper(receipt.logsBloom)
      receipt.logs = receipt.logs.map((log: Json) =>
        turn({ ...log, data: upper(log.data), new: 1 }),
      )
    }
    block.transactions = block.transactions.map((transaction: Json) =>
      turn({ ...transaction, input: upper(transaction.input), extra: { deep: [null, 1.5] } }),
    )
    const judged = prove({
      block: turn({ ...block, stateRoot: upper(block.stateRoot), balHash: null }),
      receipts: receipts.map(turn),
    })
    expect(judged.proof).toEqual(ALL_MATCH)
  })

  test('with v alone, as some nodes write typed signatures', () => {
    const answers = copy()
    for (const transaction of answers.block.transactions) delete transaction.yParity
    expect(prove(answers).proof).toEqual(ALL_MATCH)
  })
})

type Lie = [what: string, tell: (answers: Answers) => unknown, proof: keyof BlockProof]
const log = ({ receipts }: Answers, receipt: number, place: number): Json =>
  receipts[receipt]!.logs[place]

const LIES: Lie[] = [
  ['state root', ({ block }) => (block.stateRoot = sealed.hash), 'headerHash'],
  ['gas used', ({ block }) => (block.gasUsed = '0x1'), 'headerHash'],
  ['extra data', ({ block }) => (block.extraData = '0x00'), 'headerHash'],
  ['requests', ({ block }) => (block.requestsHash = null), 'headerHash'],
  ['a value', ({ block }) => (block.transactions[0].value = '0x1'), 'transactionsRoot'],
  ['a recipient', ({ block }) => (block.transactions[0].to = TOKEN), 'transactionsRoot'],
  ['a creation', ({ block }) => (block.transactions[1].to = null), 'transactionsRoot'],
  ['call data', ({ block }) => (block.transactions[2].input = '0x'), 'transactionsRoot'],
  ['a signature', ({ block }) => (block.transactions[2].r = '0x1'), 'transactionsRoot'],
  ['an access list', ({ block }) => (block.transactions[1].accessList = []), 'transactionsRoot'],
  ['a blob', ({ block }) => (block.transactions[4].blobVersionedHashes = []), 'transactionsRoot'],
  [
    'an authorization',
    ({ block }) => (block.transactions[6].authorizationList[0].nonce = '0x1'),
    'transactionsRoot',
  ],
  ['a deposit', ({ block }) => (block.transactions[9].mint = '0xd'), 'transactionsRoot'],
  [
    'a self-transfer in place of a payment',
    ({ block }) => (block.transactions[0].from = block.transactions[0].to),
    'transactionsRoot',
  ],
  [
    'the hash of a transaction, everywhere',
    ({ block, receipts }) => {
      block.transactions[0].hash = sealed.hash
      receipts[0]!.transactionHash = sealed.hash
    },
    'transactionsRoot',
  ],
  ['a failure as success', ({ receipts }) => (receipts[5]!.status = '0x1'), 'receiptsRoot'],
  ['success as failure', ({ receipts }) => (receipts[0]!.status = '0x0'), 'receiptsRoot'],
  ['gas of a receipt', ({ receipts }) => (receipts[0]!.cumulativeGasUsed = '0x1'), 'receiptsRoot'],
  ['the type of a receipt', ({ receipts }) => (receipts[2]!.type = '0x0'), 'receiptsRoot'],
  ['an amount', (answers) => (log(answers, 2, 0).data = sealed.hash), 'receiptsRoot'],
  ['a deposit nonce', ({ receipts }) => (receipts[9]!.depositNonce = '0x77'), 'receiptsRoot'],
  ['the recipient of a log', (answers) => (log(answers, 2, 0).topics[2] = sealed.hash), 'bloom'],
  ['the contract of a log', (answers) => (log(answers, 3, 1).address = TOKEN), 'receiptsRoot'],
  ['a log left out', ({ receipts }) => (receipts[4]!.logs = []), 'receiptsRoot'],
]

/** Log indexes that follow each other again, so that only the proof can tell. */
function renumber({ receipts }: Answers): void {
  let index = 0
  for (const receipt of receipts) {
    for (const each of receipt.logs) each.logIndex = `0x${(index++).toString(16)}`
  }
}

describe('a lie is disproven', () => {
  test.each(LIES)('%s', (_, tell, proof) => {
    const answers = copy()
    tell(answers)
    renumber(answers)
    const judged = prove(answers)
    expect(judged.proof[proof]).toBe('mismatch')
    expect(judged.reasons.get(proof)).toMatch(/./)
    expect(judged.block.proofLevel).toBe(0)
  })

  test('a transfer left out with its transaction and receipt', () => {
    const answers = copy()
    answers.block.transactions.pop()
    answers.receipts.pop()
    const { proof } = prove(answers)
    expect(proof).toEqual({
      headerHash: 'match',
      transactionsRoot: 'mismatch',
      receiptsRoot: 'mismatch',
      bloom: 'mismatch',
    })
  })

  test('a bloom of its own for a block with a log left out', () => {
    const answers = copy()
    const [left] = answers.receipts[4]!.logs.splice(0)
    expect(left).toBeDefined()
    renumber(answers)
    const { proof } = prove(answers)
    expect([proof.receiptsRoot, proof.bloom]).toEqual(['mismatch', 'mismatch'])
  })
})

test('one of our own as sender of value must have signed', () => {
  const own = addressOfKey(3)
  const answers = copy()
  answers.block.transactions[0].from = own
  expect(prove(answers).proof.transactionsRoot).toBe('match')
  const isOwnSender = (address: Address) => address === own
  const judged = prove(answers, createTerms([TOKEN], { isOwnSender }))
  expect(judged.proof.transactionsRoot).toBe('mismatch')
  expect(prove(copy(), createTerms([TOKEN], { isOwnSender })).proof).toEqual(ALL_MATCH)
})

describe('what cannot be computed is no lie, and no proof', () => {
  test.each<[string, (answers: Answers) => unknown, keyof BlockProof]>([
    [
      'an unknown field that the hash commits to',
      ({ block }) => {
        block.extraData = '0x01'
        block.novelRoot = sealed.hash
      },
      'headerHash',
    ],
    ['a header without mix hash', ({ block }) => delete block.mixHash, 'headerHash'],
    ['an unknown type', ({ block }) => (block.transactions[3].type = '0x6a'), 'transactionsRoot'],
    ['no signature', ({ block }) => delete block.transactions[3].r, 'transactionsRoot'],
    ['an odd nonce', ({ block }) => (block.transactions[3].nonce = 7), 'transactionsRoot'],
    ['an odd list', ({ block }) => (block.transactions[1].accessList = [7]), 'transactionsRoot'],
    ['a receipt of unknown type', ({ receipts }) => (receipts[3]!.type = '0x6a'), 'receiptsRoot'],
    ['a receipt without bloom', ({ receipts }) => delete receipts[3]!.logsBloom, 'receiptsRoot'],
    ['no receipts root', ({ block }) => delete block.receiptsRoot, 'receiptsRoot'],
    ['no bloom', ({ block }) => (block.logsBloom = '0x'), 'bloom'],
  ])('%s', (_, tell, proof) => {
    const answers = copy()
    tell(answers)
    const judged = prove(answers)
    expect(judged.proof[proof]).toBe('unprovable')
    expect(judged.block.proofLevel).toBe(0)
  })

  test('an unknown field that the hash does not commit to hurts nobody', () => {
    const answers = copy()
    answers.block.l1BlockNumber = '0x1'
    expect(prove(answers).proof.headerHash).toBe('match')
  })
})

describe('terms', () => {
  test('where the native coin is not taken, transactions are not proven and nothing is lost', () => {
    const judged = prove(copy(), createTerms([TOKEN], { native: false }))
    expect(judged.proof).toEqual({ ...ALL_MATCH, transactionsRoot: 'off' })
    expect(judged.block.proofLevel).toBe(2)
  })

  test('proofs that are off are not made', () => {
    const judged = prove(copy(), createTerms([TOKEN], { proofs: setAllProofs('off') }))
    expect(new Set(Object.values(judged.proof))).toEqual(new Set(['off']))
    expect(judged.block.proofLevel).toBe(0)
  })

  test('the bloom alone seals a block without value', async () => {
    const { block, receipts } = await sealEveryKind('prague')
    const proofs = { ...setAllProofs('on'), receiptsRoot: 'off' } as const
    const judge = (native: boolean) =>
      prove({ block, receipts: [...receipts] }, createTerms([TOKEN], { native, proofs })).block
    expect([judge(false).proofLevel, judge(true).proofLevel]).toEqual([2, 0])
  })

  test('excluded types stand outside the roots, and lower the level when they move something', () => {
    const excluded = (logs: Json[], value: string): Answers => {
      const answers = copy()
      const place = { blockHash: sealed.hash, blockNumber: answers.block.number }
      const hash = `0x${'5c'.repeat(32)}`
      const index = answers.receipts.length
      const where = { ...place, transactionIndex: `0x${index.toString(16)}` }
      const [from, to] = [addressOfKey(1), addressOfKey(2)] as Address[]
      answers.block.transactions.push({ ...where, hash, type: '0x7f', from, to, value })
      const placed = logs.map((each) => ({ ...each, ...where, transactionHash: hash }))
      answers.receipts.push({ ...where, transactionHash: hash, status: '0x1', logs: placed })
      renumber(answers)
      return answers
    }
    const terms = createTerms([TOKEN], { excludedTxTypes: [0x7f] })
    const watched = structuredClone(log(copy(), 2, 0))
    const [quiet, withLog, withValue] = [
      excluded([{ ...watched, address: addressOfKey(5) }], '0x0'),
      excluded([watched], '0x0'),
      excluded([], '0x1'),
    ].map((answers) => prove(answers, terms))
    expect(quiet!.proof).toEqual(ALL_MATCH)
    expect(quiet!.block.proofLevel).toBe(2)
    expect(withLog!.block.proofLevel).toBe(0)
    expect(withValue!.block.proofLevel).toBe(0)
    expect(prove(excluded([], '0x0')).proof.transactionsRoot).toBe('unprovable')
  })
})
