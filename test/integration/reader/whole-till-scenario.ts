/** Runs in namespaces of its own (whole-till.test.ts): plays a whole till at a real pcscd and prints what was seen. */

import { recordBackInService } from './back-in-service.ts'
import { playCarriedCards } from './carried-cards.ts'
import { playCbdcCard } from './cbdc-card.ts'
import { playCountingCard } from './counting-card.ts'
import { playMuteCards } from './mute-cards.ts'
import { PcscService } from './pcsc-service.ts'
import { playReadersGone, playServiceKilled, playServiceStartedLater } from './service-faults.ts'
import { playSharing } from './sharing.ts'
import { record, Station, type TenderRow } from './station.ts'
import { playTears } from './tears.ts'
import { playTwoReaders } from './two-readers.ts'
import { playWholeTaps } from './whole-taps.ts'

const service = new PcscService()

async function run(): Promise<void> {
  const station = await Station.open()
  try {
    await playServiceStartedLater(station, service)
    await playWholeTaps(station)
    await playCarriedCards(station)
    await playCountingCard(station)
    await playCbdcCard(station)
    await playTears(station)
    await playMuteCards(station)
    await playTwoReaders(station)
    await playSharing(station)
    await playServiceKilled(station, service)
    await playReadersGone(station, service)
    recordBackInService()
    await station.settles()
    // The ledger hears of no cash.
    const isAtLedger = ({ kind, state }: TenderRow): boolean => kind !== 'cash' && state === 'settled'
    record('settled in the journal', station.journal().filter(isAtLedger).length)
    record('verdict', await station.demo.judge())
  } finally {
    await station.close()
  }
  record('end', true)
}

await run().catch((error: unknown) => record('failed', error instanceof Error ? (error.stack ?? error.message) : error))
await service.kill()
process.kill(process.pid, 'SIGKILL')
