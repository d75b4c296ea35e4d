/** Payments by QR at the ledger: what moved for each, and what was set aside (docs/design/17-qr-payment.md). */
import { z } from 'zod'
import type { LedgerRow } from './ledger-database.ts'
import type { LedgerFaultCode } from './ledger-faults.ts'
import { canonicalText, saleHash } from './proof-bytes.ts'

export type Request = LedgerRow<'payment_request'>
type Fault = (code: LedgerFaultCode, place: string, detail: string) => void

/** From its payer to its payee and back; nothing else may move under its id. */
export function moneyOfRequest(
  row: LedgerRow<'tender'>,
  { payer, payee_account }: Request,
  transfers: readonly LedgerRow<'transfer'>[],
  fault: Fault,
): { readonly paid: bigint; readonly returned: bigint } {
  let paid = 0n
  let returned = 0n
  for (const { transfer_id, debit, credit, amount } of transfers) {
    if (debit === payer && credit === payee_account) paid += amount
    else if (debit === payee_account && credit === payer) returned += amount
    else fault('paid_to_another', row.tender_id, `transfer ${transfer_id} from ${debit} to ${credit}`)
  }
  if (row.state === 'settled' && row.paid_by !== 'individual')
    fault('settled_not_paid', row.tender_id, `says that ${row.paid_by} paid, and ${payer} did`)
  return { paid, returned }
}

/** @param hold of this request; undefined where there is none */
export function checkRequest(
  row: LedgerRow<'tender'>,
  request: Request,
  hold: LedgerRow<'hold'> | undefined,
  fault: Fault,
): void {
  const place = row.tender_id
  const namesVoucher = row.terms !== null || row.slot_id !== null || row.scheme_id !== null || row.tombstone !== 0n
  if (namesVoucher) fault('terms_differ', place, 'a payment by QR that has terms of a voucher, or is a tombstone')
  if (row.amount !== request.amount) fault('terms_differ', place, 'its columns name another amount')
  if ((row.state === 'reversed') !== (request.closed_for !== null))
    fault('hold_differs', place, `${row.state}, and closed for ${request.closed_for}`)
  if (request.closed_for === 'expired' && hold !== undefined)
    fault('hold_differs', place, `nobody paid in time, and ${hold.debit} did`)
  if (!statesOfHold(row.state).includes(hold?.state ?? 'none'))
    fault('hold_differs', place, `${row.state}, its hold ${hold?.state ?? 'none'}`)
  if (hold === undefined) {
    if (request.hold_id !== null) fault('hold_differs', place, `there is no hold ${request.hold_id}`)
    return
  }
  const { debit, credit, amount, posted, state } = hold
  const isOfThis = debit === request.payer && credit === request.payee_account && amount === request.amount
  if (!isOfThis) fault('hold_differs', place, `${amount} of ${debit} is set aside for ${credit}`)
  if (posted !== (state === 'posted' ? amount : 0n)) fault('hold_differs', place, `${state}, ${posted} posted`)
}

const whole = z.string().regex(/^(0|[1-9]\d*)$/)
const paidLinesSchema = z.array(
  z.strictObject({ line: z.int(), itemId: z.string(), category: z.string(), amount: whole }),
)
const captureSchema = z.object({
  sold: z.object({
    sale: z.looseObject({
      lines: z.array(
        z.looseObject({
          line: z.int(),
          itemId: z.string(),
          category: z.string(),
          quantity: z.int(),
          unitPrice: whole,
        }),
      ),
    }),
    paid: z.array(z.object({ line: z.int(), amount: whole })),
  }),
})

/**
 * What the ledger holds for paid of each line adds up, and a capture has shown it of the sale that the QR was for.
 *
 * @param captures what was shown of it, as JSON
 */
export function checkPaidLines(
  { tender_id: place, amount, sale_hash, paid_lines }: Request,
  captures: readonly string[],
  fault: Fault,
): void {
  if (paid_lines === null) return
  const lines = paidLinesSchema.parse(JSON.parse(paid_lines))
  const sum = lines.reduce((total, line) => total + BigInt(line.amount), 0n)
  if (sum !== amount) fault('terms_differ', place, `its lines add up to ${sum} of ${amount}`)
  const isShown = captures.some((capture) => {
    const read = captureSchema.safeParse(JSON.parse(capture))
    if (!read.success) return false
    const { sale, paid } = read.data.sold
    const known = paid.map((part) => {
      const of = sale.lines.find(({ line }) => line === part.line)
      const isWithin = of !== undefined && BigInt(part.amount) <= BigInt(of.quantity) * BigInt(of.unitPrice)
      return isWithin ? { ...part, itemId: of.itemId, category: of.category } : undefined
    })
    return saleHash(sale) === sale_hash && canonicalText(known) === canonicalText(lines)
  })
  if (!isShown) fault('terms_differ', place, 'no capture has shown the lines that it paid')
}

type HoldState = LedgerRow<'hold'>['state'] | 'none'

function statesOfHold(state: LedgerRow<'tender'>['state']): readonly HoldState[] {
  switch (state) {
    case 'requested':
    case 'refused':
      return ['none']
    case 'held':
      return ['pending']
    case 'settled':
      return ['posted']
    case 'not_paid':
      return ['expired']
    case 'reversed':
      return ['none', 'posted', 'voided', 'expired']
    case 'deciding':
    case 'awaiting_funds':
    case 'awaiting_proof':
      return []
  }
}
