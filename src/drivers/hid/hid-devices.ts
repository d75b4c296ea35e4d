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
  HidPort,
  HidStatus,
  HidTrouble,
  KeypadPress,
  OpenHidDevice,
  Scan,
} from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import { asReports, displayBytes, displayStart } from './display.ts'
import { KeyboardScannerParser, keypadKeysOf, PressedKeys } from './keyboard-reports.ts'
import { layoutOfVendor, PosScannerParser, posUsagePage, type ScanReading } from './pos-scanner.ts'
import type { HidSettings, NamedDevice } from './settings.ts'

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

/** What the settings mean, plugged in or not; or a scanner that was found, until another has taken its place. */
interface Place {
  readonly named: NamedDevice | null
  readonly use: HidDeviceStatus['use']
  readonly vendorId: number
  readonly productId: number
  name: string
  path: string | null
  device: OpenHidDevice | null
  /** Being opened or closed: not touched until it is done. */
  busy: boolean
  trouble: HidDeviceStatus['trouble']
  malformed: number
  /** By the scheduler; 0 until then. */
  openedAt: number
  lostAt: number
  /** Of a display: what it has been sent, to know whether it shows the newest. */
  sent: readonly DisplayRow[] | null
  writing: boolean
}

class HidDevices implements HidPort {
  readonly #parts: HidDevicesParts
  readonly #timing: HidTiming
  readonly #scanned = new EventSource<Scan>()
  readonly #pressed = new EventSource<KeypadPress>()
  readonly #statusChanged = new EventSource<HidStatus>()
  readonly onDidScan = this.#scanned.event
  readonly onDidPress = this.#pressed.event
  readonly onDidChangeStatus = this.#statusChanged.event

  #places: Place[]
  #trouble: HidStatus['trouble'] = null
  #told = ''
  #rows: readonly DisplayRow[] = []
  #timer: TimerHandle = null
  #disposed = false

  constructor(parts: HidDevicesParts) {
    this.#parts = parts
    this.#timing = { ...defaultHidTiming, ...parts.timing }
    this.#places = parts.settings.devices.map((named) =>
      newPlace(named, idOf(named.vendorId), idOf(named.productId), nameOf(named)),
    )
    for (const place of this.#places) place.trouble = unplugged
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
    this.#parts.bus.dispose()
  }

