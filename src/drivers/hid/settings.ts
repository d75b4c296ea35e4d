/** Which HID devices a till uses, as settings. */
import { z } from 'zod'
import { displayProfileIds } from './display.ts'
import { posLayouts, type PosLayoutName } from './pos-scanner.ts'

/** As `lsusb` and Windows' device manager print it: four hexadecimal digits. */
const usbId = z
  .string()
  .regex(/^[0-9a-fA-F]{4}$/, 'four hexadecimal digits are wanted, as lsusb prints them: 0c2e')
  .toLowerCase()

const named = { vendorId: usbId, productId: usbId }

const namedDevice = z.discriminatedUnion('use', [
  /** A scanner of usage page 0x8C whose reports are laid out otherwise than its vendor's are. */
  z.strictObject({
    use: z.literal('scanner'),
    ...named,
    layout: z.enum(Object.keys(posLayouts) as [PosLayoutName, ...PosLayoutName[]]),
  }),
  /** A scanner that can nothing but type, read below the keyboard. */
  z.strictObject({ use: z.literal('keyboard-scanner'), ...named }),
  z.strictObject({ use: z.literal('keypad'), ...named }),
  z.strictObject({
    use: z.literal('display'),
    ...named,
    profile: z.enum(displayProfileIds),
    reportId: z.int().min(0).max(255).default(0),
    reportBytes: z.int().min(8).max(1_024).default(64),
    length: z.enum(['none', 'first']).default('none'),
  }),
])
export type NamedDevice = z.output<typeof namedDevice>

/** `found`: every scanner of usage page 0x8C is used. A keyboard is never opened unless it is named. */
export const hidSettingsShape = {
  scanners: z.enum(['found', 'named']).default('found'),
  devices: z.array(namedDevice).max(16).default([]),
}
const hidSettings = z.strictObject(hidSettingsShape)
export type HidSettings = z.output<typeof hidSettings>
