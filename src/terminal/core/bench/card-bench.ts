/**
 * What the test bench does with cards while it is open: finds out what each is, sends what the tester typed, measures.
 * One thing at a time. It goes through the till's own reader port with its time-outs, authenticates at no card by
 * itself, and keeps what cards say in memory only, until the bench is closed.
 */
import type { CardPresence, CardReaderPort, CardRemoval, TransmitResult } from '../../../drivers/ports.ts'
import { fromHex, toHex } from '../../../voucher/cards/bytes.ts'
import { cardRiskOf } from '../../../voucher/cards/bench/card-risk.ts'
import { identifyCard, type CardIdentity } from '../../../voucher/cards/bench/identity.ts'
import { benchProfiles } from '../../../voucher/cards/bench/vocabulary.ts'
import { statusMeaning } from '../../../voucher/cards/bench/status-meaning.ts'
import type { CardChannel } from '../../../voucher/cards/card-channel.ts'
import { recogniseAnyCard } from '../../../voucher/cards/recognition.ts'
import { acceptsCard } from '../../../voucher/card-rules.ts'
import type { TerminalPackage } from '../../../voucher/package.ts'
import type { BenchExchange, BenchView, CardIdentityView } from '../../contract/bench.ts'
import type { CommandFault } from '../../contract/commands.ts'
import { apduTimeoutMs } from '../../payment/present-card.ts'
import { latencyFigures, type TapSample } from './latency.ts'

/** Beyond that the oldest are forgotten, in memory and so in the file. */
const exchangesKept = 1_000
const exchangesShown = 100
/** A screen that is made after each of hundreds of quick samples would be measured with them. */
const samplesBetweenScreens = 10

export interface CardBenchParts {
  readonly reader: CardReaderPort
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
  readonly now: () => number
  readonly activePackage: () => { readonly package: TerminalPackage } | undefined
  readonly onDidChange: () => void
}

interface LyingCard {
  readonly presence: CardPresence
  identity: CardIdentity | null
  /** It did not answer in time, and cost the device host its life: it is asked nothing by itself. */
  isMute: boolean
}

interface Measurement {
  readonly by: 'taps' | 'repetitions'
  readonly wanted: number
  readonly samples: TapSample[]
  failed: number
  isRunning: boolean
  /** A card is being asked for it. */
  isSampling: boolean
}

export class CardBench {
  readonly #parts: CardBenchParts
  readonly #cards = new Map<string, LyingCard>()
  /** By the reader's name, the ATR of the mute card on it; until it was seen to leave. */
  readonly #mute = new Map<string, string>()
  #exchanges: BenchExchange[] = []
  #count = 0
  #waiting = 0
  #stoppedAt: number | null = null
  #measurement: Measurement | null = null
  #work: BenchView['work'] = null
  #identified: string | null = null
  #stopAsked = false
  #disposed = false

  /** @param lying the cards that are on the readers as the bench opens */
  constructor(parts: CardBenchParts, lying: readonly CardPresence[]) {
    this.#parts = parts
    for (const presence of lying) this.#lay(presence)
    this.#identifyNext()
  }

  /** The command that is with a card now is the last one. */
  dispose(): void {
    this.#disposed = true
  }

  cardInserted(presence: CardPresence): void {
    const { isMute } = this.#lay(presence)
    const measurement = this.#measurement
    if (measurement?.isRunning !== true || measurement.by !== 'taps') return this.#identifyNext()
    // Two cards at once are asked in turn, and neither was a tap by itself.
    if (!isMute && !measurement.isSampling) void this.#takeTap(measurement, presence)
  }

  cardRemoved({ presenceId, isUnseen }: CardRemoval): void {
    const card = this.#cards.get(presenceId)
    if (card !== undefined && isUnseen !== true) this.#mute.delete(card.presence.readerName)
    this.#cards.delete(presenceId)
  }

