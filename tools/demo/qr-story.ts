/** Of the school day, what is paid by QR: the rest beside a voucher, and a QR that is given up and paid too late. */
import type { Snapshot } from '../../src/terminal/contract/index.ts'
import type { PaidByQr } from './panel-client.ts'
import type { Stage } from './story.ts'

export interface QrStory {
  /** Vouchers and QRs that were paid. */
  readonly approved: number
  /** Payments that came back to their wallet. */
  readonly paidBack: number
}

const [payer, latePayer] = ['individual-1', 'individual-2'] as const

/** @param pupil has not had lunch yet */
export async function playQrPayments(stage: Stage, pupil: string): Promise<QrStory> {
  const { till, panel, say } = stage
  await till.does({ command: 'add_item', itemId: 'school-lunch' })
  await till.does({ command: 'add_item', itemId: 'juice' })
  await till.does({ command: 'pay_by_card' })
  await panel.lay(pupil)
  await till.sees(`the card of ${pupil} has paid`, ({ tap }) => tap.state === 'approved')
  await panel.pull()
  const paid = await panel.payQr(payer, await asksByQr(stage))
  expectPayment(paid, 'held', null)
  await till.sees('the sale is paid', ({ tap, sale }) => tap.state === 'approved' && sale?.leftToPay === 0n)
  await till.does({ command: 'next_customer' })
  await till.sees('the ledger has the sale', (shown) => qrIs(shown, 'settled'))
  expectPayment(await panel.payment(paid.paymentId), 'settled', null)
  say(`${pupil}: the card paid the lunch, ${payer}'s wallet the juice by QR; the till saw it and sent the sale.`)

  await till.does({ command: 'add_item', itemId: 'juice' })
  const givenUp = await asksByQr(stage)
  await till.does({ command: 'cancel_sale' })
  await till.sees('the ledger has heard of it', (shown) => qrIs(shown, 'reversed'))
  expectPayment(await panel.payQr(latePayer, givenUp), 'paid_back', 'released')
  say(`A QR is given up, and ${latePayer} pays it all the same: the money is back in the wallet at once.`)
  return { approved: 2, paidBack: 1 }
}

/** Text of the QR on the screen. */
async function asksByQr({ till }: Stage): Promise<string> {
  await till.does({ command: 'pay_by_qr' })
  const { tap } = await till.sees('the QR', (shown) => shown.tap.state === 'qr')
  if (tap.state !== 'qr' || tap.text === null) throw new Error('the QR is gone')
  return tap.text
}

const qrIs = ({ recent }: Snapshot, state: 'settled' | 'reversed'): boolean =>
  recent.some(({ tenders }) => tenders.some((tender) => tender.kind === 'qr' && tender.state === state))

function expectPayment({ state, reason }: PaidByQr, expected: PaidByQr['state'], why: string | null): void {
  if (state === expected && reason === why) return
  throw new Error(`the wallet must hear ${expected} (${why ?? 'no reason'}), it heard ${state} (${reason})`)
}
