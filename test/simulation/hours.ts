/**
 * The hours of a shop: open from 08:00 to 17:00, a rush when school breaks (09:00 to 10:00, 12:00 to 13:00), a customer
 * now and then otherwise. After closing the cashier finishes what is open; one till in two is switched off for the
 * night, the other stays on and is struck by whatever strikes by night.
 */
import type { Cashier } from './cashier.ts'
import type { Sky } from './misfortunes.ts'
import type { SeededRandom } from './random.ts'
import type { TillStation } from './till-station.ts'

const hourMs = 3_600_000
/** Almaty is five hours ahead of UTC. */
const localHour = (now: number): number => Math.floor(now / hourMs + 5) % 24
const isOpen = (hour: number): boolean => hour >= 8 && hour < 17
const isRush = (hour: number): boolean => hour === 9 || hour === 12

export interface OpenCounter {
  readonly station: TillStation
  readonly cashier: Cashier
}

export function keepHours(
  { time, isHealed, pace: { customerEveryMs, rushEveryMs } }: Sky,
  { station, cashier }: OpenCounter,
  random: SeededRandom,
): void {
  const strike = (): void => {
    if (isHealed()) return
    const hour = localHour(time.now)
    cashier.customerEveryMs = isRush(hour) ? rushEveryMs : customerEveryMs
    if (isOpen(hour)) {
      cashier.openShift()
      if (station.isSwitchedOff) {
        station.isSwitchedOff = false
        station.start()
      }
    } else cashier.closeShift()
    // An hour after closing, whatever is still open then is found in the morning.
    if (hour === 18 && random.chance(0.5)) {
      station.isSwitchedOff = true
      station.kill()
    }
    time.at((Math.floor(time.now / hourMs) + 1) * hourMs, strike)
  }
  strike()
}
