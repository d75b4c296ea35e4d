import { PcscService } from './pcsc-service.ts'
import { record, Station, sleep } from './station.ts'
import { tear } from './tears.ts'
const service = new PcscService()
try {
  service.start()
  const station = await Station.open()
  await station.readerWorks()
  for (const [c, slot] of [
    [1, 0],
    [1, 1],
    [2, 1],
    [6, 1],
    [6, 0],
  ] as const) {
    record('t', await tear(station, { kind: 'lost-before' }, c))
    const t0 = performance.now()
    await station.lay('Family 01', slot)
    try {
      const s = await station.till.sees('paid', ({ tap }) => tap.state === 'approved', 6000)
      record('ok', [c, slot, performance.now() - t0])
      station.pull(slot)
      await station.ends(s.tap)
    } catch (e) {
      record('no', [
        c,
        slot,
        station.till.snapshot.tap,
        station.till.snapshot.lights.reader,
        String(station.slots[slot].pull()?.delayMs),
      ])
      await station.till.does({ command: 'cancel_sale' })
      station.pull(0)
      station.pull(1)
      await sleep(1000)
    }
  }
} catch (e) {
  record('failed', String(e))
}
await service.kill()
process.kill(process.pid, 'SIGKILL')
