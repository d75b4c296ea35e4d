/** A bus of made-up HID devices for the driver's tests: what is plugged in, opened and written is the test's. */
import { EventSource } from '../../../src/drivers/event-source.ts'
import type { HidBus, HidDeviceInfo, HidFailure, OpenHidDevice } from '../../../src/drivers/ports.ts'

export class FakeHidDevice implements OpenHidDevice {
  readonly reports = new EventSource<Uint8Array>()
  readonly fails = new EventSource<string>()
  readonly onDidReport = this.reports.event
  readonly onDidFail = this.fails.event
  readonly written: Uint8Array[] = []
  closed = 0
  /** Instead of taking a report. */
  onWrite: (report: Uint8Array) => ReturnType<OpenHidDevice['write']> = () => Promise.resolve({ kind: 'written' })

  write(report: Uint8Array): ReturnType<OpenHidDevice['write']> {
    this.written.push(report)
    return this.onWrite(report)
  }
  close(): Promise<void> {
    this.closed += 1
    return Promise.resolve()
  }
}

export class FakeHidBus implements HidBus {
  plugged: HidDeviceInfo[] = []
  listing: HidFailure | null = null
  opening: HidFailure | null = null
  readonly opened = new Map<string, FakeHidDevice>()
  opens = 0
  disposed = false

  list(): ReturnType<HidBus['list']> {
    return Promise.resolve(this.listing ?? { kind: 'listed', devices: [...this.plugged] })
  }
  open(path: string): ReturnType<HidBus['open']> {
    this.opens += 1
    if (this.opening !== null) return Promise.resolve(this.opening)
    const device = new FakeHidDevice()
    this.opened.set(path, device)
    return Promise.resolve({ kind: 'opened', device })
  }
  dispose(): void {
    this.disposed = true
  }

  /** The open device of a path. */
  at(path: string): FakeHidDevice {
    const device = this.opened.get(path)
    if (device === undefined) throw new Error(`${path} was not opened`)
    return device
  }
}

const device = (path: string, ids: readonly [number, number], usages: readonly [number, number], name: string) => {
  const [vendorId, productId] = ids
  const [usagePage, usage] = usages
  return { path, vendorId, productId, usagePage, usage, name }
}

export const scannerAt = (path: string): HidDeviceInfo => device(path, [0x0c2e, 0x0b87], [0x8c, 0x02], 'Voyager')
export const newlandAt = (path: string): HidDeviceInfo => device(path, [0x1eab, 0x0d10], [0x8c, 0x02], 'FM420')
export const keyboardAt = (path: string): HidDeviceInfo => device(path, [0x046d, 0xc31c], [0x01, 0x06], 'Keyboard')
export const keypadAt = (path: string): HidDeviceInfo => device(path, [0x1c4f, 0x0202], [0x01, 0x06], 'Keypad')
export const displayAt = (path: string): HidDeviceInfo => device(path, [0x0416, 0xf012], [0xff00, 0x01], 'Pole')
