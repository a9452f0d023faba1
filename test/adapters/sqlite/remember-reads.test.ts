import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import {
  SAMPLE_CHAIN_ID,
  sampleApiKey,
  sampleBlocks,
  sampleEndpoint,
  sampleStore,
} from '../../support/fixtures.ts'

let ours: SqliteStore
/** The command line, beside the running gateway. */
let other: SqliteStore

beforeEach(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  const path = join(directory, 'quittance.db')
  ours = openSqliteStore({ path })
  other = openSqliteStore({ path })
  await ours.commit({ stores: [sampleStore()], apiKeys: [sampleApiKey(1)] })
  return async () => {
    await ours.close()
    await other.close()
    rmSync(directory, { recursive: true })
  }
})

const key = sampleApiKey(1)
const revoked = { ...key, revokedAtMs: 5, revision: 2 }

describe('what is remembered is never older than the turn of the event loop', () => {
  test('after a write of another process', async () => {
    expect(await ours.findApiKeyByHash(key.hash)).toEqual(key)
    expect(await other.commit({ apiKeys: [revoked] })).toBe('committed')
    await nextTurn()
    expect(await ours.findApiKeyByHash(key.hash)).toEqual(revoked)
  })

  test('after a write of our own, at once', async () => {
    const second = sampleStore({ id: 'st_2', xpub: 'xpub2', fingerprint: 'ff'.repeat(16) })
    expect(await ours.listStores()).toHaveLength(1)
    expect(await ours.listEndpoints([sampleStore().id])).toEqual([])
    expect(await ours.loadChain(SAMPLE_CHAIN_ID, 1)).toBeNull()
    expect(await ours.findApiKeyByHash(key.hash)).toEqual(key)
    const connected = sampleBlocks(1, 2)
    await ours.commit({
      stores: [second],
      apiKeys: [revoked],
      endpoints: [sampleEndpoint(1)],
      chain: {
        chainId: SAMPLE_CHAIN_ID,
        expectedTip: null,
        disconnected: [],
        connected,
        pruneBelow: 0,
        haltReason: null,
      },
    })
    expect(await ours.listStores()).toHaveLength(2)
    expect(await ours.listEndpoints([sampleStore().id])).toHaveLength(1)
    expect((await ours.loadChain(SAMPLE_CHAIN_ID, 1))?.chain.blocks).toEqual([connected[1]])
    expect(await ours.findApiKeyByHash(key.hash)).toEqual(revoked)
  })

  test('and one question is not answered with the answer to another', async () => {
    await ours.commit({ apiKeys: [sampleApiKey(2)] })
    expect((await ours.findApiKeyByHash(sampleApiKey(2).hash))?.id).toBe(sampleApiKey(2).id)
    expect((await ours.findApiKeyByHash(key.hash))?.id).toBe(key.id)
    expect(await ours.findApiKeyByHash('0'.repeat(64))).toBeNull()
  })
})

test('claiming leaves the connection as durable as it was', async () => {
  const claim = { nowMs: 1, leaseUntilMs: 2, limit: 1, perEndpoint: 1, perStore: 1 }
  await ours.claimDeliveries(claim)
  expect(ours.describe().synchronous).toBe(2)
})
