/**
 * Cards that count themselves, in a town that has them (docs/design/11, "Cards that count themselves"): their schemes,
 * their holders with a PIN, cards that are lost and replaced, and what each card itself says that it did.
 */
import { blankApplet, type AppletState } from '../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../hardware-mocks/cards/applet.ts'
import type { CardLogEntry } from '../../hardware-mocks/cards/card-memory.ts'
import type { VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import { orderPin } from '../../ledger-sim/applet/cards.ts'
import { newId, type Work } from '../../ledger-sim/context.ts'
import { demoAgency, demoCanteen, foodVoucher, schoolLunch } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { demoPseudonym } from '../../ledger-sim/scenarios/demo.ts'
import { entitle } from '../../ledger-sim/schemes/beneficiaries.ts'
import { fundScheme } from '../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../ledger-sim/schemes/schemes.ts'
import { newPrivateJwk, signingKey } from '../../src/sync/protocol/keys.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import { debitIn, type CardDebit } from '../checker/card-debits.ts'
import { issueAtDesk, type DeskOrder } from '../fixtures/applet-desk.ts'
import type { CardTruth } from './audit-debits.ts'
import { CardInHand } from './card-in-hand.ts'
import type { LedgerHouse } from './ledger-house.ts'
import {
  blockCardsNowAndThen,
  replaceCardsNowAndThen,
  runDryNowAndThen,
  suspendSchemeNowAndThen,
  type Sky,
} from './misfortunes.ts'
import type { SeededRandom } from './random.ts'

const cardSchemes = ['card-food', 'card-lunch'] as const
const holders = 8
const replacedMost = 16
const fundedFood = tiyn(18_000_000n)
const fundedLunch = tiyn(14_000_000n)

/** 9 000 ₸ of food a month, so that it ends on a busy day; above 600 ₸ the card asks for its PIN. */
function cardFood(from: number): Scheme {
  const food = foodVoucher(from)
  const perPeriod = tiyn(900_000n)
  return {
    ...food,
    schemeId: 'card-food',
    name: { kk: 'Азық-түлік картасы', ru: 'Продуктовая карта', en: 'Food on the card' },
    benefit: { kind: 'amount', perPeriod },
    merchants: [demoCanteen],
    caps: { ...food.caps, perSale: tiyn(300_000n), perBeneficiaryAndPeriod: perPeriod },
    cards: { accepts: ['tolem-applet'] },
    offline: { ...food.offline, policy: 'card', pinAbove: tiyn(60_000n) },
    order: 9,
  }
}

/** Eight lunches each school day, for a family, without a PIN. */
function cardLunch(from: number): Scheme {
  const lunch = schoolLunch(from)
  const perTap = tiyn(120_000n)
  return {
    ...lunch,
    schemeId: 'card-lunch',
    name: { kk: 'Картадағы түскі ас', ru: 'Обед на карте', en: 'Lunch on the card' },
    benefit: { kind: 'count', perPeriod: 8, maximumPerTap: perTap },
    caps: { ...lunch.caps, perBeneficiaryAndPeriod: tiyn(960_000n), countPerBeneficiary: 8 },
    cards: { accepts: ['tolem-applet'] },
    offline: { ...lunch.offline, policy: 'card', pinAbove: null },
    order: 8,
  }
}

export interface CountingCardsParts {
  readonly random: SeededRandom
  /** The box from which cards are laid on readers. */
  readonly box: Map<string, VirtualCard>
  readonly isHealed: () => boolean
  readonly note: (what: string) => void
  /** Each SPEND that a card made for good, before its answer leaves the card. */
  readonly onDidDebit: (label: string, debit: CardDebit) => void
}

interface Issued {
  readonly label: string
  /** By which till and ledger call it. */
  readonly name: string
  readonly holder: string
  readonly pin: string
  readonly card: VirtualApplet
  readonly said: Said
  ordersOfTries: number
  isReplaced: boolean
}

/** What a card did for good, in its own words. */
interface Said {
  readonly debits: CardDebit[]
  readonly receipts: Map<number, string>
  /** How often a script gave it back the tries of its PIN. */
  triesGivenBack: number
}

export class CountingCards {
  readonly #parts: CountingCardsParts
  readonly #desk: DeskOrder['key']
  readonly #issued: Issued[] = []

  constructor(parts: CountingCardsParts) {
    this.#parts = parts
    this.#desk = deskKey(parts.random.branch('desk'))
  }

  /** The schemes, funded, and one card for each holder. Once, in an open ledger. */
  async open(work: Work): Promise<void> {
    const schemes = [
      { scheme: cardFood(work.now), funded: fundedFood },
      { scheme: cardLunch(work.now), funded: fundedLunch },
    ]
    for (const { scheme, funded } of schemes) {
      const published = await publishScheme(work, scheme)
      if (published !== 'published') throw new Error(`${scheme.schemeId}: ${JSON.stringify(published)}`)
      await fundScheme(work, demoAgency, scheme.schemeId, funded, newId(work))
    }
    for (let number = 1; number <= holders; number += 1) {
      const label = `Shopper ${String(number).padStart(2, '0')}`
      const holder = demoPseudonym('simulation', 'holder', label)
      await this.#issue(work, label, holder)
      for (const schemeId of cardSchemes)
        await entitle(work, { schemeId, beneficiary: demoPseudonym('simulation', schemeId, label), holder })
    }
  }

  get labels(): readonly string[] {
    return this.#issued.map(({ label }) => label)
  }

  get names(): readonly string[] {
    return this.#issued.map(({ name }) => name)
  }

  /** What its holder types, where they remember it. */
  readonly pinOf = (label: string): string | undefined => this.#issued.find((one) => one.label === label)?.pin

  /** One that somebody has lost is blocked, and its holder gets another. The lost one may be found. */
  async replaceOne(work: Work, random: SeededRandom): Promise<string | undefined> {
    const inUse = this.#issued.filter(({ isReplaced }) => !isReplaced)
    if (this.#issued.length >= holders + replacedMost) return undefined
    const lost = random.pick(inUse)
    const [first = ''] = lost.label.split('/')
    const label = `${first}/${this.#issued.filter((one) => one.label.split('/')[0] === first).length + 1}`
    await this.#issue(work, label, lost.holder, lost.name)
    lost.isReplaced = true
    this.#parts.note(`${label} in place of ${lost.label}`)
    return label
  }

  /** Whoever has no tries left says so to the agency, which gives them back: nobody else does. */
  async orderTries(work: Work): Promise<void> {
    for (const one of this.#issued) {
      if (one.isReplaced || one.card.state().pinTries > 0) continue
      await orderPin(work, one.name, 'unblock')
      one.ordersOfTries += 1
      this.#parts.note(`${one.label} tries ordered`)
    }
  }

  /** Somebody has made a card that says it is this one, and has not the key that never left it. */
  forgeryOf(label: string): VirtualCard | undefined {
    const genuine = this.#issued.find((one) => one.label === label)
    if (genuine === undefined) return undefined
    const random = this.#parts.random.branch(`forged/${label}`)
    const activeKey = Buffer.from(newPrivateJwk((length) => random.bytes(length)).d ?? '', 'base64url')
    const state = { ...genuine.card.state(), activeKey: activeKey.toString('hex').toUpperCase() }
    return VirtualApplet.fromState(state, { random: (length) => random.bytes(length) })
  }

  /** For the auditor. */
  truths(): readonly CardTruth[] {
    return this.#issued.map(({ label, name, card, said, ordersOfTries }) => {
      const { slots, scriptCounter } = card.state()
      return { label, name, slots: slots.filter((slot) => slot !== null), scriptCounter, ordersOfTries, ...said }
    })
  }

  async #issue(work: Work, label: string, holder: string, insteadOf?: string): Promise<void> {
    const random = this.#parts.random.branch(label)
    const said: Said = { debits: [], receipts: new Map(), triesGivenBack: 0 }
    const card = VirtualApplet.fromState(blankApplet({ uid: null, cardKind: 1 }), {
      random: (length) => random.bytes(length),
      memory: this.#memory(label, said),
    })
    const pin = String(random.between(1_000, 9_999_999))
    const desk = random.branch('desk')
    const name = await issueAtDesk(work, card, {
      ...{ agencyId: demoAgency, holder, pin, key: this.#desk },
      random: (length) => desk.bytes(length),
      ...(insteadOf === undefined ? {} : { insteadOf }),
    })
    this.#issued.push({ label, name, holder, pin, card, said, ordersOfTries: 0, isReplaced: false })
    this.#parts.box.set(label, new CardInHand(card, random.branch('hand'), this.#parts.isHealed))
  }

  #memory(label: string, said: Said) {
    let tries = Number.POSITIVE_INFINITY
    let hasMoreTries = false
    return {
      save: ({ pinTries }: AppletState): void => {
        hasMoreTries = pinTries > tries
        tries = pinTries
      },
      append: (entry: CardLogEntry): void => {
        if (entry.kind === 'script') {
          said.receipts.set(entry.counter, entry.receipt)
          if (hasMoreTries) said.triesGivenBack += 1
        }
        if (entry.kind !== 'debit') return
        const debit = debitIn(label, entry.record)
        if (debit === null) throw new Error(`${label} has logged a debit that is none`)
        said.debits.push(debit)
        this.#parts.onDidDebit(label, debit)
      },
    }
  }
}

