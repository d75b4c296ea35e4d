/**
 * Keeps a virtual card on disk: `NAME.json` is its EEPROM, replaced atomically at each change, and `NAME.log.jsonl`
 * its own log, to which lines are only ever added. Both outlive the process that plays the card. The EEPROM is written
 * first: a process that dies in between leaves a gap in the counter, never a counter value given out twice.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { VirtualApplet } from './applet.ts'
import { debitEntry } from './applet-spend.ts'
import type { AppletState } from './applet-state.ts'
import type { CardLogEntry, CardMemory } from './card-memory.ts'
import type { CardFault } from './faults.ts'
import { VirtualNtag21x, type Ntag21xState } from './ntag21x.ts'
import { VirtualNtag424 } from './ntag424.ts'
import type { Ntag424State } from './ntag424-state.ts'
import type { RandomSource } from './random.ts'
import { VirtualUidCard, type UidCardState } from './uid-card.ts'
import type { VirtualCard } from './virtual-card.ts'

/** What stands in the log file; `sequence` counts from 1 without gaps, `at` is the clock's milliseconds since 1970. */
export type CardLogLine = (CardLogEntry | { readonly kind: 'fault'; readonly fault: CardFault }) & {
  readonly sequence: number
  readonly at: number
}

/** The EEPROM of a card of any kind that has a file. */
export type StoredCard = Ntag424State | Ntag21xState | UidCardState | AppletState

export class CardFile implements CardMemory<StoredCard> {
  readonly statePath: string
  readonly logPath: string
  readonly #now: () => number
  #sequence: number

  private constructor(statePath: string, now: () => number) {
    this.statePath = statePath
    this.logPath = logPathOf(statePath)
    this.#now = now
    this.#sequence = readCardLog(this.logPath).length
  }

  /** A new card in `folder`; throws when one of that name is there already. */
  static create(of: {
    readonly folder: string
    readonly name: string
    readonly state: StoredCard
    readonly now: () => number
  }): CardFile {
    mkdirSync(of.folder, { recursive: true })
    const statePath = join(of.folder, `${of.name}.json`)
    writeFileSync(statePath, serialise(of.state), { flag: 'wx', mode: 0o600 })
    writeFileSync(logPathOf(statePath), '', { flag: 'wx', mode: 0o600 })
    return new CardFile(statePath, of.now)
  }

  /** The card whose EEPROM is in this file. */
  static open(statePath: string, of: { readonly now: () => number }): CardFile {
    return new CardFile(statePath, of.now)
  }

  /** The card as it was when it last lay in a field. One process plays a card at a time. */
  card(of: { readonly random: RandomSource; readonly delayMs?: number }): VirtualCard {
    const state = JSON.parse(readFileSync(this.statePath, 'utf8')) as StoredCard
    switch (state.kind) {
      case 'ntag424':
        return VirtualNtag424.fromState(state, { ...of, memory: this })
      case 'ntag21x':
        return new VirtualNtag21x(state, { memory: this })
      case 'uid':
        return new VirtualUidCard(state, { ...of, memory: this })
      case 'tolem-applet':
        this.#logWhatIsMissing(state)
        return VirtualApplet.fromState(state, { ...of, memory: this })
      default:
        throw new Error(`${this.statePath} is not the EEPROM of a virtual card`)
    }
  }

  /** A process that died between EEPROM and log owes the log what the last step was: money was debited in it. */
  #logWhatIsMissing(state: AppletState): void {
    const lines = readCardLog(this.logPath)
    const debits = lines.filter((line) => line.kind === 'debit')
    const lastLogged = debits.at(-1)?.atc ?? 0
    for (const record of state.ring) {
      const entry = debitEntry(record)
      if (entry.atc > lastLogged) this.append(entry)
    }
    const receipt = state.lastScript?.receipt
    if (receipt !== undefined && !lines.some((line) => line.kind === 'script' && line.receipt === receipt))
      this.append({ kind: 'script', counter: state.scriptCounter, receipt })
  }

  save(state: StoredCard): void {
    const besides = join(dirname(this.statePath), `.${process.pid}.${this.#sequence}.tmp`)
    writeFileSync(besides, serialise(state), { mode: 0o600 })
    renameSync(besides, this.statePath)
  }

  append(entry: CardLogEntry): void {
    this.#append(entry)
  }

  /** For {@link FaultyCard}'s `onDidFail`: the log then also says what the reader was shown. */
  appendFault(fault: CardFault): void {
    this.#append({ kind: 'fault', fault })
  }

  #append(entry: CardLogEntry | { readonly kind: 'fault'; readonly fault: CardFault }): void {
    this.#sequence += 1
    const line = { sequence: this.#sequence, at: this.#now(), ...entry } satisfies CardLogLine
    appendFileSync(this.logPath, `${JSON.stringify(line)}\n`)
  }
}

function logPathOf(statePath: string): string {
  return statePath.replace(/\.json$/, '.log.jsonl')
}

function serialise(state: StoredCard): string {
  return `${JSON.stringify(state, null, 1)}\n`
}

/** All lines of a card's log, oldest first. */
export function readCardLog(logPath: string): CardLogLine[] {
  return readFileSync(logPath, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CardLogLine)
}
