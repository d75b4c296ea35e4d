/**
 * An ACR122U, told once after it was plugged in when it is to beep, asked which firmware it has and how it looks for
 * cards, and set to what the till needs where it differs (docs/design/08-reader.md, "Told without a card"). All of it
 * without a card, in the moments in which none lies there; nothing waits for it, and what fails changes nothing but
 * what the test bench says.
 */
import type { CardReaderPort, Disposable, EscapeFailure } from '../../drivers/ports.ts'
import {
  answerMaxMs,
  askFirmware,
  askParameter,
  beepOnDetection,
  firmwareOf,
  isAcr122u,
  isDone,
  parameterOf,
  pollingMsOf,
  tellParameter,
  wantedParameter,
} from './acr122u.ts'

export interface ReaderSetting {
  readonly readerName: string
  /** Null: not known. */
  readonly firmware: string | null
  readonly pollingMs: number | null
  /** Why not all is known, or not as it should be. `not-taken`: the reader itself said no. */
  readonly trouble: EscapeFailure | 'not-taken' | null
}

/** What may go by itself: it is tried again when a card has left, or the reader comes anew. */
const passing: readonly ReaderSetting['trouble'][] = ['card-there', 'busy', 'held', 'host-down']

export interface ReaderSetUpParts {
  readonly reader: CardReaderPort
  readonly beepsOnDetection: boolean
  readonly onDidChange: () => void
}

export class ReaderSetUp implements Disposable {
  readonly #parts: ReaderSetUpParts
  readonly #subscriptions: readonly Disposable[]
  readonly #settings = new Map<string, ReaderSetting>()
  /** Readers that have heard without a card when to beep. */
  readonly #told = new Set<string>()
  /** Readers that did not answer. They are not asked again: meanwhile they saw no card. */
  readonly #silent = new Set<string>()
  /** Readers by the presences on them. */
  readonly #cards = new Map<string, string>()
  #isDisposed = false

  constructor(parts: ReaderSetUpParts) {
    this.#parts = parts
    const { reader } = parts
    this.#subscriptions = [
      reader.onDidInsert(({ presenceId, readerName }) => this.#cards.set(presenceId, readerName)),
      reader.onDidRemove(({ presenceId }) => {
        const readerName = this.#cards.get(presenceId)
        this.#cards.delete(presenceId)
        const trouble = readerName === undefined ? undefined : this.#settings.get(readerName)?.trouble
        if (readerName !== undefined && trouble !== undefined && passing.includes(trouble)) void this.#setUp(readerName)
      }),
      reader.onDidChangeStatus(() => this.#look()),
    ]
    this.#look()
  }

  /** Of the readers that can be told anything, in the order in which they came. */
  get settings(): readonly ReaderSetting[] {
    return [...this.#settings.values()]
  }

  /** Whether this reader knows, without a card, when to beep. */
  wasTold(readerName: string): boolean {
    return this.#told.has(readerName)
  }

  dispose(): void {
    this.#isDisposed = true
    for (const subscription of this.#subscriptions) subscription.dispose()
  }

  #look(): void {
    const { readers, trouble } = this.#parts.reader.status()
    // A reader keeps what it was told while only our process begins anew.
    if (trouble?.code === 'host-restarting') return
    for (const name of this.#settings.keys()) {
      if (readers.includes(name)) continue
      this.#settings.delete(name)
      this.#told.delete(name)
    }
    for (const name of readers) if (isAcr122u(name) && !this.#settings.has(name)) void this.#setUp(name)
  }

  /** What is known so far is kept in the setting, which is another object once the reader has gone. */
  async #setUp(readerName: string): Promise<void> {
    const trouble = this.#silent.has(readerName) ? 'timed-out' : null
    let known: ReaderSetting = { readerName, firmware: null, pollingMs: null, trouble }
    this.#settings.set(readerName, known)
    if (known.trouble !== null) return
    const isCurrent = (): boolean => !this.#isDisposed && this.#settings.get(readerName) === known
    const learn = (more: Partial<ReaderSetting>): void => {
      if (!isCurrent()) return
      known = { ...known, ...more }
      this.#settings.set(readerName, known)
      this.#parts.onDidChange()
    }
    /** Null where there is nothing to go on with. */
    const tell = async (command: Uint8Array): Promise<Uint8Array | null> => {
      if (!isCurrent()) return null
      const result = await this.#parts.reader.escape?.(readerName, command, answerMaxMs)
      if (result?.kind === 'answered') return isCurrent() ? result.response : null
      if (result?.reason === 'timed-out') this.#silent.add(readerName)
      learn({ trouble: result?.reason ?? 'no-reader' })
      return null
    }

    // First: whoever lays a card down next hears no beep.
    const silenced = await tell(beepOnDetection(this.#parts.beepsOnDetection))
    if (silenced === null) return
    if (isDone(silenced)) this.#told.add(readerName)
    const firmware = await tell(askFirmware)
    if (firmware === null) return
    learn({ firmware: firmwareOf(firmware) })
    const parameter = await tell(askParameter)
    if (parameter === null) return
    const found = parameterOf(parameter)
    if (found === null) return learn({ trouble: 'not-taken' })
    learn({ pollingMs: pollingMsOf(found) })
    const wanted = wantedParameter(found)
    if (wanted === found) return
    const changed = await tell(tellParameter(wanted))
    if (changed === null) return
    const holds = parameterOf(changed)
    learn(holds === wanted ? { pollingMs: pollingMsOf(holds) } : { trouble: 'not-taken' })
  }
}
