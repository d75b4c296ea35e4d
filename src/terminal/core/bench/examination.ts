/**
 * One examination by processes of its own. It blocks nothing here: the machine that it looks at may hang, and whoever
 * hangs with it is ended.
 */
import type { Scheduler } from '../../../sync/engine/ports.ts'
import { examinerMessageSchema, type ApartAnswerMessage, type ExaminerMessage } from '../../contract/examiner.ts'

export interface ExaminerListener {
  said(message: unknown): void
  /** It ended by itself, or could not be started. */
  ended(): void
}

export interface ExaminerProcess {
  post(message: unknown): void
  /** Kills it; nothing is heard of it afterwards. Harmless a second time. */
  end(): void
}

/** Starts `examiner/main.ts` with these words. Its listener is called in later turns only. */
export type StartExaminer = (words: readonly string[], listener: ExaminerListener) => ExaminerProcess

export type ExaminationOutcome =
  | Omit<Extract<ExaminerMessage, { kind: 'examined' }>, 'kind'>
  | { readonly trouble: 'late' | 'ended' }

/**
 * @param done called once, unless it is ended before
 * @returns ends it, with all its processes
 */
export function beginExamination(
  { startExaminer, scheduler }: { readonly startExaminer: StartExaminer; readonly scheduler: Scheduler },
  words: readonly string[],
  withinMs: number,
  done: (outcome: ExaminationOutcome) => void,
): () => void {
  const endings: (() => void)[] = []
  let isOver = false
  const end = (): void => {
    isOver = true
    for (const ending of endings.splice(0)) ending()
  }
  const finish = (outcome: ExaminationOutcome): void => {
    if (isOver) return
    end()
    done(outcome)
  }
  const after = (delayMs: number, call: () => void): void => {
    const timer = scheduler.setTimeout(call, delayMs)
    endings.push(() => scheduler.clearTimeout(timer))
  }
  const askApart = (question: number, look: readonly string[], lookWithinMs: number): void => {
    let isAnswered = false
    const answer = (given: ApartAnswerMessage['answer']): void => {
      if (isAnswered || isOver) return
      isAnswered = true
      asked.end()
      examiner.post({ question, answer: given } satisfies ApartAnswerMessage)
    }
    const asked = startExaminer(look, {
      said: (message) => {
        const parsed = examinerMessageSchema.safeParse(message)
        if (parsed.success && (parsed.data.kind === 'said' || parsed.data.kind === 'unusable')) answer(parsed.data)
      },
      ended: () => answer({ kind: 'silent' }),
    })
    endings.push(() => asked.end())
    after(lookWithinMs, () => answer({ kind: 'silent' }))
  }
  const examiner = startExaminer(words, {
    said: (message) => {
      const parsed = examinerMessageSchema.safeParse(message)
      if (isOver || !parsed.success) return
      const { data } = parsed
      if (data.kind === 'apart') askApart(data.question, data.look, data.withinMs)
      if (data.kind === 'examined') finish({ findings: data.findings, bundle: data.bundle })
    },
    ended: () => finish({ trouble: 'ended' }),
  })
  endings.push(() => examiner.end())
  after(withinMs, () => finish({ trouble: 'late' }))
  return end
}
