/** What must be known of a printer to write for it. Data, so that a new printer is a new entry. */
export interface PrinterProfile {
  readonly id: PrinterProfileId
  readonly name: string
  /** Characters in a line of the built-in font A. */
  readonly columns: 32 | 42 | 48
  /** Printable dots across; a multiple of 8. */
  readonly dots: number
  /**
   * The `ESC t` number of KZ-1048, or null: text is then drawn (raster). Never a guess: 53 is KZ-1048 on the Epson
   * models below and CP858 on POS-5890, NT-5890K and others, where Kazakh would come out as garbage
   * (escpos-printer-db; facts/virtual-hardware-and-printers.md §3.4).
   */
  readonly kz1048Slot: number | null
  /** `native`: the printer draws QR codes itself (`GS ( k`). */
  readonly qr: 'native' | 'raster'
  readonly cutter: 'full' | 'partial' | 'none'
  /** Lines between the print head and the cutter (or the tear bar). */
  readonly feedBeforeCut: number
  /** The connector of the cash drawer and its pulse, or null without one. */
  readonly drawer: { readonly connector: 0 | 1; readonly onMs: number; readonly offMs: number } | null
  /** Answers `GS r 1` after everything before it is printed: the moment to ask whether all went well. */
  readonly answersWhenDrained: boolean
}

export const printerProfileIds = ['epson-tm-t20iii', 'epson-tm-t88v', 'generic-80mm', 'generic-58mm'] as const
export type PrinterProfileId = (typeof printerProfileIds)[number]

const drawer = { connector: 0, onMs: 100, offMs: 500 } as const

const epsonTmT20iii: PrinterProfile = {
  id: 'epson-tm-t20iii',
  name: 'Epson TM-T20III',
  columns: 48,
  dots: 576,
  kz1048Slot: 53,
  qr: 'native',
  cutter: 'partial',
  feedBeforeCut: 4,
  drawer,
  answersWhenDrained: true,
}

/** The generic profiles assume nothing but `ESC @`, `GS v 0` and `DLE EOT`: everything is drawn. */
const generic80mm: PrinterProfile = {
  id: 'generic-80mm',
  name: '80 mm, unknown model',
  columns: 48,
  dots: 576,
  kz1048Slot: null,
  qr: 'raster',
  cutter: 'full',
  feedBeforeCut: 4,
  drawer,
  answersWhenDrained: false,
}

export const printerProfiles: Readonly<Record<PrinterProfileId, PrinterProfile>> = {
  'epson-tm-t20iii': epsonTmT20iii,
  'epson-tm-t88v': {
    ...epsonTmT20iii,
    id: 'epson-tm-t88v',
    name: 'Epson TM-T88V (42 columns)',
    columns: 42,
    dots: 512,
  },
  'generic-80mm': generic80mm,
  'generic-58mm': {
    ...generic80mm,
    id: 'generic-58mm',
    name: '58 mm, unknown model',
    columns: 32,
    dots: 384,
    cutter: 'none',
    feedBeforeCut: 3,
  },
}
