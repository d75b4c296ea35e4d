/** Made-up views of the test bench for pictures and tests: cards, answers and measurements that nobody ever had. */
import { toHex, type BenchExchange, type BenchView, type CardIdentityView } from '../../contract/index.ts'
import { madeUpNow, schoolLunch } from './made-up.ts'

/** Nothing was asked for yet, and no card lies there. */
export const quietBench: BenchView = {
  readers: ['ACS ACR122U PICC Interface 00 00'],
  cards: [],
  work: null,
  console: { exchanges: [], waiting: 0, stoppedAt: null, exported: null },
  latency: null,
  printer: {
    profile: 'generic-80mm',
    status: { online: true, trouble: null, paperNearEnd: false, mute: false },
    doing: null,
    mayOpenDrawer: true,
    page: null,
    drawer: null,
  },
  ledger: { address: 'https://ledger.example:8443', way: 'tls', isAsking: false, result: null },
  doctor: { doing: null, examination: null, trouble: null, bundle: null },
  hid: null,
}

type Card = BenchView['cards'][number]

const madeUpCard = (number: number, atr: string, identity: CardIdentityView | null, change: Partial<Card>): Card => ({
  presenceId: `presence ${number}`,
  readerName: quietBench.readers[0] ?? '',
  atr,
  isBeingIdentified: false,
  isMute: false,
  identity,
  profile: null,
  schemes: [],
  ...change,
})

type Application = CardIdentityView['applications'][number]
const absent = (application: Application['application']): Application => ({
  ...{ application, isFound: false, status: 0x6a82, lists: [] },
})
const found = (application: Application['application'], lists: string[] = []): Application => ({
  ...{ application, isFound: true, status: 0x9000, lists },
})

/** A card of ISO/IEC 14443-4 that answers SELECT of nothing. */
const processorCard: CardIdentityView = {
  name: null,
  isPartial: false,
  atr: { kind: 'read', saidBy: 'reader', protocols: [0, 1], historical: '80', storage: null, checksum: 'right' },
  uid: { kind: 'own', bytes: '04A13F6A9B1E80' },
  ats: { interface: { frameBytes: 128, kilobitsPerSecond: 848, waitMs: 38.7 }, historical: '80' },
  version: null,
  applications: [absent('ndef'), absent('tolem_voucher'), absent('tolem_cbdc'), absent('ppse'), absent('pse')],
  applet: null,
  originality: null,
  profiles: { ntag424: 'no_application', 'tolem-applet': 'no_application', ntag21x: 'other_chip', uid: null },
  tillSays: 'card of ISO/IEC 14443-4',
}

/** Pays the school lunch. */
export const ntag424Card = madeUpCard(
  1,
  '3B8180018080',
  {
    ...processorCard,
    name: 'NTAG 424 DNA',
    version: {
      ...{ vendor: 4, type: 4, subtype: 2, major: 0x30, minor: 0 },
      ...{ storage: { atLeast: 256, atMost: 512 }, made: { week: 32, year: 2025 } },
    },
    applications: processorCard.applications.map((one) => (one.application === 'ndef' ? found('ndef') : one)),
    originality: 'original',
    profiles: { ntag424: null, 'tolem-applet': 'no_application', ntag21x: 'other_chip', uid: 'proves_more' },
    tillSays: 'NTAG 424 DNA',
  },
  { profile: 'ntag424', schemes: [schoolLunch] },
)

/** With our applet, of an issuer whose schemes this till does not sell. */
export const appletCard = madeUpCard(
  2,
  '3B8880010073C84013009000F1',
  {
    ...processorCard,
    name: 'Tölem applet',
    atr: {
      ...{ kind: 'read', saidBy: 'reader', protocols: [0, 1], historical: '0073C84013009000' },
      ...{ storage: null, checksum: 'right' },
    },
    applications: processorCard.applications.map((one) =>
      one.application === 'tolem_voucher' ? found('tolem_voucher') : one,
    ),
    applet: { kind: 'voucher', isBlank: false },
    profiles: { ntag424: 'no_application', 'tolem-applet': null, ntag21x: 'other_chip', uid: 'proves_more' },
    tillSays: 'Tölem applet',
  },
  { profile: 'tolem-applet' },
)

/** A telephone with bank cards in it. */
export const bankCard = madeUpCard(
  3,
  '3B80800101',
  {
    ...processorCard,
    atr: { kind: 'read', saidBy: 'reader', protocols: [0, 1], historical: '', storage: null, checksum: 'right' },
    uid: { kind: 'random', bytes: '08D2417C' },
    ats: { interface: { frameBytes: 256, kilobitsPerSecond: 106, waitMs: 77.3 }, historical: '' },
    applications: processorCard.applications.map((one) =>
      one.application === 'ppse' ? found('ppse', ['A0000000041010', 'A0000000031010', 'A0000006581010']) : one,
    ),
    profiles: { ...processorCard.profiles, uid: 'random_uid' },
  },
  { readerName: 'OMNIKEY CardMan 5x21-CL 01 00' },
)

