/** Two readers at one till: which card pays which sale. */
import { handMs } from './pcsc-service.ts'
import { record, sleep, type Station } from './station.ts'

const item = 'bread'
const first = 'Family 01'
const second = 'Family 02'

export async function playTwoReaders(station: Station): Promise<void> {
  const before = station.journal().length
  const result = async (label: string, slot: 0 | 1) => {
    const { tap } = await station.till.sees(`${label} pays`, (shown) => shown.tap.state === 'approved')
    await station.till.does({ command: 'next_customer' })
    return { slot, tap: tap.state }
  }
  const taps: unknown[] = []
  // The first customer's card stays on its reader; the second customer pays on the other one.
  await station.rings(item)
  await station.lay(first, 0)
  taps.push(await result(first, 0))
  await station.rings(item)
  const { tap: warned } = await station.till.sees('a card that is not this sale’s', ({ tap }) => tap.state === 'tap')
  await station.lay(second, 1)
  taps.push(await result(second, 1))
  // Both lie there still, each tried for a sale that is over: neither pays the third.
  await station.rings(item)
  await sleep(1000)
  const stranger = station.till.snapshot.tap
  station.pull(1)
  await station.till.sees('one is taken off', ({ tap }) => tap.state === 'tap')
  await sleep(handMs)
  await station.lay(second, 1)
  taps.push(await result(second, 1))
  station.pull(0)
  station.pull(1)
  const payers = station.journal().slice(before)
  record('two readers', {
    taps,
    warned,
    stranger,
    isByFirst: payers.map(({ card }) => card === payers[0]?.card),
    states: payers.map(({ state }) => state),
  })
  await playBothAtOnce(station)
}

/** Both are laid while a card is wanted: one sale, one payer. */
async function playBothAtOnce(station: Station): Promise<void> {
  const before = station.journal().length
  await sleep(handMs)
  await station.rings(item)
  await Promise.all([station.lay(first, 0), station.lay(second, 1)])
  const { tap } = await station.till.sees('paid', (shown) => shown.tap.state === 'approved')
  await sleep(handMs)
  const rows = station.journal().slice(before)
  station.pull(0)
  station.pull(1)
  await station.ends(tap)
  record(
    'both at once',
    rows.map(({ state }) => state),
  )
}
