/** A bench till: enrolled like any other, with the rows that it writes for a sale, really decided and signed. */
import type { KeyRing } from '../../src/sync/engine/key-ring.ts'
import { enrol, storeEnrolment } from '../../src/terminal/core/identity.ts'
import { loadTerminalKeys } from '../../src/terminal/core/key-file.ts'
import { realClock, realRandomness } from '../../src/terminal/core/real-ports.ts'
import { LedgerClient } from '../../src/sync/engine/ledger-client.ts'
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import { TrustedTime } from '../../src/sync/engine/trusted-time.ts'
import type { Journal } from '../../src/sync/journal/journal.ts'
import type { RowOf } from '../../src/sync/journal/rows.ts'
import { hashOf, saleHashOf, termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { recordSourcesOf } from '../../src/sync/protocol/record-sources.ts'
import { signTagged, verifyingKey } from '../../src/sync/protocol/keys.ts'
import type { DecisionRecord, Enrolment, Evidence } from '../../src/sync/protocol/messages.ts'
import { aes128CbcEncrypt } from '../../src/voucher/cards/aes.ts'
import { sunMacInput } from '../../src/voucher/cards/ntag424-layout.ts'
import { sunMac } from '../../src/voucher/cards/sun.ts'
import { decide, engineVersion, type DecisionInput } from '../../src/voucher/decide.ts'
import type { Tiyn } from '../../src/voucher/money.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Lease, TerminalPackage } from '../../src/voucher/package.ts'
import { saleTotal, type Sale } from '../../src/voucher/sale.ts'
import { periodAt } from '../../src/voucher/scheme.ts'
import type { Slot } from '../../src/voucher/slot.ts'
import type { Sun, TenderTerms } from '../../src/voucher/tender.ts'
import type { BenchCard, BenchWorld } from './bench-ledger.ts'

export interface OfflineSale {
  readonly frozen: RowOf<'sale_frozen'>
  readonly intent: RowOf<'tender_intent'>
  readonly approved: RowOf<'approved_offline'>
}

interface Leased {
  readonly lease: Lease
  readonly slot: Slot
}

export class BenchTill {
  readonly enrolment: Enrolment
  readonly keys: KeyRing
  readonly active: { readonly package: TerminalPackage; readonly hash: string }
  readonly #cards: readonly BenchCard[]
  readonly #leased: ReadonlyMap<string, readonly Leased[]>
  /** What earlier sales of this till have used of each slot. */
  readonly #spent = new Map<string, { tenderId: string; amount: Tiyn }[]>()
  readonly #counters = new Map<string, number>()
  #exposed = tiyn(0n)
  #sales = 0

  private constructor(cards: readonly BenchCard[], keys: KeyRing, enrolment: Enrolment, active: BenchTill['active']) {
    this.#cards = cards
    this.keys = keys
    this.enrolment = enrolment
    this.active = active
    const leased = active.package.leases.flatMap((lease) =>
      lease.slots.flatMap(({ slot, cards: own }) => own.map(({ card }) => ({ card, lease, slot }))),
    )
    this.#leased = Map.groupBy(leased, ({ card }) => card)
  }

  /** Enrols at the ledger and fetches its package; keys and enrolment lie in the folder, as a core finds them. */
  static async enrol(
    world: BenchWorld,
    of: { readonly folder: string; readonly ledgerUrl: string; readonly transport: LedgerTransport },
  ): Promise<BenchTill> {
    const { folder, ledgerUrl, transport } = of
    const keys = loadTerminalKeys(folder)
    const enrolment = await enrol(
      keys.current,
      world.enrolmentCode,
      ledgerUrl,
      transport,
      realRandomness,
      realClock.wall(),
    )
    storeEnrolment(folder, enrolment)
    const client = new LedgerClient({
      baseUrl: ledgerUrl,
      terminalKey: keys.signing,
      ledgerKey: verifyingKey(enrolment.ledgerKey),
      transport,
      time: new TrustedTime(realClock, 0),
      randomness: realRandomness,
    })
    const reply = await client.call('/v1/terminal/packages', { haveVersion: 0 }, 60_000)
    if (reply.kind !== 'answer' || reply.answer.kind !== 'newer')
      throw new Error(`no package: ${JSON.stringify(reply)}`)
    const fetched = reply.answer.signed.package
    return new BenchTill(world.cards, keys, enrolment, { package: fetched, hash: hashOf('tolem/package/1', fetched) })
  }

  /** What a core that was enrolled and has its package holds. */
  prepare(journal: Journal): void {
    if (journal.fact('enrolment') === undefined) journal.commit({ kind: 'enrolled', enrolment: this.enrolment })
    journal.activatePackage(this.active.package, this.active.hash)
  }

  /** The next loaf of bread, sold offline to the next card in turn. */
  nextSale(): OfflineSale {
    const index = this.#sales
    this.#sales += 1
    const card = this.#cards[index % this.#cards.length]
    if (card === undefined) throw new Error('the till has no cards')
    return this.sell(card)
  }

  /** The card's slot of the present period: as a period ends, the till has its slot of the next one too. */
  leasedTo(card: BenchCard): Leased {
    const now = realClock.wall()
    const isPresent = ({ slot }: Leased): boolean =>
      this.active.package.schemes.some(
        (scheme) => scheme.schemeId === slot.schemeId && periodAt(scheme, now)?.periodId === slot.periodId,
      )
    const leased = this.#leased.get(card.pseudonym)?.find(isPresent)
    if (leased === undefined) throw new Error('the card has no slot at this till')
    return leased
  }

  /** A loaf of bread for this card. `wrongBasket`: the terms name another basket than the one that was decided. */
  sell(
    card: BenchCard,
    {
      mode = 'offline',
      wrongBasket = false,
    }: { readonly mode?: 'online' | 'offline'; readonly wrongBasket?: boolean } = {},
  ): OfflineSale {
    const { lease, slot } = this.leasedTo(card)
    const counter = 1 + (this.#counters.get(card.pseudonym) ?? 0)
    this.#counters.set(card.pseudonym, counter)
    const sale = this.#basket()
    const spent = this.#spent.get(slot.slotId) ?? []
    this.#spent.set(slot.slotId, spent)
    const now = realClock.wall()
    const input: DecisionInput = {
      engineVersion,
      mode,
      trustedTime: now,
      merchantId: this.active.package.merchant.merchantId,
      card: { card: card.pseudonym, blocked: false },
      schemes: this.active.package.schemes,
      slots: [slot],
      localSpends: spent.map((spend) => ({ slotId: slot.slotId, ...spend })),
      leases: [{ schemeId: lease.schemeId, sellUntil: lease.sellUntil }],
      terminal: {
        clockTrusted: true,
        packageIssuedAt: this.active.package.issuedAt,
        lastSyncAt: now,
        exposure: this.#exposed === 0n ? [] : [{ schemeId: lease.schemeId, amount: this.#exposed }],
      },
      sale,
      covered: [],
    }
    const decision = decide(input)
    const part = decision.verdict === 'approve' ? decision.parts[0] : undefined
    if (part === undefined) throw new Error(`the bench's sale was refused: ${JSON.stringify(decision)}`)
    const { schemes: _named, ...recorded } = input
    const sources = recordSourcesOf(this.active.package, lease.leaseId)
    const record: DecisionRecord = {
      packageId: this.active.package.packageId,
      packageHash: this.active.hash,
      hotlistVersion: this.active.package.hotlist.version,
      ...(sources === undefined ? {} : { sources }),
      input: recorded,
      decision,
      part: 0,
    }
    const terms: TenderTerms = {
      tenderId: realRandomness.uuid(),
      payerSlot: part.slotId,
      payeeAccount: this.active.package.merchant.accountId,
      amount: part.amount,
      schemeId: part.schemeId,
      saleHash: saleHashOf(wrongBasket ? this.#basket() : sale),
    }
    spent.push({ tenderId: terms.tenderId, amount: part.amount })
    this.#exposed = tiyn(this.#exposed + part.amount)
    const { leaseId } = lease
    const evidence = this.#evidence(record, terms, sunOf(card, counter, termsHashOf(terms)))
    return {
      frozen: { kind: 'sale_frozen', sale, total: saleTotal(sale) },
      intent: {
        kind: 'tender_intent',
        terms,
        saleId: sale.saleId,
        mode,
        card: card.pseudonym,
        leaseId,
        part,
        record,
      },
      approved: { kind: 'approved_offline', tenderId: terms.tenderId, evidence, leaseId, decidedAt: now },
    }
  }

  #basket(): Sale {
    const bread = this.active.package.catalogue.find(({ itemId }) => itemId === 'bread')
    if (bread === undefined) throw new Error('no bread in the package')
    return { saleId: realRandomness.uuid(), lines: [{ line: 1, quantity: 1, ...bread }] }
  }

  #evidence(record: DecisionRecord, terms: TenderTerms, sun: Sun): Evidence {
    const cardProof = { profile: 'ntag424' as const, sun }
    const signature = signTagged(this.keys.signing, 'tolem/decision-record/1', { record, cardProof, terms })
    return { cardProof, record, signature }
  }
}

/** The message that the card shows for these terms (docs/design/02). */
function sunOf(card: BenchCard, counter: number, termsHash: string): Sun {
  const count = Buffer.of(counter & 0xff, (counter >> 8) & 0xff, counter >> 16)
  const picc = Buffer.concat([Buffer.of(0xc7), card.uid, count, Buffer.alloc(5, 0x5a)])
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
  const b = termsHash.toUpperCase()
  const mac = sunMac(card.keys[2], { uid: card.uid, counter }, sunMacInput(b))
  return { e: hex(aes128CbcEncrypt(card.keys[1], picc)), b, m: hex(mac) }
}
