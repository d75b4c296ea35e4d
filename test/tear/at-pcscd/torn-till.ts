/**
 * One cell of the matrix after the other at a whole till before a real pcscd: a fault at a command of a payment, what
 * cashier and customer do then, and what screen, card, journal and ledger say of it, all looked at from outside.
 * Nothing waits for a time: pcscd says when a card has left, the screen when a tap is over, the files when all is
 * settled.
 */
import type { CardLogLine } from '../../../hardware-mocks/cards/card-file.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import type { Command, Snapshot, TapView } from '../../../src/terminal/contract/index.ts'
import type { Observer } from '../../integration/reader/observer.ts'
import { sleep, type Station } from '../../integration/reader/station.ts'
import { disagreements, inWords, wrongOnScreen } from '../judge.ts'
import { tornFault, type TornProfile, type TornWay } from '../names.ts'
import { proofsOf, type Proofs } from '../proofs.ts'
import { anotherCard, laidCards, type LaidCard } from './cards.ts'
import { filedAtLedger, ledgerFileOf, seenSales } from './seen.ts'

export interface CellWish {
  readonly way: TornWay
  readonly fault: string
  /** At which command of the tap, from 1 on. */
  readonly command: number
}

export interface PlayedCell {
  /** The payment has so many commands. */
  readonly struck: boolean
  readonly failures: readonly string[]
}

const tapsMax = 4
/** Not a matter of speed: what is not settled after that, on whatever machine, will not be. */
const settlesWithinMs = 60_000
/** Whatever it is that never comes. */
const cellMaxMs = 300_000
const looksEachMs = 50
const asksEachMs = 1_000
const slot = 0

/** A tap is over, as far as the screen says. */
const isOver = ({ tap }: Snapshot): boolean => tap.state !== 'hold'

/** With the hint: a tap that was torn at once differs from the one before in that alone. */
const whole = (tap: TapView): string => ('hint' in tap ? `${inWords(tap)}, ${tap.hint}` : inWords(tap))

const wanted = whole({ state: 'tap', hint: null })

export class TornTillAtPcscd {
  readonly #station: Station
  readonly #observer: Observer
  readonly #card: LaidCard
  readonly #proofs: Proofs
  /** Commands that the card was sent so far, whether they came to it or not. */
  #sent = 0
  /** While the till replaces its device host under a mute card. */
  #replaced: Promise<unknown> | null = null
  readonly #sales = new Set<string>()
  readonly #paid = new Set<string>()
  readonly #saidBefore: number
  #failures: string[] = []

