/**
 * The examiner: processes that look at this machine for the test bench (`src/terminal/examiner/main.ts`). The shell
 * starts and ends them for the core, and passes their messages on unread.
 */
import { z } from 'zod'
import { instantSchema } from '../../voucher/identifiers.ts'
import { checkNames, levels, type FindingCode } from '../doctor/finding.ts'

export { countsOf } from '../doctor/report.ts'
export { checkNames, levelOf, type Finding, type Level } from '../doctor/finding.ts'
export { doctorTexts, filled, wordsOf } from '../doctor/texts.ts'

export const findingSchema = z.strictObject({
  check: z.enum(checkNames),
  code: z.enum(Object.keys(levels) as [FindingCode, ...FindingCode[]]),
  seen: z.record(z.string(), z.string()),
})

/** Why there is no support bundle; each has its words on the screen. */
export const bundleFaults = [
  'disk_full',
  'no_rights',
  'exists',
  /** Whoever writes there waits for ever. */
  'folder_silent',
  /** The system's own code stands beside it. */
  'not_written',
] as const

const bundleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('written'), file: z.string(), bytes: z.int().min(1) }),
  z.strictObject({ kind: z.literal('refused'), fault: z.enum(bundleFaults), detail: z.string() }),
])
export type BundleOutcome = z.infer<typeof bundleSchema>

/** What an examiner says: of one look, `said` or `unusable`; of a whole examination its questions, then `examined`. */
export const examinerMessageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('said'), value: z.unknown() }),
  z.strictObject({ kind: z.literal('unusable'), why: z.string() }),
  /** To be asked of a process of its own, because it may hang. */
  z.strictObject({
    kind: z.literal('apart'),
    question: z.int().min(1),
    look: z.array(z.string()).min(1),
    withinMs: z.int().min(1).max(600_000),
  }),
  z.strictObject({
    kind: z.literal('examined'),
    findings: z.array(findingSchema),
    /** Null where none was asked for. */
    bundle: bundleSchema.nullable(),
  }),
])
export type ExaminerMessage = z.infer<typeof examinerMessageSchema>

export const apartAnswerSchema = z.strictObject({
  question: z.int().min(1),
  answer: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('said'), value: z.unknown() }),
    z.strictObject({ kind: z.literal('silent') }),
    z.strictObject({ kind: z.literal('unusable'), why: z.string() }),
  ]),
})
export type ApartAnswerMessage = z.infer<typeof apartAnswerSchema>

const doingSchema = z.enum(['examining', 'bundling'])

/** What the bench shows of it. */
export const doctorViewSchema = z.strictObject({
  doing: doingSchema.nullable(),
  /** Of the last one that came to an end. */
  examination: z.strictObject({ findings: z.array(findingSchema), at: instantSchema, tookMs: z.number() }).nullable(),
  /** Of the last one: it said nothing in its time, or its process ended. */
  trouble: z.strictObject({ of: doingSchema, kind: z.enum(['late', 'ended']), seconds: z.int() }).nullable(),
  bundle: bundleSchema.nullable(),
})
export type DoctorView = z.infer<typeof doctorViewSchema>
