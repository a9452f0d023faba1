import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/sqlite-store.ts'
import { describeStore } from './store-suite.ts'

let directory: string
let opened = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quittance-stores-'))
})
afterAll(() => rm(directory, { recursive: true }))

describeStore('memory', async () => createMemoryStore())

describeStore('sqlite', async () => {
  opened += 1
  return openSqliteStore({ path: join(directory, `${opened}.db`) })
})
