/**
 * Faults planted from outside, to see that the auditor finds them. The product has no switch for any of them: each
 * damages a running till or the ledger's rows in the way that a wrong program would.
 */
import Database from 'better-sqlite3'
import type { JournalRow } from '../../src/sync/journal/rows.ts'
import type { Core } from '../../src/terminal/core/core.ts'
import { tiyn } from '../../src/voucher/money.ts'
import { isStorageFault } from '../../src/sync/journal/data-folder.ts'
import type { TillStation } from './till-station.ts'

export interface PlantedBug {
  readonly till?: (core: Core, station: TillStation) => void
  /** After each request, on the ledger's file. */
  readonly ledger?: (database: Database.Database, now: number) => void
}

/** The till writes another row than it should. */
function writing(wrong: (row: JournalRow) => JournalRow): (core: Core) => void {
  return ({ journal }) => {
    const commit = journal.commit.bind(journal)
    journal.commit = (...rows) => commit(...rows.map(wrong))
  }
}

export const plantedBugs = {
  /** The till forgets what it has already sold from a slot. */
  'slot-twice': {
    till: ({ journal }) => {
      journal.spentOnSlot = () => []
    },
  },
  /** The till calls an unanswered payment refused, and charges again. */
  'unknown-is-refused': {
    till: writing((row) =>
      row.kind === 'tender_unknown'
        ? { kind: 'tender_refused', tenderId: row.tenderId, code: 'LEDGER_UNREACHABLE', item: null }
        : row,
    ),
  },
  /** A sale that was put aside is paid when it is taken up, and the till calls that refused: it is paid again. */
  'put-aside-paid-twice': {
    till: (core) => {
      const takenUp = new Set<string>()
      const command = core.till.command.bind(core.till)
      core.till.command = (asked) => {
        if (asked.command === 'take_up_torn') takenUp.add(asked.tenderId)
        return command(asked)
      }
      writing((row) =>
        row.kind === 'approved_online' && takenUp.has(row.tenderId)
          ? { kind: 'tender_refused', tenderId: row.tenderId, code: 'LEDGER_UNREACHABLE', item: null }
          : row,
      )(core)
    },
  },
  /** What a power cut interrupted is taken for void, although the request may have left. */
  'interrupted-is-void': {
    till: (core) => {
      // Recovery is over when a sabotage begins: what it called unknown without evidence is called void here.
      for (const { tenderId } of core.journal.tendersInState('unknown')) {
        if (core.journal.evidenceOf(tenderId) === undefined)
          core.journal.commit({ kind: 'tender_voided', tenderId, reason: 'interrupted' })
      }
    },
  },
  /** A cancelled payment is not disowned: the ledger is never told. */
  'reversal-dropped': {
    till: writing((row) =>
      row.kind === 'reversal_requested' ? { kind: 'tender_voided', tenderId: row.tenderId, reason: 'cancelled' } : row,
    ),
  },
  /** What was sent leaves the queue before the ledger has answered. */
  'queue-emptied-on-send': {
    till: ({ journal }) => {
      const sent = new Set<string>()
      const waitingItems = journal.waitingItems.bind(journal)
      journal.waitingItems = (limit, after) => {
        const items = waitingItems(limit, after).filter(({ itemId }) => !sent.has(itemId))
        for (const { itemId } of items) sent.add(itemId)
        return items
      }
      const queue = journal.queue.bind(journal)
      journal.queue = () => ({ ...queue(), waiting: 0 })
    },
  },
  /** The journal is opened without `synchronous=FULL`: a commit returns before it is on the disk. */
  'commit-not-synced': {
    till: (_core, station) => station.disk.syncLazily(),
  },
  /** A commit that failed on a full disk is taken for done. */
  'full-disk-ignored': {
    till: ({ journal }) => {
      const ignoring =
        <Given extends readonly unknown[], Result>(write: (...given: Given) => Result, otherwise: Result) =>
        (...given: Given): Result => {
          try {
            return write(...given)
          } catch (error) {
            if (!isStorageFault(error)) throw error
            return otherwise
          }
        }
      journal.commit = ignoring(journal.commit.bind(journal), [])
      // It is asked first, and would keep the card from being asked.
      const { cardAttempts } = journal
      cardAttempts.begin = ignoring(cardAttempts.begin.bind(cardAttempts), true)
    },
  },
  /** The till keeps to its own clock, whatever the ledger says. */
  'ledger-time-ignored': {
    till: ({ time }) => {
      time.ledgerSaid = () => undefined
    },
  },
  /** A restored journal is not noticed: neither by the anchor at the start nor when the ledger says so. */
  'rollback-ignored': {
    till: ({ journal }, station) => {
      journal.startEpochAfterRollback = () => undefined
      station.readsAnchor = false
    },
  },
  /** The till does not find its own rows: it tells the ledger that it has none where the ledger saw one. */
  'row-not-found': {
    till: ({ journal }) => {
      journal.hashAt = () => null
    },
  },
  /** What has gone back of a sale is forgotten, and may go back again. */
  'return-forgotten': {
    till: ({ journal }) => {
      const { returns } = journal
      const ofSale = returns.ofSale.bind(returns)
      returns.ofSale = (saleId) => ofSale(saleId).map((returned) => ({ ...returned, cash: [] }))
    },
  },
  /** What a voucher paid is given back in cash. */
  'voucher-becomes-cash': {
    till: ({ journal }) => {
      const commit = journal.commit.bind(journal)
      journal.commit = (...rows) => {
        const asked = rows.flatMap((row) => (row.kind === 'refund_requested' ? row.lines : []))
        const rest = rows.filter(({ kind }) => kind !== 'refund_requested')
        return commit(
          ...rest.map((row) => (row.kind === 'goods_returned' ? { ...row, cash: [...row.cash, ...asked] } : row)),
        )
      }
    },
  },
  /** Cash that went out of the drawer for a voided sale is not in the report. */
  'void-not-in-drawer': {
    till: ({ journal: { shifts } }) => {
      const cashMoved = shifts.cashMoved.bind(shifts)
      shifts.cashMoved = (shift) => ({ ...cashMoved(shift), returned: tiyn(0n) })
    },
  },
  /** A closed shift's sales stay as they were: what the ledger said later is no difference. */
  'differences-forgotten': {
    till: ({ journal: { shifts } }) => {
      const salesNow = shifts.salesNow.bind(shifts)
      shifts.salesNow = (shiftId) => (shifts.shift(shiftId)?.closed ? shifts.salesAtClose(shiftId) : salesNow(shiftId))
    },
  },
  /** A closed sale does not ask for what its customer's wallet holds. */
  'capture-forgotten': {
    till: ({ journal }) => {
      const commit = journal.commit.bind(journal)
      journal.commit = (...rows) => commit(...rows.filter(({ kind }) => kind !== 'capture_requested'))
    },
  },
  /** A QR that nobody has paid yet is taken for paid as soon as the network is gone. */
  'qr-guessed': {
    till: ({ journal, engine, till }) => {
      journal.onDidCommit(() => {
        const { tap, sale } = till.snapshot()
        const tender = sale?.tenders.find(({ kind, state }) => kind === 'qr' && state === 'unknown')
        if (tap.state !== 'qr' || tender === undefined || engine.connectivity.kind === 'reached') return
        const guessed = { itemId: tender.tenderId, arrival: 'exists', state: 'held', paidBy: null } as const
        const result = { ...guessed, amount: tender.amount, refusal: null, loss: null, slot: null, at: 0 }
        const item = { result, signature: 'A'.repeat(86) }
        queueMicrotask(() => journal.commit({ kind: 'item_answered', item, by: 'inquiry' }))
      })
    },
  },
  /** What comes too late for a QR stays with the merchant. */
  'late-payment-kept': {
    ledger: (database, now) => {
      const late = database
        .prepare(
          `SELECT payment_id AS id, request_payment.payer AS debit, payee_account AS credit, amount
           FROM request_payment JOIN payment_request USING (tender_id)
           WHERE paid_back_for IS NOT NULL AND payment_id NOT IN (SELECT transfer_id FROM transfer)`,
        )
        .all() as (Leg & { readonly id: string })[]
      for (const { id, debit, credit, amount } of late) {
        database
          .prepare(
            `INSERT INTO transfer (transfer_id, group_id, debit, credit, amount, kind, reference, at)
             VALUES (?, ?, ?, ?, ?, 'hold-post', ?, ?)`,
          )
          .run(id, id, debit, credit, amount, id, now)
        database.prepare('UPDATE account SET balance = balance - ? WHERE account_id = ?').run(amount, debit)
        database.prepare('UPDATE account SET balance = balance + ? WHERE account_id = ?').run(amount, credit)
      }
    },
  },
  /** A QR that is given up leaves the customer's money set aside. */
  'hold-not-voided': {
    ledger: (database) => void database.prepare(`UPDATE hold SET state = 'pending' WHERE state = 'voided'`).run(),
  },
  /** The ledger compares no journal with what it saw of it: a copy without its anchor is not noticed. */
  'heads-forgotten': {
    ledger: (database) => {
      database.prepare('UPDATE terminal SET head_epoch = 0, head_sequence = 0').run()
      database.prepare('DELETE FROM journal_position').run()
    },
  },
  /** A reversal of an unknown id leaves no tombstone: the late request moves money. */
  'no-tombstone': {
    ledger: (database) => void database.prepare('DELETE FROM tender WHERE tombstone = 1').run(),
  },
  /** A payment on line does not use up its slot. */
  'slot-free-online': {
    ledger: (database) =>
      void database
        .prepare(
          `DELETE FROM slot_use WHERE tender_id IN
             (SELECT tender_id FROM evidence WHERE kind = 'authorisation')`,
        )
        .run(),
  },
  /** Ids are kept for two seconds only, like a cache of answers: a later repetition is executed anew. */
  'ids-pruned': {
    ledger: (database, now) => {
      const old = `SELECT tender_id FROM tender WHERE state = 'settled' AND at < ${now - 2_000}`
      database.prepare(`DELETE FROM slot_use WHERE tender_id IN (${old})`).run()
      database.prepare(`DELETE FROM tender WHERE tender_id IN (${old})`).run()
    },
  },
  /** A reversal is answered and recorded, and its money stays with the merchant. */
  'reversal-keeps-money': {
    ledger: (database) => takeBack(database, 'voucher-reversal'),
  },
  /** A refund is answered as done, and its money stays with the merchant. */
  'refund-keeps-money': {
    ledger: (database) => takeBack(database, 'voucher-refund'),
  },
  /** The merchant is credited in one commit and the payer debited in another, which a crash came before. */
  'half-booked': {
    ledger: (database) => {
      const last = `SELECT * FROM transfer WHERE kind = 'voucher-payment' ORDER BY at DESC LIMIT 1`
      const leg = database.prepare(last).get() as Leg | undefined
      if (leg === undefined || BigInt(leg.amount) % 7n !== 0n) return
      database.prepare('UPDATE account SET balance = balance + ? WHERE account_id = ?').run(leg.amount, leg.debit)
    },
  },
} as const satisfies Record<string, PlantedBug>

