/**
 * A scheme of five days that its tests shape, for one card, on the demonstration's ledger with its two tills: sales of
 * any amount on line and off line, leases by hand, moves from day to day.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { demoAgency, demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { slotIdOf, type Slot } from '../../../src/voucher/slot.ts'
import {
  dayMs,
  demoLedger,
  hourMs,
  schoolMorning,
  temporaryFolder,
  type Decided,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'

export const schemeId = 'daily-food'
export const firstDay = schoolMorning - hourMs
export const beneficiary = 'ab'.repeat(16)
export const periodIds = [1, 2, 3, 4, 5].map((day) => `day-${day}`)
export const slotOfDay = (day: number): string => slotIdOf(schemeId, beneficiary, `day-${day}`)

/** 1 000 tiyn a day, paid for goods of one kind. */
export const dailyFood: Scheme = {
  schemeId,
  version: 1,
  agencyId: demoAgency,
  name: { kk: 'Күнделікті азық', ru: 'Еда на день', en: 'Daily food' },
  status: 'active',
  benefit: { kind: 'amount', perPeriod: tiyn(1_000n) },
  periods: periodIds.map((periodId, index) => {
    const window = { from: firstDay + index * dayMs, to: firstDay + (index + 1) * dayMs }
    return { periodId, ...window, openings: [window] }
  }),
  merchants: [demoCanteen],
  goods: [{ goods: { by: 'category', categories: ['food'] }, unitsPerPiece: 1, pays: { kind: 'whole' } }],
  caps: {
    perSale: tiyn(5_000n),
    perBeneficiaryAndPeriod: tiyn(5_000n),
    countPerBeneficiary: 50,
    terminalExposure: tiyn(1_000_000n),
    ageSinceSyncMs: 72 * hourMs,
  },
  offline: {
    policy: 'lease-listed',
    allowedPolicyAgeMs: 72 * hourMs,
    lossBearer: { kind: 'agency', upTo: tiyn(100_000n) },
  },
  order: 9,
}

export interface PeriodWorld {
  readonly demo: DemoLedger
  /** The newest of its holder. */
  readonly card: TestCard
  readonly tills: Readonly<Record<'till-1' | 'till-2', TestTill>>
  /** The slot as the ledger shows it to a till on line; undefined where another till holds it. */
  slotAt(till: TestTill): Promise<Slot | undefined>
  /** The holder loses the card and gets another one. */
  reissue(): Promise<unknown>
  /** Decides without the ledger, by the newest package, with the newest card that opens a slot there. */
  offline(till: TestTill, amount: bigint): Decided
  /** Decides by the slot that the ledger shows; undefined where it shows none, or the rules pay nothing. */
  online(till: TestTill, amount: bigint): Promise<Decided | undefined>
  lease(till: TestTill, days: readonly number[], sellHours?: number, presentHours?: number): Promise<number>
  /** What a day's slot allows and what of it is used. */
  figures(day: number): Promise<{ allowed: bigint; count: number; spent: bigint; leased: boolean } | undefined>
  goToDay(day: number, hours?: number): void
}

