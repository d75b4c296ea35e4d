/**
 * One fault at each command of a payment in turn, and what the customer does then (docs/design/08-reader.md, 26): the
 * card's own log, the till's journal, the screen and the ledger say the same.
 */
import { auditFile } from '../../ledger-sim/audit.ts'
import type { Core } from '../../src/terminal/core/core.ts'
import type { Command } from '../../src/terminal/contract/commands.ts'
import type { TapView } from '../../src/terminal/contract/index.ts'
import { coreOf, ledgerRows } from '../integration/payment/customers.ts'
import type { PreparedWorld } from '../integration/payment/prepared-world.ts'
import { disagreements, inWords, wrongOnScreen } from './judge.ts'
import { tornFault, type TornProfile, type TornWay } from './names.ts'
import { openTornCard, type TornCard } from './torn-cards.ts'

export interface Series {
  readonly profile: TornProfile
  readonly fault: string
  readonly way: TornWay
  readonly seed: string
  /** Of every how many commands one is struck; 1: each of them. */
  readonly step: number
  readonly sabotage?: (core: Core) => void
}

export interface Played {
  readonly cells: number
  /** In words, with the cell that it was. */
  readonly failures: readonly string[]
}

/** Longer than any payment takes, with a command that is waited for in vain. */
const tapMs = 8_000
const tapsMax = 4

export async function playSeries(prepared: PreparedWorld, series: Series): Promise<Played> {
  const card = await openTornCard(prepared, series.profile, series.seed, series.sabotage)
  try {
    return await new TornTill(card, series).play()
  } finally {
    await card.world.close()
  }
}

class TornTill {
  readonly #card: TornCard
  readonly #series: Series
  readonly #failures: string[] = []
  /** Where a fault strikes now. */
  #at = 0

  constructor(card: TornCard, series: Series) {
    this.#card = card
    this.#series = series
  }

