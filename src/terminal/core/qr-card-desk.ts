/**
 * The card under the QR (docs/design/29-cbdc-card.md, "At the till"): when a card that lies here is asked to pay what
 * the QR asks for, and what the screen says about it. It knows nothing about money: whether the request is paid, the
 * till hears from the ledger as of any QR.
 */
import type { TapView } from '../contract/snapshot.ts'
import type { RequestCardOutcome, RequestCardWork } from '../payment/work.ts'
import type { LyingCards } from './lying-cards.ts'

/** The QR on the screen. */
export interface ShownRequest {
  readonly requestId: string
  readonly saleId: string
  /** Of the card that pays after it, and may lie there meanwhile; null where none does. */
  readonly waiting: string | null
}

export type CardUnderQr = Extract<TapView, { state: 'qr' }>['card']

export interface QrCardDeskParts {
  readonly cards: LyingCards
  readonly shown: () => ShownRequest | null
  readonly onDidChange: () => void
}

export class QrCardDesk {
  readonly #parts: QrCardDeskParts
  #shown: ShownRequest | null = null
  #card: CardUnderQr = null
  #isAsking = false

  constructor(parts: QrCardDeskParts) {
    this.#parts = parts
  }

  get card(): CardUnderQr {
    return this.#card
  }

  /** After whatever may have changed the QR on the screen, the cards that lie here, or the network. */
  follow(work: RequestCardWork): void {
    const { cards, shown } = this.#parts
    const now = shown()
    if (now?.requestId !== this.#shown?.requestId) {
      // What came under a QR came for its sale: perhaps without network, when no card is asked. What lies here when one
      // comes was laid down by somebody who had not seen it.
      for (const saleId of [this.#shown?.saleId, now?.saleId]) if (saleId !== undefined) cards.belongTo(saleId)
      this.#shown = now
      this.#card = null
    }
    if (now === null || this.#isAsking || !work.mayAsk(now.requestId)) return
    // One that was tried for a sale, be it this one by its vouchers, is laid on anew first.
    const presenceId = cards.untried()
    if (presenceId !== undefined) {
      cards.tried(presenceId, now.saleId)
      cards.askedFor(presenceId, now.saleId)
      void this.#ask(work, presenceId, now)
    } else if (this.#card === null && cards.lying.some((lying) => lying.presenceId !== now.waiting))
      this.#say({ state: 'left' })
  }

  /** One at a time. A rejection is a broken invariant, as of the machine's work, and ends the process. */
  async #ask(work: RequestCardWork, presenceId: string, { requestId, saleId }: ShownRequest): Promise<void> {
    this.#isAsking = true
    this.#say({ state: 'asking' })
    const outcome = await work.payRequest(presenceId, requestId)
    this.#isAsking = false
    // Of a QR that has gone from the screen nothing is said: another sale may stand there.
    if (this.#parts.shown()?.requestId === requestId) {
      // Refused, it leaves no place for a card that came to another reader meanwhile, perhaps somebody else's.
      this.#parts.cards.othersBelongTo(saleId)
      this.#say(cardAfter(outcome))
    }
    this.follow(work)
  }

  #say(card: CardUnderQr): void {
    this.#card = card
    this.#parts.onDidChange()
  }
}

/** Whether it is paid, the sync tells a moment later. */
function cardAfter(outcome: RequestCardOutcome): CardUnderQr {
  switch (outcome.kind) {
    case 'held':
    case 'over':
    case 'no_answer':
      return { state: 'awaiting_answer' }
    case 'card_left':
      return { state: 'left' }
    case 'refused':
      return { state: 'refused', code: outcome.code }
    default:
      return outcome satisfies never
  }
}