export async function periodWorld(
  change: Partial<Scheme>,
  options: {
    readonly path?: string
    readonly funded?: bigint
    readonly label?: string
    readonly seed?: string
    readonly onDidRun?: (statement: string) => void
  } = {},
): Promise<PeriodWorld> {
  const { funded = 1_000_000n, label = 'Pupil 25', ...rest } = options
  const demo = await demoLedger(rest)
  const cards: [TestCard, ...TestCard[]] = [demo.card(label)]
  await inTransaction(demo.ports, async (work) => {
    const published = await publishScheme(work, { ...dailyFood, ...change })
    if (published !== 'published') throw new Error(`not published: ${JSON.stringify(published)}`)
    if (funded > 0n) await fundScheme(work, demoAgency, schemeId, tiyn(funded), 'for the days')
    const { holder } = await work.connection
      .selectFrom('card')
      .select('holder')
      .where('card', '=', cards[0].pseudonym)
      .executeTakeFirstOrThrow()
    await entitle(work, { schemeId, beneficiary, holder })
  })
  const tills = { 'till-1': await demo.till('till-1'), 'till-2': await demo.till('till-2') }
  await tills['till-1'].fetch()
  await tills['till-2'].fetch()

  const saleOf = (till: TestTill, amount: bigint) => {
    const sale = till.sale('bread')
    return { ...sale, lines: sale.lines.map((line) => ({ ...line, unitPrice: tiyn(amount) })) }
  }
  const world: PeriodWorld = {
    demo,
    get card() {
      return cards[0]
    },
    tills,
    slotAt: async (till) => {
      const cardSessionId = till.id()
      const asked = { cardSessionId, card: world.card.pseudonym, encryptedRndB: '00'.repeat(16) }
      const answer = await till.call('/v1/terminal/card-sessions', asked)
      return answer.kind === 'open' ? answer.slots.find((slot) => slot.schemeId === schemeId) : undefined
    },
    reissue: async () => {
      const [former] = cards
      const card = freshCardOf(demo, cards.length)
      cards.unshift(card)
      const uid = Buffer.from(card.uid).toString('hex')
      return demo.role('agency', demoAgency).post('/v1/card-reissues', { card: former.pseudonym, uid })
    },
    offline: (till, amount) => {
      const card = cards.find((one) => till.leased(one) !== undefined) ?? world.card
      const leased = till.leased(card)
      if (leased === undefined) throw new Error('nothing is leased here')
      const input = till.input(card, saleOf(till, amount), leased.slot, 'offline', leased.lease)
      return till.decided(input, card, leased.lease.leaseId)
    },
    online: async (till, amount) => {
      await till.fetch()
      const slot = await world.slotAt(till)
      if (slot === undefined) return undefined
      const { card } = world
      return till.decided(till.input(card, saleOf(till, amount), slot, 'online', undefined), card, till.id())
    },
    lease: async (till, days, sellHours = 72, presentHours = 14 * 24) => {
      const { now } = demo.clock
      const { status } = await demo.role('agency', demoAgency).post('/v1/leases', {
        grantId: till.id(),
        terminalId: till.terminalId,
        schemeId,
        beneficiaries: [beneficiary],
        periodIds: days.map((day) => `day-${day}`),
        sellUntil: now + sellHours * hourMs,
        presentUntil: now + (sellHours + presentHours) * hourMs,
      })
      await till.fetch()
      return status
    },
    figures: async (day) => {
      const row = (await demo.rows('slot')).find((one) => one['slot_id'] === slotOfDay(day))
      if (row === undefined) return undefined
      const uses = (await demo.rows('slot_use')).filter((use) => use['slot_id'] === slotOfDay(day))
      return {
        allowed: row['amount_allowed'] as bigint,
        count: Number(row['count_allowed']),
        spent: uses.reduce((sum, use) => sum + (use['amount'] as bigint), 0n),
        leased: row['lease_id'] !== null,
      }
    },
    goToDay: (day, hours = 1) => {
      demo.clock.now = Math.max(demo.clock.now, firstDay + (day - 1) * dayMs + hours * hourMs)
    },
  }
  return world
}

/** One that is judged when it ends. */
export interface JudgedWorld extends PeriodWorld {
  readonly folder: string
  readonly path: string
  /** The rules of the audit that find something wrong in a copy in which the statements were done. */
  faultsAfter(change: string): Promise<readonly string[]>
  /** Fails unless the audit finds the books balanced, and no request ended in a fault of ours. */
  end(): Promise<void>
}

/** A world of its own on the disk. */
export async function judgedWorld(
  change: Partial<Scheme>,
  funded?: bigint,
  onDidRun: (statement: string) => void = () => {},
): Promise<JudgedWorld> {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  const world = await periodWorld(change, { path, onDidRun, ...(funded === undefined ? {} : { funded }) })
  const end = async (): Promise<void> => {
    try {
      const report = auditFile(path)
      if (report?.balanced !== true) throw new Error(report?.text)
      expect(world.demo.recovered).toEqual([])
    } finally {
      await world.demo.close()
      folder.remove()
    }
  }
  let copies = 0
  const faultsAfter = async (statements: string): Promise<readonly string[]> => {
    const copy = join(folder.path, `copy-${(copies += 1)}.db`)
    const source = new Database(path, { readonly: true })
    await source.backup(copy)
    source.close()
    const database = new Database(copy)
    database.pragma('foreign_keys = OFF')
    database.exec(statements)
    database.close()
    return (auditFile(copy)?.faults ?? []).map(({ rule }) => rule)
  }
  return Object.assign(world, { folder: folder.path, path, faultsAfter, end })
}
