/**
 * Scanners, keypads and displays on a bus of HID devices: finds those that the settings mean, opens them, reads them by
 * their layouts, and looks again every few seconds for what was plugged in or pulled. A device in trouble is tried
 * again at each look; nobody waits for one.
 */
import { EventSource } from '../event-source.ts'
import type {
  DisplayRow,
  HidBus,
  HidDeviceInfo,
  HidDeviceStatus,
  HidMeaning,
  HidPort,
  HidStatus,
  HidTrouble,
  KeypadPress,
  OpenHidDevice,
  Scan,
} from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import { asReports, displayBytes, displayStart } from './display.ts'
import { HidWatch } from './hid-watch.ts'
import { keyboardReportId, KeyboardScannerParser, keypadKeysOf, PressedKeys } from './keyboard-reports.ts'
import { candidatesOf, foundPlace, namedPlaces, unplugged, withoutPath, type Place } from './places.ts'
import { layoutOfVendor, PosScannerParser, posUsagePage, type ScanReading } from './pos-scanner.ts'
import type { HidSettings } from './settings.ts'

export interface HidTiming {
  /** Between two looks at what is plugged in. */
  readonly lookEveryMs: number
  /** A report that a display has not taken by then never will be: it is closed and opened again. */
  readonly writeMaxMs: number
}
export const defaultHidTiming: HidTiming = { lookEveryMs: 2_000, writeMaxMs: 1_000 }

export interface HidDevicesParts {
  readonly bus: HidBus
  readonly settings: HidSettings
  readonly scheduler: Scheduler
  /** This machine's time, milliseconds since 1970: what is read is dated with it. */
  readonly wall: () => number
  readonly timing?: Partial<HidTiming>
}

export function createHidDevices(parts: HidDevicesParts): HidPort {
  return new HidDevices(parts)
}

/** So many reports in a row that are no code are no accident. */
const malformedMax = 3
/** A scanner that nobody named and that was pulled for so long is not missed any more. */
const missedMs = 600_000

class HidDevices implements HidPort {
  readonly #parts: HidDevicesParts
  readonly #timing: HidTiming
  readonly #scanned = new EventSource<Scan>()
  readonly #pressed = new EventSource<KeypadPress>()
  readonly #statusChanged = new EventSource<HidStatus>()
  readonly onDidScan = this.#scanned.event
  readonly onDidPress = this.#pressed.event
  readonly onDidChangeStatus = this.#statusChanged.event
  readonly #watch: HidWatch
  readonly watch: HidPort['watch']

  #places: Place[]
  /** All that the last look has found. */
  #devices: readonly HidDeviceInfo[] = []
  #trouble: HidStatus['trouble'] = null
  #told = ''
  #rows: readonly DisplayRow[] = []
  #timer: TimerHandle = null
  #disposed = false

  constructor(parts: HidDevicesParts) {
    this.#parts = parts
    this.#timing = { ...defaultHidTiming, ...parts.timing }
    this.#places = namedPlaces(parts.settings, unplugged)
    this.#watch = new HidWatch({
      ...parts,
      scanners: parts.settings.scanners,
      there: () => ({ devices: this.#devices, places: this.#places }),
    })
    this.watch = this.#watch.event
    this.#told = JSON.stringify(this.status())
    void this.#look()
  }

  status(): HidStatus {
    return {
      devices: this.#places.map(({ use, name, trouble }) => ({ use, name, trouble })),
      trouble: this.#trouble,
    }
  }

