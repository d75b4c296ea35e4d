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

/** Sales from before the first shift belong to none. A print job is one of a sale or of a shift. */
const shiftTables = `
ALTER TABLE sale ADD COLUMN shift_id TEXT;
ALTER TABLE sale ADD COLUMN closed_sequence INTEGER;
ALTER TABLE sale ADD COLUMN cancelled_sequence INTEGER;
UPDATE sale SET closed_sequence = ended.sequence
  FROM (
    SELECT json_extract(payload.json, '$.saleId') AS sale_id, max(row.sequence) AS sequence
    FROM row JOIN payload USING (sequence) WHERE kind = 'sale_closed' GROUP BY 1
  ) AS ended WHERE ended.sale_id = sale.sale_id;
UPDATE sale SET cancelled_sequence = ended.sequence
  FROM (
    SELECT json_extract(payload.json, '$.saleId') AS sale_id, max(row.sequence) AS sequence
    FROM row JOIN payload USING (sequence) WHERE kind = 'sale_cancelled' GROUP BY 1
  ) AS ended WHERE ended.sale_id = sale.sale_id;
CREATE INDEX sale_by_shift ON sale (shift_id, sequence);
CREATE INDEX tender_of_cash ON tender (intent_sequence) WHERE kind = 'cash';
CREATE INDEX tender_of_returned_cash ON tender (outcome_sequence) WHERE kind = 'cash' AND state = 'reversed';
CREATE TABLE cashier (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  pin TEXT NOT NULL,
  wrong_pins INTEGER NOT NULL DEFAULT 0,
  wrong_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE shift (
  shift_id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  cashier INTEGER NOT NULL,
  cashier_name TEXT NOT NULL,
  opening_float INTEGER NOT NULL,
  opened_sequence INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_sequence INTEGER,
  closed_at INTEGER
) STRICT;
CREATE INDEX shift_open ON shift (number) WHERE closed_sequence IS NULL;
-- How the sales of a shift and their tenders stood when it was closed.
CREATE TABLE sale_at_close (
  shift_id TEXT NOT NULL,
  sale_id TEXT NOT NULL,
  state TEXT NOT NULL,
  closed_sequence INTEGER,
  PRIMARY KEY (shift_id, sale_id)
) STRICT;
CREATE TABLE tender_at_close (
  shift_id TEXT NOT NULL,
  tender_id TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT,
  PRIMARY KEY (shift_id, tender_id)
) STRICT;
CREATE TABLE print_job_of_both (
  job_id TEXT PRIMARY KEY,
  sale_id TEXT,
  shift_id TEXT,
  copy INTEGER NOT NULL,
  language TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'started', 'printed')),
  sequence INTEGER NOT NULL,
  CHECK ((sale_id IS NULL) <> (shift_id IS NULL))
) STRICT;
INSERT INTO print_job_of_both SELECT job_id, sale_id, NULL, copy, language, state, sequence FROM print_job;
DROP TABLE print_job;
ALTER TABLE print_job_of_both RENAME TO print_job;
CREATE INDEX print_job_by_sale ON print_job (sale_id);
CREATE INDEX print_job_by_shift ON print_job (shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX print_job_to_print ON print_job (sequence) WHERE state <> 'printed';
`

/** A refund waits in the outbox as all else that the ledger must hear of; its slip is a third kind of print job. */
const returnTables = `
CREATE TABLE goods_return (
  return_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL REFERENCES sale (sale_id),
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  shift_id TEXT,
  cash INTEGER NOT NULL,
  slip INTEGER NOT NULL DEFAULT 0
) STRICT;
-- By the number on its receipt.
CREATE INDEX sale_by_number ON sale (substr(sale_id, -8), sequence);
CREATE INDEX goods_return_by_sale ON goods_return (sale_id);
CREATE INDEX goods_return_by_shift ON goods_return (shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX goods_return_by_sequence ON goods_return (sequence);
CREATE INDEX goods_return_without_slip ON goods_return (sequence) WHERE slip = 0;
CREATE TABLE refund (
  refund_id TEXT PRIMARY KEY,
  return_id TEXT NOT NULL REFERENCES goods_return (return_id),
  tender_id TEXT NOT NULL REFERENCES tender (tender_id),
  amount INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
  code TEXT,
  requested_sequence INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_by_return ON refund (return_id);
CREATE INDEX refund_by_tender ON refund (tender_id);
CREATE TABLE outbox_with_refunds (
  item_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('presentment', 'reversal', 'surrender', 'refund')),
  tender_id TEXT,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'parked')),
  at INTEGER NOT NULL,
  why TEXT
) STRICT;
INSERT INTO outbox_with_refunds SELECT item_id, kind, tender_id, sequence, state, at, why FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_with_refunds RENAME TO outbox;
CREATE INDEX outbox_by_order ON outbox (state, sequence);
CREATE TABLE print_job_of_three (
  job_id TEXT PRIMARY KEY,
  sale_id TEXT,
  shift_id TEXT,
  return_id TEXT,
  copy INTEGER NOT NULL,
  language TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'started', 'printed')),
  sequence INTEGER NOT NULL,
  CHECK ((sale_id IS NOT NULL) + (shift_id IS NOT NULL) + (return_id IS NOT NULL) = 1)
) STRICT;
INSERT INTO print_job_of_three SELECT job_id, sale_id, shift_id, NULL, copy, language, state, sequence FROM print_job;
DROP TABLE print_job;
ALTER TABLE print_job_of_three RENAME TO print_job;
CREATE INDEX print_job_by_sale ON print_job (sale_id);
CREATE INDEX print_job_by_shift ON print_job (shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX print_job_by_return ON print_job (return_id) WHERE return_id IS NOT NULL;
CREATE INDEX print_job_to_print ON print_job (sequence) WHERE state <> 'printed';
`

