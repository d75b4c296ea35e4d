/**
 * What must be known of a printer to write for it. Data, so that a new printer is a new entry; each says where its
 * facts are from. Kazakh letters are sent as text only where the source names KZ-1048 and its `ESC t` number: 53 is
 * CP858 on POS-5890, NT-5890K and others, where it would come out as garbage
 * (facts/virtual-hardware-and-printers.md §3.4). Everywhere else text is drawn.
 *
 * Sources: "db" is escpos-printer-db (receipt-print-hq), "encoder" the definitions of receipt-printer-encoder 4.0.1.
 */
export interface PrinterProfile {
  readonly id: PrinterProfileId
  readonly name: string
  readonly language: PrinterLanguage
  /** Characters in a line of the built-in font A. */
  readonly columns: 32 | 42 | 48
  /** Printable dots across; a multiple of 8, and never more than the head has. */
  readonly dots: number
  /** The `ESC t` number of KZ-1048, or null: text is then drawn (raster). Never a guess. */
  readonly kz1048Slot: number | null
  /** `native`: the printer draws QR codes itself (`GS ( k`). */
  readonly qr: 'native' | 'raster'
  /**
   * The highest picture that goes into one command, in dots; a multiple of 8. A printer that cannot take a command
   * whole prints the rest of it as letters.
   */
  readonly rasterRowsMax: number
  readonly cutter: 'full' | 'partial' | 'none'
  /** Lines between the print head and the cutter (or the tear bar). */
  readonly feedBeforeCut: number
  /** The connector of the cash drawer and its pulse, or null without one. */
  readonly drawer: DrawerPulse | null
  /** `DLE DC4 1`: pulses the drawer at once, out of paper too. */
  readonly realTimePulse: boolean
  /** The printer says that all before the question is printed: `GS r 1`, or Star's ETB. */
  readonly answersWhenDrained: boolean
  /** `GS a`: the printer tells of changes unasked. StarPRNT needs no such word: its only answer is that packet. */
  readonly automaticStatus: boolean
  /** Where these facts are from. */
  readonly source: string
}

export type PrinterLanguage = 'escpos' | 'starprnt'

export interface DrawerPulse {
  readonly connector: 0 | 1
  readonly onMs: number
  readonly offMs: number
}

export const printerProfileIds = [
  'epson-tm-t20ii',
  'epson-tm-t20iii',
  'epson-tm-m30iii',
  'epson-tm-t88iv',
  'epson-tm-t88v',
  'bixolon-srp-350iii',
  'citizen-ct-s310ii',
  'xprinter-xp-n160ii',
  'pos-5890',
  'star-tsp100iv',
  'star-mc-print2',
  'generic-80mm',
  'generic-58mm',
] as const
export type PrinterProfileId = (typeof printerProfileIds)[number]

const drawer: DrawerPulse = { connector: 0, onMs: 100, offMs: 500 }

/** `GS v 0` of Epson's models takes some 2,300 rows (TM-T88III specification p. 144): 128 are far from that. */
const epsonTmT20iii: PrinterProfile = {
  id: 'epson-tm-t20iii',
  name: 'Epson TM-T20III',
  language: 'escpos',
  columns: 48,
  dots: 576,
  kz1048Slot: 53,
  qr: 'native',
  rasterRowsMax: 128,
  cutter: 'partial',
  feedBeforeCut: 4,
  drawer,
  realTimePulse: true,
  answersWhenDrained: true,
  automaticStatus: true,
  source: 'db TM-T20III (53: RK1048, 576 dots, 48 columns); encoder epson-tm-t20iii (QR, 4 lines to the cutter)',
}

/**
 * Assumes nothing but `ESC @`, `GS v 0` and `DLE EOT`: everything is drawn. 64 rows of 576 dots are 4.6 kB: makers of
 * drivers report buffers "up to around 4k" (mike42/escpos-php#206, #610) and heads that cannot keep up with 255 black
 * rows (adafruit/Adafruit-Thermal-Printer-Library#11).
 */
const generic80mm: PrinterProfile = {
  id: 'generic-80mm',
  name: '80 mm, unknown model',
  language: 'escpos',
  columns: 48,
  dots: 576,
  kz1048Slot: null,
  qr: 'raster',
  rasterRowsMax: 64,
  cutter: 'full',
  feedBeforeCut: 4,
  drawer,
  realTimePulse: false,
  answersWhenDrained: false,
  automaticStatus: false,
  source: 'nothing is known: what every ESC/POS printer for receipts does',
}

const generic58mm: PrinterProfile = {
  ...generic80mm,
  id: 'generic-58mm',
  name: '58 mm, unknown model',
  columns: 32,
  dots: 384,
  cutter: 'none',
  feedBeforeCut: 3,
}

