/**
 * A card of each profile for a whole till at a real pcscd, and the schemes that they pay from: allowances that outlast
 * the matrix, and without network where the profile allows it.
 */
import Database from 'better-sqlite3'
import { foodVoucher } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import type { TerminalPackage } from '../../../src/voucher/package.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { AgencyOffice } from '../../../tools/demo/agency-office.ts'
import {
  bringInCountingCard,
  countingCard,
  countingCardPin,
  countingScheme,
} from '../../../tools/demo/counting-cards.ts'
import { enrolCarriedCard, issueTag } from '../../fixtures/carried-food.ts'
import { riskTaken } from '../../fixtures/identified-cards.ts'
import { sleep, type Station } from '../../integration/reader/station.ts'
import type { TornProfile } from '../names.ts'

export interface LaidCard {
  readonly label: string
  readonly pin?: string
}

export const laidCards: Readonly<Record<TornProfile, LaidCard>> = {
  uid: { label: 'Carried card' },
  ntag21x: { label: 'Tag' },
  ntag424: { label: 'Family 01' },
  'tolem-applet': { label: countingCard, pin: countingCardPin },
}
/** Somebody else's, with an allowance of its own. */
export const anotherCard = 'Family 02'

/** Of one card for all its cells. */
const allowance = tiyn(8_000_000n)
const listed = 'torn-listed'
const onlineOnly = 'torn-online'
const holders = { ntag424: laidCards.ntag424.label, uid: 'Family 04', ntag21x: 'Family 05' } as const
/** Of the NTAG 424 DNA that pays, and of a holder who carries another card beside one: those are in the lease. */
const cardsInLease = 3
const packageWithinMs = 60_000

/** The agency publishes, enrols and issues; resolves when the till has heard of all of it. */
export async function bringInTornCards({ demo, box, till }: Station): Promise<void> {
  const office = new AgencyOffice(demo.world, demo.clock)
  const now = demo.clock.now()
  const food = foodVoucher(now)
  const caps = { ...food.caps, perBeneficiaryAndPeriod: allowance, countPerBeneficiary: 10_000 }
  const benefit = { kind: 'amount', perPeriod: allowance } as const
  // Before the food voucher, from which the holders' other cards are paid.
  const scheme = { ...food, caps, benefit, order: 0 } satisfies Scheme
  await office.publishes(
    { ...scheme, schemeId: listed, cards: { accepts: ['uid', 'ntag424'], uidOffline: riskTaken(caps) } },
    tiyn(2n * allowance),
  )
  await office.publishes(
    {
      ...{ ...scheme, schemeId: onlineOnly, cards: { accepts: ['ntag21x'] } },
      offline: { ...food.offline, policy: 'deny' },
    },
    allowance,
  )
  await office.entitles(listed, [holders.ntag424, holders.uid])
  await office.entitles(onlineOnly, [holders.ntag21x])
  box.add([
    { label: laidCards.uid.label, kind: 'uid', uid: '04A1B2C3D4E5F6', speaks: 'iso-dep' },
    { label: laidCards.ntag21x.label, kind: 'ntag21x', model: 'NTAG213' },
  ])
  await enrolCarriedCard(office, box, laidCards.uid.label, holders.uid)
  await issueTag(office, box, laidCards.ntag21x.label, holders.ntag21x)
  // Above bread and below milk: one of the baskets wants the card's PIN.
  const offline = { ...food.offline, policy: 'card', pinAbove: tiyn(20_000n) } as const
  await bringInCountingCard(office, box, now, { caps, benefit, offline })
  await office.leases('till-1', listed, [holders.ntag424, holders.uid])
  await till.does({ command: 'sync_now' })
  await packageHasAll(demo.journalFile)
}

/** Nothing on the screen says what a till has been lent. */
async function packageHasAll(journalFile: string): Promise<void> {
  const journal = new Database(journalFile, { readonly: true })
  try {
    const newest = journal.prepare<[], { json: string }>('SELECT json FROM package ORDER BY version DESC LIMIT 1')
    for (const until = performance.now() + packageWithinMs; performance.now() < until; await sleep(50)) {
      const { schemes, leases } = JSON.parse(newest.get()?.json ?? '{"schemes":[],"leases":[]}') as TerminalPackage
      const has = (schemeId: string) => schemes.some((one) => one.schemeId === schemeId)
      const lent = leases.filter(({ schemeId }) => schemeId === listed).flatMap(({ slots }) => slots)
      const isLent = lent.flatMap(({ cards }) => cards).length === cardsInLease
      if (isLent && has(listed) && has(onlineOnly) && has(countingScheme)) return
    }
  } finally {
    journal.close()
  }
  throw new Error('the till did not get the schemes and the lease of the matrix')
}
