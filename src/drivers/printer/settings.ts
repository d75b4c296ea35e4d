/** How a printer is connected, as settings. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'

const baudRates = [4800, 9600, 19_200, 38_400, 57_600, 115_200] as const

export interface SerialSettings {
  /** `/dev/ttyUSB0`, `/dev/serial/by-id/…`, `COM3`. */
  readonly path: string
  readonly baudRate: (typeof baudRates)[number]
  /** How the printer says that its buffer is full; its own switches say which. `none` loses bytes of long receipts. */
  readonly flowControl: 'rts-cts' | 'xon-xoff' | 'none'
}

/** A relative one would be another device wherever the till is started from. */
const devicePath = z.string().refine(isAbsolute, 'an absolute path is wanted: /dev/…')
const serialPath = z
  .string()
  .refine((path) => isAbsolute(path) || /^COM\d{1,3}$/iu.test(path), 'a serial port is wanted: /dev/… or COM…')

/**
 * One schema for each way to connect a printer, with `shape` in each of them. Whether the device is there is another
 * matter: it may be plugged in later, and the till's light says how it is.
 */
export function printerSettings<Shape extends z.ZodRawShape>(shape: Shape) {
  return [
    z.strictObject({
      kind: z.literal('tcp'),
      host: z.string().min(1),
      port: z.int().min(1).max(65_535).default(9100),
      ...shape,
    }),
    z.strictObject({
      kind: z.literal('serial'),
      path: serialPath,
      baudRate: z.literal(baudRates).default(9600),
      flowControl: z.enum(['rts-cts', 'xon-xoff', 'none']).default('rts-cts'),
      ...shape,
    }),
    /** Linux' `/dev/usb/lp0`, or a FIFO to another program. */
    z.strictObject({ kind: z.literal('usb'), path: devicePath, ...shape }),
  ] as const
}