/** Undoes what was booked of this kind. */
function takeBack(database: Database.Database, kind: string): void {
  const booked = database.prepare('SELECT * FROM transfer WHERE kind = ?').all(kind) as Leg[]
  for (const { debit, credit, amount } of booked) {
    database.prepare('UPDATE account SET balance = balance + ? WHERE account_id = ?').run(amount, debit)
    database.prepare('UPDATE account SET balance = balance - ? WHERE account_id = ?').run(amount, credit)
  }
  database.prepare('DELETE FROM transfer WHERE kind = ?').run(kind)
}

interface Leg {
  readonly debit: string
  readonly credit: string
  readonly amount: number
}

export type PlantedBugName = keyof typeof plantedBugs
export const plantedBugNames = Object.keys(plantedBugs) as readonly PlantedBugName[]

/** How long a day in the town must be for the misfortune that a bug needs: restored backups and clocks are rare. */
export function hoursOf(name: string): number {
  return ['ledger-time-ignored', 'rollback-ignored', 'heads-forgotten'].includes(name) ? 1 : 0.12
}

/**
 * Does to the ledger's file what the bug does, past the ledger and past its constraints.
 *
 * @throws Error when the bug cannot do it: it no longer fits the ledger's tables, and whatever is found then is not its
 * doing.
 */
export function damage(bug: PlantedBug | undefined, ledgerFile: string, now: number): void {
  if (bug?.ledger === undefined) return
  const database = new Database(ledgerFile)
  try {
    database.pragma('foreign_keys = OFF')
    bug.ledger(database, now)
  } finally {
    database.close()
  }
}
