/**
 * The independent checker (money-rules.md, "Proof that a checker can trust"): what a run lost or did twice, from the
 * virtual cards' own logs, the bytes that reached the printer and the ledger's database. It never reads the till, and
 * shares no code with till, ledger or virtual hardware.
 */
import { join } from 'node:path'
import { debitedTwice } from './card-debits.ts'
import { readCardLogs } from './card-logs.ts'
import { checkClaims, readClaims, type ClaimLost, type Unrecorded } from './claims.ts'
import { findDuplicates, type Duplicate } from './duplicates.ts'
import { checkBooks, type LedgerSums } from './ledger-books.ts'
import { readLedger } from './ledger-database.ts'
import type { LedgerFault } from './ledger-faults.ts'
import { checkTenders, type LedgerTender } from './ledger-tenders.ts'
import { lostDebits, outcomesOf, type LostDebit, type LostTender, type PaperOutcomes } from './lost.ts'
import { proofsOnPaper, type UnprovedCode } from './paper-proofs.ts'
import { readPaper, type PaperSlip } from './paper.ts'
import { totalsOf, type Totals } from './totals.ts'

export interface RunToCheck {
  /** Holds the ledger's SQLite database. */
  readonly ledgerFolder: string
  /** Holds `cards/` and `slips/`. */
  readonly hardwareFolder: string
  /** Of the run's other tills, each with `slips/` of its own; the cards are the same. */
  readonly otherHardwareFolders?: readonly string[]
  /**
   * Receipts that the run says still wait for the printer: so many settled sales may be missing on paper. Without it
   * `paidWithoutPaper` is only reported.
   */
  readonly waitingPrintJobs?: number
  /** What the run's one till and its cashier say: a file to hold against the rest. */
  readonly claimsFile?: string
}

/** JSON throughout: amounts are decimal strings of tiyn, ids are those of tenders. */
export interface Report {
  /** Nothing is lost, doubled, unrecorded, forged or out of balance. */
  readonly passed: boolean
  /** Tenders that the ledger says it settled. */
  readonly settled: number
  /** The ledger adds up, everywhere and at every moment. */
  readonly balanced: boolean
  readonly lost: readonly (LostTender | LostDebit | ClaimLost)[]
  /** Only claims can show these; without them there are none. */
  readonly unrecorded: readonly Unrecorded[]
  readonly duplicates: readonly Duplicate[]
  /** Settled, not by QR, and no card ever signed these terms. */
  readonly paidWithoutCard: readonly string[]
  /** Settled by a card that only says who it is: that it was there is the terminal's word alone, and no fault. */
  readonly paidAtTerminalsWord: readonly string[]
  /** Settled, and no slip proves or even names it: the printer may still have to print it. */
  readonly paidWithoutPaper: readonly string[]
  /**
   * Settled by a card, and no slip has a signed code of it; those without any paper are among them. A till that was
   * stopped between the ledger's payment and its own row no longer has the card's proof: it prints such a receipt
   * without one.
   */
  readonly paidWithoutCode: readonly string[]
  readonly paper: Omit<PaperOutcomes, 'lost'> & {
    readonly slips: number
    readonly originals: number
    readonly copies: number
    readonly voidSlips: number
    readonly refundSlips: number
    readonly blank: number
    /** Slips whose words this checker cannot read. */
    readonly unreadable: number
    readonly salesProved: number
    readonly tendersProved: number
    readonly unproved: readonly UnprovedCode[]
  }
  readonly tenders: {
    /** Settled, and the ledger was asked before goods were given. */
    readonly settledOnline: number
    /** Settled, and the goods were given before. */
    readonly settledPresented: number
    readonly settledByQr: number
    /** QRs that nobody has paid yet, and those that were paid and not captured. */
    readonly requested: number
    readonly held: number
    readonly awaitingFunds: number
    readonly refused: number
    readonly refusals: Readonly<Record<string, number>>
    readonly notPaid: number
    readonly losses: Readonly<Record<string, number>>
    /** Tombstones among them. */
    readonly reversed: number
    readonly tombstones: number
    readonly undecided: number
  }
  readonly totals: Totals
  readonly ledger: LedgerSums & { readonly faults: readonly LedgerFault[] }
  readonly cards: { readonly logs: number; readonly messages: number; readonly debits: number }
  /** What is odd without being a fault of money. */
  readonly notes: readonly string[]
}

