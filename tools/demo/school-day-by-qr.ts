/**
 * Of the school day, what is paid by QR: the rest beside a voucher, what a CBDC card pays in the place of a wallet, and
 * a QR that is given up and paid too late.
 */
import { demoCbdcCard } from '../../ledger-sim/scenarios/demo.ts'
import { expectApproved, expectPayment, qrIs, type Counter } from './counter.ts'
import type { Stage } from './scenario.ts'

export interface QrStory {
  /** Vouchers and QRs that were paid. */
  readonly approved: number
  /** The QRs among them. */
  readonly paidByQr: number
  /** Payments that came back to their wallet. */
  readonly paidBack: number
}

const [payer, latePayer] = ['individual-1', 'individual-2'] as const

/** @param pupil has not had lunch yet */
export async function playQrPayments(counter: Counter, pupil: string, say: Stage['say']): Promise<QrStory> {
  const { till, panel } = counter
  await counter.ringsUp({ 'school-lunch': 1, juice: 1 })
  expectApproved(await counter.taps(pupil), 'settled', pupil)
  await counter.takesFromWallet(payer)
  say(`${pupil}: the card paid the lunch, ${payer}'s wallet the juice by QR; the till saw it and sent the sale.`)

  await counter.ringsUp({ juice: 1 })
  await counter.takesFromCbdcCard(demoCbdcCard)
  say('A customer holds a CBDC card on the reader while the QR is shown: it pays from an account, like a wallet.')

  await till.does({ command: 'add_item', itemId: 'juice' })
  const givenUp = await counter.asksByQr()
  await till.does({ command: 'cancel_sale' })
  await till.sees('the ledger has heard of it', (shown) => qrIs(shown, 'reversed'))
  expectPayment(await panel.payQr(latePayer, givenUp), 'paid_back', 'released')
  say(`A QR is given up, and ${latePayer} pays it all the same: the money is back in the wallet at once.`)
  return { approved: 3, paidByQr: 2, paidBack: 1 }
}
