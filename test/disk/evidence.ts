/** What the screen, the cards and the ledger saw of a story, as it was written down line by line. */
import { existsSync, readFileSync } from 'node:fs'
import type { Seen } from '../power/judge.ts'
import { hearRequest, hearScreen, toldNothing, type Requested, type Screen, type Told } from '../power/told.ts'

type Line =
  | ({ readonly kind: 'screen'; readonly till: string } & Screen)
  | { readonly kind: 'done'; readonly command: string; readonly saleId?: string }
  | { readonly kind: 'asked'; readonly path: string; readonly body: string }
  | { readonly kind: 'card'; readonly card: string; readonly binding: string }
  | { readonly kind: 'refused_start'; readonly code: string; readonly message: string }
  | { readonly kind: 'end' }

export interface Evidence {
  readonly told: Told
  readonly seen: Seen
  /** The till began to show itself. */
  readonly isOpened: boolean
  readonly isEnded: boolean
  readonly refusedStart: { readonly code: string; readonly message: string } | null
  /** The code on the till's light, as it was last. */
  readonly light: string
}

/** @param count of only so many lines */
export function readEvidence(file: string, count = Infinity): Evidence {
  const text = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
  const lines = text.slice(0, count).map((line) => JSON.parse(line) as Line)
  const told = toldNothing()
  for (const line of lines) {
    if (line.kind === 'screen') hearScreen(told, line)
    if (line.kind === 'done') told.done.push({ ...line, copy: false })
    if (line.kind === 'asked') hearRequest(told, line.path, JSON.parse(line.body) as Requested)
  }
  const screens = lines.filter((line) => line.kind === 'screen')
  return {
    told,
    seen: {
      messages: lines.flatMap((line, counter) => (line.kind === 'card' ? [{ ...line, counter, mac: '' }] : [])),
      slips: [],
    },
    isOpened: screens.length > 0,
    isEnded: lines.some(({ kind }) => kind === 'end'),
    refusedStart: lines.find((line) => line.kind === 'refused_start') ?? null,
    light: screens.at(-1)?.till ?? '',
  }
}