/** @throws CheckerInputError when something to read is missing or has another form than expected */
export function checkRun(run: RunToCheck): Report {
  // In this order a run that goes on can add to what confirms, never to what has to be confirmed.
  const hardwareFolders = [run.hardwareFolder, ...(run.otherHardwareFolders ?? [])]
  const paper = readPaper(...hardwareFolders.map((folder) => join(folder, 'slips')))
  const rows = readLedger(run.ledgerFolder)
  const cards = readCardLogs(join(run.hardwareFolder, 'cards'))

  const books = checkBooks(rows)
  const checked = checkTenders(rows)
  const tenders = [...checked.tenders.values()]
  const settled = tenders.filter((tender) => tender.row.state === 'settled')
  const { proved, unproved } = proofsOnPaper(paper.slips, cards.messages, rows.principal)
  const { lost: lostOnPaper, ...outcomes } = outcomesOf(proved.values(), checked.tenders, paper.slips)
  const claimed =
    run.claimsFile === undefined
      ? undefined
      : checkClaims(readClaims(run.claimsFile), checked.tenders, cards.messages, paper.slips)
  const debitedMoreThanOnce = debitedTwice(cards.debits)
  const twice = new Set(debitedMoreThanOnce.flatMap((duplicate) => duplicate.tenders))
  const lost = [...lostOnPaper, ...lostDebits(cards.debits, checked.tenders, twice), ...(claimed?.lost ?? [])]
  const unrecorded = claimed?.unrecorded ?? []
  const duplicates = [
    ...findDuplicates(rows, checked, cards.messages, paper.slips, proved.values()),
    ...debitedMoreThanOnce,
    ...(claimed?.duplicates ?? []),
  ]
  const signed = new Set([
    ...cards.messages.map((message) => message.binding),
    ...cards.debits.map((debit) => debit.termsHash),
  ])
  // A payment by QR has no card, and nothing on its receipt proves it but the number of the payment.
  const byQr = settled.filter(({ request }) => request !== null)
  const byCard = settled.filter(({ request }) => request === null)
  const idsWithout = (isThere: (hash: string) => boolean): string[] =>
    byCard.filter(({ termsHash }) => termsHash === null || !isThere(termsHash)).map(({ row }) => row.tender_id)
  const identified = settled.filter(({ isIdentifiedOnly }) => isIdentifiedOnly).map(({ row }) => row.tender_id)
  const paidWithoutCard = idsWithout((hash) => signed.has(hash.toUpperCase())).filter((id) => !identified.includes(id))
  const paidWithoutCode = idsWithout((hash) => proved.has(hash))
  const named = new Set(paper.slips.flatMap((slip) => (slip.isVoid ? [] : slip.payments)))
  const qrIds = byQr.map(({ row }) => row.tender_id)
  const paidWithoutPaper = [...paidWithoutCode, ...qrIds].filter((id) => !named.has(id.slice(-8)))
  const faults = [...books.faults, ...checked.faults]
  const isReceipt = ({ isVoid, isRefund }: PaperSlip): boolean => !isVoid && !isRefund
  const marked = (mark: string): number => paper.slips.filter((slip) => isReceipt(slip) && slip.mark === mark).length

  return {
    passed:
      lost.length === 0 &&
      unrecorded.length === 0 &&
      duplicates.length === 0 &&
      paidWithoutCard.length === 0 &&
      unproved.length === 0 &&
      outcomes.paidThoughVoided.length === 0 &&
      faults.length === 0 &&
      (run.waitingPrintJobs === undefined || paidWithoutPaper.length <= run.waitingPrintJobs),
    settled: settled.length,
    balanced: faults.length === 0,
    lost,
    unrecorded,
    duplicates,
    paidWithoutCard,
    paidAtTerminalsWord: identified,
    paidWithoutPaper,
    paidWithoutCode,
    paper: {
      slips: paper.slips.length,
      originals: marked('original'),
      copies: marked('copy'),
      voidSlips: paper.slips.filter((slip) => slip.isVoid).length,
      refundSlips: paper.slips.filter((slip) => slip.isRefund).length,
      blank: marked('blank'),
      unreadable: marked('unreadable'),
      salesProved: new Set([...proved.values()].map(({ code }) => code.terms.saleHash)).size,
      tendersProved: proved.size,
      unproved,
      ...outcomes,
    },
    tenders: countTenders(tenders),
    totals: totalsOf(rows, checked.tenders, paper.slips),
    ledger: { faults, ...books.sums },
    cards: { logs: cards.cards, messages: cards.messages.length, debits: cards.debits.length },
    notes: [...paper.notes, ...cards.notes],
  }
}

function countTenders(tenders: readonly LedgerTender[]): Report['tenders'] {
  const inState = (state: LedgerTender['row']['state']): readonly LedgerTender[] =>
    tenders.filter((tender) => tender.row.state === state)
  const settled = inState('settled')
  const refused = inState('refused')
  const notPaid = inState('not_paid')
  return {
    settledOnline: settled.filter((tender) => tender.request === null && !tender.isPresented).length,
    settledPresented: settled.filter((tender) => tender.request === null && tender.isPresented).length,
    settledByQr: settled.filter((tender) => tender.request !== null).length,
    requested: inState('requested').length,
    held: inState('held').length,
    awaitingFunds: inState('awaiting_funds').length,
    refused: refused.length,
    refusals: countBy(refused, ({ row }) => row.refusal),
    notPaid: notPaid.length,
    losses: countBy(notPaid, ({ row }) => row.loss),
    reversed: inState('reversed').length,
    tombstones: tenders.filter((tender) => tender.row.tombstone !== 0n).length,
    undecided: inState('deciding').length,
  }
}

function countBy(
  tenders: readonly LedgerTender[],
  codeOf: (tender: LedgerTender) => string | null,
): Readonly<Record<string, number>> {
  const groups = Map.groupBy(tenders, (tender) => codeOf(tender) ?? 'none')
  return Object.fromEntries([...groups].map(([code, own]) => [code, own.length]))
}
