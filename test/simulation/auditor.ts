/**
 * The auditor: recomputes from the ledger's rows, the cards' own logs and the cashiers' notebooks what must be true,
 * and never asks the tills or the ledger's own code (money-rules.md, "Proof that a checker can trust").
 */
import Database from 'better-sqlite3'
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { auditDebits, type CardTruth, type DebitOutcomes } from './audit-debits.ts'
import { auditReturns, refundedOf } from './audit-returns.ts'
import { LatenessAudit, leftInEscrow, type LateSales } from './short-leases.ts'
import { auditWallets, isRequest, type WalletSources } from './wallets.ts'
import type { Notebook } from './notebook.ts'

export interface AuditSources {
  readonly ledgerFile: string
  /** Bindings (upper-case hex of the terms' hash) that the cards' logs show. */
  readonly bindingsOnCards: ReadonlySet<string>
  /** What every cashier noted: sale → given or kept, and the voucher tenders that the screen showed as paid for it. */
  readonly sales: readonly {
    readonly saleId: string
    readonly goods: 'given' | 'kept'
    readonly tenders: readonly { tenderId: string; amount: bigint }[]
  }[]
  /** What the cashiers wrote down of returns, drawers and shifts. */
  readonly notebooks?: readonly Notebook[]
  /** Tenders that a till forgot because an older copy of its folder took its place: nobody can ask it for them. */
  readonly forgotten?: ReadonlySet<string>
  /** Tills of which a copy came into use. What they sold in between may be the merchant's loss, with its reason. */
  readonly copied?: ReadonlySet<string>
  /** The epoch of an older copy that came into use and had to be noticed: the till must show a later one since. */
  readonly rollbacks?: readonly { readonly terminalId: string; readonly epoch: number }[]
  /** What customers' wallets were told, and what they held before; absent where no wallet paid anything. */
  readonly wallets?: Pick<WalletSources, 'paid' | 'before'>
  /** The highest epoch that each till's requests named. */
  readonly epochsShown?: ReadonlyMap<string, number>
  /** Where leases end within minutes: when the last till had closed, and who hears how many sales came late. */
  readonly shortLeases?: { readonly endedAt: number; readonly onDidCount: (late: LateSales) => void }
  /** Cards that count themselves, where there are any: what they say, and who hears what became of their debits. */
  readonly counting?: { readonly cards: readonly CardTruth[]; readonly onDidCount: (outcomes: DebitOutcomes) => void }
}

/** The reasons with which the ledger may refuse a sale of a till of which there are copies, and no other till's. */
const lossesOfCopies = ['SLOT_ALREADY_USED', 'CHAIN_BROKEN'] as const

/** Of whose slots one use pays a lunch at most, and a period has several. */
const countedLunches = 'card-lunch'

/**
 * Two lunches of one basket are two taps, and the second is due for what the first left (money-rules.md, "The rule
 * function": never more than the basket). So several payments are one too many only above what its lunches cost, as
 * they stood on the screen.
 */
function isForLunches(notebooks: readonly Notebook[], tenders: readonly string[], sum: bigint): boolean {
  return notebooks.some(({ sales }) =>
    [...sales.values()].some((sale) => sum <= sale.lunches && tenders.every((tenderId) => sale.tenders.has(tenderId))),
  )
}

interface Terms {
  readonly tenderId: string
  readonly payerSlot: string
  readonly payeeAccount: string
  readonly amount: string
  readonly schemeId: string
  readonly saleHash: string
}

