/**
 * The test bench (docs/design/28-test-bench.md): what a field tester asks for, and what the screen shows of it. Bytes
 * are hex in upper case; what they mean is worked out where they are shown (`src/voucher/cards/bench/`).
 */
import { z } from 'zod'
import { cardProfileSchema } from '../../voucher/card-rules.ts'
import { commandBytesMax, scriptCommandsMax } from '../../voucher/cards/bench/apdu-script.ts'
import { profileObstacles, type BenchProfile } from '../../voucher/cards/bench/vocabulary.ts'
import { instantSchema, textsSchema } from '../../voucher/identifiers.ts'
import { doctorViewSchema } from './examiner.ts'
import { hidBenchCommands, hidBenchViewSchema } from './bench-hid.ts'

const presenceIdSchema = z.string().min(1).max(200)
const apduSchema = z
  .string()
  .regex(/^(?:[0-9A-F]{2})+$/)
  .min(8)
  .max(2 * commandBytesMax)

export const latencyCountMax = 500

export const benchCommands = [
  /** Taken only while nothing is being sold; until it is closed the till takes no payment. */
  z.strictObject({ command: z.literal('open_bench') }),
  z.strictObject({ command: z.literal('close_bench') }),
  z.strictObject({ command: z.literal('identify_card'), presenceId: presenceIdSchema }),
  z.strictObject({
    command: z.literal('send_apdus'),
    presenceId: presenceIdSchema,
    apdus: z.array(apduSchema).min(1).max(scriptCommandsMax),
    /** The tester was told what it can cost the card (`cardRiskOf`), and wants it. */
    mayHarmCard: z.boolean(),
  }),
  z.strictObject({
    command: z.literal('measure_latency'),
    /** `taps`: the card is laid and taken off each time; `repetitions`: it lies there. */
    by: z.enum(['taps', 'repetitions']),
    count: z.int().min(1).max(latencyCountMax),
  }),
  /** The script or the measurement ends after the command that is with the card now. */
  z.strictObject({ command: z.literal('stop_bench_work') }),
  z.strictObject({ command: z.literal('clear_console') }),
  /** Writes the console as a text file beside the till's data. */
  z.strictObject({ command: z.literal('export_console') }),
  z.strictObject({ command: z.literal('ask_printer') }),
  z.strictObject({ command: z.literal('print_test_page') }),
  z.strictObject({ command: z.literal('open_test_drawer') }),
  z.strictObject({ command: z.literal('check_ledger') }),
  z.strictObject({ command: z.literal('examine_machine') }),
  /** Examines, and writes the support bundle beside the till's data. */
  z.strictObject({ command: z.literal('write_support_bundle') }),
  ...hidBenchCommands,
] as const

export const benchFaults = [
  /** A payment or another command of the till while the bench is open. */
  'bench_is_open',
  /** A command of the bench while it is closed. */
  'bench_is_closed',
  'bench_sale_open',
  /** The card, the printer or the ledger is busy with what was asked for before. */
  'bench_busy',
  'bench_no_card',
  /** The command can close a card for ever: it is sent only when the tester has said so. */
  'bench_card_risk',
  /** Money may lie in the drawer. */
  'bench_drawer_money',
  'bench_not_written',
] as const

const atrSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('read'),
    saidBy: z.enum(['card', 'reader']),
    protocols: z.array(z.int()),
    historical: z.string(),
    storage: z.strictObject({ standard: z.int(), name: z.int() }).nullable(),
    checksum: z.enum(['right', 'wrong', 'none']),
  }),
  z.strictObject({ kind: z.literal('malformed'), fault: z.enum(['start', 'cut', 'too-long']) }),
])

const obstacleSchema = z.enum(profileObstacles).nullable()

