/** The pictures of the test bench: each panel with nothing there, as it mostly is, with its troubles and long texts. */
import {
  bundleFaults,
  type BenchView,
  type BridgeView,
  type DoctorView,
  type HidBenchView,
  type Snapshot,
} from '../../contract/index.ts'
import { emptyScreen } from '../input/screen-state.ts'
import {
  appletCard,
  bankCard,
  benchFile,
  cardBeingAsked,
  failedExchanges,
  hiddenCard,
  madeUpExchanges,
  madeUpRepetitions,
  madeUpTaps,
  muteCard,
  ntag215Card,
  ntag424Card,
  quietBench,
} from './made-up-bench.ts'
import {
  hidAwaited,
  hidNotWanted,
  hidReported,
  hidTroubled,
  madeUpExamination,
  madeUpHid,
  wellExamination,
} from './made-up-machine.ts'
import { madeUpNow, quietTill, troubledLights } from './made-up.ts'
import type { Picture, Step } from './picture.ts'

const press = (key: string): Step => ({ press: key })
const type = (text: string): Step => ({ type: text })

interface Shown {
  readonly bench?: Partial<BenchView>
  readonly lights?: Partial<Snapshot['lights']>
  /** After the panel was opened. */
  readonly steps?: readonly Step[]
  readonly window?: Partial<Pick<BridgeView, 'connection' | 'readOnly'>>
  readonly fault?: Picture['fault']
}

/** @param key the panel's own */
function picture(name: string, key: string, { bench, lights, steps = [], window, fault = null }: Shown = {}): Picture {
  const snapshot: Snapshot = {
    ...quietTill,
    actions: [],
    lights: { ...quietTill.lights, ...lights },
    bench: { ...quietBench, ...bench },
  }
  return {
    name,
    view: { snapshot, connection: 'running', readOnly: false, ...window },
    screen: emptyScreen,
    steps: [press(key), ...steps],
    fault,
  }
}

const withoutReader = {
  bench: { readers: [] },
  lights: { reader: { ...troubledLights.lights.reader, detail: 'SCARD_E_NO_READERS_AVAILABLE' } },
} satisfies Shown
const twoReaders = [...quietBench.readers, bankCard.readerName]
const readerTold = {
  readerName: quietBench.readers[0] ?? '',
  firmware: 'ACR122U215',
  pollingMs: 250,
  trouble: 'declined',
} as const
const readerRefused = { ...readerTold, firmware: null, pollingMs: null, trouble: 'refused' } as const
const twoCards = { readers: twoReaders, cards: [ntag424Card, bankCard] }
const cards: readonly Picture[] = [
  picture('bench-cards', 'F1', { bench: { cards: [ntag424Card] } }),
  picture('bench-cards-no-reader', 'F1', withoutReader),
  picture('bench-cards-reader-facts', 'F1', { bench: { readerSettings: [readerTold], cards: [ntag424Card] } }),
  picture('bench-cards-reader-refused', 'F1', { bench: { readerSettings: [readerRefused] } }),
  picture('bench-cards-none', 'F1'),
  picture('bench-cards-not-taken', 'F1', { bench: { readers: twoReaders, cards: [bankCard, appletCard] } }),
  picture('bench-cards-storage', 'F1', { bench: { cards: [ntag215Card] } }),
  picture('bench-cards-hidden', 'F1', { bench: { cards: [hiddenCard] } }),
  picture('bench-cards-mute', 'F1', { bench: { readers: twoReaders, cards: [muteCard, cardBeingAsked] } }),
]

const withCard = { cards: [ntag424Card] }
const quietConsole = quietBench.console
const consoles: readonly Picture[] = [
  picture('bench-console', 'F2', {
    bench: { ...withCard, console: { ...quietConsole, exchanges: [...madeUpExchanges] } },
  }),
  picture('bench-console-no-reader', 'F2', withoutReader),
  picture('bench-console-empty', 'F2', { bench: withCard }),
  picture('bench-console-which-card', 'F2', { bench: twoCards }),
  picture('bench-console-not-hex', 'F2', { bench: withCard, steps: [type('9060000000\n90GG'), press('F9')] }),
  picture('bench-console-risk', 'F2', { bench: withCard, steps: [type('9071000002000000'), press('F9')] }),
  picture('bench-console-script', 'F2', {
    bench: {
      ...withCard,
      work: 'script',
      console: { ...quietConsole, exchanges: madeUpExchanges.slice(0, 1), waiting: 199 },
    },
  }),
  picture('bench-console-stopped', 'F2', {
    bench: {
      ...withCard,
      console: {
        ...{ exchanges: [...failedExchanges], waiting: 0, stoppedAt: 4 },
        exported: benchFile('console-2026-11-23T07-14-05-250Z.txt'),
      },
    },
  }),
]

const latencies: readonly Picture[] = [
  picture('bench-latency', 'F3', { bench: { ...withCard, latency: madeUpTaps } }),
  picture('bench-latency-no-card', 'F3'),
  picture('bench-latency-tap-now', 'F3', {
    bench: { ...twoCards, work: 'latency', latency: { ...madeUpTaps, taken: 0, isRunning: true, total: null } },
  }),
  picture('bench-latency-lying', 'F3', { bench: { ...withCard, latency: madeUpRepetitions } }),
]

