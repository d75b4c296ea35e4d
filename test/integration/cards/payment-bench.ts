/** The payment's work over an independent card, a journal and a ledger that signs. */
import type Database from 'better-sqlite3'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import { cardSessionContext, encryptionKey, seal, tillKeyContext } from '../../../src/sync/protocol/sealed-box.ts'
import { CardPayment } from '../../../src/terminal/payment/card-payment.ts'
import { challengeLength, ev2Complete, ev2Part2 } from '../../../src/voucher/cards/ev2.ts'
import type { TerminalPackage } from '../../../src/voucher/package.ts'
import { saleTotal, type Sale } from '../../../src/voucher/sale.ts'
import { bench as engineBench } from '../../unit/sync/engine-bench.ts'
import type { ScriptedLedger } from '../../unit/sync/scripted-ledger.ts'
import {
  leaseId,
  ledgerKey,
  noon,
  packageOf,
  saleOf,
  scheme,
  Seeded,
  slotOf,
  storedTerminalKeys,
} from '../../unit/sync/world.ts'
import { cardKeys, ReaderBench, uid } from './presence.ts'

const own = encryptionKey(Buffer.from(storedTerminalKeys.encryption, 'base64url'))
const hour = 3_600_000

/** @param of.tillKey the key of the card that is sealed in it */
function leasedPackage(
  of: { version?: number; sealedTo?: typeof own.jwk; tillKey?: Uint8Array } = {},
): TerminalPackage {
  const { version = 1, sealedTo = own.jwk, tillKey = cardKeys[3] } = of
  const base = packageOf(version)
  const card = cardPseudonym(base.cardReferenceKey, uid)
  const sealedTillKey = seal(tillKey, sealedTo, tillKeyContext(leaseId, card), seededRandom(`seal ${version}`)(32))
  const slots = [{ slot: slotOf('5b1e0e6f7c9d4a3b8f2e1d0c9b8a7f6e'), cards: [{ card, sealedTillKey }] }]
  const lease = {
    leaseId,
    schemeId: scheme.schemeId,
    amount: slots[0]!.slot.amountAllowed,
    sellUntil: noon + 6 * hour,
    presentUntil: noon + 300 * hour,
    slots,
  }
  return packageOf(version, { leases: [lease] })
}

/** A till with this card's lease, which has heard the ledger once; `online: false`: which has lost it since. */
export async function till(
  of: {
    online?: boolean
    offline?: 'deny'
    database?: Database.Database
    sealedTo?: typeof own.jwk
    tillKey?: Uint8Array
    /** How often it was started before on this database: no id comes twice. */
    life?: number
  } = {},
) {
  const sync = engineBench(of.database === undefined ? {} : { database: of.database })
  const { journal, engine, client, time, ledger } = sync
  const { life = 0 } = of
  for (let burnt = 0; burnt < life * 1_000; burnt += 1) sync.seeded.uuid()
  const leased = leasedPackage(of)
  const denying = leased.schemes.map((one) => ({ ...one, offline: { ...one.offline, policy: 'deny' as const } }))
  const used = of.offline === 'deny' ? { ...leased, schemes: denying } : leased
  let active = { package: used, hash: hashOf('tolem/package/1', used) }
  if (journal.activePackage() === undefined) journal.activatePackage(active.package, active.hash)
  const bench = new ReaderBench()
  let sale: Sale = saleOf(new Seeded(`sale ${life}`))
  const work = () =>
    new CardPayment({
      journal,
      engine,
      ledger: client,
      ledgerKey,
      keys: sync.keys,
      time,
      randomness: { bytes: seededRandom('payment'), uuid: () => sync.seeded.uuid() },
      reader: bench.reader,
      presence: (presenceId) => (bench.presence?.presenceId === presenceId ? bench.presence : undefined),
      activePackage: () => active,
      currentSale: () => ({
        ...{ sale, covered: [], left: saleTotal(sale), paidSlots: [] },
        frozen: journal.sale(sale.saleId) !== undefined,
      }),
      onDidDecide: () => {},
    })
  await sync.firstRound()
  if (of.online === false) engine.tapAsked({ kind: 'not_sent', detail: 'ECONNREFUSED' })
  // What was said so far is of no interest.
  ledger.heard.length = 0
  return {
    ...sync,
    bench,
    work,
    /** Another package, with the lease as before. */
    activate(next: { version: number; tillKey?: Uint8Array }) {
      const changed = leasedPackage(next)
      active = { package: changed, hash: hashOf('tolem/package/1', changed) }
      journal.activatePackage(active.package, active.hash)
    },
    nextSale: () => {
      sale = saleOf(sync.seeded)
    },
    async pay(payment: CardPayment, presenceId: string) {
      const identified = await bench.settle(payment.identify(presenceId))
      if (identified.kind !== 'recognised') return identified
      return bench.settle(payment.prepare(presenceId, null))
    },
    stateOf: (tenderId: string) => journal.tender(tenderId)?.state,
  }
}

/** The ledger holds the card's key of its own, and answers the card's challenges with it. */
export function ledgerAnswersCard(ledger: ScriptedLedger, key: Uint8Array = cardKeys[3]): void {
  const random = seededRandom('ledger')
  let part2: ReturnType<typeof ev2Part2> | undefined
  ledger.on('/v1/terminal/card-sessions', (body) => {
    const { encryptedRndB } = body as { encryptedRndB: string }
    part2 = ev2Part2(key, Buffer.from(encryptedRndB, 'hex'), random(challengeLength))
    if (part2.kind === 'malformed') throw new Error('the card said nothing')
    const authenticationPart2 = Buffer.from(part2.part2).toString('hex').toUpperCase()
    const slots = [slotOf('5b1e0e6f7c9d4a3b8f2e1d0c9b8a7f6e')]
    return { answer: { kind: 'open', blocked: false, slots, leasedElsewhere: [], authenticationPart2 } }
  })
  ledger.on('/v1/terminal/card-session-keys', (body) => {
    const { cardSessionId, authenticationPart3 } = body as { cardSessionId: string; authenticationPart3: string }
    if (part2 === undefined || part2.kind === 'malformed') throw new Error('no session')
    const done = ev2Complete(key, part2.state, Buffer.from(authenticationPart3, 'hex'))
    if (done.kind !== 'session') return { answer: { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' } }
    const { transactionId, encKey, macKey } = done.session
    const keys = Buffer.concat([transactionId, encKey, macKey])
    const sealedSession = seal(keys, own.jwk, cardSessionContext(cardSessionId), random(32))
    return { answer: { kind: 'session', sealedSession } }
  })
}