export const cardIdentitySchema = z.strictObject({
  name: z.string().nullable(),
  isPartial: z.boolean(),
  atr: atrSchema,
  uid: z.strictObject({ kind: z.enum(['own', 'random', 'type_b', 'malformed', 'none']), bytes: z.string() }).nullable(),
  ats: z
    .strictObject({
      interface: z.strictObject({ frameBytes: z.int(), kilobitsPerSecond: z.int(), waitMs: z.number() }).nullable(),
      historical: z.string(),
    })
    .nullable(),
  version: z
    .strictObject({
      vendor: z.int(),
      type: z.int(),
      subtype: z.int(),
      major: z.int(),
      minor: z.int(),
      storage: z.strictObject({ atLeast: z.number(), atMost: z.number() }),
      made: z.strictObject({ week: z.int(), year: z.int() }).nullable(),
    })
    .nullable(),
  applications: z.array(
    z.strictObject({
      application: z.enum(['ndef', 'tolem_voucher', 'tolem_cbdc', 'ppse', 'pse']),
      isFound: z.boolean(),
      status: z.int(),
      lists: z.array(z.string()),
    }),
  ),
  applet: z.strictObject({ kind: z.enum(['voucher', 'cbdc']), isBlank: z.boolean() }).nullable(),
  originality: z.enum(['original', 'not_original', 'not_read']).nullable(),
  profiles: z.strictObject({
    ntag424: obstacleSchema,
    'tolem-applet': obstacleSchema,
    ntag21x: obstacleSchema,
    uid: obstacleSchema,
  } satisfies Readonly<Record<BenchProfile, typeof obstacleSchema>>),
  tillSays: z.string(),
})
export type CardIdentityView = z.infer<typeof cardIdentitySchema>

const exchangeSchema = z.strictObject({
  number: z.int().min(1),
  at: instantSchema,
  command: z.string(),
  outcome: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('answered'), response: z.string() }),
    /** The card may have carried it out. */
    z.strictObject({ kind: z.literal('unknown'), reason: z.string(), detail: z.string() }),
    /** It certainly never came to the card. */
    z.strictObject({ kind: z.literal('notSent'), reason: z.string(), detail: z.string() }),
  ]),
  tookMs: z.number(),
})
export type BenchExchange = z.infer<typeof exchangeSchema>

/** Milliseconds. */
const figuresSchema = z.strictObject({
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  least: z.number(),
  most: z.number(),
})

const latencySchema = z.strictObject({
  by: z.enum(['taps', 'repetitions']),
  wanted: z.int(),
  taken: z.int(),
  /** Taps that ended before the card was known. */
  failed: z.int(),
  isRunning: z.boolean(),
  /** Null: nothing was measured of it. */
  total: figuresSchema.nullable(),
  /** From the reader's first word of a card to its being connected; only of taps, and only where the reader tells. */
  detection: figuresSchema.nullable(),
  card: figuresSchema.nullable(),
  software: figuresSchema.nullable(),
  /** Who timed the card's part: the device host beside the reader, or this side, with the way between them in it. */
  cardTimedBy: z.enum(['device_host', 'core']).nullable(),
  /** Commands of one tap. */
  commands: z.int(),
  /** Of the totals, in columns of one width from the least to the most. */
  columns: z.array(z.strictObject({ fromMs: z.number(), toMs: z.number(), count: z.int() })),
})
export type LatencyView = z.infer<typeof latencySchema>

const printerTroubleText = z.string()

const printerSchema = z.strictObject({
  profile: z.string(),
  /** Null until it has answered. */
  status: z
    .strictObject({
      online: z.boolean(),
      trouble: printerTroubleText.nullable(),
      paperNearEnd: z.boolean(),
      mute: z.boolean(),
    })
    .nullable(),
  doing: z.enum(['asking', 'printing', 'drawer']).nullable(),
  mayOpenDrawer: z.boolean(),
  page: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('printed') }),
      z.strictObject({ kind: z.literal('handed-over') }),
      z.strictObject({
        kind: z.literal('failed'),
        trouble: printerTroubleText,
        paper: z.enum(['untouched', 'uncertain']),
        detail: z.string(),
      }),
    ])
    .nullable(),
  drawer: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('opened') }),
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('failed'), trouble: printerTroubleText, detail: z.string() }),
    ])
    .nullable(),
})