  show(rows: readonly DisplayRow[]): void {
    this.#rows = rows
    for (const place of this.#places) void this.#write(place)
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#parts.scheduler.clearTimeout(this.#timer)
    for (const { device } of this.#places) void device?.close()
    this.#watch.dispose()
    this.#parts.bus.dispose()
  }

  async #look(): Promise<void> {
    const listing = await this.#parts.bus.list()
    if (this.#disposed) return
    this.#devices = listing.kind === 'listed' ? listing.devices : []
    if (listing.kind === 'listed') {
      this.#trouble = null
      this.#assign(listing.devices)
    } else this.#trouble = { code: listing.trouble, detail: listing.detail }
    for (const place of this.#places) void this.#open(place)
    // What is being opened says itself how it went.
    if (!this.#places.some(({ busy }) => busy)) this.#tell()
    this.#watch.update()
    this.#timer = this.#parts.scheduler.setTimeout(() => void this.#look(), this.#timing.lookEveryMs)
  }

  /** Says of each place where its device is now, and makes a place for each scanner that was not seen before. */
  #assign(devices: readonly HidDeviceInfo[]): void {
    const present = new Set(devices.map(({ path }) => path))
    for (const place of this.#places)
      if (place.info !== null && !present.has(place.info.path)) this.#lose(place, unplugged)
    const taken = new Set(this.#places.flatMap(({ info }) => info?.path ?? []))
    const take = (place: Place, info: HidDeviceInfo): void => {
      place.info = info
      place.name = info.name
      taken.add(info.path)
    }
    for (const place of this.#places) {
      if (place.info !== null) continue
      const found = candidatesOf(place, devices).find(({ path }) => !taken.has(path))
      if (found !== undefined) take(place, found)
    }
    if (this.#parts.settings.scanners === 'named') return
    this.#places = this.#places.filter((place) => !this.#isReplaced(place))
    for (const device of devices) {
      if (device.usagePage !== posUsagePage || taken.has(device.path)) continue
      const place = foundPlace(device)
      this.#places.push(place)
      take(place, device)
    }
  }

  /** Another scanner was found since, or nobody brought it back for minutes. */
  #isReplaced({ named, info, busy, lostAt }: Place): boolean {
    if (named !== null || info !== null || busy) return false
    const isAnotherFound = this.#places.some((other) => {
      return other.named === null && other.device !== null && other.openedAt > lostAt
    })
    return isAnotherFound || this.#parts.scheduler.now() - lostAt >= missedMs
  }

  async #open(place: Place): Promise<void> {
    const { info } = place
    if (info === null || place.device !== null || place.busy) return
    place.busy = true
    const opening = await this.#parts.bus.open(info.path)
    place.busy = false
    if (opening.kind === 'failed') {
      place.trouble = { code: opening.trouble, detail: opening.detail }
      return this.#tell()
    }
    const { device } = opening
    if (this.#disposed || place.info?.path !== info.path) return void device.close()
    place.device = device
    place.openedAt = this.#parts.scheduler.now()
    // A display is well when it has taken something: one that fails each time would come and go on the light.
    if (place.use !== 'display') place.trouble = null
    place.sent = null
    place.malformed = 0
    this.#listen(place, device)
    this.#tell()
    void this.#write(place)
  }

  #listen(place: Place, device: OpenHidDevice): void {
    const { scheduler } = this.#parts
    const hear = (read: (report: Uint8Array) => void): void =>
      void device.onDidReport((report) => (place.device === device ? read(report) : undefined))
    const readBy = (
      parser: { read(report: Uint8Array, at: number): ScanReading },
      idOf: (report: Uint8Array) => number | null,
    ): void =>
      hear((report) => {
        const reading = parser.read(report, scheduler.now())
        const meaning = reading.kind === 'malformed' ? malformed(reading.why) : reading
        this.#watch.saw(place, report, { direction: 'in', reportId: idOf(report), meaning })
        this.#didRead(place, reading)
      })
    device.onDidFail((detail) => {
      if (place.device === device) this.#lose(place, { code: 'unplugged', detail })
    })
    switch (place.named?.use) {
      case 'keyboard-scanner':
        return readBy(new KeyboardScannerParser(scheduler.now()), keyboardReportId)
      case 'keypad': {
        const keys = new PressedKeys()
        return hear((report) => this.#didPress(place, report, keys.read(report)))
      }
      case 'display':
        return hear((report) => {
          const meaning = { kind: 'nothing', why: 'not-read' } as const
          this.#watch.saw(place, report, { direction: 'in', reportId: null, meaning })
        })
      case 'scanner':
        return readBy(new PosScannerParser(place.named.layout, scheduler.now()), firstOf)
      case undefined:
        return readBy(new PosScannerParser(layoutOfVendor(place.vendorId), scheduler.now()), firstOf)
    }
  }

  /** @param usages of the keys that went down; undefined: it is no keyboard's report */
  #didPress(place: Place, report: Uint8Array, usages: readonly number[] | undefined): void {
    const at = this.#parts.wall()
    const keys = (usages ?? []).flatMap(keypadKeysOf)
    const why = usages === undefined ? `${report.length} bytes that are no keyboard's` : null
    const meaning: HidMeaning =
      why !== null
        ? malformed(why)
        : keys.length > 0
          ? { kind: 'keys', keys }
          : { kind: 'nothing', why: usages?.length === 0 ? 'released' : 'no-key' }
    this.#watch.saw(place, report, { direction: 'in', reportId: keyboardReportId(report), meaning })
    this.#tellWhetherRead(place, why)
    for (const key of keys) this.#pressed.fire({ key, at })
  }

  #didRead(place: Place, reading: ScanReading): void {
    if (reading.kind === 'nothing') return
    this.#tellWhetherRead(place, reading.kind === 'malformed' ? reading.why : null)
    if (reading.kind === 'code')
      this.#scanned.fire({ code: reading.code, symbology: reading.symbology, at: this.#parts.wall() })
  }

  /** @param why what was no good at the report; null: it was read */
  #tellWhetherRead(place: Place, why: string | null): void {
    place.malformed = why === null ? 0 : place.malformed + 1
    if (why === null) place.trouble = null
    else if (place.malformed >= malformedMax) place.trouble = { code: 'unknown-reports', detail: why }
    this.#tell()
  }