  #lay(presence: CardPresence): LyingCard {
    const isMute = this.#mute.get(presence.readerName) === toHex(presence.atr)
    const card = { presence, identity: null, isMute }
    this.#cards.set(presence.presenceId, card)
    return card
  }

  #heard({ presenceId, readerName, atr }: CardPresence, result: TransmitResult): void {
    if (result.kind !== 'unknown' || (result.reason !== 'timed-out' && result.reason !== 'host-died')) return
    this.#mute.set(readerName, toHex(atr))
    const card = this.#cards.get(presenceId)
    if (card !== undefined) card.isMute = true
  }

  identify(presenceId: string): CommandFault | undefined {
    const card = this.#cards.get(presenceId)
    if (card === undefined) return 'bench_no_card'
    if (this.#work !== null) return 'bench_busy'
    card.identity = null
    card.isMute = false
    this.#mute.delete(card.presence.readerName)
    this.#identifyNext()
    return undefined
  }

  /** @param apdus hex @param mayHarmCard the tester was warned of what these can cost the card */
  send(presenceId: string, apdus: readonly string[], mayHarmCard: boolean): CommandFault | undefined {
    const card = this.#cards.get(presenceId)
    if (card === undefined) return 'bench_no_card'
    if (this.#work !== null) return 'bench_busy'
    if (!mayHarmCard && apdus.some((apdu) => cardRiskOf(fromHex(apdu)) !== null)) return 'bench_card_risk'
    void this.#runScript(card.presence, apdus)
    return undefined
  }

  measure(by: Measurement['by'], wanted: number): CommandFault | undefined {
    if (this.#work !== null) return 'bench_busy'
    const [card] = this.#cards.values()
    if (by === 'repetitions' && card === undefined) return 'bench_no_card'
    const measurement: Measurement = { by, wanted, samples: [], failed: 0, isRunning: true, isSampling: false }
    this.#measurement = measurement
    this.#begin('latency')
    if (by === 'repetitions' && card !== undefined) void this.#repeat(measurement, card.presence)
    return undefined
  }

  stopWork(): undefined {
    this.#stopAsked = true
    // Between two taps nothing is under way that would end by itself; a command that is with the card is waited for.
    const measurement = this.#measurement
    if (measurement?.by === 'taps' && !measurement.isSampling) this.#endMeasurement(measurement)
  }

  clearConsole(): undefined {
    this.#exchanges = []
    this.#stoppedAt = null
  }

  /** Oldest first. */
  get exchanges(): readonly BenchExchange[] {
    return this.#exchanges
  }

  view(): Pick<BenchView, 'cards' | 'work' | 'latency'> & { readonly console: Omit<BenchView['console'], 'exported'> } {
    const measurement = this.#measurement
    return {
      cards: [...this.#cards.values()].map((card) => this.#cardView(card)),
      work: this.#work,
      console: {
        exchanges: this.#exchanges.slice(-exchangesShown),
        waiting: this.#waiting,
        stoppedAt: this.#stoppedAt,
      },
      latency:
        measurement === null
          ? null
          : {
              by: measurement.by,
              wanted: measurement.wanted,
              failed: measurement.failed,
              isRunning: measurement.isRunning,
              ...latencyFigures(measurement.samples),
            },
    }
  }

  #cardView({ presence, identity, isMute }: LyingCard): BenchView['cards'][number] {
    const profile = identity === null ? null : (benchProfiles.find((one) => identity.profiles[one] === null) ?? null)
    const schemes = this.#parts.activePackage()?.package.schemes ?? []
    return {
      presenceId: presence.presenceId,
      readerName: presence.readerName,
      atr: toHex(presence.atr),
      isBeingIdentified: this.#identified === presence.presenceId,
      isMute,
      identity: identity === null ? null : identityView(identity),
      profile,
      schemes: profile === null ? [] : schemes.filter((scheme) => acceptsCard(scheme, profile)).map(({ name }) => name),
    }
  }

  #begin(work: Exclude<BenchView['work'], null>): void {
    this.#work = work
    this.#stopAsked = false
    this.#parts.onDidChange()
  }

  #end(): void {
    this.#work = null
    this.#identifyNext()
    this.#parts.onDidChange()
  }

  get #isOver(): boolean {
    return this.#stopAsked || this.#disposed
  }

  /** Each card is asked what it is as soon as nothing else is at a card. */
  #identifyNext(): void {
    if (this.#work !== null || this.#disposed) return
    const next = [...this.#cards.values()].find(({ identity, isMute }) => identity === null && !isMute)
    if (next !== undefined) void this.#identifyNow(next)
  }

  async #identifyNow(card: LyingCard): Promise<void> {
    this.#identified = card.presence.presenceId
    this.#begin('identifying')
    card.identity = await identifyCard(this.#channel(card.presence).channel)
    this.#identified = null
    this.#end()
  }

  async #runScript(presence: CardPresence, apdus: readonly string[]): Promise<void> {
    this.#waiting = apdus.length
    this.#stoppedAt = null
    this.#begin('script')
    for (const command of apdus) {
      if (this.#isOver) break
      const exchange = await this.#exchange(presence, command)
      this.#exchanges = [...this.#exchanges, exchange].slice(-exchangesKept)
      this.#waiting -= 1
      if (!isSuccess(exchange)) {
        if (this.#waiting > 0) this.#stoppedAt = exchange.number
        break
      }
      this.#parts.onDidChange()
    }
    this.#waiting = 0
    this.#end()
  }

  async #exchange(presence: CardPresence, command: string): Promise<BenchExchange> {
    const { reader, monotonic, now } = this.#parts
    const at = now()
    const from = monotonic()
    const result = await reader.transmit(presence.presenceId, fromHex(command), apduTimeoutMs)
    this.#heard(presence, result)
    const tookMs = (result.kind === 'answered' ? result.tookMs : undefined) ?? monotonic() - from
    this.#count += 1
    const head = { number: this.#count, at, command, tookMs }
    if (result.kind !== 'answered') return { ...head, outcome: { ...result } }
    // A card pulled away in mid-command can come back as a success with nothing in it (facts §0.1).
    return result.response.length < 2
      ? { ...head, outcome: { kind: 'unknown', reason: 'short-response', detail: `${result.response.length} bytes` } }
      : { ...head, outcome: { kind: 'answered', response: toHex(result.response) } }
  }

  async #repeat(measurement: Measurement, presence: CardPresence): Promise<void> {
    while (!this.#isOver && measurement.samples.length < measurement.wanted) {
      if (!(await this.#sample(measurement, presence, null))) break
    }
    this.#endMeasurement(measurement)
  }

  async #takeTap(measurement: Measurement, presence: CardPresence): Promise<void> {
    measurement.isSampling = true
    await this.#sample(measurement, presence, presence.activationMs ?? null)
    measurement.isSampling = false
    if (this.#isOver || measurement.samples.length >= measurement.wanted) this.#endMeasurement(measurement)
    else this.#parts.onDidChange()
  }

  /** @returns whether the card was still there at the end */
  async #sample(measurement: Measurement, presence: CardPresence, detectionMs: number | null): Promise<boolean> {
    const { monotonic } = this.#parts
    const timed = this.#channel(presence)
    const from = monotonic()
    const found = await recogniseAnyCard(timed.channel)
    const totalMs = monotonic() - from
    if (this.#disposed || !measurement.isRunning) return false
    if (found.kind === 'torn' || found.kind === 'card-gone') {
      measurement.failed += 1
      return false
    }
    measurement.samples.push({ totalMs, detectionMs, ...timed.spent() })
    if (measurement.samples.length % samplesBetweenScreens === 0) this.#parts.onDidChange()
    return true
  }

  #endMeasurement(measurement: Measurement): void {
    if (!measurement.isRunning) return
    measurement.isRunning = false
    this.#end()
  }

  /** To one card, with what its commands took: as the device host timed them, else as seen from here. */
  #channel(presence: CardPresence): {
    readonly channel: CardChannel
    readonly spent: () => Pick<TapSample, 'cardMs' | 'commands' | 'isTimedByHost'>
  } {
    const { reader, monotonic } = this.#parts
    const spent = { cardMs: 0, commands: 0, isTimedByHost: true }
    const channel: CardChannel = {
      atr: presence.atr,
      readerName: presence.readerName,
      transmit: async (command) => {
        if (this.#disposed) return { kind: 'notSent', reason: 'bench-closed' }
        const from = monotonic()
        const result = await reader.transmit(presence.presenceId, command, apduTimeoutMs)
        this.#heard(presence, result)
        const byHost = result.kind === 'answered' ? result.tookMs : undefined
        spent.cardMs += byHost ?? monotonic() - from
        spent.commands += 1
        spent.isTimedByHost &&= byHost !== undefined
        return result
      },
    }
    return { channel, spent: () => ({ ...spent }) }
  }
}

function isSuccess({ outcome }: BenchExchange): boolean {
  return outcome.kind === 'answered' && statusMeaning(Number.parseInt(outcome.response.slice(-4), 16)).isSuccess
}

function identityView({ atr, uid, ats, applications, ...rest }: CardIdentity): CardIdentityView {
  return {
    ...rest,
    atr: atr.kind === 'malformed' ? atr : { ...atr, protocols: [...atr.protocols], historical: toHex(atr.historical) },
    uid: uid === null ? null : { kind: uid.kind, bytes: toHex(uid.bytes) },
    ats: ats === null ? null : { interface: ats.interface, historical: toHex(ats.historical) },
    applications: applications.map((one) => ({ ...one, lists: [...one.lists] })),
  }
}