  async play(): Promise<Played> {
    const { profile, fault, way, step } = this.#series
    let cells = 0
    // With network: a card that counts itself fetches its allowance so.
    this.#rings('bread')
    await this.#isPaid()
    for (this.#at = 1; ; this.#at += step) {
      const struck = await this.#cell()
      if (!struck) break
      cells += 1
      // One thing that is wrong is often wrong in each cell after it.
      if (this.#failures.length > 0) break
    }
    const { ledgerFile } = this.#card.world
    this.#must(auditFile(ledgerFile)?.balanced === true, 'the ledger does not balance')
    const filed = ledgerRows(this.#card.world, 'SELECT code FROM discrepancy') as { code: string }[]
    this.#must(filed.length === 0, `the ledger filed ${filed.map(({ code }) => code).join(', ')}`)
    const where = `${profile}, ${fault} at command ${this.#at}, ${way}`
    return { cells, failures: this.#failures.map((failure) => `${where}: ${failure}`) }
  }

  /** @returns whether the fault struck: the payment has so many commands */
  async #cell(): Promise<boolean> {
    const { faulty, says, sent, world, isOffline, isDebit } = this.#card
    const before = says().length
    if (isOffline) {
      world.network.all = 'refused'
      await this.#pass(60_000)
    }
    const saleId = this.#rings('bread')
    const sentBefore = sent()
    faulty.arm(tornFault(this.#series.fault), this.#at)
    const shown = await this.#taps()
    faulty.disarm()
    const struck = sent() - sentBefore >= this.#at
    this.#failures.push(...wrongOnScreen(shown, { debits: isDebit ? says().length - before : 0 }))
    const paid = await this.#goesOn(saleId, shown)
    world.network.all = 'up'
    await this.#pass(60_000)
    // The same card once more, with network: whatever was left open with it is over after that.
    const next = this.#rings('bread')
    await this.#isPaid()
    await this.#pass(60_000)
    this.#agree([...new Set([saleId, ...paid, next])], new Set([...paid, next]), before)
    return struck
  }

  /** What cashier and customer do after the tear. @returns the sales that were paid */
  async #goesOn(saleId: string, shown: TapView): Promise<readonly string[]> {
    const { world, another } = this.#card
    if (shown.state === 'approved') return [saleId]
    const isTorn = shown.state === 'torn'
    switch (this.#series.way) {
      case 'same card':
        break
      case 'another card first':
        if (isTorn) {
          const other = await this.#taps(another)
          this.#must(other.state === 'torn' && other.hint === 'other_card', `another card: ${inWords(other)}`)
        }
        break
      case 'core killed':
        world.station.kill()
        world.station.start()
        await this.#pass(3_000)
        if (isTorn) this.#must(this.#tap.state === 'torn', `after a restart: ${inWords(this.#tap)}`)
        break
      case 'never back':
      case 'another basket':
        this.#does({ command: 'cancel_payment' })
        this.#does({ command: 'cancel_sale' })
        this.#must(this.#snapshot.sale === null, 'the sale cannot be given up')
        if (this.#series.way === 'never back') return []
        this.#rings('milk')
        break
      default:
        return this.#series.way satisfies never
    }
    return [await this.#isPaid(saleId)]
  }

  /** Card, journal and ledger, of these sales. @param before how much the card had said before them */
  #agree(saleIds: readonly string[], paid: ReadonlySet<string>, before: number): void {
    const { journal } = coreOf(this.#card.world.station)
    const sales = saleIds.map((saleId) => ({
      isPaid: paid.has(saleId),
      tenders: journal.tendersOfSale(saleId).map(({ tenderId, state }) => {
        const evidence = journal.evidenceOf(tenderId)
        const held = evidence === undefined ? undefined : this.#card.heldIn(evidence)
        return { state, atLedger: this.#atLedger(tenderId), held }
      }),
    }))
    const said = this.#card.says().slice(before)
    const { isDebit } = this.#card
    this.#failures.push(...disagreements({ sales, said, isDebit, unresolved: this.#snapshot.unresolved.length }))
  }

  #atLedger(tenderId: string): string {
    const [row] = ledgerRows(this.#card.world, `SELECT state FROM tender WHERE tender_id = '${tenderId}'`)
    return (row as { state: string } | undefined)?.state ?? 'none'
  }

  /** Held again until it is approved, as a cashier does. @returns the sale that was paid */
  async #isPaid(wanted?: string): Promise<string> {
    for (let taps = 0; this.#tap.state !== 'approved' && taps < tapsMax; taps += 1) {
      if (this.#snapshot.sale === null) this.#rings('bread')
      if (this.#tap.state === 'refused' || this.#tap.state === 'idle') this.#does({ command: 'pay_by_card' })
      await this.#taps()
    }
    this.#must(this.#tap.state === 'approved', `cannot be paid: ${inWords(this.#tap)}`)
    return this.#snapshot.sale?.saleId ?? wanted ?? ''
  }

  /** @returns the sale's id */
  #rings(itemId: string): string {
    this.#does({ command: 'cancel_payment' })
    this.#does({ command: 'next_customer' })
    if (this.#snapshot.sale === null) this.#does({ command: 'add_item', itemId })
    this.#does({ command: 'pay_by_card' })
    return this.#snapshot.sale?.saleId ?? ''
  }

  async #taps(label = this.#card.label): Promise<TapView> {
    const { world, pin } = this.#card
    const { station } = world
    station.layCard(label)
    await this.#pass(tapMs)
    if (this.#tap.state === 'pin' && pin !== undefined) {
      this.#does({ command: 'give_pin', pin })
      await this.#pass(tapMs)
    }
    station.pullCard()
    await this.#pass(500)
    return this.#tap
  }

  #does(command: Command): void {
    coreOf(this.#card.world.station).till.command(command)
  }

  get #snapshot() {
    return coreOf(this.#card.world.station).till.snapshot()
  }

  get #tap(): TapView {
    return this.#snapshot.tap
  }

  async #pass(ms: number): Promise<void> {
    const { time } = this.#card.world
    await time.runUntil(time.now + ms)
  }

  #must(isSo: boolean, otherwise: string): void {
    if (!isSo) this.#failures.push(otherwise)
  }
}
