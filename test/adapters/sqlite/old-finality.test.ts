/** Rows of the first schema, where a depth was a bare count. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIGRATIONS } from '../../../src/adapters/sqlite/migrations.ts'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { OBSERVATION_COLUMNS, observationToRow } from '../../../src/adapters/sqlite/payment-rows.ts'
import { openSqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import { cacheStatements, insertInto } from '../../../src/adapters/sqlite/statements.ts'
import { depthRule } from '../../../src/core/chain/finality.ts'
import { marksOf, NO_MARKS } from '../../../src/core/chain/local-chain.ts'
import {
  SAMPLE_CHAIN_ID,
  sampleBlock,
  sampleInvoice,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../../support/fixtures.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-finality-'))
  path = join(directory, 'quittance.db')
})
afterEach(() => rmSync(directory, { recursive: true }))

test('terms and payments of the first schema keep their depth, a chain has no marks yet', async () => {
  const invoice = sampleInvoice(1)
  const payment = samplePayment(sampleObservation(1))
  // Written by the store of today, then put back into the form of the first schema.
  const writer = openSqliteStore({ path })
  await writer.commit({
    stores: [sampleStore()],
    invoices: [invoice],
    chain: {
      chainId: SAMPLE_CHAIN_ID,
      expectedTip: null,
      disconnected: [],
      connected: [sampleBlock(10)],
      pruneBelow: 0,
      haltReason: null,
    },
  })
  await writer.close()
  const old = join(directory, 'old.db')
  const db = openDatabase({ path: old, migrations: MIGRATIONS.slice(0, 1) })
  db.exec(`ATTACH '${path}' AS today;
    INSERT INTO store_accounts
      (id, name, xpub, fingerprint, former_xpubs, created_at_ms, revision)
      SELECT id, name, xpub, fingerprint, former_xpubs, created_at_ms, revision
      FROM today.store_accounts;
    INSERT INTO invoices SELECT * FROM today.invoices;
    INSERT INTO chains SELECT chain_id, tip_hash, halt_reason FROM today.chains;
    INSERT INTO blocks SELECT chain_id, hash, number, parent_hash, timestamp_s, canonical, observed
      FROM today.blocks;
    DETACH today;`)
  const { terms } = db.prepare('SELECT terms FROM invoices').get() as { terms: string }
  expect(JSON.parse(terms).options[0].finality).toEqual({ confirmations: 3 })
  insertInto('observations', OBSERVATION_COLUMNS)(
    cacheStatements(db),
    observationToRow(payment.observation),
  )
  db.prepare(
    `INSERT INTO payments (id, store_id, invoice_id, chain_id, asset_id, stage,
      confirmations_required, accepted, in_time, revision)
     VALUES (?, ?, ?, ?, ?, 'included', 7, 1, 1, 1)`,
  ).run(
    payment.observation.id,
    payment.storeId,
    payment.invoiceId,
    SAMPLE_CHAIN_ID,
    payment.observation.asset.id,
  )
  db.close()

  const store = openSqliteStore({ path: old })
  const [loaded] = await store.loadInvoices([invoice.id])
  expect(loaded?.invoice.terms.options[0]?.finality).toEqual(depthRule(3))
  expect(await store.getPayment(payment.observation.id)).toMatchObject({ finality: depthRule(7) })
  const chain = await store.loadChain(SAMPLE_CHAIN_ID, 10)
  expect(chain && marksOf(chain.chain)).toEqual(NO_MARKS)
  await store.close()
})
