/** One till with its cashier and the customer before it: the steps of which the stories are made. */
import type { RefusalCode, Snapshot, TapView, Tiyn } from '../../src/terminal/contract/index.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { TillPlace } from '../world.ts'
import { PanelClient, type PaidByQr } from './panel-client.ts'
import { TillClient } from './till-client.ts'

/** More than one whole round of a till with the ledger, wherever it stands in the present one. */
const requestsOfTwoRounds = 8
const syncWithinMs = 60_000

export class Counter {
  readonly till: TillClient
  readonly panel: PanelClient

  private constructor({ panelUrl }: TillPlace, till: TillClient) {
    this.till = till
    this.panel = new PanelClient(panelUrl)
  }

  /** Comes to the till, waits until it has reached the ledger, and opens a shift. */
  static async open(place: TillPlace): Promise<Counter> {
    const till = await TillClient.connect(place.tillUrl)
    await till.sees(
      'the till is ready and has reached the ledger',
      (shown) => shown.catalogue.length > 0 && shown.lights.network.level === 'ok',
    )
    await till.opensShift()
    return new Counter(place, till)
  }

  /** @param basket how many of each item */
  async ringsUp(basket: Readonly<Record<string, number>>): Promise<void> {
    for (const [itemId, quantity] of Object.entries(basket)) {
      await this.till.does({ command: 'add_item', itemId })
      if (quantity === 1) continue
      const { sale } = await this.till.sees(`${itemId} in the basket`, (shown) => lineOf(shown, itemId) !== undefined)
      const line = sale?.lines.find((candidate) => candidate.itemId === itemId)?.line ?? 0
      await this.till.does({ command: 'set_quantity', line, quantity })
    }
  }

  /** Holds the card until the screen says how it ended, and takes it away. */
  async taps(card: string): Promise<TapView> {
    await this.till.does({ command: 'pay_by_card' })
    await this.panel.lay(card)
    const { tap } = await this.till.sees(`a result for ${card}`, (shown) =>
      ['approved', 'refused', 'unknown'].includes(shown.tap.state),
    )
    await this.panel.pull()
    return tap
  }

  /** Rings up, taps, and lets the next customer come where the card has paid it all. */
  async sells(basket: Readonly<Record<string, number>>, card: string): Promise<TapView> {
    await this.ringsUp(basket)
    const tap = await this.taps(card)
    if (tap.state === 'approved') await this.finishes()
    return tap
  }

  /** @returns the sale's id */
  async finishes(): Promise<string> {
    const { sale } = await this.till.sees(
      'the sale is paid',
      (shown) => shown.sale?.leftToPay === 0n && shown.actions.includes('next_customer'),
    )
    if (sale === null) throw new Error('there is no sale on the screen')
    await this.till.does({ command: 'next_customer' })
    await this.till.sees('an empty basket', hasEmptyBasket)
    return sale.saleId
  }

  async cancelsSale(): Promise<void> {
    await this.till.does({ command: 'cancel_sale' })
    await this.till.sees('an empty basket', hasEmptyBasket)
  }

  /** The card must be refused with this code. The customer leaves without goods. */
  async refuses(basket: Readonly<Record<string, number>>, card: string, code: RefusalCode): Promise<void> {
    await this.ringsUp(basket)
    expectRefused(await this.taps(card), code, card)
    await this.cancelsSale()
  }

  /** Takes in cash what is left to pay. */
  async takesCash(): Promise<void> {
    await this.till.does({ command: 'pay_cash' })
  }

  /** Text of the QR on the screen, which asks for what is left. */
  async asksByQr(): Promise<string> {
    await this.till.does({ command: 'pay_by_qr' })
    const { tap } = await this.till.sees('the QR', (shown) => shown.tap.state === 'qr')
    if (tap.state !== 'qr' || tap.text === null) throw new Error('the QR is gone')
    return tap.text
  }

  /** A customer's wallet pays what is left, and hears that it is settled. */
  async takesFromWallet(wallet: string): Promise<void> {
    const paid = await this.panel.payQr(wallet, await this.asksByQr())
    expectPayment(paid, 'held', null)
    await this.finishes()
    await this.till.sees('the ledger has the sale', (shown) => qrIs(shown, 'settled'))
    expectPayment(await this.panel.payment(paid.paymentId), 'settled', null)
  }

  /** A CBDC card pays what is left, held while the QR is shown. */
  async takesFromCbdcCard(card: string): Promise<void> {
    await this.asksByQr()
    await this.panel.lay(card)
    await this.till.sees(`${card} has paid`, ({ tap }) => tap.state === 'approved')
    await this.panel.pull()
    await this.finishes()
    await this.till.sees('the ledger has the sale', (shown) => qrIs(shown, 'settled'))
  }

