/** Examiners, as the shell starts them for the core. */
import type { MessageChannelPort } from '../../../drivers/host/channel.ts'
import { toCoreSchema, type FromCore } from '../../contract/bridge.ts'
import type { ExaminerListener, StartExaminer } from './examination.ts'

/** @param shell the core's one channel */
export function examinersOf(shell: MessageChannelPort): StartExaminer {
  const running = new Map<number, ExaminerListener>()
  let runs = 0
  const say = (message: FromCore): void => shell.post(message)
  shell.onMessage((message) => {
    const parsed = toCoreSchema.safeParse(message)
    if (!parsed.success) return
    const { data } = parsed
    if (data.channel === 'examiner') running.get(data.run)?.said(data.body)
    if (data.channel !== 'shell' || data.body.kind !== 'examiner_ended') return
    const { run } = data.body
    const listener = running.get(run)
    running.delete(run)
    listener?.ended()
  })
  return (words, listener) => {
    const run = (runs += 1)
    running.set(run, listener)
    say({ channel: 'shell', body: { kind: 'start_examiner', run, words: [...words] } })
    return {
      post: (body) => say({ channel: 'examiner', run, body }),
      end: () => {
        if (running.delete(run)) say({ channel: 'shell', body: { kind: 'end_examiner', run } })
      },
    }
  }
}
