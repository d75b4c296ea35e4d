/**
 * A real till with the virtual printer in the test's hand. What is judged is the paper: each print on it by the number
 * of its sale, its mark and its end. Nothing of the product reads the paper.
 */
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { openTillAtWork, type TillAtWork } from '../bad-input/till-at-work.ts'
import { processesWith } from '../../fixtures/processes-of.ts'
import type { StatusCode } from '../../../src/terminal/contract/snapshot.ts'

/** One receipt or slip on the paper, whole or not. */
export interface Print {
  /** The last eight digits of the sale's id; empty where the paper ends before it. */
  readonly sale: string
  readonly isCopy: boolean
  readonly isVoid: boolean
  /** Its last row is there: what was paid, or what is given back. */
  readonly isWhole: boolean
}

/** What the panel takes for the printer (hardware-mocks/panel/panel-commands.ts). */
export type PrinterChange = Readonly<Record<string, unknown>>

export interface PrintingTill extends TillAtWork {
  printer(change: PrinterChange): Promise<void>
  /** Resolves in the middle of a receipt, on a printer that was made slow. */
  isPrinting(): Promise<void>
  /** Rings up a juice and takes cash: no printer is asked before the sale is closed. Its id. */
  sellsForCash(): Promise<string>
  /** The printer's light, and how many receipts the printer's sheet says are waiting. */
  shows(code: StatusCode, waiting: number): Promise<void>
  allIsPrinted(): Promise<void>
  /** Everything on paper in its order; what hangs out of the printer is torn off first. */
  prints(): Promise<readonly Print[]>
  /** Of the sale alone. */
  printsOf(saleId: string): Promise<readonly Print[]>
  /** The job of this sale that was asked for last, as the journal has it. */
  jobState(saleId: string): string | undefined
  /** The sales of which a job is in this state, as the journal has it. */
  salesWithJobs(state: 'waiting' | 'started'): readonly string[]
  killsDeviceHost(): void
}

interface PanelState {
  readonly printer: { readonly bufferedBytes: number }
}

/** Generous: other tests run on the same two cores. */
export const patience = { timeout: 40_000, interval: 20 }

export const original: Omit<Print, 'sale'> = { isCopy: false, isVoid: false, isWhole: true }
export const copy: Omit<Print, 'sale'> = { ...original, isCopy: true }

/** Shorter than on a till: a test waits for what a cashier would not notice. */
const printerTiming = { pollIntervalMs: 200, finishPollMs: 20, finishMaxMs: 8_000 }

export async function openPrintingTill(): Promise<PrintingTill> {
  const work = await openTillAtWork({ printerTiming })
  const tells = async (change: PrinterChange): Promise<void> => void (await work.panel.tells('/api/printer', change))
  const asked = (sql: string, ...values: readonly string[]): unknown => {
    const journal = new Database(work.journalFile, { readonly: true })
    try {
      return journal.prepare(sql).get(...values)
    } finally {
      journal.close()
    }
  }
  const prints: PrintingTill['prints'] = async () => {
    await tells({ tearOff: true })
    return work.slips().flatMap(printsOn)
  }
  return Object.assign(work, {
    printer: tells,
    prints,
    async isPrinting() {
      await expect
        .poll(async () => ((await work.panel.state()) as PanelState).printer.bufferedBytes, patience)
        .toBeGreaterThan(100)
    },
    async sellsForCash() {
      const before = work.till.snapshot.recent[0]?.saleId
      await work.till.does({ command: 'add_item', itemId: 'juice' })
      await work.till.does({ command: 'pay_cash' })
      // An answer may overtake the screen.
      const { recent } = await work.sees('the sale', (shown) => (shown.recent[0]?.saleId ?? before) !== before)
      await work.till.does({ command: 'next_customer' })
      const [sale] = recent
      expect(sale?.tenders).toMatchObject([{ kind: 'cash', state: 'settled' }])
      return sale?.saleId ?? ''
    },
    async shows(code: StatusCode, waiting: number) {
      await work.sees(`${code}, ${waiting} receipts waiting`, ({ lights, receiptsWaiting }) => {
        return lights.printer.code === code && receiptsWaiting === waiting
      })
      // A till that cannot print still sells.
      if (code !== 'ok') expect(work.till.snapshot.lights.printer.level).toBe('limited')
    },
    async allIsPrinted() {
      const waiting = (): number => {
        const row = asked(`SELECT count(*) AS waiting FROM print_job WHERE state <> 'printed'`)
        return (row as { waiting: number }).waiting
      }
      // Each in its time, however many there are.
      for (let left = waiting(); left > 0; left = waiting())
        await expect.poll(waiting, { ...patience, message: `fewer than ${left} receipts waiting` }).toBeLessThan(left)
      await work.sees('all is printed', ({ receiptsWaiting, lights }) => {
        return receiptsWaiting === 0 && lights.printer.code === 'ok'
      })
    },
    async printsOf(saleId: string) {
      return (await prints()).filter(({ sale }) => sale === saleId.slice(-8))
    },
    jobState(saleId: string) {
      const job = asked('SELECT state FROM print_job WHERE sale_id = ? ORDER BY sequence DESC', saleId)
      return (job as { state: string } | undefined)?.state
    },
    salesWithJobs(state: 'waiting' | 'started') {
      const found = asked('SELECT json_group_array(DISTINCT sale_id) AS sales FROM print_job WHERE state = ?', state)
      return JSON.parse((found as { sales: string }).sales) as string[]
    },
    killsDeviceHost() {
      const core = work.corePid()
      process.kill(deviceHostBeside(core), 'SIGKILL')
    },
  })
}

/** A core and its device host have one parent: their shell. Other tests have shells of their own. */
function deviceHostBeside(core: number): number {
  const shell = processesWith('--core').find(({ pid }) => pid === core)?.parent
  const host = processesWith('drivers/host/main.ts').find(({ parent }) => parent === shell)
  if (shell === undefined || host === undefined) throw new Error(`no device host beside core ${core}`)
  return host.pid
}

/** Each print begins with a mark in its language: the one of a receipt that is not fiscal. */
const begins = /^\s*(?:ФИСКАЛДЫҚ ЕМЕС ЧЕК|НЕФИСКАЛЬНЫЙ ЧЕК|NON-FISCAL RECEIPT)\s*$/m
const saleRow = /^\s*(?:Сатылым №|Продажа №|Sale No\.)\s+([0-9a-f]{8})\s*$/m
const copyRow = /^\s*(?:КӨШІРМЕ|КОПИЯ|COPY)\s*$/m
const voidRow = /^\s*(?:ТӨЛЕМ БОЛДЫРЫЛМАДЫ|ОПЛАТА ОТМЕНЕНА|PAYMENT CANCELLED)\s*$/m
const lastRowOfReceipt = /^\s*(?:Төленді|Оплачено|Paid)\s+\d/m
const lastRowOfVoid =
  /^\s*(?:Қайтарылған қолма-қол ақша|Возвращено наличными|Cash returned|Төлем №|Платёж №|Payment No\.)\s+\S/m

/** A print that was cut off may share its slip with the next one: no cut came between them. */
export function printsOn(slip: string): readonly Print[] {
  return slip
    .split(begins)
    .slice(1)
    .map((print) => {
      const isVoid = voidRow.test(print)
      return {
        sale: saleRow.exec(print)?.[1] ?? '',
        isCopy: copyRow.test(print),
        isVoid,
        isWhole: (isVoid ? lastRowOfVoid : lastRowOfReceipt).test(print),
      }
    })
}