  constructor(station: Station, observer: Observer, profile: TornProfile) {
    this.#station = station
    this.#observer = observer
    this.#card = laidCards[profile]
    this.#proofs = proofsOf[profile]
    this.#saidBefore = this.#said().length
    const card = station.card(this.#card.label)
    const exchange = card.exchange.bind(card)
    card.exchange = (command) => {
      this.#sent += 1
      const answer = exchange(command)
      if (answer.kind === 'mute') this.#replaced ??= this.#deviceHostIsReplaced()
      return answer
    }
  }

  /** With network: a card that counts itself fetches its allowance so. @returns in words, why it cannot be used */
  async isReady(): Promise<readonly string[]> {
    return this.#watched(async () => {
      this.#keeps(await this.#isPaid())
      await this.#frees()
    })
  }

  async cell(wish: CellWish): Promise<PlayedCell> {
    let struck = false
    const failures = await this.#watched(async () => {
      struck = await this.#plays(wish)
    })
    return { struck, failures }
  }

  /** Of all cells so far: nothing has changed behind them, and the ledger has nothing against them. */
  async end(): Promise<readonly string[]> {
    return this.#watched(async () => {
      await this.#agree(this.#sales, this.#saidBefore)
      this.#must(auditFile(ledgerFileOf(this.#station))?.balanced === true, 'the ledger does not balance')
      const filed = filedAtLedger(this.#station)
      this.#must(filed.length === 0, `the ledger filed ${filed.join(', ')}`)
    })
  }

  async #plays({ way, fault, command }: CellWish): Promise<boolean> {
    const { isOffline, isDebit } = this.#proofs
    const before = this.#said().length
    if (isOffline) await this.#network('cut')
    const saleId = await this.#rings('bread')
    const card = this.#station.card(this.#card.label)
    const sentBefore = this.#sent
    card.arm(tornFault(fault), command)
    const shown = await this.#taps()
    card.disarm()
    const struck = this.#sent - sentBefore >= command
    this.#must(struck || shown.state === 'approved', `nothing was torn, and the screen says ${whole(shown)}`)
    this.#failures.push(...wrongOnScreen(shown, { debits: isDebit ? this.#said().length - before : 0 }))
    const paid = shown.state === 'approved' ? saleId : await this.#goesOn(way, shown)
    if (paid !== null) this.#keeps(paid)
    if (isOffline) await this.#network('up')
    // The same card once more, with network: whatever was left open with it is over after that.
    await this.#frees()
    const next = await this.#rings('bread')
    await this.#isPaid()
    this.#keeps(next)
    await this.#agree(new Set([saleId, ...(paid === null ? [] : [paid]), next]), before)
    await this.#frees()
    return struck
  }

  /** What cashier and customer do after the tear. @returns the sale that was paid */
  async #goesOn(way: TornWay, shown: TapView): Promise<string | null> {
    const isTorn = shown.state === 'torn'
    switch (way) {
      case 'same card':
        break
      case 'another card first':
        if (isTorn) {
          const other = await this.#taps(anotherCard)
          this.#must(other.state === 'torn' && other.hint === 'other_card', `another card: ${inWords(other)}`)
        }
        break
      case 'core killed':
        await this.#coreIsKilled()
        if (isTorn) this.#must(this.#tap.state === 'torn', `after a restart: ${inWords(this.#tap)}`)
        break
      case 'never back':
      case 'another basket':
        await this.#asks({ command: 'cancel_payment' })
        await this.#asks({ command: 'cancel_sale' })
        await this.#sees('the sale is given up', ({ sale, tap }) => sale === null && tap.state === 'idle')
        if (way === 'never back') return null
        await this.#rings('milk')
        break
      default:
        return way satisfies never
    }
    return this.#isPaid()
  }

  /** Until what is on the disk says the same, or it never will. */
  async #agree(saleIds: ReadonlySet<string>, before: number): Promise<void> {
    const until = performance.now() + settlesWithinMs
    for (let askedAt = 0; ; await sleep(looksEachMs)) {
      const { unresolved, queue } = this.#station.till.snapshot
      const wrong = disagreements({
        sales: seenSales(this.#station, saleIds, this.#paid, this.#proofs),
        said: this.#said().slice(before),
        isDebit: this.#proofs.isDebit,
        unresolved: unresolved.length,
      })
      if (wrong.length === 0 && queue.waiting === 0) return
      if (performance.now() > until) {
        this.#failures.push(...wrong, ...(queue.waiting === 0 ? [] : [`${queue.waiting} rows wait for the ledger`]))
        return
      }
      if (performance.now() - askedAt < asksEachMs) continue
      askedAt = performance.now()
      await this.#asks({ command: 'sync_now' })
    }
  }

  /** Held again until it is approved, as a cashier does. @returns the sale that was paid */
  async #isPaid(): Promise<string> {
    for (let taps = 0; this.#tap.state !== 'approved' && taps < tapsMax; taps += 1) {
      if (this.#station.till.snapshot.sale === null) await this.#rings('bread')
      if (this.#tap.state === 'refused' || this.#tap.state === 'idle') {
        await this.#does({ command: 'pay_by_card' })
        await this.#sees('a card is wanted', ({ tap }) => tap.state === 'tap' || tap.state === 'torn')
      }
      await this.#taps()
    }
    this.#must(this.#tap.state === 'approved', `cannot be paid: ${inWords(this.#tap)}`)
    return this.#station.till.snapshot.sale?.saleId ?? ''
  }

  /** On a free screen. @returns the sale's id */
  async #rings(itemId: string): Promise<string> {
    await this.#does({ command: 'add_item', itemId })
    await this.#does({ command: 'pay_by_card' })
    const { sale } = await this.#sees('a card is wanted', (shown) => shown.tap.state === 'tap' && shown.sale !== null)
    const saleId = sale?.saleId ?? ''
    this.#sales.add(saleId)
    return saleId
  }

  /** From the card on the reader to a reader that is empty again, as pcscd says. @returns what the screen says then */
  async #taps(label = this.#card.label): Promise<TapView> {
    const station = this.#station
    const { pin } = this.#card
    await station.readerWorks()
    // The till may hear a moment after us that the card before has left.
    await this.#sees('the reader is free', ({ tap }) => tap.state !== 'tap' || tap.hint !== 'remove_card_first')
    const untouched = [whole(this.#tap), wanted]
    // A tap that is over at once may never have been shown as begun.
    const isRead = this.#sees('the card is read', (shown) => !untouched.includes(whole(shown.tap)))
    const isGone = this.#observer.comesAndGoes(slot)
    await station.lay(label, slot)
    await isRead
    const { tap } = await this.#sees('the tap is over', isOver)
    if (tap.state === 'pin' && pin !== undefined) {
      await this.#does({ command: 'give_pin', pin })
      await this.#sees('the PIN is taken', (shown) => shown.tap.state !== 'pin')
    }
    await this.#sees('the tap is over', isOver)
    station.pull(slot)
    await isGone()
    await this.#replaced
    this.#replaced = null
    return (await this.#sees('the tap is over, without the card', isOver)).tap
  }

  async #deviceHostIsReplaced(): Promise<void> {
    await this.#sees('the till restarts its reader', ({ lights }) => lights.reader.code === 'device_host_restarting')
    await this.#station.readerWorks()
  }

  /** SIGKILL; the shell starts another on the same folder. */
  async #coreIsKilled(): Promise<void> {
    const { till, demo } = this.#station
    const { revision } = till.snapshot
    process.kill(demo.corePid(), 'SIGKILL')
    await this.#sees('the core is back', (shown) => shown.revision < revision && shown.catalogue.length > 0)
    await this.#station.readerWorks()
  }

  async #network(mode: 'cut' | 'up'): Promise<void> {
    await this.#station.demo.panel.network({ mode })
    await this.#asks({ command: 'sync_now' })
    await this.#sees(`the network is ${mode}`, ({ lights }) => (lights.network.code === 'ok') === (mode === 'up'))
  }

  /** The customer has gone. */
  async #frees(): Promise<void> {
    if (this.#tap.state === 'approved') await this.#does({ command: 'next_customer' })
    await this.#sees('the screen is free', ({ tap, sale }) => tap.state === 'idle' && sale === null)
  }

  /** A sale that was closed. */
  #keeps(saleId: string): void {
    this.#sales.add(saleId)
    this.#paid.add(saleId)
  }

  #said(): readonly string[] {
    const log: readonly CardLogLine[] = this.#station.box.log(this.#card.label, Number.MAX_SAFE_INTEGER) ?? []
    return log.flatMap((line) => (line.kind === 'fault' ? [] : this.#proofs.saidIn(line)))
  }

  get #tap(): TapView {
    return this.#station.till.snapshot.tap
  }

  #sees(what: string, shown: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    return this.#station.till.sees(what, shown)
  }

  async #does(command: Command): Promise<void> {
    await this.#station.till.does(command)
  }

  /** Done or not: what becomes of it is seen on the screen. */
  async #asks(command: Command): Promise<void> {
    await this.#station.till.asks(command)
  }

  #must(isSo: boolean, otherwise: string): void {
    if (!isSo) this.#failures.push(otherwise)
  }

  /** A till that hangs, or never shows what it must, is wrong too. */
  async #watched(play: () => Promise<void>): Promise<readonly string[]> {
    this.#failures = []
    let tooLong: NodeJS.Timeout | undefined
    const end = new Promise<never>((_resolve, reject) => {
      tooLong = setTimeout(() => reject(new Error(`no end within ${cellMaxMs} ms`)), cellMaxMs)
    })
    try {
      await Promise.race([play(), end])
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error))
    }
    clearTimeout(tooLong)
    return this.#failures
  }
}
