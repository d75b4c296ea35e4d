/**
 * A payment by a card that counts itself (docs/design/22-tolem-applet.md, "One presence at the till";
 * 25-policy-card.md, "One sale"): the card's word, the rules' verdict, the PIN, the intent on the disk, and the debit
 * last of all. The card has paid when its record is on the disk here, with network and without; the ledger hears of it.
 */
import type { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { TenderRecord } from '../../sync/journal/journal.ts'
import { canonicalText, saleHashOf } from '../../sync/protocol/canonical.ts'
import { cardBindingOf } from '../../sync/protocol/card-binding.ts'
import { countsOnCard } from '../../voucher/card-rules.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'
import { schemeRef } from '../../voucher/cards/tolem-applet/names.ts'
import { verifyPin } from '../../voucher/cards/tolem-applet/pin.ts'
import type { AppletCard } from '../../voucher/cards/tolem-applet/recognition.ts'
import { nameSlot, readSlots, type AppletSlot, type CardContent } from '../../voucher/cards/tolem-applet/slots.ts'
import { planSpend, spend, spendPlanOf } from '../../voucher/cards/tolem-applet/spend.ts'
import { decide, type Decision, type DecisionInput, type DecisionPart } from '../../voucher/decide.ts'
import { addTiyn, remainderTiyn, tiyn, tiynMax, type Tiyn } from '../../voucher/money.ts'
import type { TenderTerms } from '../../voucher/tender.ts'
import {
  bytesOf,
  cashierCodes,
  noPresence,
  openCard,
  textOf,
  type NoPresence,
  type OpenedCard,
} from './applet-presence.ts'
import { carryScript } from './applet-script.ts'
import { onlineDeadlineMs } from './card-relay.ts'
import { decisionInput, refusalOf, type DecisionParts } from './decision-input.ts'
import type {
  AskedRest,
  Intent,
  PrepareOutcome,
  PresentOutcome,
  ProveOutcome,
  SettledRest,
  VerifyPinOutcome,
} from './work.ts'
import { openTenderOf, recordOf, type ActivePackage, type OpenTender } from './open-tender.ts'
import { paidByCard, recordIntent, recordRefusal, recordTear } from './tender-rows.ts'
import { askWhetherDebited, proofOf, settleTornDebits, type TornDebitParts } from './torn-debits.ts'

interface AppletPaymentParts extends DecisionParts, TornDebitParts {
  readonly engine: SyncEngine
  readonly ledger: LedgerClient
  readonly randomness: DecisionRandomness
  readonly onDidDecide: (decision: Decision, input: DecisionInput) => void
  readonly activePackage: () => ActivePackage | undefined
}
type DecisionRandomness = TornDebitParts['randomness'] & { uuid(): string }

/** A card that lies there, in its channel. */
interface Here extends OpenedCard {
  readonly presenceId: string
}

/** Decided, and shown: nothing of it is decided again while its holder types. */
interface Decided {
  readonly here: Here
  readonly content: CardContent
  readonly active: ActivePackage
  readonly input: DecisionInput
  readonly decision: Decision
  readonly part: DecisionPart
  readonly slot: AppletSlot
  readonly taps: AllTaps
}

/** What this card pays of the sale, each of its schemes at a tap of its own, and what it leaves to others. */
interface AllTaps {
  readonly parts: readonly DecisionPart[]
  readonly rest: Tiyn
}

/** READ SLOTS asks for so many at once. */
const schemesMost = 14
const challengeLength = 16
/** In one presence. */
const scriptsMost = 4

export class AppletPayment {
  readonly #parts: AppletPaymentParts
  #here: Here | undefined
  /** Waits for its PIN. */
  #decided: Decided | undefined

  constructor(parts: AppletPaymentParts) {
    this.#parts = parts
  }

  /** Another card may lie there. */
  forget(): void {
    this.#here = undefined
    this.#decided = undefined
  }

  async prepare(
    presenceId: string,
    channel: CardChannel,
    recognised: AppletCard,
    active: ActivePackage,
    settled: SettledRest | null,
  ): Promise<PrepareOutcome> {
    const { engine } = this.#parts
    this.#decided = undefined
    // The ledger is not asked before the card pays, so what it holds against this till has to be known here.
    if (engine.rollbackOpen) return { kind: 'refused', code: 'ROLLBACK_DETECTED' }
    if (engine.suspended) return { kind: 'refused', code: 'TERMINAL_SUSPENDED' }
    const here = await this.#open(presenceId, channel, recognised, active)
    if (here.kind !== 'opened') return here
    const paid = await this.#settleTorn(here)
    if (paid === 'torn') return this.#left()
    if (paid === 'unwritten') return { kind: 'refused', code: 'JOURNAL_NOT_WRITABLE' }
    // It has paid this sale already, before it left: nothing more is asked of it.
    const already = paid.find(({ saleId }) => saleId === this.#parts.currentSale().sale.saleId)
    if (already !== undefined) {
      const { tenderId, amount, schemeId } = already
      const mode = engine.worthAsking ? 'online' : 'offline'
      return { kind: 'paid', mode, intent: { tenderId, amount: amount.toString(), schemeId: schemeId ?? '' } }
    }
    // The same customer with the same goods, rung up anew, would pay twice.
    if (paid.length > 0) return { kind: 'refused', code: 'CARD_PAID_EARLIER' }
    const content = await this.#content(here, active)
    if (content.kind !== 'content') return content
    if (content.state === 'blocked') return { kind: 'refused', code: 'CARD_BLOCKED' }
    const decided = this.#decide(here, content, active)
    if (decided.kind !== 'decided') return decided
    const { amount, schemeId } = decided.part
    const wantsPin = amount > decided.slot.pinAbove
    const { pinTriesLeft } = content
    if (wantsPin && pinTriesLeft === null) return { kind: 'refused', code: 'CARD_PIN_NOT_SET' }
    if (wantsPin && pinTriesLeft === 0) return { kind: 'refused', code: 'CARD_PIN_BLOCKED' }
    // Debited last of all (money-rules.md, "One payment"): what others pay of the sale is collected before.
    const { rest } = decided.taps
    const isSettled = settled?.card === here.card && settled.rest === rest.toString()
    if (rest > 0n && !isSettled) return askedRest(decided)
    if (!wantsPin || pinTriesLeft === null) return this.#recordIntent(decided, false)
    this.#decided = decided
    return { kind: 'pin', asked: { amount: amount.toString(), schemeId, pinTriesLeft } }
  }

  /**
   * @param pin 4 to 8 digits; sent once, and kept nowhere
   * @param active as it is now: minutes may have gone by, and what was decided before is decided again
   */
  async verifyPin(presenceId: string, pin: string, active: ActivePackage): Promise<VerifyPinOutcome> {
    const decided = this.#decided
    if (decided?.here.presenceId !== presenceId || this.#here !== decided.here) return { kind: 'card_left' }
    const answer = await verifyPin(decided.here.presence, pin)
    if (answer.kind === 'verified') {
      this.#decided = undefined
      const again = this.#decide(decided.here, decided.content, active)
      if (again.kind !== 'decided') return again
      const { amount, slotId } = again.part
      // Not what its holder has confirmed: the card is held, and shown the new sum.
      if (amount !== decided.part.amount || slotId !== decided.part.slotId) return this.#left()
      if (again.taps.rest !== decided.taps.rest) return askedRest(again)
      return this.#recordIntent(again, true)
    }
    if (answer.kind === 'torn') return this.#left()
    if (answer.code !== 'CARD_PIN_WRONG') return { kind: 'refused', code: cashierCodes[answer.code] }
    const { pinTriesLeft = 0 } = answer
    if (pinTriesLeft === 0) return { kind: 'refused', code: 'CARD_PIN_BLOCKED' }
    return { kind: 'pin_wrong', pinTriesLeft }
  }

  /** Debits the card that lies there since the decision; of a torn tender, asks the card that came whether it has. */
  async prove(
    presenceId: string,
    channel: CardChannel,
    recognised: AppletCard | undefined,
    open: OpenTender,
  ): Promise<ProveOutcome> {
    const { journal } = this.#parts
    const { debit, terms } = open
    const { tenderId } = terms
    if (debit === null) throw new Error('a debit without the bytes of its intent')
    const known = this.#here
    if (known?.presenceId === presenceId && journal.tender(tenderId)?.state === 'in_progress') {
      const answer = await spend(known.presence, spendPlanOf(bytesOf(debit.record)))
      if (answer.kind === 'debited') return this.#paid(known, tenderId, answer.record)
      if (answer.kind === 'torn') {
        this.forget()
        return recordTear(journal, tenderId, answer.step, answer.executed)
      }
      // An authentic refusal: nothing was debited. But for the one that says that it was, before.
      if (answer.code !== 'CARD_ALREADY_DEBITED') return recordRefusal(journal, tenderId, cashierCodes[answer.code])
      recordTear(journal, tenderId, answer.step)
    }
    if (recognised === undefined && known?.presenceId !== presenceId) return { kind: 'other_card' }
    const active = this.#parts.activePackage()
    if (active === undefined) throw new Error('an intent without a package')
    const here = await this.#open(presenceId, channel, recognised, active)
    if (here.kind === 'card_left') return recordTear(journal, tenderId, 'open-channel')
    if (here.kind === 'refused') {
      // It has said nothing of its own yet. A newer certificate is on its way.
      const isTill = here.code === 'TERMINAL_NOT_ACCEPTED' || here.code === 'CARD_TIME_REFUSED'
      return isTill ? recordTear(journal, tenderId, 'open-channel') : { kind: 'other_card' }
    }
    if (here.card !== open.card) return { kind: 'other_card' }
    const said = await askWhetherDebited(this.#parts, here, debit)
    switch (said.kind) {
      case 'debited':
        return this.#paid(here, tenderId, said.record)
      case 'not-debited':
        journal.commit({ kind: 'tender_not_debited', tenderId, statement: textOf(said.statement) })
        return { kind: 'not_debited' }
      case 'torn':
        this.forget()
        return recordTear(journal, tenderId, said.step)
      case 'refused':
      case 'forgotten':
      case 'other-record':
        return { kind: 'cannot_tell' }
      default:
        return said satisfies never
    }
  }

  async present(tenderId: string): Promise<PresentOutcome> {
    const { engine, journal } = this.#parts
    await engine.present(tenderId, onlineDeadlineMs)
    return journal.tender(tenderId)?.state === 'settled' ? { kind: 'settled' } : { kind: 'pending' }
  }

  #paid(here: Here, tenderId: string, record: Uint8Array): ProveOutcome {
    const { journal, keys, engine } = this.#parts
    journal.commit(paidByCard(journal, keys.signing, tenderId, proofOf(here, record)))
    return { kind: 'debited', mode: engine.worthAsking ? 'online' : 'offline' }
  }

  async #open(
    presenceId: string,
    channel: CardChannel,
    recognised: AppletCard | undefined,
    active: ActivePackage,
  ): Promise<Here | NoPresence> {
    if (this.#here?.presenceId === presenceId) return this.#here
    this.forget()
    if (recognised === undefined) return { kind: 'card_left' }
    const opened = await openCard(this.#parts, channel, active.package, recognised)
    if (opened.kind !== 'opened') return opened
    return (this.#here = { ...opened, presenceId })
  }

  #left(): { readonly kind: 'card_left' } {
    this.forget()
    return { kind: 'card_left' }
  }

  /** A full disk takes no row of what the card says: it says so again when there is room. */
  async #settleTorn(here: Here): Promise<readonly TenderRecord[] | 'torn' | 'unwritten'> {
    try {
      return await settleTornDebits(this.#parts, here)
    } catch (error) {
      if (isStorageFault(error)) return 'unwritten'
      throw error
    }
  }

  /** What the card holds, after what its issuer had to say to it. */
  async #content(here: Here, active: ActivePackage): Promise<CardContent | NoPresence> {
    const until = this.#parts.time.now() + onlineDeadlineMs
    let content = await this.#read(here, active)
    // One of them may be the last: that the card is blocked. No longer than any tap waits.
    for (let scripts = 0; scripts < scriptsMost && this.#parts.time.now() < until; scripts += 1) {
      if (content.kind !== 'content') return content
      const carried = await carryScript(this.#parts, here, content)
      if (carried === 'torn') return this.#left()
      if (carried === 'nothing') return content
      content = await this.#read(here, active)
    }
    return content
  }

  async #read({ presence }: Here, { package: { schemes } }: ActivePackage): Promise<CardContent | NoPresence> {
    const served = schemes.filter(countsOnCard).slice(0, schemesMost)
    const references = served.map(({ schemeId }) => schemeRef(schemeId))
    const content = await readSlots(presence, this.#parts.time.now(), references)
    if (content.kind === 'content') return content
    return content.kind === 'torn' ? this.#left() : noPresence(content)
  }

  #decide(
    here: Here,
    content: CardContent,
    active: ActivePackage,
  ): ({ readonly kind: 'decided' } & Decided) | NoPresence {
    const { engine, onDidDecide } = this.#parts
    const named = content.slots.flatMap((of) => {
      const found = nameSlot(of, active.package.schemes)
      return found === null ? [] : [{ slot: found.slot, of }]
    })
    const slots = named.map(({ slot }) => slot)
    const inputOf = (mode: 'online' | 'offline'): DecisionInput =>
      decisionInput(this.#parts, {
        active: active.package,
        card: { card: here.card, profile: 'tolem-applet' },
        slots,
        leased: [],
        mode,
        without: null,
        spendCaps: named.map(({ slot: { slotId }, of: { maxPerSpend } }) => ({
          slotId,
          amount: maxPerSpend > tiynMax ? tiyn(tiynMax) : tiyn(maxPerSpend),
        })),
      })
    // The card pays before the ledger hears of it, and the network may go in between: also with network nothing is
    // paid that the rules without it would not allow.
    const bounded = inputOf('offline')
    const decision = decide(bounded)
    const online = engine.worthAsking ? inputOf('online') : bounded
    const input = canonicalText(decide(online)) === canonicalText(decision) ? online : bounded
    onDidDecide(decision, input)
    if (decision.verdict === 'refuse') return { kind: 'refused', code: refusalOf(bounded, slots, decision.code) }
    const ofSlot = ({ slotId }: DecisionPart): AppletSlot | undefined =>
      named.find(({ slot }) => slot.slotId === slotId)?.of
    const [part] = decision.parts
    const slot = part === undefined ? undefined : ofSlot(part)
    if (part === undefined || slot === undefined) throw new Error('an approval of a slot that the card does not have')
    const hasPin = content.pinTriesLeft !== null && content.pinTriesLeft > 0
    // What stands behind a part for which it can hear no PIN is not paid by it.
    const barred = decision.parts.findIndex((of) => !hasPin && of.amount > (ofSlot(of)?.pinAbove ?? 0n))
    const parts = decision.parts.slice(0, barred < 0 ? undefined : barred)
    const { left } = this.#parts.currentSale()
    const pays = addTiyn(...parts.map(({ amount }) => amount))
    if (pays > left || part.amount > left) return { kind: 'refused', code: 'QR_LEAVES_LESS' }
    const taps = { parts, rest: remainderTiyn(left, pays) }
    return { kind: 'decided', here, content, active, input, decision, part, slot, taps }
  }

  #recordIntent(
    { here, content, active, input, decision, part, slot }: Decided,
    isPinVerified: boolean,
  ): { readonly kind: 'intent'; readonly intent: Intent } | NoPresence {
    const { journal, randomness, currentSale } = this.#parts
    const { presence, card } = here
    const now = currentSale()
    const record = recordOf(active, null, input, decision, 0)
    const terms: TenderTerms = {
      tenderId: randomness.uuid(),
      payerSlot: part.slotId,
      payeeAccount: active.package.merchant.accountId,
      amount: part.amount,
      schemeId: part.schemeId,
      saleHash: saleHashOf(now.sale),
    }
    const { mode } = input
    const planned = planSpend(presence, content, {
      ...cardBindingOf(terms, record),
      slot,
      challenge: randomness.bytes(challengeLength),
      isOnline: mode === 'online',
      isPinVerified,
    })
    if (planned.kind === 'refused') return { kind: 'refused', code: cashierCodes[planned.code] }
    const row = {
      kind: 'tender_intent',
      ...{ terms, saleId: now.sale.saleId, mode, card, leaseId: null, part, record },
      debit: proofOf(here, planned.plan.expectedInput),
    } as const
    const unwritten = recordIntent(journal, now, row)
    if (unwritten !== undefined) return { kind: 'refused', code: unwritten }
    return { kind: 'intent', intent: openTenderOf(row).intent }
  }
}

function askedRest({ here, taps: { parts, rest } }: Decided): { readonly kind: 'rest'; readonly asked: AskedRest } {
  const [{ schemeId } = { schemeId: null }] = parts
  const amount = addTiyn(...parts.map((part) => part.amount)).toString()
  const asked = { amount, schemeId: parts.length === 1 ? schemeId : null, rest: rest.toString(), restOf: here.card }
  return { kind: 'rest', asked }
}
