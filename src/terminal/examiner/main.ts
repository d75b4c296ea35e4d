/**
 * The examiner as a program. What it looks at may hang, and it may be killed at any moment without harm.
 *
 *     main.ts till|journal DIR
 *     main.ts readers
 *     main.ts --core JSON --devices JSON [--settings FILE] examine [FILE.zip]
 *
 * The first two are one look each: their answer is one line of JSON, or a message to the shell. The third is for a
 * shell only: the whole examination of its till (`in-app.ts`), which ends in a support bundle where FILE.zip is named.
 */
import { parseArgs } from 'node:util'
import { parentChannel, type MessageChannelPort } from '../../drivers/host/channel.ts'
import type { ExaminerMessage } from '../contract/examiner.ts'

const text = { type: 'string' } as const
const { values, positionals } = parseArgs({
  options: { core: text, devices: text, settings: text },
  allowPositionals: true,
})

/** Each loads what it needs itself: what cannot be loaded for one keeps nobody from the others. */
async function look([what, folder = '']: readonly string[]): Promise<unknown> {
  switch (what) {
    case 'till':
      return (await import('./look-at-folder.ts')).tillSeen(folder)
    case 'journal':
      return (await import('./look-at-folder.ts')).journalSeen(folder)
    case 'readers':
      return (await import('./look-at-readers.ts')).readersSeen()
    default:
      throw new Error(`the examiner has no look "${what}"`)
  }
}

/** PC/SC keeps hold of a process that asked it: nothing milder ends this one. */
const endNow = (): boolean => process.kill(process.pid, 'SIGKILL')

async function forShell(channel: MessageChannelPort): Promise<void> {
  channel.onDidClose(endNow)
  const tell = (message: ExaminerMessage): void => channel.post(message)
  if (positionals[0] === 'examine') {
    const { core = '', devices = '', settings } = values
    const { examineInApp } = await import('./in-app.ts')
    return tell(await examineInApp({ core, devices, settings }, positionals[1], channel))
  }
  try {
    tell({ kind: 'said', value: await look(positionals) })
  } catch (error) {
    tell({ kind: 'unusable', why: error instanceof Error ? error.message : String(error) })
  }
}

const channel = parentChannel()
// From a shell it ends it, when it has heard.
if (channel !== null) await forShell(channel)
else process.stdout.write(`${JSON.stringify(await look(positionals))}\n`, endNow)
