import { ADDRESSES_BY_POSITION } from './address-tables.ts'
import { appendOnly } from './append-only.ts'
import { ATTRIBUTIONS } from './attribution-tables.ts'
import { OUTFLOWS } from './outflow-tables.ts'
import { REFUNDS } from './refund-tables.ts'

/**
 * The schema, as the list of steps that lead to it. A step that was released is never edited: a
 * change is a new step at the end, and `user_version` counts those that were taken.
 *
 * `position` columns are the order of insertion. They are declared, because an implicit rowid does
 * not survive VACUUM, and backups are made by VACUUM INTO.
 */
export type Migration = { readonly version: number; readonly sql: string }

/** Marks a file as ours: "QTNC" in ASCII. */
export const APPLICATION_ID = 0x51544e43

const ACCOUNTS = `
CREATE TABLE store_accounts (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  xpub TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  former_xpubs TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL REFERENCES store_accounts (id),
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  revoked_at_ms INTEGER,
  revision INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_store ON api_keys (store_id);

CREATE TABLE idempotency (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  before TEXT,
  after TEXT,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
`

const INVOICES = `
-- deadline_ms is expiry + grace; terms is JSON with amounts as decimal text; shares are 'n/d'.
CREATE TABLE invoices (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL REFERENCES store_accounts (id),
  token TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL
    CHECK (status IN ('open', 'processing', 'settled', 'expired', 'canceled', 'reversed')),
  terms TEXT NOT NULL,
  deadline_ms INTEGER NOT NULL,
  address BLOB NOT NULL CHECK (length(address) = 20),
  fingerprint TEXT NOT NULL,
  account_number INTEGER NOT NULL,
  derivation_index INTEGER NOT NULL,
  order_id TEXT,
  description TEXT,
  metadata TEXT,
  redirect_url TEXT,
  created_at_ms INTEGER NOT NULL,
  settled_at_ms INTEGER,
  accepted_share TEXT,
  seen_share TEXT NOT NULL,
  confirmed_share TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;
CREATE INDEX invoices_by_store ON invoices (store_id);
CREATE INDEX invoices_by_status ON invoices (store_id, status);
CREATE INDEX invoices_by_order ON invoices (store_id, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX invoices_unfinished ON invoices (deadline_ms)
  WHERE status IN ('open', 'processing');

-- The watch list. Waiting (look-ahead) until the issue columns are set, once and for ever.
CREATE TABLE deposit_addresses (
  address BLOB NOT NULL PRIMARY KEY CHECK (length(address) = 20),
  store_id TEXT NOT NULL REFERENCES store_accounts (id),
  fingerprint TEXT NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  invoice_id TEXT REFERENCES invoices (id),
  issued_at_ms INTEGER,
  issue_tips TEXT,
  UNIQUE (fingerprint, idx),
  CHECK ((invoice_id IS NULL) = (issued_at_ms IS NULL)),
  CHECK ((invoice_id IS NULL) = (issue_tips IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX deposit_addresses_by_invoice ON deposit_addresses (invoice_id)
  WHERE invoice_id IS NOT NULL;
CREATE INDEX deposit_addresses_issued ON deposit_addresses (fingerprint, idx)
  WHERE invoice_id IS NOT NULL;
CREATE INDEX deposit_addresses_waiting ON deposit_addresses (fingerprint, idx)
  WHERE invoice_id IS NULL;
`

