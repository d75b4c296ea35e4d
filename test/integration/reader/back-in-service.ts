/** How long after the end of a fault a tap is accepted again (issue 3: at most 2 s). */
import { layWhenListening, record, type Station } from './station.ts'

const samples = new Map<string, number[]>()

/**
 * Called when the fault has just ended and a card is wanted. Lays the card, and measures until the screen shows the
 * reader without trouble and the result of the tap.
 */
export async function measureBackInService(
  station: Station,
  fault: string,
  endedAt: number,
  /** `label`: null when the card lies there already. */
  of: { readonly label: string | null; readonly slot?: 0 | 1 },
): Promise<void> {
  const { label, slot = 0 } = of
  if (label !== null) await layWhenListening(station.slots[slot], station.card(label))
  const shown = await station.till.sees(
    `back in service after ${fault}`,
    ({ lights, tap }) => lights.reader.code === 'ok' && (tap.state === 'approved' || tap.state === 'refused'),
  )
  keep(fault, endedAt)
  station.pull(slot)
  await station.ends(shown.tap)
  if (shown.tap.state !== 'approved') throw new Error(`after ${fault} the tap was ${shown.tap.state}`)
}

/** The same without a tap: until the screen shows the reader without trouble. */
export async function measureReaderLight(station: Station, fault: string, endedAt: number): Promise<void> {
  await station.readerWorks()
  keep(fault, endedAt)
}

export function recordBackInService(): void {
  record('back in service', Object.fromEntries(samples))
}

function keep(fault: string, endedAt: number): void {
  const ms = Math.round(performance.now() - endedAt)
  samples.set(fault, [...(samples.get(fault) ?? []), ms])
}
