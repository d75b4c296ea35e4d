/** What cards and printer wrote down by themselves, each with the time of its own clock, which is the tracer's too. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { CardMessage } from '../checker/card-logs.ts'
import { readPaper, type PaperSlip } from '../checker/paper.ts'
import type { Seen } from './judge.ts'

const line = z.looseObject({ at: z.number(), kind: z.string() })
const sun = z.object({ counter: z.int(), bindingHex: z.string(), mac: z.string() })

interface Timed<What> {
  readonly at: number
  readonly what: What
}

export class Witnesses {
  readonly #messages: readonly Timed<CardMessage>[]
  readonly #slips: readonly Timed<PaperSlip>[]

  constructor(hardwareFolder: string) {
    this.#messages = messagesIn(join(hardwareFolder, 'cards'))
    const slips = join(hardwareFolder, 'slips')
    this.#slips = readPaper(slips).slips.map((slip) => ({
      at: statSync(join(slips, `${String(slip.number).padStart(4, '0')}.json`)).mtimeMs,
      what: slip,
    }))
  }

  /** What was certainly there before that moment. */
  before(momentMs: number): Seen {
    const certain = <What>(all: readonly Timed<What>[]): What[] =>
      all.filter(({ at }) => at < momentMs - 1).map(({ what }) => what)
    return { messages: certain(this.#messages), slips: certain(this.#slips) }
  }
}

function messagesIn(folder: string): Timed<CardMessage>[] {
  const ending = '.log.jsonl'
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .slice(0, -1)
        .flatMap((text) => {
          const entry = line.parse(JSON.parse(text))
          if (entry.kind !== 'sun') return []
          const { counter, bindingHex: binding, mac } = sun.parse(entry)
          return [{ at: entry.at, what: { card: name.slice(0, -ending.length), counter, binding, mac } }]
        }),
    )
}
