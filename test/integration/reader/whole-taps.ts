/** Whole taps through pcscd, with the ledger and without it. */
import { record, type Station } from './station.ts'

const taps = 8

export async function playWholeTaps(station: Station): Promise<void> {
  const { till } = station
  const inFieldMs: number[] = []
  const before = station.journal().length
  const tap = async (label: string): Promise<unknown> => {
    await station.rings('school-lunch')
    await station.lay(label)
    // From the till's first sight of the card: what pcscd's own look every 400 ms takes is not the till's.
    await till.sees('the card is seen', ({ tap: shown }) => shown.state !== 'tap' && shown.state !== 'idle')
    const seenAt = performance.now()
    const result = await station.result(label)
    inFieldMs.push(performance.now() - seenAt)
    station.pull()
    await station.ends(result)
    return result
  }
  const online: unknown[] = []
  for (let pupil = 1; pupil <= taps; pupil += 1) online.push(await tap(`Pupil 0${pupil}`))
  record('online', online)
  record('online by relay', await tap('Pupil 21'))
  record('used twice', await tap('Pupil 01'))
  await station.demo.panel.network({ mode: 'cut' })
  record('offline', [await tap('Pupil 09'), await tap('Pupil 10')])
  record('waiting offline', till.snapshot.queue.waiting)
  await station.demo.panel.network({ mode: 'up' })
  await station.settles()
  record('journal after whole taps', station.journal().slice(before))
  record(
    'tap latency',
    inFieldMs.map((ms) => Math.round(ms)),
  )
}