const CHAINS = `
CREATE TABLE chains (
  chain_id INTEGER PRIMARY KEY,
  tip_hash TEXT,
  halt_reason TEXT
) STRICT;

-- A block that left the chain stays, with canonical = 0. One that was observed in is never pruned.
CREATE TABLE blocks (
  chain_id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  number INTEGER NOT NULL,
  parent_hash TEXT NOT NULL,
  timestamp_s INTEGER NOT NULL,
  canonical INTEGER NOT NULL CHECK (canonical IN (0, 1)),
  observed INTEGER NOT NULL CHECK (observed IN (0, 1)),
  PRIMARY KEY (chain_id, hash)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX blocks_canonical ON blocks (chain_id, number) WHERE canonical = 1;
CREATE INDEX blocks_prunable ON blocks (chain_id, number) WHERE observed = 0;

-- The ledger. Whether a row counts is said by its block and its payment, never by changing it.
CREATE TABLE observations (
  id TEXT NOT NULL PRIMARY KEY,
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
  from_address TEXT,
  to_address TEXT NOT NULL,
  amount_units TEXT NOT NULL,
  tx_hash TEXT,
  log_index INTEGER,
  UNIQUE (chain_id, block_hash, place)
) STRICT, WITHOUT ROWID;

-- What changes about an observation. chain_id and asset_id repeat it, for the indexes.
CREATE TABLE payments (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE REFERENCES observations (id),
  store_id TEXT NOT NULL,
  invoice_id TEXT REFERENCES invoices (id),
  chain_id INTEGER NOT NULL,
  asset_id TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('included', 'confirmed', 'orphaned')),
  confirmations_required INTEGER NOT NULL,
  accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
  in_time INTEGER NOT NULL CHECK (in_time IN (0, 1)),
  revision INTEGER NOT NULL
) STRICT;
CREATE INDEX payments_included ON payments (chain_id) WHERE stage = 'included';
CREATE INDEX payments_by_invoice ON payments (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX payments_by_store ON payments (store_id);
CREATE INDEX payments_by_asset ON payments (store_id, asset_id);
CREATE INDEX payments_unassigned ON payments (store_id) WHERE invoice_id IS NULL;
`

const WEBHOOKS = `
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL,
  invoice_id TEXT REFERENCES invoices (id),
  type TEXT NOT NULL,
  sequence INTEGER,
  at_ms INTEGER NOT NULL,
  payload TEXT NOT NULL,
  UNIQUE (invoice_id, sequence)
) STRICT;
CREATE INDEX events_by_store ON events (store_id);
CREATE INDEX events_by_type ON events (store_id, type);

CREATE TABLE webhook_endpoints (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL REFERENCES store_accounts (id),
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  secrets TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
  disabled_reason TEXT,
  created_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER,
  revision INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_endpoints_by_store ON webhook_endpoints (store_id)
  WHERE deleted_at_ms IS NULL;
CREATE INDEX webhook_endpoints_active ON webhook_endpoints (id)
  WHERE status = 'enabled' AND deleted_at_ms IS NULL;

-- A lane is all deliveries of one (endpoint, invoice). Only its earliest pending one is
-- first_in_line, and it is held while another of the lane is leased; both are brought up to date at
-- every write, so that claiming reads due rows only, however many wait behind a receiver that is
-- down.
CREATE TABLE deliveries (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  store_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_position INTEGER NOT NULL REFERENCES events (position),
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
  invoice_id TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'exhausted', 'canceled')),
  attempts_made INTEGER NOT NULL,
  next_attempt_at_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  lease_until_ms INTEGER,
  first_in_line INTEGER NOT NULL DEFAULT 1 CHECK (first_in_line IN (0, 1)),
  lane_held_until_ms INTEGER NOT NULL DEFAULT 0,
  claimable_at_ms INTEGER NOT NULL GENERATED ALWAYS AS
    (max(next_attempt_at_ms, coalesce(lease_until_ms, 0), lane_held_until_ms)) VIRTUAL,
  UNIQUE (event_id, endpoint_id)
) STRICT;
CREATE INDEX deliveries_claimable ON deliveries (endpoint_id, claimable_at_ms)
  WHERE status = 'pending' AND first_in_line = 1;
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, lease_until_ms)
  WHERE status = 'pending' AND lease_until_ms IS NOT NULL;
CREATE INDEX deliveries_lane ON deliveries (endpoint_id, invoice_id, event_position)
  WHERE status = 'pending';
CREATE INDEX deliveries_by_store ON deliveries (store_id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id);

CREATE TABLE delivery_attempts (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  delivery_id TEXT NOT NULL REFERENCES deliveries (id),
  at_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'failed')),
  status INTEGER,
  detail TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  duration_ms REAL NOT NULL
) STRICT;
CREATE INDEX delivery_attempts_by_delivery ON delivery_attempts (delivery_id);
CREATE INDEX delivery_attempts_delivered ON delivery_attempts (at_ms) WHERE outcome = 'delivered';
`

const NATIVE_BALANCES = `
-- The coins of an address after a block, all of them accounted for: where the next sweep begins.
CREATE TABLE native_balances (
  chain_id INTEGER NOT NULL,
  address BLOB NOT NULL CHECK (length(address) = 20),
  block_number INTEGER NOT NULL,
  block_hash TEXT NOT NULL,
  balance_units TEXT NOT NULL,
  PRIMARY KEY (chain_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX invoices_finished ON invoices (deadline_ms)
  WHERE status NOT IN ('open', 'processing');
`

