/**
 * The doctor on the bench. Method: a machine's port whose examiners say what a test says, and time that it moves: no
 * process, no disk. The real ones are in test/integration/doctor.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { DoctorBench } from '../../../src/terminal/core/bench/doctor-bench.ts'
import type { ExaminerListener } from '../../../src/terminal/core/bench/examination.ts'
import { doctorViewSchema } from '../../../src/terminal/contract/examiner.ts'
import { found } from '../../../src/terminal/doctor/finding.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { noon } from '../sync/world.ts'

interface Examiner extends ExaminerListener {
  readonly words: readonly string[]
  readonly told: unknown[]
  isEnded: boolean
}

let started: Examiner[]
let time: FakeScheduler
let changes: number
let doctor: DoctorBench

beforeEach(() => {
  started = []
  time = new FakeScheduler()
  changes = 0
  doctor = new DoctorBench({
    startExaminer: (words, listener) => {
      const examiner: Examiner = { words, told: [], isEnded: false, ...listener }
      started.push(examiner)
      return { post: (message) => examiner.told.push(message), end: () => (examiner.isEnded = true) }
    },
    bundleFile: (name) => `/data/bench/${name}`,
    scheduler: time,
    now: () => noon,
    monotonic: () => time.now(),
    onDidChange: () => (changes += 1),
  })
})

const examiner = (index = 0): Examiner => started[index] ?? expect.fail(`no examiner ${index} was started`)
const findings = [found('clock', 'clock-impossible', { at: '1970', year: 1970 }), found('reader', 'reader-none')]
const examined = { kind: 'examined', findings, bundle: null }
const written = { kind: 'written', file: '/data/bench/support.zip', bytes: 4_096 } as const
const ended = () => started.map(({ isEnded }) => isEnded)

describe('an examination', () => {
  test('is one process, whose findings are shown with when and how long', async () => {
    expect(doctor.examine()).toBeUndefined()
    expect(examiner().words).toEqual(['examine'])
    expect(doctor.view()).toMatchObject({ doing: 'examining', examination: null })
    expect(doctor.examine()).toBe('bench_busy')
    expect(doctor.writeBundle()).toBe('bench_busy')
    await time.advance(2_500)
    examiner().said(examined)
    expect(doctor.view()).toEqual({
      ...{ doing: null, trouble: null, bundle: null },
      examination: { findings, at: noon, tookMs: 2_500 },
    })
    expect(doctorViewSchema.safeParse(doctor.view()).success).toBe(true)
    expect([ended(), changes, time.pendingCount]).toEqual([[true], 2, 0])
    expect(doctor.examine()).toBeUndefined()
    expect(started).toHaveLength(2)
  })

  test('has what may hang asked by processes of their own, each ended when it has answered', () => {
    doctor.examine()
    examiner().said({ kind: 'apart', question: 1, look: ['till', '/data'], withinMs: 5_000 })
    examiner().said({ kind: 'apart', question: 2, look: ['readers'], withinMs: 6_000 })
    expect([examiner(1).words, examiner(2).words]).toEqual([['till', '/data'], ['readers']])
    examiner(2).said({ kind: 'unusable', why: 'libpcsclite.so.1: no such file' })
    examiner(1).said({ kind: 'said', value: { data: '/data' } })
    examiner(1).said({ kind: 'said', value: 'twice' })
    expect(examiner().told).toEqual([
      { question: 2, answer: { kind: 'unusable', why: 'libpcsclite.so.1: no such file' } },
      { question: 1, answer: { kind: 'said', value: { data: '/data' } } },
    ])
    expect(ended()).toEqual([false, true, true])
  })

  test('goes on where one of those says nothing in its time, or dies', async () => {
    doctor.examine()
    examiner().said({ kind: 'apart', question: 1, look: ['till', '/dead'], withinMs: 5_000 })
    examiner().said({ kind: 'apart', question: 2, look: ['readers'], withinMs: 6_000 })
    examiner(2).ended()
    expect(examiner().told).toEqual([{ question: 2, answer: { kind: 'silent' } }])
    await time.advance(4_999)
    expect(examiner().told).toHaveLength(1)
    await time.advance(1)
    expect(examiner().told[1]).toEqual({ question: 1, answer: { kind: 'silent' } })
    expect(ended()).toEqual([false, true, true])
    examiner().said(examined)
    expect(doctor.view().examination?.findings).toEqual(findings)
  })

  test('that hangs itself is ended with all that it asked, and says so; what was found before stays', async () => {
    doctor.examine()
    examiner().said(examined)
    doctor.examine()
    examiner(1).said({ kind: 'apart', question: 1, look: ['till', '/dead'], withinMs: 60_000 })
    await time.advance(29_999)
    expect(doctor.view().doing).toBe('examining')
    await time.advance(1)
    const trouble = { of: 'examining', kind: 'late', seconds: 30 }
    expect(doctor.view()).toMatchObject({ doing: null, trouble, examination: { findings } })
    expect([ended(), time.pendingCount]).toEqual([[true, true, true], 0])
    examiner(1).said({ ...examined, findings: [] })
    expect(doctor.view()).toMatchObject({ trouble, examination: { findings } })
    doctor.examine()
    expect(doctor.view().trouble).toBeNull()
  })

  test('whose process dies says that it broke off', () => {
    doctor.examine()
    examiner().ended()
    expect(doctor.view().trouble).toEqual({ of: 'examining', kind: 'ended', seconds: 30 })
    examiner().ended()
    expect(changes).toBe(2)
  })

  test('heeds nothing that has no known form', () => {
    doctor.examine()
    for (const message of [null, 'x', { kind: 'examined' }, { ...examined, findings: [{ code: 'new' }] }])
      examiner().said(message)
    expect([doctor.view().doing, started.length]).toEqual(['examining', 1])
  })

  test('leaves nothing behind when the bench is closed', () => {
    doctor.examine()
    examiner().said({ kind: 'apart', question: 1, look: ['readers'], withinMs: 6_000 })
    doctor.dispose()
    expect([ended(), time.pendingCount]).toEqual([[true, true], 0])
    examiner().said(examined)
    expect(doctor.view().examination).toBeNull()
  })
})

describe('a support bundle', () => {
  test('is written by the examiner, in the folder of the bench, by the time of the till', () => {
    doctor.writeBundle()
    const name = `support-${new Date(noon).toISOString().replaceAll(/[:.]/g, '-')}.zip`
    expect(examiner().words).toEqual(['examine', `/data/bench/${name}`])
    expect(doctor.view().doing).toBe('bundling')
    examiner().said({ ...examined, bundle: written })
    expect(doctor.view()).toMatchObject({ doing: null, bundle: written, examination: { findings } })
    // It is still known where it lies after the next examination.
    doctor.examine()
    examiner(1).said(examined)
    expect(doctor.view().bundle).toEqual(written)
  })

  test('that was refused says why, and is none that was written before', () => {
    doctor.writeBundle()
    examiner().said({ ...examined, bundle: written })
    doctor.writeBundle()
    expect(doctor.view().bundle).toBeNull()
    const refused = { kind: 'refused', fault: 'disk_full', detail: 'ENOSPC' }
    examiner(1).said({ ...examined, bundle: refused })
    expect(doctor.view().bundle).toEqual(refused)
  })

  test('has the time that a long journal takes', async () => {
    doctor.writeBundle()
    await time.advance(89_999)
    expect(doctor.view().doing).toBe('bundling')
    await time.advance(1)
    expect(doctor.view().trouble).toEqual({ of: 'bundling', kind: 'late', seconds: 90 })
  })
})