const printerOf = (change: Partial<BenchView['printer']>): Partial<BenchView> => ({
  printer: { ...quietBench.printer, ...change },
})
const printers: readonly Picture[] = [
  picture('bench-printer', 'F4', { bench: printerOf({ page: { kind: 'printed' }, drawer: { kind: 'opened' } }) }),
  picture('bench-printer-none', 'F4', {
    bench: printerOf({ status: null, doing: 'asking', mayOpenDrawer: false }),
    lights: { printer: { level: 'off', code: 'printer_none', since: null, detail: '' } },
  }),
  picture('bench-printer-failed', 'F4', {
    bench: printerOf({
      status: { online: false, trouble: 'unreachable', paperNearEnd: false, mute: false },
      page: { kind: 'failed', trouble: 'unreachable', paper: 'uncertain', detail: 'ECONNRESET after 1 536 bytes' },
      drawer: { kind: 'failed', trouble: 'unreachable', detail: 'connect ECONNREFUSED 192.0.2.7:9100' },
    }),
    lights: {
      printer: {
        ...troubledLights.lights.printer,
        level: 'off',
        code: 'printer_unreachable',
        detail: '192.0.2.7:9100',
      },
    },
  }),
  picture('bench-printer-printing', 'F4', {
    bench: printerOf({
      status: { online: true, trouble: null, paperNearEnd: true, mute: false },
      doing: 'printing',
    }),
  }),
  picture('bench-printer-mute', 'F4', {
    bench: printerOf({
      status: { online: true, trouble: null, paperNearEnd: false, mute: true },
      page: { kind: 'handed-over' },
      drawer: { kind: 'none' },
    }),
    lights: { printer: { level: 'limited', code: 'printer_no_status', since: null, detail: '/dev/usb/lp0' } },
  }),
]

const asked: NonNullable<BenchView['ledger']['result']> = {
  ...{ finding: 'well', detail: '', at: madeUpNow, tookMs: 43.2, isSigned: true },
  ...{ clockAheadMs: 400, packageVersion: 17, hasNewerPackage: false },
}
const ledgerSays = (change: Partial<typeof asked>): Partial<BenchView> => ({
  ledger: { ...quietBench.ledger, result: { ...asked, ...change } },
})
const ledgers: readonly Picture[] = [
  picture('bench-ledger', 'F6', { bench: ledgerSays({}) }),
  picture('bench-ledger-asking', 'F6', { bench: { ledger: { ...quietBench.ledger, isAsking: true } } }),
  picture('bench-ledger-clock', 'F6', {
    bench: ledgerSays({ finding: 'clock', detail: 'clock_skew', clockAheadMs: -10_803_000, hasNewerPackage: true }),
  }),
  picture('bench-ledger-restarted', 'F6', {
    bench: ledgerSays({ finding: 'restarted', detail: 'dated_before_restart', hasNewerPackage: null }),
  }),
  picture('bench-ledger-not-the-ledger', 'F6', {
    bench: {
      ledger: {
        ...{ address: 'http://ledger-of-the-canteens.example:8443', way: 'plain', isAsking: false },
        result: {
          ...asked,
          ...{ finding: 'not_the_ledger', detail: 'no signature on an answer of text/html', isSigned: false },
          ...{ clockAheadMs: null, packageVersion: null, hasNewerPackage: null },
        },
      },
    },
  }),
]

const hid = (view: HidBenchView | null): Shown => ({ bench: { hid: view } })
const devices: readonly Picture[] = [
  picture('bench-hid', 'F11', hid(madeUpHid)),
  picture('bench-hid-looking', 'F11', hid(null)),
  picture('bench-hid-none', 'F11', hid(hidAwaited)),
  picture('bench-hid-not-wanted', 'F11', hid(hidNotWanted)),
  picture('bench-hid-reports', 'F11', hid(hidReported)),
  picture('bench-hid-troubled', 'F11', hid(hidTroubled)),
]

const seen: DoctorView = { doing: null, trouble: null, bundle: null, examination: madeUpExamination }
const doctor = (change: Partial<DoctorView>): Shown => ({ bench: { doctor: { ...seen, ...change } } })
const doctors: readonly Picture[] = [
  picture('bench-doctor', 'F12', doctor({})),
  picture('bench-doctor-well', 'F12', doctor({ examination: wellExamination })),
  picture('bench-doctor-examining', 'F12', doctor({ examination: null, doing: 'examining' })),
  picture(
    'bench-doctor-late',
    'F12',
    doctor({ examination: null, trouble: { of: 'examining', kind: 'late', seconds: 30 } }),
  ),
  picture('bench-doctor-bundle', 'F12', {
    bench: {
      doctor: {
        ...seen,
        bundle: { kind: 'written', file: benchFile('support-2026-11-23T07-14-05-250Z.zip'), bytes: 4_096 },
      },
    },
  }),
  picture('bench-doctor-bundle-late', 'F12', doctor({ trouble: { of: 'bundling', kind: 'late', seconds: 90 } })),
  picture('bench-doctor-ended', 'F12', doctor({ trouble: { of: 'bundling', kind: 'ended', seconds: 90 } })),
  ...bundleFaults.map((fault) =>
    picture(
      `bench-doctor-bundle-${fault.replaceAll('_', '-')}`,
      'F12',
      doctor({ bundle: { kind: 'refused', fault, detail: 'EDQUOT: disk quota exceeded' } }),
    ),
  ),
]

/** Of the window and not of a panel. */
const windows: readonly Picture[] = [
  picture('bench-busy', 'F4', { steps: [press('F9')], fault: 'bench_busy' }),
  picture('bench-read-only', 'F1', { bench: withCard, window: { readOnly: true } }),
  picture('bench-restarting', 'F1', { bench: withCard, window: { connection: 'core_restarting' } }),
]

export const benchPictures: readonly Picture[] = [
  ...cards,
  ...consoles,
  ...latencies,
  ...printers,
  ...ledgers,
  ...devices,
  ...doctors,
  ...windows,
]
