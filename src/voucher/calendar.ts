/**
 * A programme as an officer's engineer writes it: everything of a scheme, and in place of its periods the calendar that
 * they are computed from (money-rules.md, "Time": windows are computed where the scheme is published, `decide()` never
 * asks for a time zone). A programme is compiled to a scheme (`calendar-compile.ts`) and is never published itself.
 */
import { z } from 'zod'
import { isDay } from './calendar-time.ts'
import { schemePeriodSchema, schemeSchema, timeZoneSchema } from './scheme.ts'

/** A day by its date, wherever the calendar is kept: `2026-09-01`. */
const daySchema = z
  .string()
  .regex(/^20\d\d-\d\d-\d\d$/, { abort: true })
  .refine(isDay, 'a day of the calendar')

/** A time of a day on the clocks of the time zone; `24:00` is the end of the day. */
const clockTimeSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/)

const windowSchema = z.strictObject({
  from: clockTimeSchema,
  to: clockTimeSchema.describe('Exclusive.'),
})
/** From one time of a day to another of the same day. */
export type ClockWindow = z.infer<typeof windowSchema>
const hoursSchema = z.array(windowSchema).min(1)

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof weekdays)[number]

/** For those who read the file; no till is told. */
const reasonSchema = z.string().min(1).max(200)
const periodIdSchema = schemePeriodSchema.shape.periodId

const periodKindSchema = z.discriminatedUnion('kind', [
  /** Each open day is a period. */
  z.strictObject({ kind: z.literal('day') }),
  z.strictObject({ kind: z.literal('week'), begins: z.enum(weekdays) }),
  z.strictObject({ kind: z.literal('month') }),
  z.strictObject({
    kind: z.literal('term'),
    terms: z.array(z.strictObject({ termId: periodIdSchema, firstDay: daySchema, lastDay: daySchema })).min(1),
  }),
  /** What counts is the single payment: one period over all days, in which payments are counted. */
  z.strictObject({ kind: z.literal('tap'), periodId: periodIdSchema }),
])

export const calendarSchema = z.strictObject({
  timeZone: timeZoneSchema,
  firstDay: daySchema,
  lastDay: daySchema.describe('Inclusive, as everywhere in a calendar.'),
  period: periodKindSchema,
  /** When it pays on which weekday. A weekday that is not named is closed. */
  hours: z.strictObject({
    monday: hoursSchema.optional(),
    tuesday: hoursSchema.optional(),
    wednesday: hoursSchema.optional(),
    thursday: hoursSchema.optional(),
    friday: hoursSchema.optional(),
    saturday: hoursSchema.optional(),
    sunday: hoursSchema.optional(),
  }),
  holidays: z
    .array(z.strictObject({ day: daySchema, lastDay: daySchema.optional(), reason: reasonSchema }))
    .describe('Closed days: one, or all from `day` to `lastDay`. They may overlap.'),
  movedWorkingDays: z
    .array(z.strictObject({ day: daySchema, to: daySchema, reason: reasonSchema }))
    .describe('`day` is closed, and `to`, which is else closed, has the hours of its weekday.'),
  otherHours: z
    .array(z.strictObject({ day: daySchema, hours: hoursSchema, reason: reasonSchema }))
    .describe('Days with hours of their own, whatever their weekday.'),
})
export type Calendar = z.infer<typeof calendarSchema>

export const programmeSchema = schemeSchema
  .omit({ periods: true, localTime: true })
  .extend({ calendar: calendarSchema })
export type Programme = z.infer<typeof programmeSchema>
