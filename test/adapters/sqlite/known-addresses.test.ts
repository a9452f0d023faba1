/** An address of ours is never taken for a stranger's, whoever wrote it and whenever. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import type { Address } from '../../../src/core/money/asset.ts'
import { sampleDepositAddress, sampleStore } from '../../support/fixtures.ts'

/** Several slices of loading. */
const MANY = 5_000
const TURNS_MAX = 1_000

let path: string
let ours: SqliteStore
/** The command line, beside the running gateway. */
let other: SqliteStore

beforeEach(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  path = join(directory, 'quittance.db')
  ours = openSqliteStore({ path })
  other = openSqliteStore({ path })
  await ours.commit({ stores: [sampleStore()] })
  return async () => {
    await ours.close()
    await other.close()
    rmSync(directory, { recursive: true })
  }
})

let nextIndex = 0
function makeAddresses(count: number): Address[] {
  return Array.from({ length: count }, () => `0x${randomBytes(20).toString('hex')}` as const)
}

async function write(store: SqliteStore, addresses: readonly Address[]): Promise<void> {
  const rows = addresses.map((address) => sampleDepositAddress(nextIndex++, { address }))
  expect(await store.commit({ addresses: rows })).toBe('committed')
}

function isStranger(address: Address): boolean {
  // As it stands in a node's answer, which may write it in either case.
  return ours.knownAddresses.isStranger(Buffer.from(`xx${address.slice(2).toUpperCase()}`), 2)
}

/** Turns of the event loop until strangers are told apart; those known must never be strangers. */
async function load(known: readonly Address[]): Promise<void> {
  const probe = makeAddresses(20)
  const some = [...known.slice(0, 50), ...known.slice(-50)]
  for (let turn = 0; turn < TURNS_MAX && !probe.some(isStranger); turn += 1) {
    expect(some.filter(isStranger)).toEqual([])
    await nextTurn()
  }
  expect(probe.some(isStranger)).toBe(true)
}

test('nobody is a stranger before it was asked to load', async () => {
  await write(ours, makeAddresses(1))
  await nextTurn()
  expect(makeAddresses(100).filter(isStranger)).toEqual([])
})

test('ours are known before, while and after loading; of others nearly all are strangers', async () => {
  const known = makeAddresses(MANY)
  await write(ours, known)
  ours.knownAddresses.load()
  const late = makeAddresses(10)
  await write(ours, late)
  known.push(...late)
  await load(known)
  const new_ = makeAddresses(10)
  await write(ours, new_)
  known.push(...new_)
  expect(known.filter(isStranger)).toEqual([])
  expect(makeAddresses(1_000).filter(isStranger).length).toBeGreaterThan(950)
  const found = await ours.findDepositAddresses([...makeAddresses(500), ...known, ...known])
  expect(new Set(found.map(({ address }) => address))).toEqual(new Set(known))
})

test('after another process wrote, all are looked up until everything was read again', async () => {
  const known = makeAddresses(MANY)
  await write(ours, known)
  ours.knownAddresses.load()
  await load(known)
  const theirs = makeAddresses(3)
  await write(other, theirs)
  await nextTurn()
  expect(makeAddresses(100).filter(isStranger)).toEqual([])
  expect(await ours.findDepositAddresses(theirs)).toHaveLength(3)
  await load([...known, ...theirs])
})

test('more addresses than there was room for stay known, and strangers are told apart again', async () => {
  ours.knownAddresses.load()
  await load([])
  const known = makeAddresses(2 ** 15 + 1)
  await write(ours, known)
  expect(known.filter(isStranger)).toEqual([])
  await load(known)
  expect(makeAddresses(1_000).filter(isStranger).length).toBeGreaterThan(950)
})

test('closing in the middle of loading ends it', async () => {
  await write(other, makeAddresses(MANY))
  ours.knownAddresses.load()
  await ours.close()
  await nextTurn()
  await nextTurn()
  expect(makeAddresses(10).filter(isStranger)).toEqual([])
})