/** Whoever has such a card comes as often as eight others. */
export function bringMore(brought: string[], labels: readonly string[]): void {
  for (let times = 0; times < 8; times += 1) brought.push(...labels)
}

/** What befalls them and their schemes. @param brought what people bring: a card in place of another comes too */
export function befallCounting(
  sky: Sky,
  house: LedgerHouse,
  counting: CountingCards,
  brought: string[],
  random: SeededRandom,
): void {
  runDryNowAndThen(sky, house, random.branch('dry'), cardSchemes)
  suspendSchemeNowAndThen(sky, house, random.branch('schemes'), cardSchemes)
  blockCardsNowAndThen(sky, house, () => counting.names, random.branch('blocked'))
  const lost = random.branch('lost')
  const replace = async (work: Work): Promise<void> => {
    const label = await counting.replaceOne(work, lost)
    if (label !== undefined) bringMore(brought, [label])
  }
  replaceCardsNowAndThen(sky, house, replace, (work) => counting.orderTries(work), random.branch('replaced'))
}

function deskKey(random: SeededRandom): DeskOrder['key'] {
  const privateJwk = newPrivateJwk((length) => random.bytes(length))
  const { sign } = signingKey(privateJwk)
  const point = [privateJwk.x, privateJwk.y].map((coordinate) => Buffer.from(coordinate ?? '', 'base64url'))
  return { publicKey: Uint8Array.from(Buffer.concat(point)), sign }
}