  async #look(): Promise<void> {
    const listing = await this.#parts.bus.list()
    if (this.#disposed) return
    if (listing.kind === 'listed') {
      this.#trouble = null
      this.#assign(listing.devices)
    } else this.#trouble = { code: listing.trouble, detail: listing.detail }
    for (const place of this.#places) void this.#open(place)
    // What is being opened says itself how it went.
    if (!this.#places.some(({ busy }) => busy)) this.#tell()
    this.#timer = this.#parts.scheduler.setTimeout(() => void this.#look(), this.#timing.lookEveryMs)
  }

  /** Says of each place where its device is now, and makes a place for each scanner that was not seen before. */
  #assign(devices: readonly HidDeviceInfo[]): void {
    const present = new Set(devices.map(({ path }) => path))
    for (const place of this.#places) if (place.path !== null && !present.has(place.path)) this.#lose(place, unplugged)
    const taken = new Set(this.#places.flatMap(({ path }) => path ?? []))
    const take = (place: Place, { path, name }: HidDeviceInfo): void => {
      place.path = path
      place.name = name
      taken.add(path)
    }
    for (const place of this.#places) {
      if (place.path !== null) continue
      const found = candidatesOf(place, devices).find(({ path }) => !taken.has(path))
      if (found !== undefined) take(place, found)
    }
    if (this.#parts.settings.scanners === 'named') return
    this.#places = this.#places.filter((place) => !this.#isReplaced(place))
    for (const device of devices) {
      if (device.usagePage !== posUsagePage || taken.has(device.path)) continue
      const place = newPlace(null, device.vendorId, device.productId, device.name)
      this.#places.push(place)
      take(place, device)
    }
  }

  /** Another scanner was found since, or nobody brought it back for minutes. */
  #isReplaced({ named, path, busy, lostAt }: Place): boolean {
    if (named !== null || path !== null || busy) return false
    const isAnotherFound = this.#places.some((other) => {
      return other.named === null && other.device !== null && other.openedAt > lostAt
    })
    return isAnotherFound || this.#parts.scheduler.now() - lostAt >= missedMs
  }

  async #open(place: Place): Promise<void> {
    const { path } = place
    if (path === null || place.device !== null || place.busy) return
    place.busy = true
    const opening = await this.#parts.bus.open(path)
    place.busy = false
    if (opening.kind === 'failed') {
      place.trouble = { code: opening.trouble, detail: opening.detail }
      return this.#tell()
    }
    const { device } = opening
    if (this.#disposed || place.path !== path) return void device.close()
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
    const readBy = (parser: { read(report: Uint8Array, at: number): ScanReading }) =>
      device.onDidReport((report) => {
        if (place.device === device) this.#didRead(place, parser.read(report, scheduler.now()))
      })
    device.onDidFail((detail) => {
      if (place.device === device) this.#lose(place, { code: 'unplugged', detail })
    })
    switch (place.named?.use) {
      case 'keyboard-scanner':
        return void readBy(new KeyboardScannerParser(scheduler.now()))
      case 'keypad': {
        const keys = new PressedKeys()
        return void device.onDidReport((report) => {
          if (place.device !== device) return
          const at = this.#parts.wall()
          const pressed = keys.read(report)
          this.#tellWhetherRead(place, pressed === undefined ? `${report.length} bytes that are no keyboard's` : null)
          for (const usage of pressed ?? []) for (const key of keypadKeysOf(usage)) this.#pressed.fire({ key, at })
        })
      }
      case 'display':
        return
      case 'scanner':
        return void readBy(new PosScannerParser(place.named.layout, scheduler.now()))
      case undefined:
        return void readBy(new PosScannerParser(layoutOfVendor(place.vendorId), scheduler.now()))
    }
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
      const trouble = await this.#send(device, asReports(bytes, named))
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

  async #send(device: OpenHidDevice, reports: readonly Uint8Array[]): Promise<HidDeviceStatus['trouble']> {
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
      if ('trouble' in outcome) return { code: outcome.trouble, detail: outcome.detail }
    }
    return null
  }

  #lose(place: Place, trouble: Exclude<HidDeviceStatus['trouble'], null>): void {
    const { device } = place
    place.path = null
    place.device = null
    place.trouble = trouble
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
    const status = this.status()
    const text = JSON.stringify(status)
    if (text === this.#told || this.#disposed) return
    this.#told = text
    this.#statusChanged.fire(status)
  }
}

const unplugged = { code: 'unplugged', detail: '' } as const

function newPlace(named: NamedDevice | null, vendorId: number, productId: number, name: string): Place {
  const use = named === null || named.use === 'keyboard-scanner' ? 'scanner' : named.use
  return {
    named,
    use,
    vendorId,
    productId,
    name,
    path: null,
    device: null,
    busy: false,
    trouble: null,
    malformed: 0,
    openedAt: 0,
    lostAt: 0,
    sent: null,
    writing: false,
  }
}

const idOf = (text: string): number => Number.parseInt(text, 16)
const nameOf = ({ vendorId, productId }: NamedDevice): string => `${vendorId}:${productId}`

const desktopPage = 0x01
const consumerPage = 0x0c
const keyboardUsage = 0x06
const keypadUsage = 0x07

/** The collections of a device of several that are what the place is for, the likeliest first. */
function candidatesOf(place: Place, devices: readonly HidDeviceInfo[]): readonly HidDeviceInfo[] {
  const same = devices.filter(({ vendorId, productId }) => vendorId === place.vendorId && productId === place.productId)
  switch (place.named?.use) {
    case undefined:
    case 'scanner':
      return same.filter(({ usagePage }) => usagePage === posUsagePage)
    case 'keyboard-scanner':
    case 'keypad':
      return same.filter(({ usagePage, usage }) => {
        return usagePage === desktopPage && (usage === keyboardUsage || usage === keypadUsage)
      })
    case 'display':
      return same.filter(({ usagePage }) => usagePage !== desktopPage && usagePage !== consumerPage)
  }
}