/** Every violated invariant, in words. Empty when all is well. */
export function audit(sources: AuditSources): string[] {
  const { ledgerFile, bindingsOnCards, sales, forgotten = new Set() } = sources
  const { rollbacks = [], epochsShown = new Map(), copied = new Set(), notebooks = [] } = sources
  const database = new Database(ledgerFile, { readonly: true })
  database.defaultSafeIntegers(true)
  try {
    const found: string[] = []
    const net = netPayments(database)
    balances(database, found)
    found.push(...leftInEscrow(database))
    const lateness = sources.shortLeases === undefined ? undefined : new LatenessAudit(database)
    if (lateness !== undefined) sources.shortLeases?.onDidCount(lateness.sales)
    found.push(...(lateness?.found(sources.shortLeases?.endedAt ?? 0) ?? []))
    const refunded = refundedOf(database)
    const left = new Map([...net].map(([tenderId, paid]) => [tenderId, paid - (refunded.get(tenderId) ?? 0n)]))
    slots(database, left, found)
    auditReturns(database, { notebooks, copied, net }, found)
    accusations(database, copied, found)
    if (sources.wallets !== undefined) auditWallets(database, { ...sources.wallets, kept: left, forgotten }, found)
    const noted = new Map(
      sales.flatMap((sale) =>
        sale.tenders.map((tender) => [tender.tenderId, { ...tender, goods: sale.goods }] as const),
      ),
    )
    if (sources.counting !== undefined) {
      const { cards, onDidCount } = sources.counting
      const goods = new Map([...noted].map(([tenderId, note]) => [tenderId, note.goods]))
      const isLoss = (tenderId: string): boolean => isMerchantsLoss(database, tenderId, sources, lateness)
      onDidCount(auditDebits(database, { cards, net, left, goods, forgotten, isMerchantsLoss: isLoss }, found))
    }
    for (const [tenderId, { amount, goods }] of noted) {
      if (forgotten.has(tenderId)) continue
      const paid = net.get(tenderId) ?? 0n
      if (
        goods === 'given' &&
        paid !== amount &&
        !(paid === 0n && isMerchantsLoss(database, tenderId, sources, lateness))
      )
        found.push(`LOST ${tenderId}: goods given for ${amount}, the ledger paid ${paid}`)
      const kept = left.get(tenderId) ?? 0n
      if (goods === 'kept' && kept !== 0n) found.push(`PAID_WITHOUT_GOODS ${tenderId}: ${kept}`)
    }
    for (const [tenderId, paid] of net) {
      if (paid === 0n) continue
      if (paid < 0n) found.push(`NEGATIVE ${tenderId}: ${paid}`)
      if (!noted.has(tenderId) && !forgotten.has(tenderId))
        found.push(`PAID_UNNOTED ${tenderId}: ${paid} moved for a tender that no cashier saw as paid`)
      if (isRequest(database, tenderId)) continue
      const terms = termsOf(database, tenderId)
      if (terms === undefined || !bindingsOnCards.has(bindingOf(terms)))
        found.push(`NO_CARD ${tenderId}: paid, but no card's log has its binding`)
      else if (BigInt(terms.amount) !== paid) found.push(`AMOUNT ${tenderId}: terms say ${terms.amount}, paid ${paid}`)
    }
    const salesPaidTwice = database
      .prepare(
        `SELECT json_extract(terms, '$.saleHash') AS sale, slot_id, count(*) AS times,
                json_group_array(tender_id) AS tenders, sum(amount) AS sum, scheme_id AS scheme FROM tender
         WHERE state = 'settled' AND terms IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1`,
      )
      .all() as { sale: string; times: bigint; tenders: string; sum: bigint; scheme: string }[]
    for (const { sale, times, tenders: ids, sum, scheme } of salesPaidTwice) {
      const tenders = JSON.parse(ids) as string[]
      const isShared = scheme === countedLunches && isForLunches(notebooks, tenders, sum)
      if (!isShared && !tenders.some((tenderId) => forgotten.has(tenderId)))
        found.push(`DUPLICATE sale ${sale}: paid ${times} times from one slot`)
    }
    for (const { terminalId, epoch } of rollbacks) {
      if ((epochsShown.get(terminalId) ?? 0) <= epoch && !isAccusedAndSuspended(database, terminalId))
        found.push(`ROLLBACK_IGNORED ${terminalId}: an older journal goes on in epoch ${epoch}`)
    }
    return found
  } finally {
    database.close()
  }
}

/**
 * The ledger said so and has it on file for an appeal, with a reason that is true: a copy of this till was in use, no
 * card's log has what was presented, so that it was a forged card, or it came when its lease had ended.
 */
function isMerchantsLoss(
  database: Database.Database,
  tenderId: string,
  { copied = new Set(), bindingsOnCards }: AuditSources,
  lateness: LatenessAudit | undefined,
): boolean {
  const row = database
    .prepare(
      `SELECT tender.terminal_id AS terminalId, loss FROM tender JOIN discrepancy
         ON discrepancy.tender_id = tender.tender_id AND code = loss AND owner = 'merchant'
       WHERE tender.tender_id = ? AND state = 'not_paid'`,
    )
    .get(tenderId) as { terminalId: string; loss: string } | undefined
  if (row === undefined) return false
  if (row.loss === 'PROOF_MISSING_OR_FORGED') {
    const terms = termsOf(database, tenderId)
    return terms !== undefined && !bindingsOnCards.has(bindingOf(terms))
  }
  if (lateness?.isLoss(tenderId) === true) return true
  return copied.has(row.terminalId) && lossesOfCopies.some((loss) => loss === row.loss)
}

