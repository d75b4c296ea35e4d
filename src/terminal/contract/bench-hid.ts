/**
 * The test bench's panel of HID devices (docs/design/28-test-bench.md): what it asks for, and what the screen shows of
 * it. Bytes are hex in upper case. The enumerations are those of the drivers' port.
 */
import { z } from 'zod'

export const hidBenchCommands = [
  /** The panel is open: said when it is opened, and again from time to time. */
  z.strictObject({ command: z.literal('watch_hid') }),
  z.strictObject({ command: z.literal('unwatch_hid') }),
  z.strictObject({ command: z.literal('clear_hid') }),
  /** Writes devices and reports as a text file beside the till's data. */
  z.strictObject({ command: z.literal('export_hid') }),
  /** Shows two test rows on the customer's displays until the panel is closed. */
  z.strictObject({ command: z.literal('test_display') }),
] as const

const troubleSchema = z
  .strictObject({
    code: z.enum([
      'hid_unplugged',
      'hid_no_access',
      'hid_in_use',
      'hid_failed',
      'hid_no_library',
      'hid_unknown_reports',
      'hid_left_out',
      'device_host_restarting',
    ]),
    /** Technical, small. */
    detail: z.string(),
  })
  .nullable()

const placeSchema = z.strictObject({
  use: z.enum(['scanner', 'keyboard-scanner', 'keypad', 'display']),
  /** Which of the settings' devices it is, from 1; null: a scanner that was found. */
  entry: z.int().min(1).nullable(),
  vendorId: z.int(),
  productId: z.int(),
  name: z.string(),
  /** Layout or profile. */
  by: z.string().nullable(),
  trouble: troubleSchema,
})
export type HidPlaceView = z.infer<typeof placeSchema>

const deviceSchema = z.strictObject({
  id: z.int().min(1),
  vendorId: z.int(),
  productId: z.int(),
  name: z.string(),
  usagePage: z.int(),
  usage: z.int(),
  /** Null where nothing of it may be shown. */
  path: z.string().nullable(),
  /** The index of the place that it has. */
  place: z.int().min(0).nullable(),
  unused: z
    .enum(['keyboard', 'scanner-not-named', 'no-entry-left', 'another-part', 'not-named', 'no-use', 'untold'])
    .nullable(),
})
export type HidDeviceView = z.infer<typeof deviceSchema>

const meaningSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('code'), code: z.string(), symbology: z.string().nullable() }),
  z.strictObject({ kind: z.literal('keys'), keys: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal('nothing'),
    why: z.enum(['other-report', 'quiet', 'continued', 'typed', 'released', 'short', 'no-key', 'not-read']),
  }),
  z.strictObject({ kind: z.literal('malformed'), detail: z.string() }),
  z.strictObject({ kind: z.literal('taken') }),
  z.strictObject({ kind: z.literal('not-taken'), detail: z.string() }),
])

const reportSchema = z.strictObject({
  number: z.int().min(1),
  /** Milliseconds since the panel was opened. */
  sinceMs: z.number(),
  device: z.int(),
  /** As seen from the till. */
  direction: z.enum(['in', 'out']),
  reportId: z.int().nullable(),
  bytes: z.string(),
  /** More than there are bytes where it was too long to be shown. */
  length: z.int(),
  meaning: meaningSchema,
})
export type HidReportView = z.infer<typeof reportSchema>

/** While its panel is open. */
export const hidBenchViewSchema = z.strictObject({
  /** Of all devices at once. */
  trouble: troubleSchema,
  /** Null until the device host has said what is there. */
  listing: z
    .strictObject({
      /** Null: the settings use no HID device at all. */
      scanners: z.enum(['found', 'named']).nullable(),
      places: z.array(placeSchema),
      devices: z.array(deviceSchema),
    })
    .nullable(),
  /** The last ones, oldest first. */
  reports: z.array(reportSchema),
  /** So many more came, faster than they could be told. */
  skipped: z.int().min(0),
  /** How often the displays were tested; 0: they show what the till shows. */
  displayTests: z.int().min(0),
  /** Where the text file lies. */
  exported: z.string().nullable(),
})
export type HidBenchView = z.infer<typeof hidBenchViewSchema>

/** As `lsusb` prints them: `0c2e:0b87`. */
export function usbIds({ vendorId, productId }: { readonly vendorId: number; readonly productId: number }): string {
  return [vendorId, productId].map((id) => id.toString(16).padStart(4, '0')).join(':')
}
