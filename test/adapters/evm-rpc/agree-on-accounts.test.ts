/** Several nodes behind the tools that move money out. */
import { describe, expect, test } from 'vitest'
import { agreeOnAccounts } from '../../../src/adapters/evm-rpc/agree-on-accounts.ts'
import type { Address, Hash } from '../../../src/core/money/asset.ts'
import { type ChainFaultKind, ChainSourceError } from '../../../src/errors.ts'
import type { Receipt, SendResult, SweepChain } from '../../../src/ports/sweep-chain.ts'

const { signal } = new AbortController()
const ADDRESS: Address = `0x${'ad'.repeat(20)}`
const TOKEN: Address = `0x${'70'.repeat(20)}`
const HASH: Hash = `0x${'5a'.repeat(32)}`
const RECEIPT: Receipt = { blockNumber: 9, succeeded: true, gasUsed: 1n, transfers: [] }

type World = {
  head?: number
  units?: bigint | null
  native?: bigint
  fails?: ChainFaultKind
  receipt?: Receipt
  sends?: SendResult
}

function node({ head = 10, units = 5n, native = 7n, fails, receipt, sends }: World) {
  const calls: string[] = []
  const answer = async <Value>(name: string, value: Value): Promise<Value> => {
    calls.push(name)
    if (fails !== undefined) throw new ChainSourceError(fails, 'this node fails')
    return value
  }
  const fees = {
    maxFeePerGasUnits: 1n,
    maxPriorityFeePerGasUnits: 1n,
    extraPerTransactionUnits: 0n,
  }
  const chain: SweepChain = {
    chainId: 1,
    getHead: () => answer('getHead', { number: head, hash: HASH }),
    readAccounts: (addresses, _tokens, block) =>
      answer(
        `readAccounts ${block}`,
        addresses.map((address) => {
          return { address, nonce: 1, code: '0x', nativeUnits: native, tokenUnits: [units] }
        }),
      ),
    suggestFees: () => answer('suggestFees', fees),
    getReceipts: (hashes) =>
      answer(
        'getReceipts',
        hashes.map(() => receipt ?? null),
      ),
    send: () => answer('send', sends ?? { kind: 'sent' }),
    findTransferFault: () => answer('findTransferFault', null),
  }
  return { chain, calls }
}

function join(...worlds: World[]) {
  const nodes = worlds.map(node)
  const warnings: string[] = []
  const chain = agreeOnAccounts(
    nodes.map((one) => one.chain),
    (line) => warnings.push(line),
  )
  const read = async () => {
    const { number } = await chain.getHead(signal)
    const [state] = await chain.readAccounts([ADDRESS], [TOKEN], number, signal)
    return state
  }
  return { chain, nodes, warnings, read }
}

describe('what two nodes say of an address', () => {
  test('is read at the height that both have', async () => {
    const { read, nodes } = join({ head: 12 }, { head: 10 }, { head: 11 })
    expect(await read()).toMatchObject({ nativeUnits: 7n, tokenUnits: [5n] })
    expect(nodes.map(({ calls }) => calls.at(-1))).toEqual([
      'readAccounts 10',
      'readAccounts 10',
      'getHead',
    ])
  })

  test.each([
    ['a token', { units: 0n }],
    ['coins', { native: 0n }],
  ])('must be the same: %s hidden by one of them is no empty address', async (_name, liar) => {
    await expect(join({}, liar).read()).rejects.toMatchObject({ kind: 'providers_disagree' })
    await expect(join(liar, {}).read()).rejects.toMatchObject({ kind: 'providers_disagree' })
  })

  test('is not known where one of them cannot ask the token', async () => {
    expect(await join({}, { units: null }).read()).toMatchObject({ tokenUnits: [null] })
    expect(await join({ units: null }, {}).read()).toMatchObject({ tokenUnits: [null] })
  })
})

describe('a node that is away', () => {
  test('is made up for by the third, without a warning', async () => {
    const { read, warnings } = join({ fails: 'unreachable' }, {}, {})
    expect(await read()).toMatchObject({ nativeUnits: 7n })
    expect(warnings).toEqual([])
  })

  test('leaves one that is believed, with one warning, and is not waited for again', async () => {
    const { read, warnings, nodes } = join({ fails: 'unreachable' }, {})
    await read()
    await read()
    expect(warnings).toEqual(['One of 2 nodes of chain 1 answers: its word is believed.'])
    expect(nodes[0]?.calls).toEqual(['getHead'])
  })

  test('is an error when all are, and when one is on another chain', async () => {
    const allAway = join({ fails: 'unreachable' }, { fails: 'capacity' })
    await expect(allAway.read()).rejects.toMatchObject({ kind: 'unreachable' })
    await expect(join({}, { fails: 'wrong_chain' }).read()).rejects.toMatchObject({
      kind: 'wrong_chain',
    })
  })
})

describe('what was signed', () => {
  const refused: SendResult = { kind: 'refused', reason: 'too poor' }
  test.each<[SendResult['kind'], World[]]>([
    ['sent', [{ sends: refused }, { sends: { kind: 'sent' } }]],
    ['known', [{ sends: { kind: 'known' } }, { fails: 'unreachable' }]],
    ['nonce_used', [{ sends: refused }, { sends: { kind: 'nonce_used' } }]],
    ['refused', [{ sends: refused }, { fails: 'unreachable' }]],
  ])('goes to all of them, and is %s', async (kind, worlds) => {
    const { chain, nodes } = join(...worlds)
    expect(await chain.send('0x', signal)).toMatchObject({ kind })
    expect(nodes.map(({ calls }) => calls)).toEqual([['send'], ['send']])
  })

  test('has its receipt from whichever has it', async () => {
    const { chain } = join({}, { fails: 'unreachable' }, { receipt: RECEIPT })
    expect(await chain.getReceipts([HASH], signal)).toEqual([RECEIPT])
  })
})

test('one node is itself', () => {
  const { chain } = node({})
  expect(agreeOnAccounts([chain], () => {})).toBe(chain)
})
