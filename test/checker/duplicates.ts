/** What was paid or handed out more often than once (money-rules.md, "Identity" and "Offline"). */
import type { CardMessage } from './card-logs.ts'
import type { LedgerRows } from './ledger-database.ts'
import type { CheckedTenders, LedgerTender } from './ledger-tenders.ts'
import type { ProvedTender } from './paper-proofs.ts'
import type { PaperSlip } from './paper.ts'

export interface Duplicate {
  /**
   * - `tender_paid_twice`: more stayed with the payee than the tender's amount.
   * - `slot_oversold`: accepted tenders of one slot exceed its count or its amount, without what came back to it, and
   *   without those that a pool paid: its agency lent a sum, not the slot.
   * - `card_message_used_twice`: one counter of one card stands behind two settled tenders.
   * - `sale_paid_twice`: two settled tenders of one slot for one sale, or two by QR.
   * - `original_printed_twice`: two slips of one sale that do not say that they are copies; by the sale's hash in their
   *   codes, and by the number in their words, which a sale paid in cash has too.
   * - `tender_debited_twice`: cards with a tolem-applet debited one tender more than once (card-debits.ts).
   * - `sale_overpaid`: ledger and cash drawer together got more than the total of a sale (claims.ts).
   */
  readonly kind:
    | 'tender_paid_twice'
    | 'slot_oversold'
    | 'card_message_used_twice'
    | 'sale_paid_twice'
    | 'original_printed_twice'
    | 'tender_debited_twice'
    | 'sale_overpaid'
  /** The tender, slot, card message or sale. */
  readonly place: string
  readonly tenders: readonly string[]
  readonly detail: string
}

/** One wrong payment may be found in more than one way. */
export function findDuplicates(
  rows: LedgerRows,
  { tenders: byId, backInSlots }: CheckedTenders,
  messages: readonly CardMessage[],
  slips: readonly PaperSlip[],
  proved: Iterable<ProvedTender>,
): readonly Duplicate[] {
  const tenders = [...byId.values()]
  const settled = tenders.filter((tender) => tender.row.state === 'settled')
  return [
    ...paidTwice(settled),
    ...oversold(rows, tenders, backInSlots),
    ...messagesUsedTwice(rows, settled, messages),
    ...salesPaidTwice(settled),
    ...originalsPrintedTwice(slips, proved),
    ...originalsOfOneNumber(slips),
  ]
}

const idsOf = (tenders: readonly LedgerTender[]): string[] => tenders.map((tender) => tender.row.tender_id)

function paidTwice(settled: readonly LedgerTender[]): Duplicate[] {
  return settled
    .filter(({ row, paid, returned }) => paid - returned > row.amount)
    .map((tender): Duplicate => {
      const { row, paid, returned } = tender
      const detail = `${paid - returned} for ${row.amount}`
      return { kind: 'tender_paid_twice', place: row.tender_id, tenders: [row.tender_id], detail }
    })
}

function oversold(
  rows: LedgerRows,
  tenders: readonly LedgerTender[],
  backInSlots: CheckedTenders['backInSlots'],
): Duplicate[] {
  const slots = new Map(rows.slot.map((slot) => [slot.slot_id, slot]))
  const used = ({ row, terms }: LedgerTender): bigint =>
    BigInt(terms?.amount ?? 0) - (backInSlots.get(row.tender_id) ?? 0n)
  const pools = new Set(rows.lease.filter(({ kind }) => kind === 'pool').map((lease) => lease.escrow_account))
  const byPool = new Set(rows.transfer.filter(({ debit }) => pools.has(debit)).map(({ reference }) => reference))
  const accepted = tenders.filter((tender) => {
    const { state } = tender.row
    if (byPool.has(tender.row.tender_id)) return false
    return tender.terms !== null && (state === 'settled' || state === 'awaiting_funds') && used(tender) > 0n
  })
  const bySlot = Map.groupBy(accepted, (tender) => tender.terms?.payerSlot ?? '')
  return [...bySlot].flatMap(([slotId, own]): Duplicate[] => {
    const slot = slots.get(slotId)
    const amount = own.reduce((sum, tender) => sum + used(tender), 0n)
    const count = slot?.count_allowed ?? 0n
    const most = slot?.amount_allowed ?? 0n
    if (BigInt(own.length) <= count && amount <= most) return []
    const detail = `${own.length} of ${count} times, ${amount} of ${most}`
    return [{ kind: 'slot_oversold', place: slotId, tenders: idsOf(own), detail }]
  })
}

function messagesUsedTwice(
  rows: LedgerRows,
  settled: readonly LedgerTender[],
  messages: readonly CardMessage[],
): Duplicate[] {
  const names = new Map(messages.map((message) => [message.mac, `${message.card}, counter ${message.counter}`]))
  const users = new Map<string, Set<string>>()
  const use = (place: string, tenderId: string): void => {
    users.set(place, (users.get(place) ?? new Set()).add(tenderId))
  }
  for (const { row, macs } of settled) for (const mac of macs) use(names.get(mac) ?? `message ${mac}`, row.tender_id)
  const isSettled = new Set(idsOf(settled))
  for (const { card, epoch, counter, tender_id } of rows.card_counter) {
    if (isSettled.has(tender_id)) use(`ledger card ${card}, epoch ${epoch}, counter ${counter}`, tender_id)
  }
  return [...users]
    .filter(([, ids]) => ids.size > 1)
    .map(([place, ids]) => ({
      kind: 'card_message_used_twice',
      place,
      tenders: [...ids],
      detail: `${ids.size} tenders`,
    }))
}

function salesPaidTwice(settled: readonly LedgerTender[]): Duplicate[] {
  // A QR asks for all that is left of a sale, so that one is all there can be.
  const bySale = Map.groupBy(settled, ({ terms, request }) =>
    request === null ? `${terms?.saleHash} ${terms?.payerSlot}` : `${request.sale_hash} by QR`,
  )
  return [...bySale]
    .filter(([, own]) => own.length > 1)
    .map(([place, own]) => ({ kind: 'sale_paid_twice', place, tenders: idsOf(own), detail: `${own.length} tenders` }))
}

function originalsPrintedTwice(slips: readonly PaperSlip[], proved: Iterable<ProvedTender>): Duplicate[] {
  const originals = new Set(slips.filter((slip) => slip.mark === 'original').map((slip) => slip.number))
  const bySale = Map.groupBy(proved, ({ code }) => code.terms.saleHash)
  return [...bySale].flatMap(([saleHash, own]): Duplicate[] => {
    const numbers = [...new Set(own.flatMap((tender) => tender.slips))].filter((number) => originals.has(number))
    if (numbers.length < 2) return []
    const ids = own.map((tender) => tender.code.terms.tenderId)
    return [{ kind: 'original_printed_twice', place: saleHash, tenders: ids, detail: `slips ${numbers.join(', ')}` }]
  })
}

function originalsOfOneNumber(slips: readonly PaperSlip[]): Duplicate[] {
  const originals = slips.filter(
    (slip) => slip.mark === 'original' && !slip.isVoid && !slip.isRefund && slip.sale !== null,
  )
  return [...Map.groupBy(originals, (slip) => slip.sale ?? '')].flatMap(([sale, own]): Duplicate[] => {
    if (own.length < 2) return []
    const detail = `slips ${own.map((slip) => slip.number).join(', ')}`
    return [{ kind: 'original_printed_twice', place: `sale No. ${sale}`, tenders: [], detail }]
  })
}
