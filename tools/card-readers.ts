/** What `npm start -- --reader pcsc` says of this machine's card readers before the till comes up. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { ReaderStatus } from '../src/drivers/ports.ts'
import { whyUnusable } from '../src/terminal/examiner/apart.ts'

export type ReaderOutlook =
  /** `sentence` says which readers there are, or what is missing, with the remedy: the till takes it when it comes. */
  | { readonly kind: 'usable'; readonly sentence: string }
  /** No reader can ever work with this installation. */
  | { readonly kind: 'unusable'; readonly sentence: string }

const lookWithinMs = 10_000
const program = join(import.meta.dirname, 'look-for-readers.ts')

export async function readerOutlook(): Promise<ReaderOutlook> {
  const { line, said } = await new Promise<{ line: string; said: string }>((resolve) => {
    const limits = { encoding: 'utf8', timeout: lookWithinMs, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [program], limits, (_killed, stdout, stderr) =>
      resolve({ line: stdout.trim(), said: stderr }),
    )
  })
  if (!line.startsWith('{')) return unusable(said)
  return { kind: 'usable', sentence: sentenceOf(JSON.parse(line) as ReaderStatus) }
}

function sentenceOf({ readers, trouble }: ReaderStatus): string {
  if (trouble?.code === 'no-service') {
    const remedy = serviceRemedy[process.platform] ?? ''
    return `no card reader yet: ${trouble.detail} ${remedy} The till takes cards as soon as it runs.`
  }
  if (readers.length === 0)
    return 'no card reader yet: PC/SC runs but knows none. Plug one in; the till takes it as soon as it is there.'
  return `card reader: ${readers.join(', ')}`
}

const serviceRemedy: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'On Debian and Ubuntu: sudo apt-get install pcscd && sudo systemctl start pcscd.socket.',
  win32: 'Start the service "Smart Card" (SCardSvr).',
}

/** The native part is missing for this platform, or PC/SC's library is not installed. */
function unusable(said: string): ReaderOutlook {
  const why = whyUnusable(said) ?? ''
  const remedy = process.platform === 'linux' ? 'On Debian and Ubuntu: sudo apt-get install pcscd. Or start' : 'Start'
  return {
    kind: 'unusable',
    sentence: `PC/SC cannot be used here (${why || 'it gave no answer'}). ${remedy} without --reader pcsc.`,
  }
}
