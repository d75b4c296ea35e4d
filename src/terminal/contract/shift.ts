/** What the screen shows of cashiers and shifts, and what the cashier asks for about them. */
import { z } from 'zod'
import { instantSchema, nameSchema, textsSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { tiynSchema } from '../../voucher/money.ts'
import {
  cashierNumberSchema,
  cashierSchema,
  shiftDifferenceSchema,
  shiftReportSchema,
} from '../../voucher/shift-report.ts'

export const pinSchema = z.string().regex(/^\d{4,8}$/)

export const shiftCommands = [
  /** The first cashier is the merchant (1, without `merchantPin`); later it makes the others and changes PINs. */
  z.strictObject({
    command: z.literal('set_cashier'),
    cashier: cashierSchema,
    pin: pinSchema,
    merchantPin: pinSchema.nullable(),
  }),
  z.strictObject({
    command: z.literal('open_shift'),
    cashier: cashierNumberSchema,
    pin: pinSchema,
    openingFloat: tiynSchema,
  }),
  /** With what was counted in the drawer. The Z-report is written, shown and printed. */
  z.strictObject({ command: z.literal('close_shift'), counted: tiynSchema }),
  /** Shows the figures of the open shift as they stand. */
  z.strictObject({ command: z.literal('x_report') }),
  /** Shows the report of a closed shift, with what has changed since. */
  z.strictObject({ command: z.literal('z_report'), shiftId: uuidSchema }),
  z.strictObject({ command: z.literal('put_report_away') }),
  z.strictObject({ command: z.literal('print_report'), shiftId: uuidSchema }),
] as const

const shiftHeadSchema = z.strictObject({
  shiftId: uuidSchema,
  number: z.int().min(1),
  cashier: cashierSchema,
  openedAt: instantSchema,
  /** Null while it is open. */
  closedAt: instantSchema.nullable(),
})

export const shiftViewSchema = z.strictObject({
  cashiers: z.array(
    z.strictObject({
      ...cashierSchema.shape,
      /** Too many wrong PINs: until then none is taken. */
      waitUntil: instantSchema.nullable(),
    }),
  ),
  /** Without an open shift nothing is sold. */
  open: shiftHeadSchema.nullable(),
  /** The last closed shifts, newest first. */
  closed: z.array(shiftHeadSchema),
  /** The one that is looked at: figures of now (X) or of the closing (Z). */
  report: z
    .strictObject({
      figures: shiftReportSchema,
      closedAt: instantSchema.nullable(),
      /** Names of the schemes that the figures speak of, as far as the till's package knows them. */
      schemes: z.array(z.strictObject({ schemeId: nameSchema, name: textsSchema })),
      /** Since the closing, each with its row. */
      differences: z.array(shiftDifferenceSchema),
      printed: z.enum(['none', 'waiting', 'printed']),
    })
    .nullable(),
})
export type ShiftView = z.infer<typeof shiftViewSchema>
