/**
 * The HID devices of this machine, by node-hid (hidapi: hidraw on Linux). The only file that imports it. What it throws
 * or rejects with becomes a value with a trouble here.
 */
import { EventSource } from '../event-source.ts'
import type { HidBus, HidFailure, HidTrouble, OpenHidDevice } from '../ports.ts'

/** What is used of node-hid's `HIDAsync`. */
export interface HidHandle {
  on(event: 'data', listener: (report: Uint8Array) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  /** Stops the thread that reads. */
  pause(): void
  write(report: Buffer): Promise<number>
  close(): Promise<void>
}

/** What is used of node-hid itself. */
export interface HidLibrary {
  devicesAsync(): Promise<
    readonly {
      readonly vendorId: number
      readonly productId: number
      readonly path?: string | undefined
      readonly manufacturer?: string | undefined
      readonly product?: string | undefined
      readonly usagePage?: number | undefined
      readonly usage?: number | undefined
    }[]
  >
  readonly HIDAsync: { open(path: string): Promise<HidHandle> }
}

/** @param load for tests; a library without a prebuilt binding for this system does not load */
export function createNodeHidBus(load: () => Promise<HidLibrary> = () => import('node-hid')): HidBus {
  const open = new Set<OpenHidDevice>()
  return {
    list: async () => {
      let library: HidLibrary
      try {
        library = await load()
      } catch (error) {
        return { kind: 'failed', trouble: 'no-library', detail: textOf(error) }
      }
      try {
        const devices = await library.devicesAsync()
        return {
          kind: 'listed',
          devices: devices.flatMap(({ path, vendorId, productId, manufacturer, product, usagePage, usage }) =>
            path === undefined
              ? []
              : [
                  {
                    path,
                    vendorId,
                    productId,
                    name: nameOf(manufacturer, product),
                    usagePage: usagePage ?? 0,
                    usage: usage ?? 0,
                  },
                ],
          ),
        }
      } catch (error) {
        // The binding is loaded by the first call.
        const isMissing = textOf(error).includes('binding')
        return { kind: 'failed', trouble: isMissing ? 'no-library' : 'failed', detail: textOf(error) }
      }
    },
    open: async (path) => {
      try {
        const { HIDAsync } = await load()
        const device = openDevice(await HIDAsync.open(path), () => open.delete(device))
        open.add(device)
        return { kind: 'opened', device }
      } catch (error) {
        return failure(error)
      }
    },
    dispose: () => {
      for (const device of open) void device.close()
    },
  }
}

function openDevice(handle: HidHandle, onClosed: () => void): OpenHidDevice {
  const reported = new EventSource<Uint8Array>()
  const failed = new EventSource<string>()
  let closing: Promise<void> | undefined
  // Stay until the end: an error that nobody listens to would end the process.
  handle.on('data', (report) => (closing === undefined ? reported.fire(new Uint8Array(report)) : undefined))
  handle.on('error', (error) => (closing === undefined ? failed.fire(textOf(error)) : undefined))
  const close = async (): Promise<void> => {
    // The reads begin in the next turn after the first listener, and cannot begin on what is closed.
    await new Promise((resolve) => setImmediate(resolve))
    try {
      handle.pause()
      await handle.close()
    } catch {
      // Closed by the system already, with the cable.
    }
    onClosed()
  }
  return {
    onDidReport: reported.event,
    onDidFail: failed.event,
    write: async (report) => {
      try {
        await handle.write(Buffer.from(report))
        return { kind: 'written' }
      } catch (error) {
        return failure(error)
      }
    },
    close: () => (closing ??= close()),
  }
}

const failure = (error: unknown): HidFailure => ({
  kind: 'failed',
  trouble: troubleOf(textOf(error)),
  detail: textOf(error),
})

/**
 * hidapi gives sentences: of the system's error on Linux (hidraw: `open` and its errno), with the code on Windows
 * (`(0x00000020)`) and macOS (`(0xE00002C5)`).
 */
function troubleOf(text: string): HidTrouble {
  if (/permission denied|\(0x00000005\)|\(0xE00002E2\)|\(0xE00002C1\)/i.test(text)) return 'no-access'
  if (/device or resource busy|\(0x00000020\)|\(0xE00002C5\)/i.test(text)) return 'in-use'
  if (/no such (file|device)|\(0x00000002\)|\(0x0000048F\)|mach entry not found/i.test(text)) return 'unplugged'
  return 'failed'
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function nameOf(manufacturer: string | undefined, product: string | undefined): string {
  return (
    [manufacturer, product]
      .map((part) => part?.trim())
      .filter(Boolean)
      .join(' ') || 'HID'
  )
}
