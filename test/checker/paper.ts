/**
 * What came out of the printer: for each slip the bytes that the printer consumed (`NNNN.bin`) and what it made of them
 * (`NNNN.json`). The virtual printer shares no code with the till.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { codesInPictures, pictureSchema } from './drawn-codes.ts'
import { CheckerInputError } from './input-error.ts'

export interface PaperSlip {
  readonly number: number
  /**
   * - `blank`: nothing is on it; a printer that is switched off leaves such a piece.
   * - `unreadable`: its words are drawn, or the printer died before it wrote down what was on the paper.
   */
  readonly mark: 'original' | 'copy' | 'blank' | 'unreadable'
  /** Every QR code on it. */
  readonly codes: readonly string[]
  /** What it says: the last eight digits of the sale's id, and of the id of each payment by voucher. */
  readonly sale: string | null
  readonly payments: readonly string[]
  /** On the slip of a cancelled payment: the same digits of each tender. */
  readonly voids: readonly string[]
  readonly isVoid: boolean
  /** Goods came back of its sale: neither a receipt nor its copy. */
  readonly isRefund: boolean
  /** Which till says that it printed it. */
  readonly till: string | null
  /** Tiyn that it says were taken in cash, or on the slip of a void or refund given back. */
  readonly cash: bigint
}

export interface Paper {
  readonly slips: readonly PaperSlip[]
  readonly notes: readonly string[]
}

/** The words on the paper in the three languages (docs/design/01-payment-lifecycle.md); a whole line each. */
const copyWords = ['КӨШІРМЕ', 'КОПИЯ', 'COPY']
const voidWords = ['ТӨЛЕМ БОЛДЫРЫЛМАДЫ', 'ОПЛАТА ОТМЕНЕНА', 'PAYMENT CANCELLED']
const refundWords = ['ҚАЙТАРУ', 'ВОЗВРАТ', 'REFUND']
const paymentRow = /^(?:Төлем №|Платёж №|Payment No\.)\s+([0-9a-f]{8})$/
const saleRow = /^(?:Сатылым №|Продажа №|Sale No\.)\s+([0-9a-f]{8})$/
const tillRow = /^(?:Касса|Till)\s+(\S+)$/
const cashTakenRow = /^(?:Қолма-қол ақша|Наличные|Cash)\s+(\d[\d\s]*),(\d\d)\s\D+$/
const cashReturnedRow = /^(?:Қайтарылған қолма-қол ақша|Возвращено наличными|Cash returned)\s+(\d[\d\s]*),(\d\d)\s\D+$/

const record = z.object({
  number: z.int().min(1),
  text: z.string(),
  qrPayloads: z.array(z.string()),
  elements: z.array(
    z.union([
      z.object({ kind: z.literal('image'), bitmap: pictureSchema }),
      z.object({
        kind: z.enum(['line', 'feed', 'qr', 'barcode']),
        height: z.number().optional(),
        graphics: z.array(z.unknown()).optional(),
      }),
    ]),
  ),
})
type SlipRecord = z.infer<typeof record>

/** The slips of the second printer of a run are told apart by counting from 10,001, of the third from 20,001. */
const numbersOfAPrinter = 10_000

/**
 * @param folders one for each printer of the run
 * @throws CheckerInputError
 */
export function readPaper(...folders: readonly string[]): Paper {
  const notes: string[] = []
  const slips = folders.flatMap((folder, index) =>
    readSlips(folder, notes).map((slip) => ({ ...slip, number: slip.number + index * numbersOfAPrinter })),
  )
  return { slips, notes }
}

function readSlips(folder: string, notes: string[]): readonly PaperSlip[] {
  if (!existsSync(folder)) throw new CheckerInputError(`there are no slips: ${folder} does not exist`)
  const numbers = readdirSync(folder).flatMap((name) => /^(\d{4,})\.bin$/.exec(name)?.[1] ?? [])
  return numbers.toSorted().map((number) => readSlip(folder, number, notes))
}

