/** An engine on the table: bytes in, slips, answers and events in arrays. */
import { printerProfiles } from '../../../hardware-mocks/printer/code-pages.ts'
import type { PrinterProfileName } from '../../../hardware-mocks/printer/code-pages.ts'
import type { Slip } from '../../../hardware-mocks/printer/paper.ts'
import { slipText } from '../../../hardware-mocks/printer/paper.ts'
import { PrinterEngine } from '../../../hardware-mocks/printer/printer-engine.ts'
import type { PrinterLanguage } from '../../../hardware-mocks/printer/printer-engine.ts'

export function bench(options: { profile?: PrinterProfileName; widthDots?: number; language?: PrinterLanguage } = {}) {
  const slips: Slip[] = []
  const replies: number[][] = []
  const events: { what: string; details: Readonly<Record<string, unknown>> }[] = []
  const engine = new PrinterEngine({
    profile: printerProfiles[options.profile ?? 'kazakh'],
    widthDots: options.widthDots ?? 576,
    language: options.language ?? 'escpos',
    now: () => 0,
    onReply: (bytes) => void replies.push([...bytes]),
    onSlip: (slip) => void slips.push(slip),
    onEvent: (what, details) => void events.push({ what, details }),
  })
  return {
    engine,
    slips,
    replies,
    events,
    send(...parts: (string | readonly number[] | Uint8Array)[]): void {
      for (const part of parts)
        engine.receive(typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part))
      engine.work()
    },
    /** The text of the paper that hangs out. */
    text: (): string => slipText(engine.unfinished),
    faults: (): string[] => engine.unfinished.faults.map((fault) => fault.code),
  }
}

export const initialise = [0x1b, 0x40]
export const cut = [0x1d, 0x56, 0x00]
export const selectCodePage = (slot: number): number[] => [0x1b, 0x74, slot]

/** `GS ( k` functions for one QR code. */
export function qr(payload: Uint8Array, moduleDots = 4): Uint8Array {
  const length = payload.length + 3
  return Uint8Array.from([
    0x1d,
    0x28,
    0x6b,
    4,
    0,
    49,
    65,
    50,
    0,
    0x1d,
    0x28,
    0x6b,
    3,
    0,
    49,
    67,
    moduleDots,
    0x1d,
    0x28,
    0x6b,
    3,
    0,
    49,
    69,
    49,
    0x1d,
    0x28,
    0x6b,
    length & 0xff,
    length >> 8,
    49,
    80,
    48,
    ...payload,
    0x1d,
    0x28,
    0x6b,
    3,
    0,
    49,
    81,
    48,
  ])
}
