/** The examination of the till that this shell runs, and the support bundle beside its data. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { MessageChannelPort } from '../../drivers/host/channel.ts'
import { printerSettings } from '../../drivers/printer/settings.ts'
import { writeNewFile } from '../../sync/export/new-file.ts'
import {
  apartAnswerSchema,
  type ApartAnswerMessage,
  type BundleOutcome,
  type ExaminerMessage,
} from '../contract/examiner.ts'
import { coreSettingsSchema } from '../core/settings.ts'
import type { AskApart } from './apart.ts'
import { examineThisMachine, settingsIn } from './examination.ts'
import { bundleOf } from './support.ts'

/** What the shell started core and device host with, as JSON, and the file that it was read from, if any. */
export interface StartedWith {
  readonly core: string
  readonly devices: string
  readonly settings: string | undefined
}

/** Of the device host's argument, what is examined. The device host checks the rest of it. */
const devicesSchema = z.object({
  reader: z.object({ kind: z.string() }),
  printer: z.discriminatedUnion('kind', [
    ...printerSettings({ profile: z.string(), status: z.string().default('asked'), timing: z.unknown().optional() }),
    z.object({ kind: z.literal('none') }),
  ]),
  hid: z
    .object({ devices: z.array(z.object({ vendorId: z.string(), productId: z.string() })).optional() })
    .prefault({}),
})

/** @param file of the support bundle, whose folder is made where it is missing */
export async function examineInApp(
  { core, devices, settings }: StartedWith,
  file: string | undefined,
  channel: MessageChannelPort,
): Promise<ExaminerMessage> {
  const apart = askShell(channel)
  const { data, ledgerUrl } = coreSettingsSchema.parse(JSON.parse(core))
  const known = {
    settings: settings === undefined ? ({ kind: 'none' } as const) : settingsIn(settings).settings,
    data,
    ledgerUrl,
    devices: devicesSchema.parse(JSON.parse(devices)),
    ports: [],
  }
  // It is the running till's, whatever its folder says.
  const printer = () => Promise.reject(new Error('the printer is left to the till'))
  const examination = await examineThisMachine(known, { apart, printer })
  const { findings } = examination
  const told = { kind: 'examined' as const, findings: [...findings] }
  if (file === undefined) return { ...told, bundle: null }
  if (examination.isFolderSilent)
    return { ...told, bundle: { kind: 'refused', fault: 'folder_silent', detail: dirname(file) } }
  try {
    return { ...told, bundle: writeBundle(file, await bundleOf(examination, null, apart)) }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { ...told, bundle: { kind: 'refused', fault: 'not_written', detail } }
  }
}

/** The shell starts whoever is asked apart, and ends them: a packaged Electron starts no Node (fuse RunAsNode). */
function askShell(channel: MessageChannelPort): AskApart {
  const waiting = new Map<number, (answer: ApartAnswerMessage['answer']) => void>()
  let questions = 0
  channel.onMessage((message) => {
    const { question, answer } = apartAnswerSchema.parse(message)
    waiting.get(question)?.(answer)
    waiting.delete(question)
  })
  return (look, withinMs) =>
    new Promise((resolve) => {
      const question = (questions += 1)
      waiting.set(question, resolve)
      channel.post({ kind: 'apart', question, look: [...look], withinMs } satisfies ExaminerMessage)
    })
}

/** Whole or not at all, over nothing that is there, for this user alone. */
export function writeBundle(file: string, bytes: Uint8Array, write = writeNewFile): BundleOutcome {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    write(file, (append) => append(bytes))
    return { kind: 'written', file, bytes: bytes.length }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    return { kind: 'refused', fault: faultOf[code] ?? 'not_written', detail: code === '' ? message : code }
  }
}

const faultOf: Readonly<Record<string, Extract<BundleOutcome, { kind: 'refused' }>['fault']>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EACCES: 'no_rights',
  EPERM: 'no_rights',
  EROFS: 'no_rights',
  FILE_EXISTS: 'exists',
}
