/** The journal's tables. `user_version` counts migrations; a newer file than this program is refused. */

const firstTables = `
CREATE TABLE row (
  sequence INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  previous TEXT NOT NULL,
  payload_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
-- Apart from the row, so that payloads can be purged after their time while the chain of hashes stays whole.
CREATE TABLE payload (sequence INTEGER PRIMARY KEY REFERENCES row (sequence), json TEXT NOT NULL) STRICT;
CREATE INDEX row_by_kind ON row (kind, sequence);
CREATE TRIGGER row_is_final BEFORE UPDATE ON row BEGIN SELECT RAISE(ABORT, 'journal rows are final'); END;
CREATE TRIGGER payload_is_final BEFORE UPDATE ON payload BEGIN SELECT RAISE(ABORT, 'journal rows are final'); END;

CREATE TABLE package (
  package_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  json TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;

-- From here on: what follows from the rows (projection.ts), rebuilt at will.
CREATE TABLE sale (
  sale_id TEXT PRIMARY KEY,
  json TEXT NOT NULL,
  total INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'cancelled')),
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX sale_by_sequence ON sale (sequence);
CREATE INDEX sale_open ON sale (sequence) WHERE state = 'open';
CREATE TABLE tender (
  tender_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL REFERENCES sale (sale_id),
  kind TEXT NOT NULL CHECK (kind IN ('voucher', 'cash')),
  state TEXT NOT NULL,
  amount INTEGER NOT NULL,
  scheme_id TEXT,
  slot_id TEXT,
  lease_id TEXT,
  card TEXT,
  package_id TEXT,
  code TEXT,
  presented INTEGER NOT NULL DEFAULT 0,
  intent_sequence INTEGER NOT NULL,
  outcome_sequence INTEGER,
  since INTEGER NOT NULL
) STRICT;
CREATE INDEX tender_by_sale ON tender (sale_id);
CREATE INDEX tender_by_slot ON tender (slot_id);
CREATE INDEX tender_by_state ON tender (state);
CREATE TABLE outbox (
  item_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('presentment', 'reversal', 'surrender')),
  tender_id TEXT,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'parked')),
  at INTEGER NOT NULL,
  why TEXT
) STRICT;
CREATE INDEX outbox_by_order ON outbox (state, sequence);
CREATE TABLE print_job (
  job_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL,
  copy INTEGER NOT NULL,
  language TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'started', 'printed')),
  sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX print_job_by_sale ON print_job (sale_id);
CREATE TABLE surrendered (slot_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;
CREATE TABLE fact (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
`

/** Each takes a journal one version on; what is here was released and stays as it is. */
export const migrations: readonly string[] = [
  firstTables,
  // With it the row `receipt_untouched`, which version 1 could not read.
  `CREATE INDEX print_job_to_print ON print_job (sequence) WHERE state <> 'printed';`,
]

export const schemaVersion = migrations.length
