/** The transfer that pays a refund stands in its row: one at most, which changes with reorgs. */
export const REFUNDS = `
CREATE TABLE refunds (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoices (id),
  chain_id INTEGER NOT NULL,
  asset TEXT NOT NULL,
  amount_units TEXT NOT NULL,
  destination BLOB NOT NULL CHECK (length(destination) = 20),
  reason TEXT,
  status TEXT NOT NULL
    CHECK (status IN ('requested', 'sent', 'confirmed', 'failed', 'canceled')),
  tx_hash TEXT,
  block_hash TEXT,
  block_number INTEGER,
  block_timestamp_s INTEGER,
  place TEXT,
  from_address BLOB,
  since_block INTEGER NOT NULL,
  finality TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_by_store ON refunds (store_id);
CREATE INDEX refunds_by_status ON refunds (store_id, status);
CREATE INDEX refunds_by_invoice ON refunds (invoice_id);
CREATE INDEX refunds_by_destination ON refunds (destination, chain_id);
CREATE INDEX refunds_sent ON refunds (chain_id) WHERE status = 'sent';
CREATE INDEX refunds_by_block ON refunds (block_hash) WHERE block_hash IS NOT NULL;

CREATE TABLE refund_proposals (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoices (id),
  destination BLOB NOT NULL CHECK (length(destination) = 20),
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_proposals_by_invoice ON refund_proposals (invoice_id);
`
