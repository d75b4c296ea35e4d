/**
 * The story of a school day, played on the real processes by a cashier of code: online, without network, with a lost
 * answer, by QR, with a killed core, and back. Every step says what it does and fails when the screen does not show it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { RefusalCode, Snapshot, TapView } from '../../src/terminal/contract/index.ts'
import type { World } from '../world.ts'
import type { PanelClient } from './panel-client.ts'
import { playQrPayments } from './qr-story.ts'
import type { TillClient } from './till-client.ts'

export interface StoryResult {
  readonly onlineApproved: number
  readonly offlineApproved: number
  readonly refused: Readonly<Record<string, number>>
  /** Payments by QR that came back to their wallet. */
  readonly paidBack: number
  /** The tender that was cancelled while its request was lost: its late arrival is played afterwards. */
  readonly cancelledTender: string
}

export interface Stage {
  readonly world: World
  readonly till: TillClient
  readonly panel: PanelClient
  readonly say: (line: string) => void
}

const lunch = 'school-lunch'
const leasedPupils = Array.from({ length: 20 }, (_, index) => `Pupil ${String(index + 1).padStart(2, '0')}`)
/** On line only: no till holds a lease for them. */
const [unleasedPupil = '', otherUnleasedPupil = '', thirdUnleasedPupil = ''] = ['Pupil 21', 'Pupil 22', 'Pupil 23']
const blockedPupil = 'Pupil 30'

export async function playSchoolDay(stage: Stage): Promise<StoryResult> {
  const { till, panel, say } = stage
  const refused: Record<string, number> = {}
  let onlineApproved = 0
  let offlineApproved = 0

  await till.sees(
    'the till is ready and has reached the ledger',
    (shown) => shown.catalogue.length > 0 && shown.lights.network.level === 'ok',
  )
  await till.opensShift()
  say('Monday noon in Almaty. The shift is open, the ledger is reached.')

  const online = leasedPupils.slice(0, 5)
  for (const pupil of online) {
    const tap = await sell(stage, pupil)
    expectApproved(tap, 'settled', pupil)
    onlineApproved += 1
  }
  say(`${online.length} pupils had lunch; each was settled at the ledger at once.`)

  await panel.network({ loseNext: 1, path: '/v1/terminal/authorisations' })
  const unheard = await sell(stage, unleasedPupil)
  if (unheard.state !== 'unknown') throw new Error(`a lost answer must be unknown, the screen says ${unheard.state}`)
  say(`${unleasedPupil}: the ledger's answer was lost. The till says "do not charge again" and asks.`)
  await till.sees('the unknown payment is resolved', ({ tap }) => tap.state === 'approved')
  await finish(stage)
  onlineApproved += 1
  say(`${unleasedPupil}: the ledger had paid. Nothing was charged twice.`)

  await panel.network({ loseNext: 1, path: '/v1/terminal/authorisations' })
  const sixth = leasedPupils[5] ?? ''
  expectApproved(await sell(stage, sixth), 'pending', sixth)
  offlineApproved += 1
  say(`${sixth}: no answer in time, accepted under the till's own lease with the same id.`)
  await till.sees('the queue is empty again', ({ queue }) => queue.waiting === 0)

  const byQr = await playQrPayments(stage, leasedPupils[17] ?? '')
  onlineApproved += byQr.approved

  say('The next payment is cancelled while its request is lost on the way:')
  const cancelledTender = await cancelLostPayment(stage)
  say(`${otherUnleasedPupil} leaves without lunch. The reversal went to the ledger before the request.`)

  await panel.network({ mode: 'cut' })
  say('The network goes down.')
  for (const pupil of leasedPupils.slice(6, 16)) {
    expectApproved(await sell(stage, pupil), 'pending', pupil)
    offlineApproved += 1
  }
  say('Ten pupils had lunch under the lease; receipts say "pending at the ledger".')

  const refusals: readonly [string, RefusalCode][] = [
    [leasedPupils[6] ?? '', 'ALLOWANCE_USED'],
    [blockedPupil, 'CARD_BLOCKED'],
    [thirdUnleasedPupil, 'CARD_NOT_IN_LEASE'],
  ]
  for (const [pupil, code] of refusals) {
    const tap = await sell(stage, pupil)
    if (tap.state !== 'refused' || tap.code !== code)
      throw new Error(`${pupil} must be refused with ${code}, the screen says ${JSON.stringify(tap)}`)
    await cancel(stage)
    refused[code] = (refused[code] ?? 0) + 1
  }
  say(`Refused, each with its reason: ${refusals.map(([pupil, code]) => `${pupil} ${code}`).join(', ')}.`)

  const seventeenth = leasedPupils[16] ?? ''
  await killDuringSale(stage, seventeenth)
  offlineApproved += 1
  say(
    `The core was killed in the middle of ${seventeenth}'s sale. ` +
      'It came back, nothing was paid, and the same card paid once.',
  )

  await panel.network({ mode: 'up' })
  say('The network returns.')
  await till.does({ command: 'sync_now' })
  await till.sees('everything is settled', settledEverywhere, 60_000)
  await till.sees(
    'every receipt is printed',
    ({ recent }) => recent.every((sale) => sale.receipt !== 'waiting'),
    60_000,
  )
  say('Everything is settled, every receipt is on paper.')
  return { onlineApproved, offlineApproved, refused, paidBack: byQr.paidBack, cancelledTender }
}

