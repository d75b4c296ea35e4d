/** How long after the end of a fault a tap is accepted again (issue 3: at most 2 s). */
import { record, type Station } from './station.ts'

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
  if (label !== null) await layWhenPossible(station, label, slot)
  const shown = await station.till.sees(
    `back in service after ${fault}`,
    ({ lights, tap }) => lights.reader.code === 'ok' && (tap.state === 'approved' || tap.state === 'refused'),
  )
  const ms = Math.round(performance.now() - endedAt)
  samples.set(fault, [...(samples.get(fault) ?? []), ms])
  station.pull(slot)
  await station.ends(shown.tap)
  if (shown.tap.state !== 'approved') throw new Error(`after ${fault} the tap was ${shown.tap.state}`)
}

export function recordBackInService(): void {
  record('back in service', Object.fromEntries(samples))
}

/** vpcd listens a moment after pcscd does. */
async function layWhenPossible(station: Station, label: string, slot: 0 | 1): Promise<void> {
  const giveUpAt = performance.now() + 20_000
  for (;;) {
    try {
      return await station.lay(label, slot)
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
      station.pull(slot)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
