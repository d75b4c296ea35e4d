/**
 * What befalls a till and the agency behind it, besides the network: power that goes between two events or in the
 * middle of a commit, full disks, clocks that jump, money that runs out, cards that are blocked and schemes that are
 * suspended for a while.
 */
import { findAccount } from '../../ledger-sim/accounts/accounts.ts'
import { availableIn, post } from '../../ledger-sim/accounts/transfers.ts'
import { newId, type Work } from '../../ledger-sim/context.ts'
import { demoAgency } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { setCardStatus } from '../../ledger-sim/schemes/cards.ts'
import { fundScheme } from '../../ledger-sim/schemes/funding.ts'
import { findScheme, publishScheme, schemeAccountOf } from '../../ledger-sim/schemes/schemes.ts'
import type { VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { LedgerHouse } from './ledger-house.ts'
import { fairWeather, foulWeather, type SimulatedNetwork } from './network.ts'
import type { Pace } from './pace.ts'
import type { SeededRandom } from './random.ts'
import type { TillStation } from './till-station.ts'
import type { VirtualTime } from './virtual-time.ts'

const secondMs = 1_000
const minuteMs = 60_000
const hourMs = 3_600_000
/** Of the demonstration's world. */
const schemes: readonly string[] = ['school-lunch', 'food-voucher']

/** Each strikes until the town is healed. */
export interface Sky {
  readonly time: VirtualTime
  readonly isHealed: () => boolean
  readonly pace: Pace
}

/** The till loses its power between any two events, or in a commit, and comes back. */
export function losePowerNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  station: TillStation,
  random: SeededRandom,
): void {
  const commits = random.branch('commits')
  station.disk.powerAtCommit = () =>
    isHealed() || !commits.chance(1 / 600) ? 'no' : commits.pick(['before_sync', 'after_sync'] as const)
  const strike = (): void => {
    if (isHealed()) return
    station.kill()
    time.at(time.now + random.between(500, 30_000), () => {
      if (station.snapshot === undefined) station.start()
      // Some accidents strike again at once: recovery itself must bear being cut off.
      const next = random.chance(0.2) ? random.between(1, 3_000) : 20_000 + random.waiting(calm * 240_000)
      time.at(time.now + next, strike)
    })
  }
  time.at(time.now + random.waiting(calm * 240_000), strike)
}

/**
 * Somebody starts a till that is down: after a power cut in a commit, or a start that the disk refused. And a clone
 * that the ledger does not listen to: it reads the keys at its start, and the original may have changed them since.
 */
export function startWhenDown({ time }: Sky, station: TillStation): void {
  const look = (): void => {
    const heard = station.snapshot?.lights.network.code
    if (station.isClone && (heard === 'ledger_refuses_us' || heard === 'keys_outdated')) station.kill()
    if (station.snapshot === undefined) station.start()
    time.at(time.now + 45 * secondMs, look)
  }
  time.at(time.now + 45 * secondMs, look)
}

export function changeWeather(
  { time, isHealed, pace: { calm } }: Sky,
  { network }: { readonly network: SimulatedNetwork },
  random: SeededRandom,
  note: (what: string) => void,
): void {
  const change = (): void => {
    if (isHealed()) return
    const kind = random.fraction()
    network.cut = kind < 0.35 ? random.pick(['refused', 'silent'] as const) : 'no'
    network.weather = kind < 0.8 ? foulWeather : fairWeather
    note(`weather ${network.cut} ${network.weather === foulWeather ? 'foul' : 'fair'}`)
    time.at(time.now + 10_000 + random.waiting(calm * 90_000), change)
  }
  time.at(time.now + random.waiting(60_000), change)
}

export function fillDiskNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  station: TillStation,
  random: SeededRandom,
): void {
  const fill = (): void => {
    if (isHealed()) return
    station.disk.isFull = true
    time.at(time.now + random.waiting(3 * minuteMs), () => {
      station.disk.isFull = false
      time.at(time.now + random.waiting(calm * 40 * minuteMs), fill)
    })
  }
  time.at(time.now + random.waiting(calm * 20 * minuteMs), fill)
}

/** Nobody sets these clocks right: a till with a wrong clock must come to its end all the same. */
export function turnClockNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  station: TillStation,
  random: SeededRandom,
): void {
  const turn = (): void => {
    if (isHealed()) return
    const choice = random.fraction()
    // Little enough for the ledger to bear it, and more than a message is late.
    if (choice < 0.15) station.clock.jump(random.between(5, 55) * secondMs * random.pick([-1, 1]))
    else if (choice < 0.35) station.clock.jump(random.between(1, 9) * minuteMs * random.pick([-1, 1]))
    else if (choice < 0.6) station.clock.jump(random.between(1, 30) * hourMs * random.pick([-1, 1]))
    else if (choice < 0.75) {
      station.kill()
      station.clock.loseBattery()
    } else station.clock.setRight()
    time.at(time.now + random.waiting(calm * 40 * minuteMs), turn)
  }
  time.at(time.now + random.waiting(calm * 30 * minuteMs), turn)
}

