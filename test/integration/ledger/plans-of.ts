/** What SQLite plans for statements that a ledger ran: which of them go through a growing table row by row. */
import Database from 'better-sqlite3'
import { expect } from 'vitest'

/** They grow with sales, cards, periods or leases; schemes, merchants, terminals and keys are counted in tens. */
const growing = [
  ...['account', 'transfer', 'tender', 'evidence', 'event', 'discrepancy', 'merchant_debt', 'surrender'],
  ...[
    'card',
    'card_status',
    'card_counter',
    'card_failure',
    'account_card',
    'former_card_key',
    'entitlement',
    'slot',
    'slot_use',
    'carried',
    'journal_position',
  ],
  ...['lease', 'lease_slot', 'lease_card', 'package', 'review', 'refund', 'appeal'],
  ...['hold', 'payment_request', 'request_payment', 'operation', 'feed_event', 'webhook_delivery'],
  ...['applet_card', 'card_escrow', 'card_slot', 'card_script', 'card_load', 'card_record'],
  ...['rule_share', 'rule_return', 'rule_debt', 'direct_payment', 'direct_refund'],
]

/** Each scan of a growing table, or of all of a scheme, with its statement. */
export function scansIn(path: string, said: ReadonlySet<string>): readonly string[] {
  const database = new Database(path, { readonly: true })
  try {
    const statements = [...said].filter((sql) => /^\s*(select|update|delete|insert)/i.test(sql))
    expect(statements.length).toBeGreaterThan(3)
    const scans = statements.flatMap((sql) =>
      (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[])
        .filter(
          ({ detail }) =>
            (detail.includes('entitlement') && /\(scheme_id=\?\)/.test(detail)) ||
            growing.some((table) => new RegExp(`^SCAN ${table}\\b`).test(detail)),
        )
        .map(({ detail }) => `${detail}: ${sql.replaceAll(/'[^']*'/g, '?').slice(0, 160)}`),
    )
    return [...new Set(scans)]
  } finally {
    database.close()
  }
}
