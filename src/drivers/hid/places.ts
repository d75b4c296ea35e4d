/** What a till has HID devices for: the entries of the settings, and the scanners that were found. */
import type { DisplayRow, HidDeviceInfo, HidDeviceStatus, HidPlaceSeen, OpenHidDevice } from '../ports.ts'
import { layoutOfVendor, posUsagePage } from './pos-scanner.ts'
import type { HidSettings, NamedDevice } from './settings.ts'

/** What the settings mean, plugged in or not; or a scanner that was found, until another has taken its place. */
export interface Place {
  readonly named: NamedDevice | null
  readonly use: HidDeviceStatus['use']
  readonly vendorId: number
  readonly productId: number
  name: string
  /** The device that has the place now. */
  info: HidDeviceInfo | null
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

export const unplugged = { code: 'unplugged', detail: '' } as const

/** The places that the settings name, as long as nothing was looked for. */
export function namedPlaces({ devices }: Pick<HidSettings, 'devices'>, trouble: Place['trouble']): Place[] {
  return devices.map((named) => {
    const { vendorId, productId } = named
    return { ...newPlace(named, idOf(vendorId), idOf(productId), `${vendorId}:${productId}`), trouble }
  })
}

/** For a scanner that was found. */
export function foundPlace({ vendorId, productId, name }: HidDeviceInfo): Place {
  return newPlace(null, vendorId, productId, name)
}

function newPlace(named: NamedDevice | null, vendorId: number, productId: number, name: string): Place {
  const use = named === null || named.use === 'keyboard-scanner' ? 'scanner' : named.use
  return {
    named,
    use,
    vendorId,
    productId,
    name,
    info: null,
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

export const desktopPage = 0x01
export const consumerPage = 0x0c
export const keyboardUsage = 0x06
export const keypadUsage = 0x07

/** The collections of a device of several that are what the place is for, the likeliest first. */
export function candidatesOf(place: Place, devices: readonly HidDeviceInfo[]): readonly HidDeviceInfo[] {
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

/** @param places all of them, in the order of the settings with the found ones behind */
export function placesSeen(places: readonly Place[]): HidPlaceSeen[] {
  return places.map(({ named, vendorId, productId, name, info, trouble }, index) => ({
    use: named?.use ?? 'scanner',
    entry: named === null ? null : index + 1,
    vendorId,
    productId,
    name,
    by: readBy(named, vendorId),
    trouble: trouble === null || info === null ? trouble : { ...trouble, detail: withoutPath(trouble.detail, info) },
  }))
}

/** hidapi names the whole path in its sentences. */
export function withoutPath(detail: string, { path }: HidDeviceInfo): string {
  return detail.replaceAll(path, shownPath(path) ?? 'HID')
}

function readBy(named: NamedDevice | null, vendorId: number): string | null {
  switch (named?.use) {
    case undefined:
      return layoutOfVendor(vendorId)
    case 'scanner':
      return named.layout
    case 'display':
      return named.profile
    case 'keyboard-scanner':
    case 'keypad':
      return null
  }
}

/** What of a path names a kind of device. The rest may be a serial number, or where on this machine it is. */
const shownPaths: readonly RegExp[] = [
  /^\/dev\/hidraw\d+$/,
  // Windows: \\?\HID#VID_0C2E&PID_0B61&MI_00#7&2f1a…#{…}
  /(?<=^\\\\\?\\)HID#VID_[0-9A-F]{4}&PID_[0-9A-F]{4}(?:&MI_[0-9A-F]{2})?(?:&COL[0-9A-F]{2})?(?=#)/i,
  // macOS, by the registry's running number.
  /^DevSrvsID:\d+$/,
  /^virtual:\w+$/,
]

/** @returns null for a path of another form */
export function shownPath(path: string): string | null {
  for (const form of shownPaths) {
    const [shown] = form.exec(path) ?? []
    if (shown !== undefined) return shown
  }
  return null
}
