/** What the virtual cards say they said: their own logs, `NAME.log.jsonl`, to which lines are only ever added. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { debitIn, oddDebits, type CardDebit } from './card-debits.ts'
import { CheckerInputError } from './input-error.ts'

/** One SUN message that a card gave out. */
export interface CardMessage {
  /** The log's name: one card. */
  readonly card: string
  readonly counter: number
  /** Upper-case hex of 32 bytes. */
  readonly binding: string
  /** Upper-case hex of 8 bytes. */
  readonly mac: string
}

export interface CardLogs {
  readonly cards: number
  readonly messages: readonly CardMessage[]
  /** What cards with a tolem-applet took from their slots. */
  readonly debits: readonly CardDebit[]
  /** What is odd without being a fault of money. */
  readonly notes: readonly string[]
}

const line = z.looseObject({ sequence: z.int(), kind: z.string() })
const sun = z.object({
  counter: z.int(),
  bindingHex: z.string(),
  mac: z.string().regex(/^[0-9A-F]{16}$/),
  macInput: z.string(),
})

const debit = z.object({ record: z.string() })

const logEnding = '.log.jsonl'

/** @throws CheckerInputError */
export function readCardLogs(folder: string): CardLogs {
  if (!existsSync(folder)) throw new CheckerInputError(`there are no card logs: ${folder} does not exist`)
  const names = readdirSync(folder).filter((name) => name.endsWith(logEnding))
  const notes: string[] = []
  const logs = names.toSorted().map((name) => readLog(join(folder, name), name.slice(0, -logEnding.length), notes))
  return {
    cards: names.length,
    messages: logs.flatMap((log) => log.messages),
    debits: logs.flatMap((log) => log.debits),
    notes,
  }
}

function readLog(path: string, card: string, notes: string[]): Pick<CardLogs, 'messages' | 'debits'> {
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n')
  // A line without its end was being written when the process died; what it said reached nobody.
  const unfinished = lines.pop()
  if (unfinished !== '') notes.push(`card ${card}: the last line of its log is unfinished`)
  const messages: CardMessage[] = []
  const debits: CardDebit[] = []
  for (const [index, text] of lines.entries()) {
    const entry = line.safeParse(parsed(text))
    if (!entry.success) throw new CheckerInputError(`${path}:${index + 1} is not a line of a card's log`)
    if (entry.data.sequence !== index + 1)
      notes.push(`card ${card}: line ${index + 1} has number ${entry.data.sequence}`)
    if (entry.data.kind === 'debit') {
      const record = debit.safeParse(entry.data)
      const said = record.success ? debitIn(card, record.data.record) : null
      if (said === null) throw new CheckerInputError(`${path}:${index + 1} holds no record of a debit`)
      debits.push(said)
    }
    if (entry.data.kind !== 'sun') continue
    const said = sun.safeParse(entry.data)
    if (!said.success) throw new CheckerInputError(`${path}:${index + 1}: ${z.prettifyError(said.error)}`)
    const { counter, bindingHex, mac, macInput } = said.data
    if (!macInput.startsWith(bindingHex)) notes.push(`card ${card}: line ${index + 1} has a binding outside of its MAC`)
    if (counter <= (messages.at(-1)?.counter ?? -1)) notes.push(`card ${card}: counter ${counter} did not rise`)
    messages.push({ card, counter, binding: bindingHex, mac })
  }
  notes.push(...oddDebits(debits))
  return { messages, debits }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