/** Pictures are columns of 24 dots there (`ESC X`): a command is never higher, whatever the picture. */
const starTsp100iv: PrinterProfile = {
  id: 'star-tsp100iv',
  name: 'Star TSP100IV',
  language: 'starprnt',
  columns: 48,
  dots: 576,
  kz1048Slot: null,
  qr: 'raster',
  rasterRowsMax: 240,
  cutter: 'partial',
  feedBeforeCut: 3,
  drawer: { connector: 0, onMs: 200, offMs: 200 },
  realTimePulse: false,
  answersWhenDrained: true,
  automaticStatus: false,
  source:
    'encoder star-tsp100iv (StarPRNT, 48 columns, 203 dpi, 3 lines to the cutter); db mcPrint: no KZ-1048 at Star',
}

export const printerProfiles: Readonly<Record<PrinterProfileId, PrinterProfile>> = {
  'epson-tm-t20ii': {
    ...epsonTmT20iii,
    id: 'epson-tm-t20ii',
    name: 'Epson TM-T20II',
    source: 'db TM-T20II (53: RK1048, 576 dots, 48 columns); encoder epson-tm-t20ii',
  },
  'epson-tm-t20iii': epsonTmT20iii,
  'epson-tm-m30iii': {
    ...epsonTmT20iii,
    id: 'epson-tm-m30iii',
    name: 'Epson TM-m30III',
    source: 'db TM-m30III (53: RK1048, 576 dots, 48 columns); encoder epson-tm-m30iii',
  },
  'epson-tm-t88iv': {
    ...epsonTmT20iii,
    id: 'epson-tm-t88iv',
    name: 'Epson TM-T88IV (42 columns)',
    columns: 42,
    dots: 512,
    kz1048Slot: null,
    qr: 'raster',
    source: 'db TM-T88IV (pages 0 to 19 only: no KZ-1048, 42 columns); encoder epson-tm-t88iv (180 dpi)',
  },
  'epson-tm-t88v': {
    ...epsonTmT20iii,
    id: 'epson-tm-t88v',
    name: 'Epson TM-T88V (42 columns)',
    columns: 42,
    dots: 512,
    source: 'db TM-T88V (53: RK1048, 512 dots, 42 columns); encoder epson-tm-t88v',
  },
  'bixolon-srp-350iii': {
    ...generic80mm,
    id: 'bixolon-srp-350iii',
    name: 'Bixolon SRP-350III',
    columns: 42,
    dots: 504,
    cutter: 'partial',
    source: 'encoder bixolon-srp350iii (180 dpi, 42 columns of 12 dots, a list of code pages without KZ-1048)',
  },
  'citizen-ct-s310ii': {
    ...generic80mm,
    id: 'citizen-ct-s310ii',
    name: 'Citizen CT-S310II',
    cutter: 'partial',
    feedBeforeCut: 3,
    source:
      'encoder citizen-ct-s310ii (203 dpi, 48 columns of 12 dots, no KZ-1048). Of the CT-S651, db says 53: ' +
      'RK1048 in one version and not in others: drawn',
  },
  'xprinter-xp-n160ii': {
    ...generic80mm,
    id: 'xprinter-xp-n160ii',
    name: 'Xprinter XP-N160II',
    cutter: 'partial',
    source: 'encoder xprinter-xp-n160ii (203 dpi, 48 columns of 12 dots, a list of code pages without KZ-1048)',
  },
  'pos-5890': {
    ...generic58mm,
    id: 'pos-5890',
    name: 'Zjiang POS-5890 and its like',
    source: 'db POS-5890 (53: CP858, so Kazakh is drawn; no cutter); encoder pos-5890 (203 dpi, 32 columns)',
  },
  'star-tsp100iv': starTsp100iv,
  'star-mc-print2': {
    ...starTsp100iv,
    id: 'star-mc-print2',
    name: 'Star mC-Print2 (58 mm)',
    columns: 32,
    dots: 384,
    source: 'encoder star-mc-print2 (StarPRNT, 32 columns, 203 dpi, 3 lines to the cutter); db mcPrint: no KZ-1048',
  },
  'generic-80mm': generic80mm,
  'generic-58mm': generic58mm,
}

/** The bytes of a QR code's data in one command: more than version 40 holds (ISO/IEC 18004, table 7). */
const qrCommandMax = 3000

/** No command of a job for this printer has more bytes: so many zeros end one that broke off, whichever it was. */
export function longestCommand({ dots, rasterRowsMax, language }: PrinterProfile): number {
  const picture = language === 'starprnt' ? 4 + dots * 3 : 8 + (dots / 8) * rasterRowsMax
  return Math.max(picture, qrCommandMax)
}