/** What came of asking the ledger, each with a remedy of its own on the screen. */
export const ledgerFindings = [
  'well',
  'address_unknown',
  'nothing_listens',
  'no_way',
  'no_answer',
  'certificate',
  'not_the_ledger',
  'other_version',
  'key_unknown',
  'suspended',
  'clock',
  /** It does not hear yet what this till signs now (docs/adr/0044). */
  'restarted',
  'busy',
  'refused',
  'failed',
] as const
export type LedgerFinding = (typeof ledgerFindings)[number]

const ledgerSchema = z.strictObject({
  address: z.string(),
  /** `plain`: neither TLS nor this machine; answers are still signed, requests can be read on the way. */
  way: z.enum(['tls', 'loopback', 'plain']),
  isAsking: z.boolean(),
  result: z
    .strictObject({
      finding: z.enum(ledgerFindings),
      /** Technical, small. */
      detail: z.string(),
      at: instantSchema,
      tookMs: z.number(),
      isSigned: z.boolean(),
      /** The machine's clock less the ledger's signed time; null where no signed answer came. */
      clockAheadMs: z.number().nullable(),
      /** Of the package that this till sells by; null: none yet. */
      packageVersion: z.int().nullable(),
      /** The ledger has a newer one. */
      hasNewerPackage: z.boolean().nullable(),
    })
    .nullable(),
})
export type LedgerCheckView = z.infer<typeof ledgerSchema>

/**
 * - `refused`: PC/SC's driver takes no commands for a reader itself, or not these.
 * - `later`: a card lies there, or another program has the reader.
 * - `declined`: the reader itself said no.
 * - `silent`: it did not answer, and is not asked again.
 */
const readerTroubles = ['refused', 'later', 'declined', 'silent'] as const

export const benchViewSchema = z.strictObject({
  readers: z.array(z.string()),
  /** Of those that tell it of themselves, without a card. */
  readerSettings: z
    .array(
      z.strictObject({
        readerName: z.string(),
        /** Null: not known. */
        firmware: z.string().nullable(),
        /** It looks for a card each so many milliseconds. */
        pollingMs: z.int().nullable(),
        /** Why not all is known, or not as it should be. */
        trouble: z.enum(readerTroubles).nullable(),
      }),
    )
    .optional(),
  cards: z.array(
    z.strictObject({
      presenceId: presenceIdSchema,
      readerName: z.string(),
      atr: z.string(),
      isBeingIdentified: z.boolean(),
      /** It did not answer in time, and is asked again only when the tester says so. */
      isMute: z.boolean(),
      identity: cardIdentitySchema.nullable(),
      /** The profile that takes it; null where none does, or nothing is known yet. */
      profile: cardProfileSchema.nullable(),
      /** Schemes of this till's package that pay with that profile. */
      schemes: z.array(textsSchema),
    }),
  ),
  /** What is at the card now. */
  work: z.enum(['identifying', 'script', 'latency']).nullable(),
  console: z.strictObject({
    exchanges: z.array(exchangeSchema),
    /** Commands of the script that are still to be sent. */
    waiting: z.int(),
    /** The script ended before its last command at this exchange, which was no success. */
    stoppedAt: z.int().nullable(),
    /** Where the text file lies. */
    exported: z.string().nullable(),
  }),
  latency: latencySchema.nullable(),
  printer: printerSchema,
  ledger: ledgerSchema,
  doctor: doctorViewSchema,
  /** Null while the panel of HID devices is closed. */
  hid: hidBenchViewSchema.nullable(),
})
export type BenchView = z.infer<typeof benchViewSchema>