/** A third way of paying. Both tables are made anew by the rows; a refund names its tender. */
const qrTables = `
DELETE FROM refund;
DROP TABLE tender;
CREATE TABLE tender (
  tender_id TEXT PRIMARY KEY,
  sale_id TEXT NOT NULL REFERENCES sale (sale_id),
  kind TEXT NOT NULL CHECK (kind IN ('voucher', 'cash', 'qr')),
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
  since INTEGER NOT NULL,
  paid_at_closing INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tender_by_sale ON tender (sale_id);
CREATE INDEX tender_by_slot ON tender (slot_id);
CREATE INDEX tender_by_state ON tender (state);
CREATE INDEX tender_of_cash ON tender (intent_sequence) WHERE kind = 'cash';
CREATE INDEX tender_of_returned_cash ON tender (outcome_sequence) WHERE kind = 'cash' AND state = 'reversed';
DROP TABLE outbox;
CREATE TABLE outbox (
  item_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('presentment', 'reversal', 'surrender', 'refund', 'capture')),
  tender_id TEXT,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'parked')),
  at INTEGER NOT NULL,
  why TEXT
) STRICT;
CREATE INDEX outbox_by_order ON outbox (state, sequence);
`

/**
 * With it the row `card_keys_erased`, which an older version could not read. Earlier versions left the text of former
 * packages, with sealed card keys, in pages that are free: the table is made anew, which empties its pages
 * (`secure_delete`), and all that are free are taken once for zeroes (as one value, of half the most
 * that SQLite takes, which no till's packages come near).
 */
const overwrittenPackages = `
CREATE TABLE package_anew (
  package_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  json TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;
INSERT INTO package_anew SELECT package_id, version, hash, json, received_at FROM package;
DROP TABLE package;
ALTER TABLE package_anew RENAME TO package;
CREATE TABLE overwritten (zeroes BLOB) STRICT;
INSERT INTO overwritten
  SELECT zeroblob(min(freelist_count * page_size, 500000000)) FROM pragma_freelist_count, pragma_page_size;
DROP TABLE overwritten;
`

/**
 * Each takes a journal one version on; what is here was released and stays as it is. What follows from the rows is made
 * again after them, so that a new column needs no filling here.
 */
export const migrations: readonly string[] = [
  firstTables,
  // With it the row `receipt_untouched`, which version 1 could not read.
  `CREATE INDEX print_job_to_print ON print_job (sequence) WHERE state <> 'printed';`,
  shiftTables,
  returnTables,
  '-- No table; with it the row `key_rotated`, which an older version could not read.',
  // Whether it paid a part of its sale when that was closed, whatever has become of it since.
  'ALTER TABLE tender ADD COLUMN paid_at_closing INTEGER NOT NULL DEFAULT 0;',
  `CREATE TABLE discrepancy (discrepancy_id TEXT PRIMARY KEY, json TEXT NOT NULL, sequence INTEGER NOT NULL) STRICT;
   CREATE INDEX discrepancy_by_sequence ON discrepancy (sequence);`,
  '-- No table; with it the rows `time_confirmed` and `time_contradicted`, which an older version could not read.',
  qrTables,
  // A tender now names the lease under which it was accepted, which may be another than that of its intent.
  'CREATE INDEX tender_by_lease ON tender (lease_id, outcome_sequence) WHERE lease_id IS NOT NULL;',
  '-- No table; with it the rows of cards that count themselves, which an older version could not read.',
  // Beside the rows, as packages are: it follows from none of them, and none follows from it (card-attempts.ts).
  `CREATE TABLE card_attempt (
     card TEXT PRIMARY KEY,
     key TEXT,
     attempts INTEGER NOT NULL,
     refused INTEGER NOT NULL,
     since INTEGER NOT NULL
   ) STRICT;`,
  // With it the rows `goods_asked` and `goods_answered`, which an older version could not read.
  `CREATE TABLE goods_question (sale_id TEXT PRIMARY KEY REFERENCES sale (sale_id), sequence INTEGER NOT NULL) STRICT;`,
  overwrittenPackages,
]

export const schemaVersion = migrations.length
