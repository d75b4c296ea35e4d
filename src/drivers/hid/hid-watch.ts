/**
 * What a tester sees of the HID devices while looking on (docs/design/28-test-bench.md): all that the machine has, what
 * the till takes each for, and the raw reports of those that it has opened. A keyboard that nobody named is listed and
 * never opened, so nothing that is typed on it comes here.
 */
import { EventSource } from '../event-source.ts'
import type { Event, HidDeviceInfo, HidDeviceSeen, HidListing, HidSight, HidUnused, RawHidReport } from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import {
  candidatesOf,
  consumerPage,
  desktopPage,
  keyboardUsage,
  keypadUsage,
  placesSeen,
  shownPath,
  type Place,
} from './places.ts'
import { posUsagePage } from './pos-scanner.ts'

/** What comes within so long is told at once: a device may send a thousand reports a second. */
const gatherMs = 50
/** More than two long codes. What comes beyond that within one moment is counted only. */
const reportsAtOnceMax = 200
const bytesMax = 256
const nameLengthMax = 120

export interface HidWatchParts {
  readonly scheduler: Pick<Scheduler, 'setTimeout' | 'clearTimeout'>
  /** This machine's time, milliseconds since 1970. */
  readonly wall: () => number
  readonly scanners: 'found' | 'named'
  /** What the last look has found, and the places, as they are now. */
  readonly there: () => { readonly devices: readonly HidDeviceInfo[]; readonly places: readonly Place[] }
}

export class HidWatch {
  readonly #parts: HidWatchParts
  readonly #seen = new EventSource<HidSight>()
  readonly #ids = new Map<string, number>()
  #told = ''
  #reports: RawHidReport[] = []
  #skipped = 0
  #timer: TimerHandle = null

  constructor(parts: HidWatchParts) {
    this.#parts = parts
  }

  readonly event: Event<HidSight> = (listener) => {
    const subscription = this.#seen.event(listener)
    const listing = this.#listing()
    this.#told = JSON.stringify(listing)
    listener({ kind: 'listing', listing })
    return {
      dispose: () => {
        subscription.dispose()
        if (this.#seen.listenerCount === 0) this.#forget()
      },
    }
  }

  dispose(): void {
    this.#seen.dispose()
    this.#forget()
  }

  /** Something may have changed. */
  update(): void {
    if (this.#seen.listenerCount === 0) return
    const listing = this.#listing()
    const text = JSON.stringify(listing)
    if (text === this.#told) return
    this.#told = text
    // In their order: what came of a device, then that it is gone.
    this.#tellReports()
    this.#seen.fire({ kind: 'listing', listing })
  }

  /** A report of an open device came, or went to it. */
  saw({ info }: Place, report: Uint8Array, of: Pick<RawHidReport, 'direction' | 'reportId' | 'meaning'>): void {
    if (this.#seen.listenerCount === 0 || info === null) return
    if (this.#reports.length >= reportsAtOnceMax) {
      this.#skipped += 1
      return
    }
    this.#reports.push({
      ...of,
      device: this.#idOf(info),
      at: this.#parts.wall(),
      bytes: report.slice(0, bytesMax),
      length: report.length,
    })
    this.#timer ??= this.#parts.scheduler.setTimeout(() => this.#tellReports(), gatherMs)
  }

  #tellReports(): void {
    this.#parts.scheduler.clearTimeout(this.#timer)
    this.#timer = null
    const [reports, skipped] = [this.#reports, this.#skipped]
    this.#reports = []
    this.#skipped = 0
    if (reports.length > 0) this.#seen.fire({ kind: 'reports', at: this.#parts.wall(), reports, skipped })
  }

  #forget(): void {
    this.#parts.scheduler.clearTimeout(this.#timer)
    this.#timer = null
    this.#reports = []
    this.#skipped = 0
    this.#ids.clear()
  }

  #listing(): HidListing {
    const { devices, places } = this.#parts.there()
    return {
      scanners: this.#parts.scanners,
      places: placesSeen(places),
      devices: devices.map((device) => this.#deviceSeen(device, places)),
    }
  }

  #deviceSeen(device: HidDeviceInfo, places: readonly Place[]): HidDeviceSeen {
    const { vendorId, productId, name, usagePage, usage, path } = device
    const key = keyOf(device)
    const place = places.findIndex(({ info }) => info !== null && keyOf(info) === key)
    return {
      id: this.#idOf(device),
      vendorId,
      productId,
      name: name.slice(0, nameLengthMax),
      usagePage,
      usage,
      path: shownPath(path),
      place: place < 0 ? null : place,
      unused: place < 0 ? unusedBecause(device, places) : null,
    }
  }

  #idOf(device: HidDeviceInfo): number {
    const key = keyOf(device)
    const id = this.#ids.get(key) ?? this.#ids.size + 1
    this.#ids.set(key, id)
    return id
  }
}

/** On Linux the collections of one device have one path. */
const keyOf = ({ path, usagePage, usage }: HidDeviceInfo): string => `${usagePage}/${usage} ${path}`

const digitizerPage = 0x0d

/** Of a device that has no place. */
function unusedBecause(device: HidDeviceInfo, places: readonly Place[]): HidUnused {
  const { vendorId, productId, usagePage, usage } = device
  if (places.some((place) => candidatesOf(place, [device]).length > 0)) return 'no-entry-left'
  if (places.some((place) => place.vendorId === vendorId && place.productId === productId)) return 'another-part'
  if (usagePage === posUsagePage) return 'scanner-not-named'
  if (usagePage === 0) return 'untold'
  if (usagePage === desktopPage) return usage === keyboardUsage || usage === keypadUsage ? 'keyboard' : 'no-use'
  return usagePage === consumerPage || usagePage === digitizerPage ? 'no-use' : 'not-named'
}
