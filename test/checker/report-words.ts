/** The report as a person reads it. */
import type { Report } from './check-run.ts'
import type { Ways } from './totals.ts'

export function reportInWords(report: Report): string {
  const { lost, unrecorded, duplicates, paidWithoutCard, paidWithoutPaper, paper, tenders, ledger, cards, notes } =
    report
  const lines = [
    `Paper: ${of(paper.slips, 'slip')} (${of(paper.originals, 'original')}, ${of(paper.copies, 'copy', 'copies')}, ` +
      `${of(paper.voidSlips, 'void slip')}, ` +
      `${of(paper.refundSlips, 'refund slip')}, ${paper.blank} blank, ${paper.unreadable} unreadable) ` +
      `proving ${of(paper.tendersProved, 'tender')} of ${of(paper.salesProved, 'sale')}.`,
    `Of these the ledger settled ${paper.settled}, reversed ${paper.reversed}, waits for funds with ` +
      `${paper.awaitingFunds}, and pays ${sum(paper.notPaid)} not${codes(paper.notPaid)}; ` +
      `${paper.voidedOnly} were cancelled before it took them.`,
    `Cards: ${of(cards.messages, 'signed message')} and ${of(cards.debits, 'debit')} in ${of(cards.logs, 'log')}.`,
    `Ledger: ${report.settled} settled (${tenders.settledOnline} online, ${tenders.settledPresented} presented, ` +
      `${tenders.settledByQr} by QR), ` +
      `${tenders.refused} refused${codes(tenders.refusals)}, ${tenders.notPaid} not paid${codes(tenders.losses)}, ` +
      `${tenders.awaitingFunds} waiting for funds, ${tenders.reversed} reversed ` +
      `(${of(tenders.tombstones, 'tombstone')}).`,
    `Money: ${tenge(ledger.dtIssued)} issued, ${tenge(ledger.dtInCirculation)} in circulation, ` +
      `${tenge(ledger.marked)} marked (${tenge(ledger.escrow)} of it in escrow), ` +
      `${tenge(ledger.merchants)} with merchants.`,
    `Paid ${ways(report.totals.paid)}; given back ${ways(report.totals.givenBack)}.`,
    '',
    ...list('Lost', lost, (one) =>
      'slips' in one
        ? `${one.tenderId}, ${tenge(one.amount)}, slip ${one.slips.join(', ')}: ${one.reason}`
        : 'atc' in one
          ? `${one.tenderId}, ${tenge(one.amount)}, debit ${one.atc} of card ${one.card}: ${one.reason}`
          : `${one.reason} at ${one.place}: ${one.detail}`,
    ),
    ...some('Unrecorded', unrecorded, (one) => `${one.reason} at ${one.place}: ${one.detail}`),
    ...list(
      'Duplicates',
      duplicates,
      (one) => `${one.kind} at ${one.place} (${one.detail}): ${one.tenders.join(', ')}`,
    ),
    ...list('Paid without a card', paidWithoutCard, (id) => id),
    ...some('Paid at the terminal’s word (cards that prove nothing)', report.paidAtTerminalsWord, (id) => id),
    ...list(
      'Codes that prove nothing',
      paper.unproved,
      (one) => `slip ${one.slip}: ${one.reason}, ${one.tenderId ?? '?'}`,
    ),
    ...list('Paid though cancelled on paper', paper.paidThoughVoided, (id) => id),
    ...some('Paid without paper', paidWithoutPaper, (id) => id),
    ...some('Reversed without a void slip', paper.reversedWithoutVoidSlip, (id) => id),
    ...some('Notes', notes, (note) => note),
    report.balanced ? 'The ledger is balanced.' : 'THE LEDGER IS NOT BALANCED:',
    ...ledger.faults.map((fault) => `  ${fault.code} at ${fault.place}: ${fault.detail}`),
    report.passed ? 'PASSED' : 'FAILED',
  ]
  return `${lines.join('\n')}\n`
}

function list<Item>(name: string, items: readonly Item[], words: (item: Item) => string): string[] {
  return [`${name}: ${items.length}`, ...items.map((item) => `  ${words(item)}`)]
}

/** Left out when there is none: these are no faults by themselves. */
function some<Item>(name: string, items: readonly Item[], words: (item: Item) => string): string[] {
  return items.length === 0 ? [] : list(name, items, words)
}

const of = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

function codes(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts).map(([code, count]) => `${code} ${count}`)
  return words.length === 0 ? '' : ` (${words.join(', ')})`
}

const ways = ({ voucher, cash, qr }: Ways): string =>
  `${tenge(voucher)} by voucher, ${tenge(cash)} in cash, ${tenge(qr)} by QR`

/** Amounts come as decimal strings of tiyn. */
function tenge(amount: string): string {
  const sign = amount.startsWith('-') ? '-' : ''
  const digits = amount.replace('-', '').padStart(3, '0')
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)} KZT`
}