/** Rows of these tables are written once, also by whoever opens the file with another tool. */
const APPEND_ONLY_TABLES = ['observations', 'events', 'audit'] as const

const APPEND_ONLY = APPEND_ONLY_TABLES.map(appendOnly).join('')

/**
 * Answers in the order in which they were kept. One that is the data of an event (a created invoice)
 * refers to it, instead of repeating some kilobytes.
 */
const KEPT_ANSWERS = `
ALTER TABLE idempotency RENAME TO idempotency_before;
CREATE TABLE idempotency (
  position INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT,
  sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
  event_id TEXT REFERENCES events (id),
  created_at_ms INTEGER NOT NULL,
  UNIQUE (scope, key),
  CHECK ((body IS NULL) <> (event_id IS NULL))
) STRICT;
INSERT INTO idempotency (scope, key, request_hash, status, body, sealed, created_at_ms)
  SELECT scope, key, request_hash, status, body, sealed, created_at_ms FROM idempotency_before
  ORDER BY created_at_ms;
DROP TABLE idempotency_before;
`

/** Payments from before this step count whole, as they did. */
const COUNTED_UNITS = `
ALTER TABLE payments ADD COLUMN counted_units TEXT;
ALTER TABLE payments ADD COLUMN dust INTEGER NOT NULL DEFAULT 0 CHECK (dust IN (0, 1));
CREATE INDEX observations_by_recipient ON observations (to_address, chain_id);
`

const KEY_USES = 'ALTER TABLE api_keys ADD COLUMN last_used_at_ms INTEGER;'

/** How deep a payment must be became a rule: a count as before, or a tag of the nodes. */
const FINALITY = `
ALTER TABLE payments ADD COLUMN finality TEXT NOT NULL DEFAULT '';
UPDATE payments SET finality = json_object('confirmations', confirmations_required);
ALTER TABLE payments DROP COLUMN confirmations_required;

ALTER TABLE chains ADD COLUMN finalized_mark TEXT;
ALTER TABLE chains ADD COLUMN safe_mark TEXT;
`

const GENESIS = 'ALTER TABLE chains ADD COLUMN genesis_hash TEXT;'

/** Null for blocks that were kept before this step, and for those read as headers only. */
const PROOF_LEVELS = `
ALTER TABLE blocks ADD COLUMN proof_level INTEGER CHECK (proof_level BETWEEN 0 AND 3);
`

/** A replay reads events by their time. */
const EVENTS_BY_TIME = 'CREATE INDEX events_by_time ON events (store_id, at_ms);'

/** A transaction that is mined again, in another block, is found by its hash. */
const TRANSACTIONS = `
CREATE INDEX observations_by_transaction ON observations (tx_hash, chain_id)
  WHERE tx_hash IS NOT NULL;
`

/** What is absent in it is the default. */
const STORE_SETTINGS = `ALTER TABLE store_accounts ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';`

/** Deep enough, and more than the cap of its chain lets count before it is final. */
const FINALITY_CAP = `ALTER TABLE payments
  ADD held_by_cap INTEGER NOT NULL DEFAULT 0 CHECK (held_by_cap IN (0, 1));`

/** A list of a store is merged from the ranges of its statuses, and of its types of events. */
const MERGED_LISTS = `
DROP INDEX invoices_by_store;
DROP INDEX events_by_store;
`

/** Ascending by version, without gaps. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: ACCOUNTS + INVOICES + CHAINS + WEBHOOKS + APPEND_ONLY },
  { version: 2, sql: KEPT_ANSWERS },
  { version: 3, sql: COUNTED_UNITS },
  { version: 4, sql: NATIVE_BALANCES },
  { version: 5, sql: KEY_USES },
  { version: 6, sql: FINALITY },
  { version: 7, sql: GENESIS },
  { version: 8, sql: PROOF_LEVELS },
  { version: 9, sql: EVENTS_BY_TIME },
  { version: 10, sql: TRANSACTIONS },
  { version: 11, sql: STORE_SETTINGS },
  { version: 12, sql: REFUNDS },
  { version: 13, sql: ADDRESSES_BY_POSITION },
  { version: 14, sql: ATTRIBUTIONS },
  { version: 15, sql: OUTFLOWS },
  { version: 16, sql: FINALITY_CAP },
  { version: 17, sql: MERGED_LISTS },
]
