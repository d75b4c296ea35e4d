/**
 * What the test bench keeps of HID devices while its panel is open: what the machine has, and the last raw reports of
 * those that the till has opened. In memory only, and gone with the panel: they may hold what somebody typed, or a
 * card's number.
 */
import type { Disposable, HidPort, HidSight, HidStatus, RawHidReport } from '../../../drivers/ports.ts'
import { toHex } from '../../../voucher/cards/bytes.ts'
import type { HidBenchView, HidReportView } from '../../contract/bench-hid.ts'
import type { CommandFault } from '../../contract/commands.ts'
import { hidCodes } from '../snapshot.ts'

/** Beyond that the oldest are forgotten, in memory and so in the file. */
const reportsKept = 1_000
const reportsShown = 100
/** The window says so often that the panel is open, with room for one whose timers a system slows down. */
const forgottenMs = 150_000

export interface HidBenchParts {
  readonly hid: Pick<HidPort, 'watch' | 'status'>
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
  readonly onDidChange: () => void
}

/** From the panel's opening to its end. */
interface Watching {
  readonly openedAt: number
  saidAt: number
  end: Disposable | null
  /** When it was opened, on the clock that reports are dated by. */
  origin: number | null
  listing: HidBenchView['listing']
  reports: HidReportView[]
  count: number
  skipped: number
  displayTests: number
  exported: string | null
}

export class HidBench {
  readonly #parts: HidBenchParts
  #watching: Watching | null = null

  constructor(parts: HidBenchParts) {
    this.#parts = parts
  }

  /** The panel is open, or still open. */
  watch(): undefined {
    const now = this.#parts.monotonic()
    const before = this.#current()
    if (before !== null) {
      before.saidAt = now
      return
    }
    const watching: Watching = {
      openedAt: now,
      saidAt: now,
      end: null,
      origin: null,
      listing: null,
      reports: [],
      count: 0,
      skipped: 0,
      displayTests: 0,
      exported: null,
    }
    this.#watching = watching
    watching.end = this.#parts.hid.watch((sight) => this.#saw(watching, sight))
    this.#parts.onDidChange()
  }

  /** The panel is closed: everything of it is forgotten. */
  unwatch(): undefined {
    this.#watching?.end?.dispose()
    this.#watching = null
    this.#parts.onDidChange()
  }

  clear(): CommandFault | undefined {
    const watching = this.#current()
    if (watching === null) return 'not_now'
    watching.reports = []
    watching.skipped = 0
    watching.exported = null
    this.#parts.onDidChange()
    return undefined
  }

  /** Once more at each call. Refused where no display is plugged in. */
  testDisplay(): CommandFault | undefined {
    const watching = this.#current()
    if (watching === null || watching.listing === null) return 'not_now'
    const { places, devices } = watching.listing
    if (!devices.some(({ place }) => place !== null && places[place]?.use === 'display')) return 'not_now'
    watching.displayTests += 1
    this.#parts.onDidChange()
    return undefined
  }

  /** @param keep writes what is kept, not only what is shown; returns where, or what was wrong */
  export(keep: (view: HidBenchView) => { readonly path: string } | CommandFault): CommandFault | undefined {
    const watching = this.#current()
    if (watching === null) return 'not_now'
    const kept = keep(this.#viewOf(watching, watching.reports))
    if (typeof kept === 'string') return kept
    watching.exported = kept.path
    this.#parts.onDidChange()
    return undefined
  }

  /** Null while the panel is closed. */
  view(): HidBenchView | null {
    const watching = this.#current()
    return watching === null ? null : this.#viewOf(watching, watching.reports.slice(-reportsShown))
  }

  #viewOf({ listing, skipped, displayTests, exported }: Watching, reports: HidReportView[]): HidBenchView {
    return { trouble: troubleOf(this.#parts.hid.status().trouble), listing, reports, skipped, displayTests, exported }
  }

  /** Null also when no window has said for long that the panel is open: nothing is kept of it then. */
  #current(): Watching | null {
    const watching = this.#watching
    if (watching === null || this.#parts.monotonic() - watching.saidAt <= forgottenMs) return watching
    watching.end?.dispose()
    this.#watching = null
    return null
  }

  #saw(watching: Watching, sight: HidSight): void {
    if (this.#current() !== watching) return
    if (sight.kind === 'listing') {
      const { scanners, places, devices } = sight.listing
      watching.listing = {
        scanners,
        places: places.map((place) => ({ ...place, trouble: troubleOf(place.trouble) })),
        devices: [...devices],
      }
    } else {
      // Between two reports stands what the device host has measured, whatever the way here took.
      watching.origin ??= sight.at - (this.#parts.monotonic() - watching.openedAt)
      const { origin } = watching
      const views = sight.reports.map((report) => reportView(report, (watching.count += 1), origin))
      watching.reports = [...watching.reports, ...views].slice(-reportsKept)
      watching.skipped += sight.skipped
    }
    this.#parts.onDidChange()
  }
}

function reportView({ at, bytes, meaning, ...rest }: RawHidReport, number: number, origin: number): HidReportView {
  return {
    ...rest,
    number,
    sinceMs: Math.max(0, Math.round(at - origin)),
    bytes: toHex(bytes),
    meaning: meaningView(meaning),
  }
}

function meaningView(meaning: RawHidReport['meaning']): HidReportView['meaning'] {
  switch (meaning.kind) {
    case 'keys':
      return { kind: 'keys', keys: [...meaning.keys] }
    case 'not-taken':
      return { kind: 'not-taken', detail: [meaning.trouble, meaning.detail].filter(Boolean).join(': ') }
    default:
      return meaning
  }
}

function troubleOf(trouble: HidStatus['trouble']): HidBenchView['trouble'] {
  if (trouble === null) return null
  const code = trouble.code === 'host-restarting' ? 'device_host_restarting' : hidCodes[trouble.code]
  return { code, detail: trouble.detail }
}