function readSlip(folder: string, name: string, notes: string[]): PaperSlip {
  const sent = codesIn(readFileSync(join(folder, `${name}.bin`)))
  const path = join(folder, `${name}.json`)
  if (!existsSync(path)) {
    notes.push(`slip ${name}: the printer has no record of it, its bytes alone were read`)
    const nothing = { sale: null, payments: [], voids: [], isVoid: false, isRefund: false, till: null, cash: 0n }
    return { number: Number(name), mark: 'unreadable', codes: sent, ...nothing }
  }
  const read = record.safeParse(parsed(readFileSync(path, 'utf8')))
  if (!read.success) throw new CheckerInputError(`${path} is not the record of a slip: ${z.prettifyError(read.error)}`)
  if (read.data.number !== Number(name))
    throw new CheckerInputError(`${path} is the record of slip ${read.data.number}`)
  const made = read.data.qrPayloads.find((code) => !sent.includes(code))
  if (made !== undefined) throw new CheckerInputError(`${path} shows a QR code that is not among the slip's bytes`)
  const missing = sent.filter((code) => !read.data.qrPayloads.includes(code)).length
  if (missing > 0) notes.push(`slip ${name}: ${missing} QR codes were sent and did not come onto the paper`)
  return slipOf(read.data)
}

function slipOf({ number, text, qrPayloads, elements }: SlipRecord): PaperSlip {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^\[(QR|image|barcode) .*\]$/.test(line))
  const isVoid = lines.some((line) => voidWords.includes(line))
  const isBlank = elements.every(
    (element) => element.kind === 'feed' || (element.kind === 'line' && (element.graphics ?? []).length === 0),
  )
  const isCopy = lines.some((line) => copyWords.includes(line))
  const isRefund = lines.some((line) => refundWords.includes(line))
  const payments = lines.flatMap((line) => paymentRow.exec(line)?.[1] ?? [])
  const cashRow = isVoid || isRefund ? cashReturnedRow : cashTakenRow
  return {
    number,
    mark: lines.length > 0 ? (isCopy ? 'copy' : 'original') : isBlank ? 'blank' : 'unreadable',
    codes: [...qrPayloads, ...codesInPictures(elements)],
    sale: lines.flatMap((line) => saleRow.exec(line)?.[1] ?? [])[0] ?? null,
    payments,
    voids: isVoid ? payments : [],
    isVoid,
    isRefund,
    till: lines.flatMap((line) => tillRow.exec(line)?.[1] ?? [])[0] ?? null,
    cash: lines.reduce((sum, line) => sum + tiynIn(cashRow.exec(line)), 0n),
  }
}

/** "1 150,00 тг", of which the pattern has caught the tenge and the tiyn. */
function tiynIn(row: RegExpExecArray | null): bigint {
  const [, tenge = '0', hundredths = '0'] = row ?? []
  return BigInt(tenge.replace(/\s/g, '')) * 100n + BigInt(hundredths)
}

/**
 * The QR codes that the bytes ask the printer to draw: `GS ( k` with cn = 49, function 80 stores the data, function 81
 * prints what was stored last (Epson's ESC/POS reference).
 */
function codesIn(bytes: Buffer): string[] {
  const codes: string[] = []
  let stored = ''
  let at = bytes.indexOf('1d286b', 0, 'hex')
  while (at >= 0) {
    const length = at + 5 <= bytes.length ? bytes.readUInt16LE(at + 3) : 0
    const body = bytes.subarray(at + 5, at + 5 + length)
    if (body[0] === 0x31 && body[1] === 0x50) stored = body.subarray(3).toString('utf8')
    if (body[0] === 0x31 && body[1] === 0x51 && length === 3) codes.push(stored)
    at = bytes.indexOf('1d286b', body[0] === 0x31 ? at + 5 + length : at + 1, 'hex')
  }
  return codes
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
