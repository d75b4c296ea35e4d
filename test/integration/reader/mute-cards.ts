/** Cards that fall silent: the command never comes back, the device host is killed and replaced. */
import { measureBackInService } from './back-in-service.ts'
import { record, sleep, type Station } from './station.ts'

const holder = 'Family 03'
const item = 'bread'
/**
 * Until the next customer's card. pcscd looks at vpcd every 400 ms, and while it clears up behind a killed host it may
 * take a card that was exchanged in between for the one before: it tells no removal. No hand is that fast.
 */
const nextCustomerMs = 800

export async function playMuteCards(station: Station): Promise<void> {
  const said: unknown[] = []
  for (const [command, isExecuted] of [
    [2, false],
    [8, false],
    [8, true],
    [11, true],
  ] as const) {
    const before = station.journal().length
    const firstHost = station.deviceHostPid()
    await station.rings(item)
    station.card(holder).arm({ kind: 'mute', isExecuted }, command)
    await station.lay(holder)
    await station.till.sees('the card is being read', ({ tap }) => tap.state === 'hold')
    const mutedAt = performance.now()
    const shown = await station.till.sees(
      'the till says that it restarts the reader',
      ({ lights }) => lights.reader.code === 'device_host_restarting',
    )
    const saidAfterMs = Math.round(performance.now() - mutedAt)
    const later = await station.till.sees('and wants the card again', ({ tap }) => ['torn', 'tap'].includes(tap.state))
    if (command !== 2) await station.readerWorks()
    station.pull()
    await measureBackInService(
      station,
      command === 2 ? 'mute card, pulled while the device host restarts' : 'mute card',
      performance.now(),
      { label: holder },
    )
    await sleep(nextCustomerMs)
    said.push({
      command,
      light: shown.lights.reader,
      tap: later.tap.state,
      saidAfterMs,
      newHost: station.deviceHostPid() !== firstHost,
      states: station
        .journal()
        .slice(before)
        .map(({ state }) => state),
    })
  }
  record('mute', said)
  await playOtherReaderMeanwhile(station)
}

/** The mute card keeps lying there; the next customer uses the other reader. */
async function playOtherReaderMeanwhile(station: Station): Promise<void> {
  await station.rings(item)
  station.card('Family 01').arm({ kind: 'mute', isExecuted: false }, 3)
  await station.lay('Family 01')
  await station.till.sees('the reader is restarted', ({ lights }) => lights.reader.code === 'device_host_restarting')
  await station.lay(holder, 1)
  const { tap } = await station.till.sees('paid on the other reader', (shown) => shown.tap.state === 'approved')
  record('other reader beside a mute card', tap)
  station.pull(1)
  station.pull()
  await station.ends(tap)
  await station.readerWorks()
  await sleep(nextCustomerMs)
}