  /** Sends a display what it is to show, until it has the newest. One that hangs is closed. */
  async #write(place: Place): Promise<void> {
    const { named, device } = place
    if (named?.use !== 'display' || device === null || place.writing) return
    place.writing = true
    while (place.device === device && place.sent !== this.#rows) {
      const isFirst = place.sent === null
      place.sent = this.#rows
      const start = isFirst ? [...displayStart(named.profile)] : []
      const bytes = Uint8Array.of(...start, ...displayBytes(this.#rows, named.profile))
      const trouble = await this.#send(place, device, asReports(bytes, named))
      if (place.device !== device) break
      if (trouble !== null) this.#lose(place, trouble)
      else if (place.trouble !== null) {
        place.trouble = null
        this.#tell()
      }
    }
    place.writing = false
    // Another device may have taken the place meanwhile.
    if (place.device !== null && place.device !== device) void this.#write(place)
  }

  async #send(
    place: Place,
    device: OpenHidDevice,
    reports: readonly Uint8Array[],
  ): Promise<HidDeviceStatus['trouble']> {
    const { scheduler } = this.#parts
    const { writeMaxMs } = this.#timing
    for (const report of reports) {
      let timer: TimerHandle = null
      const late = new Promise<{ readonly trouble: HidTrouble; readonly detail: string }>((resolve) => {
        const detail = `a report was not taken within ${writeMaxMs} ms`
        timer = scheduler.setTimeout(() => resolve({ trouble: 'failed', detail }), writeMaxMs)
      })
      const outcome = await Promise.race([device.write(report), late])
      scheduler.clearTimeout(timer)
      const meaning: HidMeaning =
        'trouble' in outcome
          ? { kind: 'not-taken', trouble: outcome.trouble, detail: outcome.detail }
          : { kind: 'taken' }
      if (place.device === device)
        this.#watch.saw(place, report, { direction: 'out', reportId: firstOf(report), meaning })
      if ('trouble' in outcome) return { code: outcome.trouble, detail: outcome.detail }
    }
    return null
  }

  #lose(place: Place, trouble: Exclude<HidDeviceStatus['trouble'], null>): void {
    const { device, info } = place
    place.trouble = info === null ? trouble : { ...trouble, detail: withoutPath(trouble.detail, info) }
    place.info = null
    place.device = null
    place.lostAt = this.#parts.scheduler.now()
    if (device !== null) {
      // Not opened again before it is closed: two handles of one device would share its reports.
      place.busy = true
      void device.close().then(() => {
        place.busy = false
      })
    }
    this.#tell()
  }

  #tell(): void {
    this.#watch.update()
    const status = this.status()
    const text = JSON.stringify(status)
    if (text === this.#told || this.#disposed) return
    this.#told = text
    this.#statusChanged.fire(status)
  }
}

const firstOf = (report: Uint8Array): number | null => report[0] ?? null
const malformed = (detail: string): HidMeaning => ({ kind: 'malformed', detail })
