/** pcscd killed and restarted, and readers that vanish: idle, and in the middle of a tap. */
import { measureBackInService } from './back-in-service.ts'
import { handMs, type PcscService } from './pcsc-service.ts'
import { record, sleep, type Station } from './station.ts'

const holder = 'Family 01'
const item = 'bread'

const lightIs = (station: Station, code: string) =>
  station.till.sees(`the light says ${code}`, ({ lights }) => lights.reader.code === code)

/** The till was started before pcscd. */
export async function playServiceStartedLater(station: Station, service: PcscService): Promise<void> {
  const { lights } = await lightIs(station, 'reader_no_service')
  record('pcscd not there', lights.reader)
  await station.rings(item)
  service.start()
  await service.isUp()
  await measureBackInService(station, 'pcscd started later', performance.now(), { label: holder })
}

export async function playServiceKilled(station: Station, service: PcscService): Promise<void> {
  for (let count = 0; count < 2; count += 1) {
    // PC/SC has seen that the card before left; else one like it, laid down at once, is the one that lay there.
    await sleep(handMs)
    await service.kill()
    await lightIs(station, 'reader_no_service')
    await station.rings(item)
    service.start()
    await service.isUp()
    await measureBackInService(station, 'pcscd killed, idle', performance.now(), { label: holder })
  }
  const states: string[] = []
  for (const slowMs of [150, 250]) {
    const before = station.journal().length
    await tearByService(station, service, slowMs)
    service.start()
    await service.isUp()
    await measureBackInService(station, 'pcscd killed in the middle of a tap', performance.now(), { label: holder })
    states.push(
      ...station
        .journal()
        .slice(before)
        .map(({ state }) => state),
    )
  }
  record('pcscd killed in the middle of a tap', states)
}

/** vpcd cannot take one reader away: pcscd comes back without any, as when the only reader's cable is pulled. */
export async function playReadersGone(station: Station, service: PcscService): Promise<void> {
  const before = station.journal().length
  await tearByService(station, service, 150)
  service.start('none')
  const { lights, tap } = await lightIs(station, 'reader_none')
  await service.kill()
  await lightIs(station, 'reader_no_service')
  service.start()
  await service.isUp()
  await measureBackInService(station, 'reader gone in the middle of a tap, and back', performance.now(), {
    label: holder,
  })
  record('reader gone', {
    light: lights.reader,
    tap: tap.state,
    states: station
      .journal()
      .slice(before)
      .map(({ state }) => state),
  })
}

/** Kills pcscd while the card is being proved, which tears the payment and takes the card off vpcd. */
async function tearByService(station: Station, service: PcscService, slowMs: number): Promise<void> {
  await station.rings(item)
  const card = station.card(holder)
  card.slowDown(slowMs)
  await station.lay(holder)
  await station.till.sees('the card is being proved', ({ tap }) => tap.state === 'hold' && tap.step === 'proving')
  await service.kill()
  card.slowDown(0)
  await station.till.sees('torn', ({ tap }) => tap.state === 'torn')
}
