/** The doctor on the test bench: examines this machine, and makes the support bundle. One at a time. */
import type { Scheduler } from '../../../sync/engine/ports.ts'
import type { CommandFault } from '../../contract/commands.ts'
import type { DoctorView } from '../../contract/examiner.ts'
import { beginExamination, type ExaminationOutcome, type StartExaminer } from './examination.ts'

export interface DoctorBenchParts {
  readonly startExaminer: StartExaminer
  /** Where a bundle of this name goes. */
  readonly bundleFile: (name: string) => string
  readonly scheduler: Scheduler
  readonly now: () => number
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
  readonly onDidChange: () => void
}

/**
 * Twice what it takes where nothing answers: five seconds for the folder, eight for the checks (examine.ts), and the
 * starts of three processes. A bundle looks through the whole journal besides, for a minute at most.
 */
const withinMs = { examining: 30_000, bundling: 90_000 }

export class DoctorBench {
  readonly #parts: DoctorBenchParts
  #view: DoctorView = { doing: null, examination: null, trouble: null, bundle: null }
  #end: () => void = () => undefined

  constructor(parts: DoctorBenchParts) {
    this.#parts = parts
  }

  view(): DoctorView {
    return this.#view
  }

  examine(): CommandFault | undefined {
    return this.#begin('examining', ['examine'])
  }

  /** Examines anew: what is shown afterwards is what stands in the bundle. */
  writeBundle(): CommandFault | undefined {
    const { now, bundleFile } = this.#parts
    const name = `support-${new Date(now()).toISOString().replaceAll(/[:.]/g, '-')}.zip`
    return this.#begin('bundling', ['examine', bundleFile(name)])
  }

  /** Whoever still looks is ended. */
  dispose(): void {
    this.#end()
  }

  #begin(doing: NonNullable<DoctorView['doing']>, words: readonly string[]): CommandFault | undefined {
    if (this.#view.doing !== null) return 'bench_busy'
    const { monotonic } = this.#parts
    const from = monotonic()
    const bundle = doing === 'bundling' ? null : this.#view.bundle
    this.#change({ ...this.#view, doing, trouble: null, bundle })
    this.#end = beginExamination(this.#parts, words, withinMs[doing], (outcome) =>
      this.#ended(doing, outcome, monotonic() - from),
    )
    return undefined
  }

  #ended(doing: NonNullable<DoctorView['doing']>, outcome: ExaminationOutcome, tookMs: number): void {
    if ('trouble' in outcome) {
      const trouble = { of: doing, kind: outcome.trouble, seconds: withinMs[doing] / 1_000 }
      return this.#change({ ...this.#view, doing: null, trouble })
    }
    const examination = { findings: outcome.findings, at: this.#parts.now(), tookMs }
    this.#change({ doing: null, trouble: null, examination, bundle: outcome.bundle ?? this.#view.bundle })
  }

  #change(view: DoctorView): void {
    this.#view = view
    this.#parts.onDidChange()
  }
}