/** Behind a reader that hands commands on, as an ACR122U does. */
export const ntag215Card = madeUpCard(
  4,
  '3B8F8001804F0CA0000003060300030000000068',
  {
    ...processorCard,
    name: 'NTAG215',
    atr: {
      ...{ kind: 'read', saidBy: 'reader', protocols: [0, 1], historical: '804F0CA00000030603000300000000' },
      ...{ storage: { standard: 3, name: 3 }, checksum: 'right' },
    },
    ats: null,
    version: {
      ...{ vendor: 4, type: 4, subtype: 2, major: 1, minor: 0 },
      ...{ storage: { atLeast: 504, atMost: 504 }, made: null },
    },
    applications: [],
    originality: 'original',
    profiles: { ntag424: 'other_chip', 'tolem-applet': 'other_chip', ntag21x: null, uid: 'proves_more' },
    tillSays: 'NTAG215',
  },
  { profile: 'ntag21x', schemes: [schoolLunch] },
)

/** Behind a reader that keeps it to itself, and taken away too soon. */
export const hiddenCard = madeUpCard(
  5,
  '3F8F8001804F0CA0000003060300030000000068',
  {
    ...processorCard,
    isPartial: true,
    atr: { kind: 'malformed', fault: 'start' },
    uid: { kind: 'malformed', bytes: '04A1' },
    ats: null,
    applications: [],
    originality: 'not_read',
    profiles: {
      ntag424: 'unreadable',
      'tolem-applet': 'unreadable',
      ntag21x: 'reader_hides_it',
      uid: 'plays_ours',
    },
    tillSays: 'not readable: its version',
  },
  {},
)

export const cardBeingAsked = madeUpCard(6, '', null, { isBeingIdentified: true })
export const muteCard = madeUpCard(7, '3B80800101', null, {
  isMute: true,
  readerName: 'OMNIKEY CardMan 5x21-CL 01 00',
})

const answered = (number: number, command: string, response: string, tookMs: number): BenchExchange => ({
  number,
  at: madeUpNow,
  command,
  outcome: { kind: 'answered', response },
  tookMs,
})

const hexOf = (text: string): string => toHex(new TextEncoder().encode(text))
/** As a bank's card answers SELECT of PPSE: one application, in templates of templates (EMV Book B §3.3.4). */
const ppse = `6F29840E${hexOf('2PAY.SYS.DDF01')}A517BF0C1461124F07A00000000410108701015004${hexOf('CARD')}9000`

/** A script that went through, and what was tried by hand before. */
export const madeUpExchanges: readonly BenchExchange[] = [
  answered(1, '00A4040007D276000085010100', '9000', 24.3),
  answered(2, '90FF000000', '911C', 12.1),
  answered(3, '9060000000', '040402300011059100AF91AF', 13.8),
  answered(4, `00A404000E${hexOf('2PAY.SYS.DDF01')}00`, ppse, 31.2),
  // As much as a card can say at once.
  answered(5, '90BD0000070200000000010000', `${'D1014B5504'.repeat(51)}00${'9100'}`, 118),
]

/** Nothing came of these. */
export const failedExchanges: readonly BenchExchange[] = [
  ...madeUpExchanges.slice(0, 2),
  {
    ...{ number: 3, at: madeUpNow, command: '9060000000', tookMs: 3_000 },
    outcome: { kind: 'unknown', reason: 'timed-out', detail: 'the card did not answer within 3000 ms' },
  },
  {
    ...{ number: 4, at: madeUpNow, command: '9060000000', tookMs: 0.2 },
    outcome: { kind: 'notSent', reason: 'another-presence', detail: 'another card lies there: presence 9' },
  },
]

export const benchFile = (name: string): string => `/srv/tolem/till-of-the-canteen/data/bench/${name}`

const figures = (p50: number, p95: number, p99: number, least: number, most: number) => ({ p50, p95, p99, least, most })
const columnsOf = (counts: readonly number[]) =>
  counts.map((count, index) => ({ fromMs: 62 + 6.5 * index, toMs: 68.5 + 6.5 * index, count }))

/** Of a hand that laid the card down fifty times. */
export const madeUpTaps: NonNullable<BenchView['latency']> = {
  ...{ by: 'taps', wanted: 50, taken: 50, failed: 3, isRunning: false, commands: 4, cardTimedBy: 'device_host' },
  total: figures(84.2, 117.4, 181, 62.3, 191),
  detection: figures(31.6, 48.9, 77.2, 22.4, 79.1),
  card: figures(76.3, 104.8, 164, 57.1, 171),
  software: figures(7.9, 12.6, 17.4, 5.2, 20.1),
  columns: columnsOf([2, 9, 14, 11, 5, 3, 2, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
}

/** Of a card that lay there, with a device host that times nothing. */
export const madeUpRepetitions: NonNullable<BenchView['latency']> = {
  ...madeUpTaps,
  ...{ by: 'repetitions', wanted: 500, taken: 500, failed: 0, detection: null, cardTimedBy: 'core' },
}
