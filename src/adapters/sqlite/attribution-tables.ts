import { appendOnly } from './append-only.ts'

/**
 * What was learned later of observations that a balance alone told of: a row for each call. `position`
 * is the order of the calls in their block.
 */
export const ATTRIBUTIONS = `
CREATE TABLE attributions (
  position INTEGER PRIMARY KEY,
  payment_id TEXT NOT NULL REFERENCES observations (id),
  place TEXT NOT NULL,
  tx_hash TEXT NOT NULL,
  from_address TEXT NOT NULL,
  amount_units TEXT NOT NULL,
  learned_at_ms INTEGER NOT NULL,
  UNIQUE (payment_id, place)
) STRICT;
CREATE INDEX attributions_by_transaction ON attributions (tx_hash);
CREATE INDEX observations_by_balance ON observations (chain_id, block_number, id)
  WHERE tx_hash IS NULL;
${appendOnly('attributions')}`
