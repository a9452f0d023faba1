import { appendOnly } from './append-only.ts'

/** What left deposit addresses. Whether a row counts is said by its block, never by changing it. */
export const OUTFLOWS = `
CREATE TABLE outflows (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL REFERENCES store_accounts (id),
  chain_id INTEGER NOT NULL,
  block_hash TEXT NOT NULL,
  block_number INTEGER NOT NULL,
  block_timestamp_s INTEGER NOT NULL,
  place TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('erc20', 'native', 'internal')),
  asset_id TEXT NOT NULL,
  asset_token TEXT,
  asset_symbol TEXT NOT NULL,
  asset_decimals INTEGER NOT NULL,
  from_address TEXT NOT NULL,
  to_address TEXT NOT NULL,
  amount_units TEXT NOT NULL,
  tx_hash TEXT,
  log_index INTEGER,
  UNIQUE (chain_id, block_hash, place)
) STRICT;
CREATE INDEX outflows_by_store ON outflows (store_id);
CREATE INDEX outflows_by_asset ON outflows (store_id, asset_id);
CREATE INDEX outflows_by_sender ON outflows (from_address, chain_id);
${appendOnly('outflows')}`
