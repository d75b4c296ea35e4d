/**
 * A till that takes cards that count themselves: the payment machine, the work behind it and a journal, over a virtual
 * card on a virtual reader and a ledger that answers as told. The card's own log says what was debited.
 */
import { createActor, type Actor } from 'xstate'
import type Database from 'better-sqlite3'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import type { PublicJwk } from '../../../src/sync/protocol/keys.ts'
import { endInterruptedTenders, recoveredStateOf } from '../../../src/terminal/core/recovery.ts'
import { CardPayment } from '../../../src/terminal/payment/card-payment.ts'
import { paymentMachine } from '../../../src/terminal/payment/machine.ts'
import type { PaymentStateName } from '../../../src/terminal/payment/payment-context.ts'
import type { PaymentWork, SettledRest } from '../../../src/terminal/payment/work.ts'
import { makeTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { merchantRef, slotRef, terminalRef } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { fromHex } from '../../../src/voucher/cards/bytes.ts'
import type { AppletSlot } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { TerminalPackage } from '../../../src/voucher/package.ts'
import { saleTotal, type Sale } from '../../../src/voucher/sale.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { settlePromises } from '../../unit/drivers/fake-scheduler.ts'
import { bench as engineBench } from '../../unit/sync/engine-bench.ts'
import { ledgerKey, noon, packageOf, scheme, Seeded, terminalKey } from '../../unit/sync/world.ts'
import { authority, cardId, debits, issuedCard, root, slot, testCard, type TestCard } from './applet-world.ts'
import { ReaderBench } from './presence.ts'

const hour = 3_600_000
export const beneficiary = '00112233445566778899aabbccddeeff'
export const amount = tiyn(90_000n)

/** 23 000 ₸ in a period; above 1 000 ₸ the card asks for its PIN. */
export const cardScheme: Scheme = {
  ...scheme,
  benefit: { kind: 'amount', perPeriod: tiyn(2_300_000n) },
  caps: {
    ...scheme.caps,
    perSale: tiyn(150_000n),
    perBeneficiaryAndPeriod: tiyn(2_300_000n),
    countPerBeneficiary: 20,
  },
  offline: { ...scheme.offline, policy: 'card', pinAbove: tiyn(100_000n) },
  cards: { accepts: ['tolem-applet'] },
}
const [period] = cardScheme.periods

export function appletSlot(of: Partial<AppletSlot> = {}): AppletSlot {
  return slot({
    slotRef: slotRef(`school-lunch/${beneficiary}/${period!.periodId}`),
    validFrom: period!.from,
    validUntil: period!.to,
    ...of,
  })
}

/** The certificate of this till for the key that it signs with. */
export function certificateOf(
  jwk: PublicJwk = terminalKey.jwk,
  of: { readonly notBefore?: number; readonly notAfter?: number } = {},
): string {
  if (jwk.kty !== 'EC') throw new Error('a terminal has a P-256 key')
  const publicKey = Buffer.concat([Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')])
  const certificate = makeTerminalCertificate(
    {
      authorityKeyId: authority.keyId,
      serial: fromHex('0000000000000A77'),
      terminalRef: terminalRef('till-1'),
      merchantRef: merchantRef('canteen-1'),
      role: 1,
      notBefore: of.notBefore ?? noon - hour,
      notAfter: of.notAfter ?? noon + 167 * hour,
      publicKey: Uint8Array.from(publicKey),
    },
    authority.sign,
  )
  return Buffer.from(certificate).toString('base64url')
}

export function cardPackage(more: Partial<TerminalPackage> = {}): TerminalPackage {
  return packageOf(1, {
    schemes: [cardScheme],
    cards: { rootKeys: [Buffer.from(root.publicKey).toString('base64url')], terminalCertificate: certificateOf() },
    ...more,
  })
}

export const cardName = cardPseudonym(packageOf(1).cardReferenceKey, cardId)

const issued = new Map<string, ReturnType<TestCard['card']['state']>>()

/** Issued once for each kind of slot; every test has a card of its own. */
export async function payingCard(of: Partial<AppletSlot> = {}): Promise<TestCard> {
  const key = JSON.stringify(of, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  const state = issued.get(key) ?? (await issuedCard([appletSlot(of)])).card.state()
  issued.set(key, state)
  return testCard(structuredClone(state))
}

const resting: readonly PaymentStateName[] = [
  ...(['idle', 'awaitingCard', 'collectingRest', 'askingPin', 'torn', 'approved', 'refused'] as const),
]

export class PayingTill {
  readonly sync: ReturnType<typeof engineBench>
  readonly bench = new ReaderBench()
  readonly payment: CardPayment
  readonly #actor: Actor<ReturnType<typeof paymentMachine>>
  /** Why its process would have ended. */
  #broken: unknown
  sale: Sale

  private constructor(of: {
    readonly database?: Database.Database
    readonly active: TerminalPackage
    readonly amount: bigint
    readonly seed: string
  }) {
    this.sync = engineBench(of.database === undefined ? {} : { database: of.database })
    const { journal, engine, client, time, keys } = this.sync
    const active = { package: of.active, hash: hashOf('tolem/package/1', of.active) }
    if (journal.activePackage() === undefined) journal.activatePackage(active.package, active.hash)
    endInterruptedTenders(journal)
    const [open] = journal.openSales()
    this.sale = open?.sale ?? this.#newSale(of.amount, of.seed)
    const random = new Seeded(`till ${of.seed} ${journal.head.sequence}`)
    this.payment = new CardPayment({
      ...{ journal, engine, ledger: client, ledgerKey, keys, time },
      randomness: { bytes: (length) => random.bytes(length), uuid: () => random.uuid() },
      reader: this.bench.reader,
      presence: (id) => (this.bench.presence?.presenceId === id ? this.bench.presence : undefined),
      activePackage: () => active,
      currentSale: () => {
        const frozen = journal.sale(this.sale.saleId) !== undefined
        return { sale: this.sale, covered: [], left: saleTotal(this.sale), paidSlots: [], frozen }
      },
      onDidDecide: () => undefined,
    })
    const recovered = recoveredStateOf(journal, this.sale.saleId)
    this.#actor = createActor(paymentMachine(workOf(this.payment), recovered))
    this.#actor.subscribe({ error: (error) => (this.#broken = error) })
    this.#actor.start()
  }

  static async start(
    of: {
      readonly database?: Database.Database
      readonly active?: TerminalPackage
      readonly amount?: bigint
      readonly seed?: string
      /** Without it the till has lost the ledger after its first round. */
      readonly online?: boolean
    } = {},
  ): Promise<PayingTill> {
    const { active = cardPackage(), seed = 'sale' } = of
    const till = new PayingTill({ ...of, active, seed, amount: of.amount ?? amount })
    await till.sync.firstRound()
    if (of.online !== true) till.sync.engine.tapAsked({ kind: 'not_sent', detail: 'ECONNREFUSED' })
    till.sync.ledger.heard.length = 0
    return till
  }

  get state(): PaymentStateName {
    return this.#actor.getSnapshot().value as PaymentStateName
  }

  get context() {
    return this.#actor.getSnapshot().context
  }

  get journal() {
    return this.sync.journal
  }

  /** Every row of a kind. */
  rows<Kind extends string>(kind: Kind) {
    return [...this.journal.rows()].flatMap(({ row }) => (row.kind === kind ? [row] : []))
  }

  pay(): void {
    this.#actor.send({ type: 'PAY' })
  }

  cancel(): void {
    this.#actor.send({ type: 'CANCEL' })
  }

  /** Puts a card on the reader where the machine waits for one, and lets the work end. */
  async tap({ faulty }: Pick<TestCard, 'faulty'>): Promise<PaymentStateName> {
    const { presenceId } = this.bench.lay(faulty)
    this.#actor.send({ type: 'CARD_INSERTED', presenceId })
    return this.rest()
  }

  /** What the card leaves is paid after it. */
  async leaveRest(): Promise<PaymentStateName> {
    this.#actor.send({ type: 'REST_SETTLED', by: 'later', cardLies: true })
    return this.rest()
  }

  async givePin(pin: string): Promise<PaymentStateName> {
    this.#actor.send({ type: 'PIN_GIVEN', pin })
    return this.rest()
  }

  async rest(): Promise<PaymentStateName> {
    for (let turn = 0; turn < 2_000; turn += 1) {
      await settlePromises()
      if (this.#broken !== undefined) throw this.#broken
      if (resting.includes(this.state)) return this.state
      await this.bench.time.pass(50)
    }
    throw new Error(`stays in ${this.state}`)
  }

  nextSale(seed: string, of: bigint = amount): void {
    this.sale = this.#newSale(of, seed)
  }

  stop(): void {
    this.bench.reader.pull()
    this.#actor.stop()
    this.sync.engine.stop()
  }

  #newSale(of: bigint, seed: string): Sale {
    const name = { kk: 'Lunch', ru: 'Lunch', en: 'Lunch' }
    const line = { line: 1, itemId: 'lunch', name, category: 'food', quantity: 1, unitPrice: tiyn(of) }
    return { saleId: new Seeded(`sale ${seed}`).uuid(), lines: [line] }
  }
}

function workOf(payment: CardPayment): PaymentWork {
  return {
    identify: (presenceId: string) => payment.identify(presenceId),
    prepare: (presenceId: string, settled: SettledRest | null) => payment.prepare(presenceId, settled),
    verifyPin: (presenceId: string, pin: string) => payment.verifyPin(presenceId, pin),
    prove: (presenceId: string, tenderId: string) => payment.prove(presenceId, tenderId),
    authorise: (tenderId: string) => payment.authorise(tenderId),
    acceptWithoutAnswer: (tenderId: string) => payment.acceptWithoutAnswer(tenderId),
    present: (tenderId: string) => payment.present(tenderId),
    giveUp: (tenderId: string) => payment.giveUp(tenderId),
    reverse: (tenderId: string) => payment.reverse(tenderId),
    now: () => payment.now(),
    requestByQr: () => Promise.reject(new Error('no QR here')),
  }
}

/** What the card's own log says it paid: records in upper-case hex. */
export const paidBy = (card: TestCard): readonly string[] => debits(card).map(({ record }) => record)

/** The records that the till holds as paid, in the card's form. */
export function heldBy({ journal }: Pick<PayingTill, 'journal'>): readonly string[] {
  return [...journal.rows()].flatMap(({ row }) =>
    row.kind === 'approved_by_card' && row.evidence.cardProof.profile === 'tolem-applet'
      ? [Buffer.from(row.evidence.cardProof.record, 'base64url').toString('hex').toUpperCase()]
      : [],
  )
}
