/** A card that counts itself, and the agency's desk that makes it, over a prepared world's ledger. */
import assert from 'node:assert/strict'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { orderPin, registerApplet } from '../../../ledger-sim/applet/cards.ts'
import { deskCertificate, issuerCertificate } from '../../../ledger-sim/applet/certificates.ts'
import { keepReceipt, nextScript } from '../../../ledger-sim/applet/scripts.ts'
import { demoAgency, demoCanteen, foodVoucher } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { readTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { unsignedField } from '../../../src/voucher/cards/tolem-applet/layout.ts'
import { personaliseApplet } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import { setPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import type { AppletPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { update } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { testKey } from '../cards/applet-world.ts'
import { worldSeed, type WalkWorld } from './prepared-world.ts'
/** Eight digits, so that nothing else has them by chance. */
export const pin = '73918264'
export const schemeId = 'card-food'
const deskKey = testKey('desk of the stories')
const desk = Buffer.from(deskKey.publicKey).toString('base64url')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'))
const text = (of: Uint8Array): string => Buffer.from(of).toString('base64url')

/** 25 000 ₸ of food a month; above 200 ₸ the card asks for its PIN. */
export const cardFood = (from: number): Scheme => ({
  ...foodVoucher(from),
  schemeId,
  name: { kk: 'Карта', ru: 'Карта', en: 'Food on the card' },
  merchants: [demoCanteen],
  cards: { accepts: ['tolem-applet'] },
  offline: { ...foodVoucher(from).offline, policy: 'card', pinAbove: tiyn(20_000n) },
  order: 9,
})

export interface Issued {
  readonly faulty: FaultyCard
  readonly log: CardLogEntry[]
  name: string
}

export function chip(): Issued {
  const log: CardLogEntry[] = []
  const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
  const random = seededRandom('chip')
  const made = VirtualApplet.fromState(blankApplet({ uid: null, cardKind: 1 }), { random, memory })
  return { faulty: new FaultyCard(made, { random: seededRandom('chip faults') }), log, name: '' }
}

/** The scheme, funded; a card that the agency's desk has made for a holder and given a PIN. */
export async function issueChip(world: WalkWorld, card: Issued): Promise<void> {
  await world.atLedger(async (work) => {
    assert.equal(await publishScheme(work, cardFood(work.now)), 'published')
    await fundScheme(work, demoAgency, schemeId, tiyn(10_000_000n), 'funded-card-food')
    const holder = demoPseudonym(worldSeed, 'holder', 'A card holder')
    const random = seededRandom('issuing desk')
    const cardId = random(16)
    card.name = cardPseudonym(work.keys.cardReferenceKey, cardId)
    const { root, terminalAuthority } = work.keys.applet
    const certificate = bytes(await deskCertificate(work, demoAgency, desk))
    card.faulty.enterField()
    const channel: CardChannel = {
      atr: card.faulty.atr,
      transmit: async (command) => card.faulty.exchange(command) as never,
    }
    const presence = await personaliseApplet(
      channel,
      {
        cardId,
        issuerCertificate: bytes(await issuerCertificate(work, demoAgency)),
        authorityKeys: [terminalAuthority.publicKey.bytes, null],
        time: work.now - 3_600_000,
        certify: async (publicKey) => {
          const done = await registerApplet(work, { agencyId: demoAgency, cardId, publicKey, holder })
          return 'certificate' in done ? bytes(done.certificate) : null
        },
      },
      { certificate, sign: deskKey.sign },
      { rootKeys: [root.publicKey.bytes], trustedTime: work.now },
      random,
    )
    if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
    const serial = readTerminalCertificate(certificate)?.serial
    if (serial === undefined) throw new Error('no certificate')
    await orderPin(work, card.name, String(unsignedField(8).decode(serial)))
    await saidAtDesk(work, presence, card.name)
    assert.deepEqual(await setPin(presence, pin), { kind: 'verified' })
    card.faulty.leaveField()
    // Entitled last: what the card may spend it fetches at a till.
    await entitle(work, { schemeId, beneficiary: demoPseudonym(worldSeed, schemeId, 'A card holder'), holder })
  })
  await world.time.runUntil(world.time.now + 60_000)
}

async function saidAtDesk(
  work: Parameters<typeof nextScript>[0],
  presence: AppletPresence,
  name: string,
): Promise<void> {
  const next = await nextScript(work, name, 0)
  if (next.kind !== 'script') throw new Error(next.kind)
  const done = await update(presence, bytes(next.script))
  if (done.kind !== 'applied') throw new Error(JSON.stringify(done))
  assert.equal((await keepReceipt(work, name, text(done.receipt))).kind, 'kept')
}
