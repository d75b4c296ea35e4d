/** What the replays at the card share: a till in a school, a tap in virtual time, and the end of the story. */
import type { CardAnswer, VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import { freeStates, spentStates } from '../../src/sync/journal/projection.ts'
import type { TenderRecord } from '../../src/sync/journal/journal.ts'
import type { WalkWorld } from '../integration/payment/prepared-world.ts'

/** WriteData of the NTAG 424 DNA: the only command of a tap that changes what is stored on the card. */
const writeData = 0x8d

export function isWriteData(command: Uint8Array): boolean {
  return command[1] === writeData
}

/** The card, with somebody who hears each command and may answer in its place. */
export function watchedCard(
  card: VirtualCard,
  exchange: (command: Uint8Array, card: VirtualCard) => CardAnswer,
): VirtualCard {
  return {
    get atr() {
      return card.atr
    },
    get uid() {
      return card.uid
    },
    get delayMs() {
      return card.delayMs
    },
    enterField: () => card.enterField(),
    leaveField: () => card.leaveField(),
    reset: () => card.reset(),
    exchange: (command) => exchange(command, card),
  }
}

/** The till has lost the ledger, and knows it. */
export async function goOffline(world: WalkWorld): Promise<void> {
  world.network.all = 'refused'
  void world.station.core?.engine.syncNow()
  await world.time.runUntil(world.time.now + 25_000)
}

export function ringUpAndAskForCard({ station }: WalkWorld): void {
  for (const command of [{ command: 'add_item', itemId: 'school-lunch' }, { command: 'pay_by_card' }] as const)
    if (!station.command(command)) throw new Error(`${command.command} is refused`)
}

export async function tap(world: WalkWorld, card: string): Promise<void> {
  world.station.pullCard()
  world.station.layCard(card)
  await world.time.runUntil(world.time.now + 5_000)
}

/** Every voucher tender of the journal, oldest first. */
export function tendersOf({ station }: WalkWorld): readonly TenderRecord[] {
  const tenders = station.core?.journal.tendersInState(...spentStates, ...freeStates) ?? []
  return tenders.filter(({ kind }) => kind === 'voucher')
}

/** The network is there again, everything is handed over, and the auditor says what is wrong; nothing, it is hoped. */
export async function endedAndJudged(world: WalkWorld): Promise<readonly string[]> {
  const { network, station, time } = world
  station.pullCard()
  network.all = 'up'
  network.authorisations = null
  if (station.snapshot?.actions.includes('next_customer') === true) station.command({ command: 'next_customer' })
  if (station.snapshot?.actions.includes('cancel_sale') === true) station.command({ command: 'cancel_sale' })
  void station.core?.engine.syncNow()
  await time.runUntil(time.now + 90_000)
  const sales = (station.snapshot?.recent ?? []).map(({ saleId, tenders, voidable }) => ({
    saleId,
    goods: voidable ? ('given' as const) : ('kept' as const),
    tenders: tenders.filter(({ kind, state }) => kind === 'voucher' && (state === 'settled' || !voidable)),
  }))
  return world.judge(sales)
}
