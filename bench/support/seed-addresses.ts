/** An installation that has issued many addresses, each with its invoice, written as plain rows. */
import Database from 'better-sqlite3'

export type Seed = {
  /** An invoice to make the others like. */
  readonly modelId: string
  readonly count: number
  /** Default: expired a year ago, as most orders of an old shop that nobody paid. */
  readonly status?: 'open' | 'expired'
}

/** Far above the indexes of real invoices, whose addresses derive from the account key. */
const FIRST_INDEX = 1_000_000
const YEAR_MS = 365 * 86_400_000
/** Negative: in KiB. All indexes are written at random places. */
const CACHE_KIB = -1_000_000

/**
 * Columns of `invoices` that differ from the model; the others are copied. Ids are of Crockford's
 * base32, ascending as those of invoices made one after the other.
 */
const DIFFERING: Readonly<Record<string, string>> = {
  id: `'inv_' || printf('%010x', s.idx) || lower(hex(randomblob(8)))`,
  token: 'lower(hex(randomblob(13)))',
  status: '@status',
  deadline_ms: 'm.deadline_ms - @agoMs',
  address: 's.address',
  derivation_index: 's.idx',
  order_id: `'seed-' || s.idx`,
}

/**
 * Issues addresses that nobody has the key of to the store of the model, of a gateway that is
 * stopped: they are watched, and nothing may ever be paid to them, since they do not derive from
 * the account key. May be called again for more.
 */
export function seedAddresses(databasePath: string, seed: Seed): void {
  const { modelId, count, status = 'expired' } = seed
  const db = new Database(databasePath)
  try {
    db.pragma('synchronous = OFF')
    db.pragma(`cache_size = ${CACHE_KIB}`)
    db.transaction(() => {
      const next = db
        .prepare('SELECT max(max(idx) + 1, @first) FROM deposit_addresses')
        .pluck()
        .get({ first: FIRST_INDEX }) as number
      db.exec('CREATE TEMP TABLE seed (idx INTEGER PRIMARY KEY, address BLOB NOT NULL)')
      db.prepare(
        `WITH RECURSIVE n (idx) AS
          (VALUES (@next) UNION ALL SELECT idx + 1 FROM n WHERE idx + 1 < @end)
        INSERT INTO seed SELECT idx, randomblob(20) FROM n`,
      ).run({ next, end: next + count })
      const columns = (db.pragma('table_info(invoices)') as { name: string }[])
        .map(({ name }) => name)
        .filter((name) => name !== 'position')
      const values = columns.map((name) => DIFFERING[name] ?? `m.${name}`)
      const { changes } = db
        .prepare(
          `INSERT INTO invoices (${columns.join(', ')})
          SELECT ${values.join(', ')} FROM temp.seed AS s
          CROSS JOIN (SELECT * FROM invoices WHERE id = @modelId) AS m ORDER BY s.idx`,
        )
        .run({ modelId, status, agoMs: status === 'expired' ? YEAR_MS : 0 })
      if (changes !== count) throw new Error('there is no invoice to seed from')
      db.prepare(
        `INSERT INTO deposit_addresses
          (address, store_id, fingerprint, idx, invoice_id, issued_at_ms, issue_tips)
        SELECT i.address, m.store_id, m.fingerprint, i.derivation_index, i.id, m.issued_at_ms,
          m.issue_tips
        FROM invoices AS i CROSS JOIN deposit_addresses AS m
        WHERE m.address = (SELECT address FROM invoices WHERE id = @modelId)
          AND i.derivation_index >= @next ORDER BY i.derivation_index`,
      ).run({ modelId, next })
    })()
  } finally {
    db.close()
  }
}