  /** Goods of one line come back, all that was paid for them. The slip is on paper when this is done. */
  async takesBack(saleId: string, line: number): Promise<{ readonly voucher: Tiyn; readonly cash: Tiyn }> {
    await this.till.does({ command: 'show_refund', saleId })
    const { refund } = await this.till.sees('what can go back', (shown) => shown.refund?.saleId === saleId)
    const left = refund?.lines.find((candidate) => candidate.line === line)
    if (refund === null || left === undefined) throw new Error(`there is no line ${line} to give back`)
    const { length: before } = refund.returns
    const amount = tiyn(left.voucherLeft + left.cashLeft)
    const lines = [{ line, amount }]
    await this.till.does({ command: 'refund_sale', saleId, lines, reason: 'goods_returned' })
    const { refund: done } = await this.till.sees('the return is done and on paper', (shown) => {
      const returned = shown.refund?.returns[before]
      return returned?.printed === 'printed' && returned.refunds.every(({ state }) => state === 'done')
    })
    await this.till.does({ command: 'put_refund_away' })
    const returned = done?.returns[before]
    const voucher = tiyn((returned?.refunds ?? []).reduce((sum, { amount: of }) => sum + of, 0n))
    return { voucher, cash: returned?.cash ?? tiyn(0n) }
  }

  /** Nobody is reached any more, and the till knows. */
  async losesNetwork(): Promise<void> {
    await this.panel.network({ mode: 'cut' })
    await this.till.does({ command: 'sync_now' })
    await this.till.sees('the ledger is not reached', ({ lights }) => lights.network.level !== 'ok')
  }

  async getsNetworkBack(): Promise<void> {
    await this.panel.network({ mode: 'up' })
    await this.till.does({ command: 'sync_now' })
    await this.till.sees('the ledger is reached', ({ lights }) => lights.network.level === 'ok', syncWithinMs)
  }

  /** It has handed over what waited, and heard what was new at the ledger when this began. */
  async catchesUp(): Promise<void> {
    await this.hearsNews()
    await this.till.sees('nothing waits', ({ queue }) => queue.waiting === 0, syncWithinMs)
  }

  /** The till has noticed that time has passed, which it shows with its next answer. @param at since 1970 */
  async seesTime(at: number): Promise<void> {
    await within(syncWithinMs, 'the till does not notice the time', async () => {
      await this.till.does({ command: 'sync_now' })
      return this.till.snapshot.time.now >= at
    })
  }

  async hearsNews(): Promise<void> {
    const before = await this.panel.requests()
    await within(syncWithinMs, 'the till does not ask the ledger for news', async () => {
      await this.till.does({ command: 'sync_now' })
      return (await this.panel.requests()) >= before + requestsOfTwoRounds
    })
  }

  /** Nothing waits any more, for the ledger or for the printer. */
  async endsWell(): Promise<void> {
    await this.till.does({ command: 'sync_now' })
    await this.till.sees('everything is settled', settledEverywhere, syncWithinMs)
    await this.till.sees('everything is printed', ({ receiptsWaiting }) => receiptsWaiting === 0, syncWithinMs)
  }
}

async function within(ms: number, otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + ms
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(otherwise)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const hasEmptyBasket = ({ sale }: Snapshot): boolean => sale === null || sale.lines.length === 0

const lineOf = ({ sale }: Snapshot, itemId: string) => sale?.lines.find((line) => line.itemId === itemId)

function settledEverywhere({ queue, unresolved, recent }: Snapshot): boolean {
  const tenders = recent.flatMap((sale) => sale.tenders)
  return (
    queue.waiting === 0 &&
    unresolved.length === 0 &&
    tenders.every((tender) => ['settled', 'reversed', 'refused', 'voided'].includes(tender.state))
  )
}

export const qrIs = ({ recent }: Snapshot, state: 'settled' | 'reversed'): boolean =>
  recent.some(({ tenders }) => tenders.some((tender) => tender.kind === 'qr' && tender.state === state))

export function expectPayment({ state, reason }: PaidByQr, expected: PaidByQr['state'], why: string | null): void {
  if (state === expected && reason === why) return
  throw new Error(`the wallet must hear ${expected} (${why ?? 'no reason'}), it heard ${state} (${reason})`)
}

/** @param amount tiyn; without it any */
export function expectApproved(tap: TapView, look: 'settled' | 'pending', card: string, amount?: bigint): void {
  if (tap.state === 'approved' && tap.look === look && (amount === undefined || tap.amount === amount)) return
  throw new Error(`${card} must be approved (${look}, ${amount ?? 'any amount'}), the screen says ${inWords(tap)}`)
}

export function expectRefused(tap: TapView, code: RefusalCode, card: string): void {
  if (tap.state === 'refused' && tap.code === code) return
  throw new Error(`${card} must be refused with ${code}, the screen says ${inWords(tap)}`)
}

/** For the sentence of a failure. */
export function inWords(shown: unknown): string {
  return JSON.stringify(shown, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