/** It sells nothing; it shows its head, and hears of its new epoch, when the agency has taken it back. */
function isAccusedAndSuspended(database: Database.Database, terminalId: string): boolean {
  const row = database
    .prepare(
      `SELECT 1 FROM terminal JOIN discrepancy USING (terminal_id)
       WHERE terminal_id = ? AND status = 'suspended' AND code IN ('ROLLBACK_DETECTED', 'CHAIN_BROKEN')`,
    )
    .get(terminalId)
  return row !== undefined
}

/** A till of which there was never a copy has no second journal, whatever the network and its clock did. */
function accusations(database: Database.Database, copied: ReadonlySet<string>, found: string[]): void {
  const rows = database
    .prepare(
      `SELECT code, terminal_id AS terminalId, count(*) AS times FROM discrepancy
       WHERE code IN ('ROLLBACK_DETECTED', 'CHAIN_BROKEN') GROUP BY 1, 2`,
    )
    .all() as { code: string; terminalId: string; times: bigint }[]
  for (const { code, terminalId, times } of rows)
    if (!copied.has(terminalId)) found.push(`ACCUSED ${terminalId}: ${code} ${times} times, of a till that is no copy`)
}

/** What merchants received for each tender, less what went back. */
function netPayments(database: Database.Database): ReadonlyMap<string, bigint> {
  const rows = database
    .prepare(
      `SELECT reference AS tenderId,
              sum(CASE WHEN c.kind = 'merchant' THEN amount ELSE 0 END)
                - sum(CASE WHEN d.kind = 'merchant' THEN amount ELSE 0 END) AS net
       FROM transfer JOIN account AS c ON c.account_id = transfer.credit
                     JOIN account AS d ON d.account_id = transfer.debit
       WHERE reference IN (SELECT tender_id FROM tender) GROUP BY reference`,
    )
    .all() as { tenderId: string; net: bigint }[]
  return new Map(rows.map((row) => [row.tenderId, row.net]))
}

function balances(database: Database.Database, found: string[]): void {
  const rows = database
    .prepare(
      `SELECT account_id AS id, balance, floor, currency,
              (SELECT coalesce(sum(amount), 0) FROM transfer WHERE credit = account_id) AS credited,
              (SELECT coalesce(sum(amount), 0) FROM transfer WHERE debit = account_id) AS debited FROM account`,
    )
    .all() as {
    id: string
    balance: bigint
    floor: bigint | null
    currency: string
    credited: bigint
    debited: bigint
  }[]
  const sums = new Map<string, bigint>()
  for (const { id, balance, floor, currency, credited, debited } of rows) {
    if (balance !== credited - debited)
      found.push(`BALANCE ${id}: says ${balance}, its transfers say ${credited - debited}`)
    if (floor !== null && balance < floor) found.push(`FLOOR ${id}: ${balance} below ${floor}`)
    sums.set(currency, (sums.get(currency) ?? 0n) + balance)
  }
  for (const [currency, sum] of sums) if (sum !== 0n) found.push(`SUM ${currency}: ${sum}`)
}

function slots(database: Database.Database, net: ReadonlyMap<string, bigint>, found: string[]): void {
  const rows = database
    .prepare(`SELECT slot_id AS id, count_allowed AS count, amount_allowed AS amount FROM slot`)
    .all() as {
    id: string
    count: bigint
    amount: bigint
  }[]
  const uses = database.prepare(`SELECT tender_id AS tenderId FROM tender WHERE slot_id = ?`)
  for (const { id, count, amount } of rows) {
    const paid = (uses.all(id) as { tenderId: string }[])
      .map(({ tenderId }) => net.get(tenderId) ?? 0n)
      .filter((sum) => sum > 0n)
    const sum = paid.reduce((total, one) => total + one, 0n)
    if (BigInt(paid.length) > count || sum > amount)
      found.push(`OVERSOLD ${id}: ${paid.length} of ${count} times, ${sum} of ${amount}`)
  }
}

function termsOf(database: Database.Database, tenderId: string): Terms | undefined {
  const row = database.prepare('SELECT terms FROM tender WHERE tender_id = ?').get(tenderId) as
    | { terms: string | null }
    | undefined
  return row === undefined || row.terms === null ? undefined : (JSON.parse(row.terms) as Terms)
}

/** Written anew from the documents: SHA-256 over tag, zero byte and RFC 8785 text. */
function bindingOf(terms: Terms): string {
  const text = canonicalize(terms) ?? ''
  return createHash('sha256')
    .update('tolem/tender-terms/1')
    .update(Buffer.of(0))
    .update(text)
    .digest('hex')
    .toUpperCase()
}
