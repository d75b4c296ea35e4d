/** The agency's desk for cards that only say who they are, over a prepared world's ledger. */
import assert from 'node:assert/strict'
import type { VirtualNtag21x } from '../../../hardware-mocks/cards/ntag21x.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import type { Work } from '../../../ledger-sim/context.ts'
import { sealNewCard } from '../../../ledger-sim/leases/seal-anew.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { registerCard } from '../../../ledger-sim/schemes/cards.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import { signIssuerRecord } from '../../../src/sync/protocol/issuer-record.ts'
import type { CardRules, UidProfile } from '../../../src/voucher/card-rules.ts'
import { passwordOf, personaliseNtag21x } from '../../../src/voucher/cards/ntag21x-personalisation.ts'
import { readCardToEnrol } from '../../../src/voucher/cards/uid-enrolment.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { deskChannel, riskTaken } from '../../fixtures/identified-cards.ts'
import { worldSeed, type WalkWorld } from './prepared-world.ts'

const passwordMaster = Buffer.from('password master.', 'ascii')
const passMinute = ({ time }: WalkWorld) => time.runUntil(time.now + 60_000)

/** The agency publishes the next version of a scheme; the till learns of it. */
export async function publishNext(
  world: WalkWorld,
  schemeId: string,
  change: (scheme: Scheme) => Partial<Scheme>,
): Promise<unknown> {
  let published: unknown
  await world.atLedger(async (work) => {
    const scheme = await findScheme(work, schemeId)
    if (scheme === undefined || !('goods' in scheme)) throw new Error(`no scheme ${schemeId}`)
    published = await publishScheme(work, { ...scheme, version: scheme.version + 1, ...change(scheme) })
  })
  await passMinute(world)
  return published
}

export const takesUidCards = (world: WalkWorld, caps: Partial<Scheme['caps']> = {}) =>
  publishNext(world, 'school-lunch', (scheme) => ({
    cards: { accepts: ['uid', 'ntag424'], uidOffline: riskTaken({ ...scheme.caps, ...caps }) } as CardRules,
  }))

/** The food voucher takes such cards and sells with network only. */
export const takesNtag21xCards = (world: WalkWorld) =>
  publishNext(world, 'food-voucher', (scheme) => ({
    cards: { accepts: ['ntag21x', 'ntag424'] },
    offline: { ...scheme.offline, policy: 'deny' },
  }))

async function register(work: Work, uid: Uint8Array, label: string, profile: UidProfile): Promise<void> {
  const holder = demoPseudonym(worldSeed, 'holder', label)
  const registered = await registerCard(work, { uid, holder, agencyId: demoAgency, profile })
  assert.equal(registered.outcome, 'registered')
  await sealNewCard(work, cardPseudonym(work.keys.cardReferenceKey, uid))
}

/** As the issuing desk does it: the card on its reader, the holder named. */
export async function enrolUid(world: WalkWorld, card: VirtualCard, holder: string): Promise<void> {
  const read = await readCardToEnrol(deskChannel(card))
  if (read.kind !== 'card') throw new Error(JSON.stringify(read))
  await world.atLedger((work) => register(work, read.uid, holder, 'uid'))
  await passMinute(world)
}

/** As the issuing desk does it: registered at the ledger, written, closed with a password. */
export async function issueNtag21x(world: WalkWorld, card: VirtualNtag21x, holder: string): Promise<void> {
  const personalised = await personaliseNtag21x(deskChannel(card), {
    passwordOf: (uid) => passwordOf(passwordMaster, uid),
    issue: async (uid) => {
      let record = ''
      await world.atLedger(async (work) => {
        await register(work, uid, holder, 'ntag21x')
        record = signIssuerRecord(work.keys.signing, cardPseudonym(work.keys.cardReferenceKey, uid))
      })
      return Buffer.from(record, 'base64url')
    },
  })
  assert.equal(personalised.kind, 'personalised')
  await passMinute(world)
}
