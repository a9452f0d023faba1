/** A store that has issued many addresses, each with its invoice, written as the gateway writes. */
import { openSqliteStore } from '../../src/adapters/sqlite/sqlite-store.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import { createId, encodeToken, ID_RANDOM_BYTES, TOKEN_BYTES } from '../../src/core/ids.ts'
import type { Invoice } from '../../src/core/invoice/invoice.ts'
import { randomHex } from '../support/make-blocks.ts'

/** Far above the indexes of real invoices, whose addresses derive from the account key. */
const FIRST_INDEX = 1_000_000
const PER_COMMIT = 500

/**
 * Issues addresses that nobody has the key of: nothing is ever paid to them, so that deriving them
 * would measure nothing. `modelId`: an invoice to make the others like.
 */
export async function seedAddresses(
  databasePath: string,
  modelId: string,
  count: number,
): Promise<void> {
  const store = openSqliteStore({ path: databasePath })
  try {
    const [model] = await store.loadInvoices([modelId])
    if (model === undefined) throw new Error('there is no invoice to seed from')
    for (let done = 0; done < count; done += PER_COMMIT) {
      const invoices = Array.from({ length: Math.min(PER_COMMIT, count - done) }, (_, i) =>
        copyInvoice(model.invoice, FIRST_INDEX + done + i),
      )
      const result = await store.commit(describeIssue(invoices))
      if (result !== 'committed') throw new Error('the seed met another writer')
    }
  } finally {
    await store.close()
  }
}

function copyInvoice(model: Invoice, derivationIndex: number): Invoice {
  return {
    ...model,
    id: createId('inv', Date.now(), randomBytes(ID_RANDOM_BYTES)),
    token: encodeToken(randomBytes(TOKEN_BYTES)),
    address: randomHex(20),
    derivationIndex,
    orderId: `seed-${derivationIndex}`,
    revision: 1,
  }
}

function describeIssue(invoices: readonly Invoice[]): ChangeSet {
  return {
    invoices,
    addresses: invoices.map((invoice) => ({
      address: invoice.address,
      storeId: invoice.storeId,
      fingerprint: invoice.fingerprint,
      index: invoice.derivationIndex,
      issued: { invoiceId: invoice.id, atMs: invoice.createdAtMs, tips: {} },
    })),
  }
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}