function settledEverywhere({ queue, unresolved, recent }: Snapshot): boolean {
  const tenders = recent.flatMap((sale) => sale.tenders)
  return (
    queue.waiting === 0 &&
    unresolved.length === 0 &&
    tenders.every((tender) => ['settled', 'reversed', 'refused', 'voided'].includes(tender.state))
  )
}

/** Rings up a lunch and holds the card until the screen says how it ended. An approved sale is finished. */
async function sell(stage: Stage, pupil: string): Promise<TapView> {
  const { till, panel } = stage
  await till.does({ command: 'add_item', itemId: lunch })
  await till.does({ command: 'pay_by_card' })
  await panel.lay(pupil)
  const { tap } = await till.sees(`a result for ${pupil}`, (shown) =>
    ['approved', 'refused', 'unknown'].includes(shown.tap.state),
  )
  await panel.pull()
  if (tap.state === 'approved') await finish(stage)
  return tap
}

async function finish({ till }: Stage): Promise<void> {
  await till.sees('the sale is paid', ({ sale }) => sale === null || sale.leftToPay === 0n)
  await till.does({ command: 'next_customer' })
}

async function cancel({ till }: Stage): Promise<void> {
  await till.does({ command: 'cancel_sale' })
}

/** The network swallows the authorisation; the cashier cancels; the network comes back and carries the reversal. */
async function cancelLostPayment(stage: Stage): Promise<string> {
  const { till, panel } = stage
  await till.does({ command: 'add_item', itemId: lunch })
  await till.does({ command: 'pay_by_card' })
  await panel.readerTakes(150)
  await panel.lay(otherUnleasedPupil)
  await till.sees('the card is being proved', ({ tap }) => tap.state === 'hold' && tap.step === 'proving')
  await panel.network({ mode: 'black-hole' })
  const { sale } = await till.sees('unknown', ({ tap }) => tap.state === 'unknown')
  await panel.pull()
  await panel.readerTakes(0)
  const tender = sale?.tenders.find((candidate) => candidate.state === 'unknown')
  if (tender === undefined) throw new Error('the unknown tender is not on the screen')
  await till.does({ command: 'cancel_unknown', tenderId: tender.tenderId })
  await till.does({ command: 'cancel_sale' })
  await panel.network({ mode: 'up' })
  await till.does({ command: 'sync_now' })
  await till.sees(
    'the reversal is answered',
    ({ queue, lights }) => queue.waiting === 0 && lights.network.level === 'ok',
    60_000,
  )
  return tender.tenderId
}

/** SIGKILL while the card is being proved, as a power cut would. The customer's card is then held again. */
async function killDuringSale(stage: Stage, pupil: string): Promise<void> {
  const { till, panel, world } = stage
  await till.does({ command: 'add_item', itemId: lunch })
  await till.does({ command: 'pay_by_card' })
  await panel.readerTakes(150)
  await panel.lay(pupil)
  const { revision } = await till.sees(
    'the card is being proved',
    ({ tap }) => tap.state === 'hold' && tap.step === 'proving',
  )
  process.kill(corePid(world), 'SIGKILL')
  await till.sees(
    'the core is back',
    (shown) => shown.revision < revision && shown.tap.state === 'idle' && shown.sale !== null,
  )
  await panel.pull()
  await panel.readerTakes(0)
  await till.does({ command: 'pay_by_card' })
  await panel.lay(pupil)
  const { tap } = await till.sees(`a result for ${pupil}`, (shown) =>
    ['approved', 'refused', 'unknown'].includes(shown.tap.state),
  )
  await panel.pull()
  expectApproved(tap, 'pending', pupil)
  await finish(stage)
}

/** The core is a child of the till's shell; found as `ps` would find it. */
function corePid(world: World): number {
  const shell = world.processes.find((part) => part.name === 'till')?.child.pid
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1])
      if (parent === shell && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('core/main.ts'))
        return Number(entry)
    } catch {
      // A process that ended while we looked.
    }
  }
  throw new Error('no core process found')
}

function expectApproved(tap: TapView, look: 'settled' | 'pending', pupil: string): void {
  if (tap.state === 'approved' && tap.look === look) return
  const shown = JSON.stringify(tap, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  throw new Error(`${pupil} must be approved (${look}), the screen says ${shown}`)
}
