/**
 * The watch list by position, with the address in an index of its own: a row of 300 bytes is then
 * appended, and what stands at a random place is 30 bytes. The address of an invoice is found by the
 * invoice's own, the latest issued one among those that wait above it, so neither has an index.
 */
export const ADDRESSES_BY_POSITION = `
ALTER TABLE deposit_addresses RENAME TO deposit_addresses_before;
CREATE TABLE deposit_addresses (
  position INTEGER PRIMARY KEY,
  address BLOB NOT NULL CHECK (length(address) = 20),
  store_id TEXT NOT NULL REFERENCES store_accounts (id),
  fingerprint TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  invoice_id TEXT REFERENCES invoices (id),
  issued_at_ms INTEGER,
  issue_tips TEXT,
  CHECK ((invoice_id IS NULL) = (issued_at_ms IS NULL)),
  CHECK ((invoice_id IS NULL) = (issue_tips IS NULL))
) STRICT;
INSERT INTO deposit_addresses
    (address, store_id, fingerprint, idx, invoice_id, issued_at_ms, issue_tips)
  SELECT address, store_id, fingerprint, idx, invoice_id, issued_at_ms, issue_tips
  FROM deposit_addresses_before ORDER BY fingerprint, idx;
DROP TABLE deposit_addresses_before;
CREATE UNIQUE INDEX deposit_addresses_by_address ON deposit_addresses (address);
CREATE UNIQUE INDEX deposit_addresses_by_index ON deposit_addresses (fingerprint, idx);
CREATE INDEX deposit_addresses_waiting ON deposit_addresses (fingerprint, idx)
  WHERE invoice_id IS NULL;
`