/**
 * The agency takes back what is not in leases, and marks it again later: sales meanwhile wait for funds.
 *
 * @param among of other schemes than the demonstration's just as much is marked again as was taken
 */
export function runDryNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  house: LedgerHouse,
  random: SeededRandom,
  among: readonly string[] = schemes,
): void {
  const schemeId = random.pick(among)
  const isOfDemonstration = among === schemes
  const dry = (): void => {
    if (isHealed()) return
    let taken = tiyn(0n)
    void house.act(async (work) => {
      const credit = (await findAccount(work, demoAgency))?.accountId
      const left = tiyn((await availableIn(work, schemeAccountOf(schemeId))) ?? 0n)
      if (credit === undefined || left === 0n) return
      taken = left
      await post(
        work,
        [{ debit: schemeAccountOf(schemeId), credit, amount: left, kind: 'scheme-funding' }],
        newId(work),
      )
    })
    time.at(time.now + random.waiting(20 * minuteMs), () => {
      void (isOfDemonstration ? fundAgain(house, schemeId) : fund(house, schemeId, taken))
      time.at(time.now + random.waiting(calm * 60 * minuteMs), dry)
    })
  }
  time.at(time.now + random.waiting(calm * 40 * minuteMs), dry)
}

/** All of the agency's money goes back to the schemes. */
export async function fundAll(house: LedgerHouse): Promise<void> {
  for (const schemeId of schemes) await fundAgain(house, schemeId)
}

function fundAgain(house: LedgerHouse, schemeId: string): Promise<void> {
  return house.act(async (work) => {
    // A third of what the agency ever had is kept for the other scheme.
    const free = ((await availableIn(work, demoAgency)) ?? 0n) - 100_000_000n
    if (free > 0n) await fundScheme(work, demoAgency, schemeId, tiyn(free), newId(work))
  })
}

function fund(house: LedgerHouse, schemeId: string, amount: Tiyn): Promise<void> {
  return house.act(async (work) => {
    if (amount > 0n) await fundScheme(work, demoAgency, schemeId, amount, newId(work))
  })
}

/** Somebody holds a forged card for minutes: the UID of a genuine one, and keys that the agency never gave out. */
export function forgeCardsNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  cards: Map<string, VirtualCard>,
  forgeryOf: (label: string) => VirtualCard,
  random: SeededRandom,
): void {
  const labels = [...cards.keys()]
  const forge = (): void => {
    if (isHealed()) return
    const label = random.pick(labels)
    const genuine = cards.get(label)
    if (genuine === undefined) throw new Error(`no card ${label}`)
    cards.set(label, forgeryOf(label))
    time.at(time.now + random.between(2, 20) * minuteMs, () => {
      cards.set(label, genuine)
      time.at(time.now + random.waiting(calm * 60 * minuteMs), forge)
    })
  }
  time.at(time.now + random.waiting(calm * 30 * minuteMs), forge)
}

/** Cards are lost and found again. */
export function blockCardsNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  house: LedgerHouse,
  cards: () => readonly string[],
  random: SeededRandom,
): void {
  const block = (): void => {
    if (isHealed()) return
    const card = random.pick(cards())
    void house.act(async (work) => void (await setCardStatus(work, card, 'blocked')))
    time.at(time.now + random.waiting(20 * minuteMs), () => {
      void house.act(async (work) => void (await setCardStatus(work, card, 'active')))
      time.at(time.now + random.waiting(calm * 20 * minuteMs), block)
    })
  }
  time.at(time.now + random.waiting(calm * 20 * minuteMs), block)
}

/** Cards that count themselves are lost and replaced, and their holders forget PINs until the card takes no more. */
export function replaceCardsNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  house: LedgerHouse,
  replace: (work: Work) => Promise<void>,
  orderTries: (work: Work) => Promise<void>,
  random: SeededRandom,
): void {
  const lose = (): void => {
    if (isHealed()) return
    void house.act(replace)
    time.at(time.now + random.waiting(calm * 90 * minuteMs), lose)
  }
  const complain = (): void => {
    if (isHealed()) return
    void house.act(orderTries)
    time.at(time.now + 5 * minuteMs, complain)
  }
  time.at(time.now + random.waiting(calm * 20 * minuteMs), lose)
  time.at(time.now + 5 * minuteMs, complain)
}

/** A scheme is suspended and goes on, each a version of its own. */
export function suspendSchemeNowAndThen(
  { time, isHealed, pace: { calm } }: Sky,
  house: LedgerHouse,
  random: SeededRandom,
  among: readonly string[] = schemes,
): void {
  const schemeId = random.pick(among)
  const change = (status: 'active' | 'suspended'): Promise<void> =>
    house.act(async (work) => {
      const scheme = await findScheme(work, schemeId)
      if (scheme !== undefined) await publishScheme(work, { ...scheme, version: scheme.version + 1, status })
    })
  const suspend = (): void => {
    if (isHealed()) return
    void change('suspended')
    time.at(time.now + random.waiting(10 * minuteMs), () => {
      void change('active')
      time.at(time.now + random.waiting(calm * 90 * minuteMs), suspend)
    })
  }
  time.at(time.now + random.waiting(calm * 60 * minuteMs), suspend)
}
