/** Card readers that are plugged in by USB, as Linux' sysfs has them: also those that PC/SC does not know. */
import type { Machine } from './machine.ts'

export interface UsbReader {
  readonly name: string
  /** `/dev/bus/usb/001/004` */
  readonly node: string
  /** The kernel's driver that holds it; null where none does, as it should be. */
  readonly driver: string | null
}

const devices = '/sys/bus/usb/devices'
/** CCID, "Smart Card" (USB Device Class Definition for Integrated Circuit(s) Cards, 4.3). */
const smartCardClass = '0b'
/** What Linux' module pn533_usb takes for itself (drivers/nfc/pn533/usb.c): not all of them say that they are CCID. */
const pn533Ids = ['04cc:2533', '04e6:5591', '054c:02e1', '072f:2200']

export async function usbReaders(machine: Machine): Promise<readonly UsbReader[]> {
  const names = await machine.names(devices)
  const line = async (...path: string[]): Promise<string> =>
    ((await machine.text([devices, ...path].join('/'))) ?? '').trim()
  const readers: UsbReader[] = []
  for (const device of names.filter((name) => !name.includes(':'))) {
    const id = `${await line(device, 'idVendor')}:${await line(device, 'idProduct')}`
    const interfaces = names.filter((name) => name.startsWith(`${device}:`))
    const classes = await Promise.all(interfaces.map((name) => line(name, 'bInterfaceClass')))
    if (!classes.includes(smartCardClass) && !pn533Ids.includes(id)) continue
    const events = await Promise.all(interfaces.map((name) => line(name, 'uevent')))
    const number = async (file: string): Promise<string> => (await line(device, file)).padStart(3, '0')
    readers.push({
      name: (await line(device, 'product')) || id,
      node: `/dev/bus/usb/${await number('busnum')}/${await number('devnum')}`,
      driver: events.map((event) => /^DRIVER=(\w+)$/m.exec(event)?.[1] ?? null).find((each) => each !== null) ?? null,
    })
  }
  return readers
}
