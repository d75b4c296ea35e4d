/** A scanner, a numeric keypad and a customer's display on the virtual USB of one till, and the hands that use them. */
import type { EventLog } from '../event-log.ts'
import { Emitter } from '../reader/emitter.ts'
import { keyReports, scanReports, symbologyOf } from './reports.ts'
import { VirtualDisplay } from './virtual-display.ts'

export const hidDeviceNames = ['scanner', 'keypad', 'display'] as const
export type HidDeviceName = (typeof hidDeviceNames)[number]

/** `denied`: the system does not let a till open it. `in-use`: another program has it. */
export type HidAccess = 'free' | 'denied' | 'in-use'

interface DeviceState {
  readonly plugged: boolean
  readonly access: HidAccess
}

export interface HidState {
  readonly scanner: DeviceState & { readonly lastCode: string | null }
  readonly keypad: DeviceState
  readonly display: DeviceState & { readonly rows: readonly [string, string] }
  /** Tills that are connected to this bus. */
  readonly tills: number
}

/** As a till's listing has it. */
export interface BusDevice {
  readonly path: string
  readonly vendorId: number
  readonly productId: number
  readonly name: string
  readonly usagePage: number
  readonly usage: number
  readonly access: HidAccess
}

/** Vendor 0x1209 is that of pid.codes, whose products 0x0001 to 0x0010 are for tests. */
const descriptions: Readonly<Record<HidDeviceName, Omit<BusDevice, 'path' | 'access'>>> = {
  scanner: { vendorId: 0x1209, productId: 0x0001, name: 'Virtual scanner', usagePage: 0x8c, usage: 0x02 },
  keypad: { vendorId: 0x1209, productId: 0x0002, name: 'Virtual keypad', usagePage: 0x01, usage: 0x06 },
  display: { vendorId: 0x1209, productId: 0x0003, name: 'Virtual display', usagePage: 0xff00, usage: 0x01 },
}

export type HidRefusal = 'scanner-unplugged' | 'keypad-unplugged'

export class VirtualHid {
  readonly log: EventLog
  readonly #display = new VirtualDisplay()
  readonly #devices: Record<HidDeviceName, DeviceState> = {
    scanner: { plugged: true, access: 'free' },
    keypad: { plugged: true, access: 'free' },
    display: { plugged: true, access: 'free' },
  }
  readonly #changed = new Emitter<readonly BusDevice[]>()
  readonly #reported = new Emitter<{ readonly path: string; readonly report: Uint8Array }>()
  readonly onDidChange = this.#changed.event
  readonly onDidReport = this.#reported.event
  #lastCode: string | null = null
  tills = 0

  constructor(log: EventLog) {
    this.log = log
  }

  state(): HidState {
    const { scanner, keypad, display } = this.#devices
    return {
      scanner: { ...scanner, lastCode: this.#lastCode },
      keypad,
      display: { ...display, rows: this.#display.rows },
      tills: this.tills,
    }
  }

  devices(): readonly BusDevice[] {
    return hidDeviceNames.flatMap((name) => {
      const { plugged, access } = this.#devices[name]
      return plugged ? [{ path: pathOf(name), ...descriptions[name], access }] : []
    })
  }

  /** @param reportsMost so many reports of it, then it breaks off; all of them unless given */
  scan(code: string, symbology = symbologyOf(code), reportsMost = Number.POSITIVE_INFINITY): HidRefusal | null {
    if (!this.#devices.scanner.plugged) return 'scanner-unplugged'
    this.#lastCode = code
    this.log.write('scanned', { code, symbology })
    for (const report of scanReports(code, symbology).slice(0, reportsMost)) this.#report('scanner', report)
    return null
  }

  press(keys: readonly string[]): HidRefusal | null {
    if (!this.#devices.keypad.plugged) return 'keypad-unplugged'
    this.log.write('pressed', { keys: keys.join(' ') })
    for (const key of keys) for (const report of keyReports(key)) this.#report('keypad', report)
    return null
  }

  set(name: HidDeviceName, next: Partial<DeviceState>): void {
    this.#devices[name] = { ...this.#devices[name], ...next }
    if (name === 'display' && next.plugged === false) this.#display.switchOff()
    this.log.write('set', { device: name, ...next })
    this.#changed.fire(this.devices())
  }

  /** An output report of a till; false when no such device is there. */
  write(path: string, report: Uint8Array): boolean {
    const { plugged } = this.#devices.display
    if (path !== pathOf('display') || !plugged) return false
    // Its reports are not numbered: the first byte is 0, and zeros behind the text show nothing.
    this.#display.write(report.slice(1))
    this.log.write('shown', { rows: this.#display.rows.map((row) => row.trimEnd()).join(' | ') })
    return true
  }

  dispose(): void {
    this.#changed.dispose()
    this.#reported.dispose()
  }

  #report(name: HidDeviceName, report: Uint8Array): void {
    this.#reported.fire({ path: pathOf(name), report })
  }
}

const pathOf = (name: HidDeviceName): string => `virtual:${name}`
