/**
 * The only file that uses node-hid. Method: its order of calls and its troubles on a made-up library, with sentences
 * of hidapi 0.15; the real library on whatever this machine has.
 */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createNodeHidBus, type HidHandle, type HidLibrary } from '../../../src/drivers/hid/node-hid-bus.ts'

type Heard = { data?: (report: Uint8Array) => void; error?: (error: unknown) => void }

function libraryOf(more: Partial<HidHandle> = {}, open: () => Promise<void> = () => Promise.resolve()) {
  const calls: string[] = []
  const heard: Heard = {}
  const handle: HidHandle = {
    on: (event: string, listener: (value: never) => void) => Object.assign(heard, { [event]: listener }),
    pause: () => void calls.push('pause'),
    write: () => Promise.resolve(1),
    close: () => {
      calls.push('close')
      return Promise.resolve()
    },
    ...more,
  }
  const library: HidLibrary = {
    devicesAsync: () =>
      Promise.resolve([
        {
          vendorId: 1,
          productId: 2,
          path: '/dev/hidraw0',
          manufacturer: ' Maker ',
          product: 'Thing',
          usagePage: 0x8c,
          usage: 2,
        },
        { vendorId: 1, productId: 2, path: '/dev/hidraw1' },
        { vendorId: 1, productId: 2 },
      ]),
    HIDAsync: { open: () => open().then(() => handle) },
  }
  return { calls, heard, bus: createNodeHidBus(() => Promise.resolve(library)) }
}

async function openedOf(more: Partial<HidHandle> = {}) {
  const library = libraryOf(more)
  const opening = await library.bus.open('/dev/hidraw0')
  if (opening.kind === 'failed') throw new Error(opening.detail)
  return { ...library, device: opening.device }
}

describe('node-hid', () => {
  it('lists what has a path', async () => {
    expect(await libraryOf().bus.list()).toEqual({
      kind: 'listed',
      devices: [
        { path: '/dev/hidraw0', vendorId: 1, productId: 2, name: 'Maker Thing', usagePage: 0x8c, usage: 2 },
        { path: '/dev/hidraw1', vendorId: 1, productId: 2, name: 'HID', usagePage: 0, usage: 0 },
      ],
    })
  })

  it('stops the reads before it closes, once, and passes nothing on afterwards', async () => {
    const { device, calls, heard } = await openedOf()
    const reports: Uint8Array[] = []
    const fails: string[] = []
    device.onDidReport((report) => reports.push(report))
    device.onDidFail((detail) => fails.push(detail))
    heard.data?.(Buffer.of(2, 1))
    const closing = [device.close(), device.close()]
    heard.data?.(Buffer.of(2, 2))
    heard.error?.(new Error('late'))
    await Promise.all(closing)
    expect([calls, reports, fails]).toEqual([['pause', 'close'], [Uint8Array.of(2, 1)], []])
  })

  it('a device that cannot be closed any more is closed', async () => {
    const { device } = await openedOf({ close: () => Promise.reject(new Error('device is already closed')) })
    await expect(device.close()).resolves.toBe(undefined)
  })

  it('closes what is open when it is disposed', async () => {
    const { bus, calls, device } = await openedOf()
    bus.dispose()
    await device.close()
    expect(calls).toEqual(['pause', 'close'])
  })

  it('a read that fails and a write that fails are values', async () => {
    const { device, heard } = await openedOf({
      write: () => Promise.reject(new Error('Cannot write to hid device: No such device')),
    })
    const fails: string[] = []
    device.onDidFail((detail) => fails.push(detail))
    heard.error?.('could not read from HID device: hid_read_timeout: unexpected poll error (device disconnected)')
    expect(fails).toHaveLength(1)
    expect(await device.write(Uint8Array.of(0, 1))).toMatchObject({ kind: 'failed', trouble: 'unplugged' })
  })

  it.each([
    ["Failed to open a device with path '/dev/hidraw0': Permission denied", 'no-access'],
    ["Failed to open a device with path '/dev/hidraw0': Device or resource busy", 'in-use'],
    ["Failed to open a device with path '/dev/hidraw0': No such file or directory", 'unplugged'],
    ['CreateFile: (0x00000005) Отказано в доступе.', 'no-access'],
    ['CreateFile: (0x00000020) Процесс не может получить доступ к файлу', 'in-use'],
    ['hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002C5) exclusive access', 'in-use'],
    ['hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002E2) not permitted', 'no-access'],
    ['something else', 'failed'],
  ])('%s: %s', async (sentence, trouble) => {
    const { bus } = libraryOf({}, () => Promise.reject(new Error(`cannot open device with path x: ${sentence}`)))
    expect(await bus.open('x')).toMatchObject({ kind: 'failed', trouble })
  })

  it('a library that does not load, or has no binding for this system, is a trouble', async () => {
    const unloadable = createNodeHidBus(() => Promise.reject(new Error('Cannot find module')))
    expect(await unloadable.list()).toMatchObject({ kind: 'failed', trouble: 'no-library' })
    const failing = (sentence: string) =>
      createNodeHidBus(() =>
        Promise.resolve({
          devicesAsync: () => Promise.reject(new Error(sentence)),
          HIDAsync: { open: () => Promise.reject(new Error(sentence)) },
        }),
      )
    expect(await failing('Failed to find binding for HID_hidraw').list()).toMatchObject({ trouble: 'no-library' })
    expect(await failing('hid_enumerate').list()).toMatchObject({ trouble: 'failed' })
  })

  it('the real one lists this machine and opens nothing that is not there', async () => {
    const bus = createNodeHidBus()
    const listing = await bus.list()
    if (listing.kind === 'failed') throw new Error(listing.detail)
    // On a machine without HID devices the list is empty, and that is all that is tried there.
    if (!existsSync('/sys/class/hidraw')) expect(listing.devices).toEqual([])
    expect(await bus.open('/dev/hidraw-none')).toMatchObject({ kind: 'failed' })
    bus.dispose()
  })
})
