import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import {
  API_KEY_BYTES,
  createApiKeyText,
  hashApiKey,
  isApiKeyText,
} from '../../src/core/store-account/api-key.ts'
import { assertScope, authenticate } from '../../src/operations/authenticate.ts'
import { createStore } from '../../src/operations/create-store.ts'
import { importApiKey } from '../../src/operations/import-api-key.ts'
import { listStores } from '../../src/operations/list-stores.ts'
import { revokeApiKey } from '../../src/operations/revoke-api-key.ts'
import type { StateDirectory } from '../../src/ports/state-directory.ts'

/** BIP-32 test vector 1, m/0'/1/2' : depth 3. */
const XPUB =
  'xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5'
const KEY = `qk_${'k'.repeat(40)}`

const pins = new Map<string, string>()
const state = { pin: (name: string, value: string) => void pins.set(name, value) } as StateDirectory
let deps: ReturnType<typeof createDeps>
beforeEach(() => {
  pins.clear()
  deps = createDeps()
})

function createDeps() {
  let random = 0
  return {
    store: createMemoryStore(),
    clock: { nowMs: () => 1_000, monotonicMs: () => 0 },
    ids: { randomBytes: (count: number) => new Uint8Array(count).fill(++random) },
    accounts: { ensure: async () => {} },
    state,
  }
}

const makeStore = () => createStore(deps, { name: 'Shop', xpub: XPUB, actor: 'cli' })

describe('create-store', () => {
  test('pins the account key, and shows only its fingerprint', async () => {
    const store = await makeStore()
    expect(pins.get(store.id)).toBe(store.xpub_fingerprint)
    expect(JSON.stringify(await listStores(deps))).not.toContain('xpub6')
  })

  test.each(['', 'xpub6', `0x${'1'.repeat(64)}`, 'test '.repeat(12), XPUB.replace('xpub', 'ypub')])(
    'refuses %j without repeating it',
    async (xpub) => {
      const made = (async () => createStore(deps, { name: 'Shop', xpub, actor: 'cli' }))()
      const error = await made.catch((reason: Error) => reason)
      expect(error).toMatchObject({ code: 'invalid_request' })
      if (xpub.length > 10) expect(String(error)).not.toContain(xpub)
      expect(await deps.store.listStores()).toEqual([])
    },
  )
})

describe('import-api-key', () => {
  test('is made once; a revoked one stays revoked', async () => {
    const { id: storeId } = await makeStore()
    const request = { storeId, key: KEY, actor: 'environment' }
    await importApiKey(deps, request)
    await importApiKey(deps, request)
    const keys = await deps.store.listApiKeys(storeId)
    expect(keys.length).toBe(1)
    const principal = await authenticate(deps, { keyHash: hashApiKey(KEY) })
    expect(principal.store.id).toBe(storeId)
    assertScope(principal, 'webhooks:manage')
    await revokeApiKey(deps, { storeId, apiKeyId: keys[0]?.id ?? '', actor: 'cli' })
    await importApiKey(deps, request)
    await expect(authenticate(deps, { keyHash: hashApiKey(KEY) })).rejects.toMatchObject({
      code: 'unauthorized',
    })
  })

  test('refuses what is too short to be a secret', async () => {
    const { id: storeId } = await makeStore()
    const made = importApiKey(deps, { storeId, key: 'qk_short', actor: 'environment' })
    await expect(made).rejects.toMatchObject({ code: 'invalid_configuration' })
  })
})

test('keys have 43 base62 digits, whatever the bytes', () => {
  for (const byte of [0, 1, 0x7f, 0xff]) {
    const text = createApiKeyText(new Uint8Array(API_KEY_BYTES).fill(byte))
    expect(text).toMatch(/^qk_[0-9A-Za-z]{43}$/)
    expect(isApiKeyText(text)).toBe(true)
  }
})
