/** What a till may write, in any order that it may write it in: for histories that nobody thought of. */
import type { Journal } from '../../../src/sync/journal/journal.ts'
import type { JournalRow, RowOf } from '../../../src/sync/journal/rows.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import { reportOf } from '../../../src/terminal/shift/report.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import {
  approvedOffline,
  evidenceOf,
  intentOf,
  itemOf,
  leaseId,
  leaseOf,
  ledgerKey,
  noon,
  packageOf,
  saleFrozen,
  saleOf,
  Seeded,
} from './world.ts'

interface LiveTender {
  readonly intent: RowOf<'tender_intent'>
  readonly saleId: string
}

const textOf = (seeded: Seeded, length: number): string => Buffer.from(seeded.bytes(length)).toString('base64url')

/** As long as a card's word is; nobody reads it here. */
const debitOf = (seeded: Seeded, recordLength: 284 | 348) => ({
  profile: 'tolem-applet' as const,
  record: textOf(seeded, recordLength),
  cardCertificate: textOf(seeded, 187),
  issuerCertificate: textOf(seeded, 185),
})

/**
 * Plays that many steps on a journal; each is one commit. Returns how often each kind of row was written.
 *
 * @param has whether the history knows rows of this kind; a step that needs another does nothing
 */
export function playLegalHistory(
  into: Journal,
  seeded: Seeded,
  steps: number,
  has: (kind: string) => boolean = () => true,
): ReadonlyMap<string, number> {
  const journal = knowing(into, has)
  const tenders: LiveTender[] = []
  const sales: string[] = []
  const jobs: string[] = []
  const surrenders: string[] = []
  const discrepancies = new Set<string>()
  let version = 0
  let cursor = 0

  const qrs: string[] = []
  const askByQr = (): void => {
    const sale = saleOf(seeded)
    const tenderId = seeded.uuid()
    const terms = { tenderId, payeeAccount: 'merchant-1', amount: tiyn(100n), saleHash: '0'.repeat(64), expiresAt: 1 }
    journal.commit(saleFrozen(sale), { kind: 'payment_requested', terms, saleId: sale.saleId })
    if (journal.tender(tenderId) !== undefined) qrs.push(tenderId)
  }
  const moveQr = (tenderId: string): void => {
    const state = journal.tender(tenderId)!.state
    const answered = (itemId: string, to: Parameters<typeof itemOf>[1]) =>
      journal.commit({ kind: 'item_answered', item: itemOf(itemId, to), by: seeded.pick(['inquiry', 'status_feed']) })
    const reverse = () => journal.commit({ kind: 'reversal_requested', tenderId, reason: 'cashier_cancelled' })
    // Most go on, so that some come far whatever the seed.
    const open = () => journal.commit({ kind: 'payment_request_open', tenderId })
    const hold = () => answered(tenderId, 'held')
    const moves: Partial<Record<typeof state, readonly (() => unknown)[]>> = {
      in_progress: [open, open, open, reverse],
      unknown: [hold, hold, hold, () => answered(tenderId, 'reversed'), reverse],
      held: [
        () => journal.commit({ kind: 'capture_requested', tenderId }),
        () => answered(`capture:${tenderId}`, seeded.pick(['settled', 'not_paid'])),
        () => answered(tenderId, 'held'),
        reverse,
      ],
      settled: [() => answered(tenderId, 'held'), reverse],
      reversing: [() => answered(`reversal:${tenderId}`, 'reversed'), () => answered(tenderId, 'held')],
      reversed: [() => answered(tenderId, 'held'), () => answered(`capture:${tenderId}`, 'reversed')],
    }
    seeded.pick(moves[state] ?? [() => undefined])()
  }

  const openNewSale = (): void => {
    const sale = saleOf(seeded)
    const own = intentOf(seeded, sale, seeded.pick(['online', 'offline']))
    const isDebit = has('approved_by_card') && seeded.int(3) === 0
    const intent = isDebit ? { ...own, leaseId: null, debit: debitOf(seeded, 284) } : own
    journal.commit(saleFrozen(sale), intent)
    tenders.push({ intent, saleId: sale.saleId })
    sales.push(sale.saleId)
  }

  const moveTender = ({ intent, saleId }: LiveTender): void => {
    const { tenderId } = intent.terms
    const evidence = evidenceOf(intent)
    const state = journal.tender(tenderId)!.state
    const answered = (id: string, to: Parameters<typeof itemOf>[1]) =>
      journal.commit({
        kind: 'item_answered',
        item: itemOf(id, to),
        by: seeded.pick(['batch', 'inquiry', 'status_feed']),
      })
    const reverse = () =>
      journal.commit({
        kind: 'reversal_requested',
        tenderId,
        reason: seeded.pick(['customer_left', 'void', 'interrupted']),
      })
    const paidByCard = () =>
      journal.commit({
        kind: 'approved_by_card',
        tenderId,
        evidence: { ...evidence, cardProof: debitOf(seeded, 348) },
        decidedAt: noon,
      })
    if (state === 'in_progress' && intent.debit !== undefined)
      return void seeded.pick([
        paidByCard,
        () => journal.commit({ kind: 'tender_refused', tenderId, code: 'CARD_TIME_REFUSED', item: null }),
        () => journal.commit({ kind: 'tender_torn', tenderId, step: 'spend', mayBeDebited: true }),
        () => journal.commit({ kind: 'tender_torn', tenderId, step: 'spend', mayBeDebited: true }),
      ])()
    switch (state) {
      case 'in_progress':
        return void seeded.pick([
          () => journal.commit({ kind: 'approved_online', tenderId, evidence, item: itemOf(tenderId, 'settled') }),
          () => journal.commit(approvedOffline(intent)),
          () => journal.commit({ kind: 'tender_refused', tenderId, code: 'CARD_BINDING_MISMATCH', item: null }),
          () => journal.commit({ kind: 'tender_unknown', tenderId, evidence: seeded.pick([evidence, null]) }),
          () => journal.commit({ kind: 'tender_torn', tenderId, step: 'read-message' }),
          () => journal.commit({ kind: 'tender_voided', tenderId, reason: 'interrupted' }),
        ])()
      case 'torn':
        return void seeded.pick([
          () => journal.commit({ kind: 'tender_resumed', tenderId }),
          () => journal.commit({ kind: 'tender_voided', tenderId, reason: 'card_not_returned' }),
        ])()
      case 'maybe_debited':
        return void seeded.pick([
          paidByCard,
          () => journal.commit({ kind: 'tender_not_debited', tenderId, statement: textOf(seeded, 178) }),
          () =>
            journal.commit({
              kind: 'debit_advised',
              tenderId,
              evidence: { ...evidence, cardProof: intent.debit ?? debitOf(seeded, 284) },
              decidedAt: noon,
            }),
        ])()
      case 'advised':
        return void seeded.pick([
          paidByCard,
          () => answered(tenderId, seeded.pick(['awaiting_proof', 'settled', 'not_paid'])),
          reverse,
        ])()
      case 'unknown':
        return void seeded.pick([
          () => answered(tenderId, seeded.pick(['settled', 'refused', 'reversed', 'awaiting_funds'])),
          reverse,
        ])()
      case 'pending':
        return void seeded.pick([
          () => answered(tenderId, seeded.pick(['settled', 'awaiting_funds', 'not_paid', 'reversed'])),
          () => journal.commit({ kind: 'item_parked', itemId: tenderId, why: 'schema_mismatch' }),
          reverse,
        ])()
      case 'awaiting_funds':
      case 'settled':
      case 'held':
      case 'not_paid':
        return void seeded.pick([() => answered(tenderId, 'settled'), reverse])()
      case 'reversing':
        return void seeded.pick([
          () => answered(`reversal:${tenderId}`, 'reversed'),
          () => answered(tenderId, 'settled'),
          () => journal.commit({ kind: 'item_parked', itemId: `reversal:${tenderId}`, why: 'rule_violated' }),
        ])()
      case 'reversed':
        return void answered(tenderId, 'settled')
      case 'refused':
      case 'voided':
        return void journal.commit({ kind: 'cash_taken', tenderId: seeded.uuid(), saleId, amount: intent.terms.amount })
      default:
        return state satisfies never
    }
  }

  const moveSale = (saleId: string): void => {
    const cash = journal.tendersOfSale(saleId).find((tender) => tender.kind === 'cash' && tender.state === 'settled')
    if (cash !== undefined && seeded.int(2) === 0) journal.commit({ kind: 'cash_returned', tenderId: cash.tenderId })
    const jobId = seeded.uuid()
    const language = seeded.pick(['kk', 'ru', 'en'] as const)
    const receipt = { kind: 'receipt_requested', jobId, saleId, copy: seeded.int(2) === 0, language } as const
    if (seeded.int(3) === 0) journal.commit({ kind: 'sale_cancelled', saleId })
    else {
      journal.commit({ kind: 'sale_closed', saleId }, receipt)
      jobs.push(jobId)
    }
  }

  const goodsAsked = new Set<string>()
  /** Once of each sale that is closed, and answered perhaps. */
  const moveGoods = (): void => {
    const saleId = seeded.pick(sales)
    if (journal.sale(saleId)?.state !== 'closed') return
    if (goodsAsked.has(saleId))
      return void journal.commit({ kind: 'goods_answered', saleId, given: seeded.int(2) === 0 })
    goodsAsked.add(saleId)
    journal.commit({ kind: 'goods_asked', saleId })
  }

  const refunds: string[] = []
  const returns: string[] = []
  const takeGoodsBack = ({ intent, saleId }: LiveTender): void => {
    const { tenderId, amount } = intent.terms
    const language = seeded.pick(['kk', 'ru', 'en'] as const)
    const returnId = seeded.pick([...returns, seeded.uuid()])
    const slip = { kind: 'refund_slip_requested', jobId: seeded.uuid(), returnId, copy: false, language } as const
    if (returns.includes(returnId)) {
      jobs.push(slip.jobId)
      return void journal.commit(slip)
    }
    const lines = [{ line: 1, amount }]
    const requests = Array.from({ length: seeded.int(3) }, () => ({
      kind: 'refund_requested' as const,
      refundId: seeded.uuid(),
      tenderId,
      amount,
      lines,
      reason: 'goods_returned' as const,
    }))
    const cash = seeded.pick([[], [{ line: 1, amount: tiyn(100n) }]])
    journal.commit({ kind: 'goods_returned', returnId, saleId, reason: 'goods_returned', cash }, ...requests)
    returns.push(returnId)
    refunds.push(...requests.map(({ refundId }) => refundId))
  }
  const answerRefund = (): void => {
    if (refunds.length === 0) return
    const itemId = seeded.pick(refunds)
    seeded.pick([
      () =>
        journal.commit({ kind: 'item_answered', item: itemOf(itemId, seeded.pick(['done', 'refused'])), by: 'batch' }),
      () => journal.commit({ kind: 'item_parked', itemId, why: 'schema_mismatch' }),
    ])()
  }

  const pin = { cost: 2, blockSize: 1, parallelization: 1, salt: '0'.repeat(32), hash: '0'.repeat(64) }
  const moveShift = (): void => {
    const { shifts, head } = journal
    const shift = shifts.open()
    const [cashier] = shifts.cashiers()
    const now = journal.latestAt()
    const jobId = seeded.uuid()
    const language = seeded.pick(['kk', 'ru', 'en'] as const)
    if (shift === undefined) {
      if (cashier === undefined) return
      const { number } = cashier
      journal.commit({ kind: 'shift_opened', shiftId: seeded.uuid(), cashier: number, openingFloat: tiyn(500_000n) })
      return
    }
    const { shiftId } = shift
    const figures = {
      shift,
      sales: shifts.salesNow(shiftId),
      cash: shifts.cashMoved(shift),
      returns: journal.returns.ofShift(shiftId),
      receiptsWaiting: 0,
    }
    const isClosed = seeded.int(2) === 0
    // This history returns cash of any shift, so that a drawer may hold less than nothing: the figures are not asked.
    const sales = figures.sales.filter(({ state }) => state === 'open')
    const cash = { ...figures.cash, returned: tiyn(0n) }
    const report = reportOf({ ...figures, sales, cash, head, now, counted: isClosed ? tiyn(0n) : null })
    if (isClosed) journal.commit({ kind: 'shift_closed', shiftId, report })
    const x = isClosed ? null : report
    journal.commit({ kind: 'shift_report_requested', jobId, shiftId, x, copy: false, language })
    jobs.push(jobId)
  }

  const acts: readonly (() => void)[] = [
    openNewSale,
    openNewSale,
    askByQr,
    ...Array.from({ length: 3 }, () => () => (qrs.length === 0 ? askByQr() : moveQr(seeded.pick(qrs)))),
    ...Array.from({ length: 6 }, () => () => (tenders.length === 0 ? openNewSale() : moveTender(seeded.pick(tenders)))),
    () => (sales.length === 0 ? openNewSale() : moveSale(seeded.pick(sales))),
    () => void (sales.length > 0 && moveGoods()),
    () => void (jobs.length > 0 && journal.commit({ kind: 'receipt_started', jobId: seeded.pick(jobs) })),
    () => void (jobs.length > 0 && journal.commit({ kind: 'receipt_untouched', jobId: seeded.pick(jobs) })),
    () => void (jobs.length > 0 && journal.commit({ kind: 'receipt_printed', jobId: seeded.pick(jobs) })),
    () => {
      const surrenderId = seeded.uuid()
      surrenders.push(surrenderId)
      journal.commit({
        kind: 'slot_surrendered',
        surrenderId,
        leaseId,
        slotId: `school-lunch/${seeded.int(50)}/2026-11-23`,
      })
    },
    () =>
      void (
        surrenders.length > 0 &&
        journal.commit({ kind: 'item_answered', item: itemOf(seeded.pick(surrenders), 'done'), by: 'batch' })
      ),
    () => {
      const lease = leaseOf(new Seeded(`lease ${(version += 1)}`), noon)
      const next = packageOf(version, { leases: [lease] })
      journal.activatePackage(next, hashOf('tolem/package/1', next))
      // The keys of every second are erased before the next one is here.
      if (version % 2 === 0 && has('card_keys_erased')) journal.eraseCardKeys(new Set([lease.leaseId]))
    },
    () => {
      const discrepancyId = seeded.pick([...discrepancies, seeded.uuid()])
      discrepancies.add(discrepancyId)
      const owner = seeded.pick(['merchant', 'agency'] as const)
      const appeal = seeded.pick([null, 'open', 'accepted', 'refused', 'withdrawn', 'given_back'] as const)
      const about = { tenderId: null, code: 'CHAIN_BROKEN', amount: tiyn(0n), at: 1, wayOut: 'none' as const }
      journal.commit({ kind: 'discrepancy_told', discrepancy: { discrepancyId, owner, appeal, ...about } })
    },
    () => void journal.commit({ kind: 'events_read', cursor: (cursor += 1 + seeded.int(5)) }),
    () => void journal.commit({ kind: 'connectivity', ledger: seeded.pick(['reached', 'not_reached']) }),
    () => void journal.commit({ kind: 'language_set', language: seeded.pick(['kk', 'ru', 'en']) }),
    () => {
      const keyId = () => Buffer.from(seeded.bytes(32)).toString('base64url')
      journal.commit({ kind: 'key_rotated', formerKey: keyId(), terminalKey: keyId(), encryptionKey: keyId() })
    },
    () => {
      const [first, second, third] = [1 + seeded.int(9_000), 1 + seeded.int(9_000), 1 + seeded.int(9_000)]
      seeded.pick([
        () =>
          journal.commit({
            kind: 'time_confirmed',
            cashier: 1,
            wall: first,
            was: second,
            ledgerAt: seeded.pick([null, third]),
          }),
        () =>
          journal.commit({
            kind: 'time_contradicted',
            confirmed: first,
            believed: second,
            ledger: third,
            clockHeld: seeded.pick([true, false]),
          }),
      ])()
    },
    () => void journal.commit({ kind: 'suspension', suspended: seeded.pick([true, false]) }),
    () => void journal.commit({ kind: 'parked_tried_again' }),
    () => void journal.commit({ kind: 'cashier_set', cashier: { number: 1 + seeded.int(3), name: 'Test' }, pin }),
    () => void journal.commit({ kind: 'pin_refused', cashier: 1 }),
    moveShift,
    () => void (tenders.length > 0 && takeGoodsBack(seeded.pick(tenders))),
    answerRefund,
    () => {
      const { head } = journal
      journal.commit({
        kind: 'head_countersigned',
        head,
        signature: signTagged(ledgerKey, 'tolem/journal-head/1', { terminalId: 'till-1', head }),
      })
    },
    () =>
      void (seeded.int(10) === 0 && journal.startEpochAfterRollback(seeded.pick(['anchor', 'ledger']), journal.head)),
  ]
  for (let step = 0; step < steps; step += 1) seeded.pick(acts)()

  const counts = new Map<string, number>()
  for (const { row } of journal.rows()) counts.set(row.kind, (counts.get(row.kind) ?? 0) + 1)
  return counts
}

/** The journal as a program that knows fewer kinds of rows writes it: a commit with another one is left out. */
function knowing(journal: Journal, has: (kind: string) => boolean): Journal {
  return new Proxy(journal, {
    get(target, name) {
      if (name === 'commit')
        return (...rows: readonly JournalRow[]) => (rows.every(({ kind }) => has(kind)) ? target.commit(...rows) : [])
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
