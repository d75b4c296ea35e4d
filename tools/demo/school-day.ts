/**
 * The story of a school day, played on the real processes by a cashier of code: online, without network, with a lost
 * answer, by QR, with a killed core, and back. Every step says what it does and fails when the screen does not show it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { RefusalCode, TapView } from '../../src/terminal/contract/index.ts'
import type { World } from '../world.ts'
import { expectApproved } from './counter.ts'
import { deliverLateMessages } from './late-messages.ts'
import { allowances, takings, type Ending, type Scenario, type Stage } from './scenario.ts'
import { playQrPayments } from './school-day-by-qr.ts'

const lunch = 'school-lunch'
/** Whole tenge. */
const [lunchPrice, juicePrice] = [1_150, 350]
const leasedPupils = Array.from({ length: 20 }, (_, index) => `Pupil ${String(index + 1).padStart(2, '0')}`)
/** On line only: no till holds a lease for them. */
const [unleasedPupil = '', otherUnleasedPupil = '', thirdUnleasedPupil = ''] = ['Pupil 21', 'Pupil 22', 'Pupil 23']
const blockedPupil = 'Pupil 30'

/** Monday, 23 November 2026, noon in Almaty. */
export const schoolDay: Scenario = { startsAt: Date.UTC(2026, 10, 23, 7), play: playSchoolDay }

async function playSchoolDay(stage: Stage): Promise<Ending> {
  const { counter, say } = stage
  const { till, panel } = counter
  const refused: Record<string, number> = {}
  let onlineApproved = 0
  let offlineApproved = 0

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
  await counter.finishes()
  onlineApproved += 1
  say(`${unleasedPupil}: the ledger had paid. Nothing was charged twice.`)

  await panel.network({ loseNext: 1, path: '/v1/terminal/authorisations' })
  const sixth = leasedPupils[5] ?? ''
  expectApproved(await sell(stage, sixth), 'pending', sixth)
  offlineApproved += 1
  say(`${sixth}: no answer in time, accepted under the till's own lease with the same id.`)
  await till.sees('the queue is empty again', ({ queue }) => queue.waiting === 0)

  const byQr = await playQrPayments(counter, leasedPupils[17] ?? '', say)
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
    await counter.refuses({ [lunch]: 1 }, pupil, code)
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
  await counter.endsWell()
  say('Everything is settled, every receipt is on paper.')

  const { paidBack } = byQr
  const lunches = onlineApproved + offlineApproved - byQr.paidByQr
  return {
    settled: onlineApproved + offlineApproved,
    totals: {
      tills: { 'till-1': takings({ voucher: lunches * lunchPrice, qr: byQr.paidByQr * juicePrice }) },
      allowances: allowances({ 'school-lunch 2026-11-23': lunches * lunchPrice }),
    },
    figures: ({ tenders }) => ({
      online: { approved: onlineApproved },
      offline: { approved: offlineApproved, refused },
      /** Of `settled`, what wallets and a CBDC card paid; and what came back to a wallet. */
      qr: { settled: tenders.settledByQr, paidBack },
    }),
    afterwards: () => deliverAgain(stage, cancelledTender),
  }
}

/** The till has stopped: what a wild network may still deliver changes nothing. */
async function deliverAgain({ world, clock, say }: Stage, cancelledTender: string): Promise<readonly string[]> {
  const late = await deliverLateMessages(world.folders.till, world.ledgerUrl, clock.now, cancelledTender)
  const { wrong, lateRequest, deliveredAgain } = late
  say(
    `${deliveredAgain} deliveries of what the ledger already had, and one request after its reversal: ` +
      'nothing changed.',
  )
  return [
    ...(wrong.length > 0 ? [`delivered again: ${wrong.join('; ')}`] : []),
    ...(lateRequest === 'reversed_before_arrival' ? [] : [`the late request was answered ${lateRequest}`]),
  ]
}

/** Rings up a lunch and holds the card until the screen says how it ended. An approved sale is finished. */
const sell = ({ counter }: Stage, pupil: string): Promise<TapView> => counter.sells({ [lunch]: 1 }, pupil)

/** The network swallows the authorisation; the cashier cancels; the network comes back and carries the reversal. */
async function cancelLostPayment(stage: Stage): Promise<string> {
  const { till, panel } = stage.counter
  await till.does({ command: 'add_item', itemId: lunch })
  await till.does({ command: 'pay_by_card' })
  await panel.readerTakes(400)
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
  const { counter, world } = stage
  const { till, panel } = counter
  await till.does({ command: 'add_item', itemId: lunch })
  await till.does({ command: 'pay_by_card' })
  await panel.readerTakes(400)
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
  expectApproved(await counter.taps(pupil), 'pending', pupil)
  await counter.finishes()
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
