/**
 * Method: our documents and driver over every kind of line against the virtual printer of hardware-mocks: TCP, a
 * serial port and a device file (both on a real pseudo-terminal), a FIFO; in ESC/POS and StarPRNT. What is judged is
 * the paper.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SerialPort } from 'serialport'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SlipRecord } from '../../../hardware-mocks/printer/slip-store.ts'
import { VirtualPrinter } from '../../../hardware-mocks/printer/virtual-printer.ts'
import type { VirtualPrinterOptions } from '../../../hardware-mocks/printer/virtual-printer.ts'
import type { PrinterPort, PrinterStatus } from '../../../src/drivers/ports.ts'
import { deviceFileLineOpener } from '../../../src/drivers/printer/device-file-line.ts'
import type { PrintDocument } from '../../../src/drivers/printer/document.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { refusalOf } from '../../../src/drivers/printer/line.ts'
import type { PrinterLineOpener } from '../../../src/drivers/printer/line.ts'
import { PrinterConnection } from '../../../src/drivers/printer/printer-connection.ts'
import { createPrinter } from '../../../src/drivers/printer/printer.ts'
import type { PrinterOptions } from '../../../src/drivers/printer/printer.ts'
import type { PrinterProfileId } from '../../../src/drivers/printer/profile.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { refusalInWords, serialLineOpener } from '../../../src/drivers/printer/serial-line.ts'
import { tcpLineOpener } from '../../../src/drivers/printer/tcp-line.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'

const typeface = loadTypeface()
const payload = 'https://tolem.invalid/r/0123456789'
const receipt = (name: string): PrintDocument => ({
  blocks: [
    { kind: 'text', text: 'Мектеп асханасы №12', align: 'center', bold: true },
    { kind: 'row', left: name, right: '1\u00a0450,00 \u20b8' },
    { kind: 'text', text: 'Crème brûlée' },
    { kind: 'qr', payload },
    { kind: 'cut' },
  ],
})
const jobOf = (id: PrinterProfileId, name: string): Uint8Array =>
  encodeDocument(receipt(name), printerProfiles[id], typeface).bytes

let folder = ''
let printer: VirtualPrinter
let port: PrinterPort | null = null
const patience = { timeout: 20_000 }

const serial = (path: string) => serialLineOpener({ path, baudRate: 115_200, flowControl: 'none' })
const lines = {
  tcp: { front: 'tcp', opener: (of: VirtualPrinter) => tcpLineOpener({ host: '127.0.0.1', port: of.port }) },
  serial: { front: 'pty', opener: (of: VirtualPrinter) => serial(of.device ?? '') },
  'device file': { front: 'pty', opener: (of: VirtualPrinter) => deviceFileLineOpener(of.device ?? '') },
  fifo: { front: 'fifo', opener: (of: VirtualPrinter) => deviceFileLineOpener(of.device ?? '') },
} as const
type LineName = keyof typeof lines

async function start(
  line: LineName,
  id: PrinterProfileId,
  options: Partial<VirtualPrinterOptions> = {},
  more: Partial<PrinterOptions> = {},
): Promise<PrinterPort> {
  folder = mkdtempSync(join(tmpdir(), 'tolem-lines-'))
  const { language, dots } = printerProfiles[id]
  const { front } = lines[line]
  const paperMillimetres = dots === 384 ? 58 : 80
  printer = new VirtualPrinter({ folder, now: () => performance.now(), front, language, paperMillimetres, ...options })
  await printer.powerOn()
  port = createPrinter({
    opener: lines[line].opener(printer),
    profile: printerProfiles[id],
    scheduler: systemScheduler,
    ...more,
    timing: {
      replyMaxMs: 1500,
      stallMaxMs: 1000,
      finishMaxMs: 4000,
      finishPollMs: 20,
      pollIntervalMs: 0,
      ...more.timing,
    },
  })
  return port
}

afterEach(async () => {
  port?.dispose()
  port = null
  await printer?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function slips(count: number): Promise<SlipRecord[]> {
  await expect.poll(() => printer.slipNumbers().length, patience).toBe(count)
  return printer.slipNumbers().map((number) => printer.slip(number) as SlipRecord)
}

const cases: [LineName, PrinterProfileId][] = [
  ['tcp', 'epson-tm-t20iii'],
  ['serial', 'epson-tm-t20iii'],
  ['device file', 'epson-tm-t20iii'],
  ['tcp', 'star-tsp100iv'],
  ['serial', 'star-mc-print2'],
  ['device file', 'star-tsp100iv'],
  ['serial', 'generic-58mm'],
]

describe.each(cases)('on %s, %s', (line, id) => {
  const ends = printerProfiles[id].cutter !== 'none'

  it('prints receipts whole, one after the other, without a fault', async () => {
    const printing = await start(line, id)
    expect(await printing.status()).toEqual({ online: true, trouble: null, paperNearEnd: false })
    expect(await Promise.all([printing.print(jobOf(id, 'Нан')), printing.print(jobOf(id, 'Сүт'))])).toEqual([
      { kind: 'printed' },
      { kind: 'printed' },
    ])
    if (!ends) printer.tearOff()
    const found = await slips(ends ? 2 : 1)
    expect(found.flatMap(({ faults }) => faults)).toEqual([])
    if (printerProfiles[id].kz1048Slot !== null)
      expect(found.map(({ text }) => /Нан|Сүт/u.exec(text)?.[0])).toEqual(['Нан', 'Сүт'])
  })

  it.each([
    ['paper out', () => printer.setPaper('out'), 'paper-out'],
    ['cover open', () => printer.setCover('open'), 'cover-open'],
    ['switched off line', () => printer.setOnline(false), 'busy'],
  ] as const)('with %s gets no byte of the job', async (_what, break_, trouble) => {
    const printing = await start(line, id)
    break_()
    expect(await printing.print(jobOf(id, 'Нан'))).toMatchObject({ kind: 'failed', trouble, paper: 'untouched' })
    expect(await printing.status()).toMatchObject({ online: false, trouble })
    expect(printer.state().bufferedBytes).toBe(0)
  })

  it('near the end of its paper prints all the same, and says so', async () => {
    const printing = await start(line, id)
    printer.setPaper('near-end')
    expect(await printing.print(jobOf(id, 'Нан'))).toEqual({ kind: 'printed' })
    expect(await printing.status()).toEqual({ online: true, trouble: null, paperNearEnd: true })
  })

  it('whose cutter jams is not believed to have printed, and says what is wrong', async () => {
    const printing = await start(line, id)
    printer.setCutter('jammed')
    const result = await printing.print(jobOf(id, 'Нан'))
    if (!ends) return expect(result).toEqual({ kind: 'printed' })
    expect(result).toMatchObject({ kind: 'failed', trouble: 'cutter-error', paper: 'uncertain' })
    printer.setCutter('ok')
    await slips(1)
    expect(await printing.status()).toMatchObject({ online: true })
  })

  it('that does not answer gets no byte', async () => {
    const printing = await start(line, id)
    printer.setAnswers(false)
    expect(await printing.print(jobOf(id, 'Нан'))).toMatchObject({ trouble: 'timed-out', paper: 'untouched' })
    printer.setAnswers(true)
    expect(await printing.print(jobOf(id, 'Нан'))).toEqual({ kind: 'printed' })
  })

  it('opens the drawer once for each word', async () => {
    const printing = await start(line, id)
    expect(await printing.openDrawer()).toEqual({ kind: 'opened' })
    await expect.poll(() => printer.state().drawer, patience).toBe('open')
    printer.setDrawer('closed')
    printer.setPaper('out')
    const { realTimePulse } = printerProfiles[id]
    expect((await printing.openDrawer()).kind).toBe(realTimePulse ? 'opened' : 'failed')
    if (realTimePulse) await expect.poll(() => printer.state().drawer, patience).toBe('open')
    printer.setPaper('present')
    expect(printer.log.entries().filter(({ what }) => what === 'drawer-kicked')).toHaveLength(realTimePulse ? 2 : 1)
  })
})

describe.each(['serial', 'device file'] as const)('a cable: %s', (line) => {
  it('pulled out in the middle of a job and put in again: the next job is whole', async () => {
    const id = 'epson-tm-t20iii'
    const printing = await start(line, id)
    expect(await printing.print(jobOf(id, 'Ет'))).toEqual({ kind: 'printed' })
    printer.setSpeed(1000)
    const broken = printing.print(jobOf(id, 'Нан'))
    await expect.poll(() => printer.state().bufferedBytes, patience).toBeGreaterThan(0)
    printer.pullOut()
    expect(await broken).toMatchObject({ kind: 'failed', trouble: 'unreachable', paper: 'uncertain' })
    expect(await printing.status()).toMatchObject({ online: false, trouble: 'unreachable' })
    printer.setSpeed(null)
    await printer.plugIn()
    expect(await printing.status()).toMatchObject({ online: true })
    expect(await printing.print(jobOf(id, 'Сүт'))).toEqual({ kind: 'printed' })
  })

  it('that broke off inside a picture: the zeros before the next job end it, and the job is whole', async () => {
    const id = 'epson-tm-t20iii'
    const printing = await start(line, id)
    expect(await printing.print(jobOf(id, 'Нан'))).toEqual({ kind: 'printed' })
    const [first] = await slips(1)
    // All that is left in the printer of a job that stopped there: half a picture. Nobody says that it is one.
    const half = jobOf(id, 'Нан').subarray(0, 400)
    printing.dispose()
    await leaveBehind(line, half)
    const next = createPrinter({
      opener: lines[line].opener(printer),
      profile: printerProfiles[id],
      scheduler: systemScheduler,
      timing: { replyMaxMs: 1_500, finishPollMs: 20, pollIntervalMs: 0 },
    })
    port = next
    expect(await next.print(jobOf(id, 'Сүт'))).toEqual({ kind: 'printed' })
    const last = (await slips(2)).at(-1)
    expect(last?.faults).toEqual([])
    expect(last?.text).toContain('Сүт')
    expect(last?.qrPayloads).toEqual(first?.qrPayloads)
  })

  it('tells of what changes while nothing is printed, unasked', async () => {
    const printing = await start(line, 'epson-tm-t20iii')
    const told: PrinterStatus[] = []
    printing.onDidChangeStatus((status) => told.push(status))
    await printing.print(jobOf('epson-tm-t20iii', 'Нан'))
    printer.setPaper('near-end')
    await expect.poll(() => told.at(-1), patience).toEqual({ online: true, trouble: null, paperNearEnd: true })
    printer.setPaper('out')
    await expect.poll(() => told.at(-1), patience).toMatchObject({ online: false, trouble: 'paper-out' })
    printer.setPaper('present')
    await expect.poll(() => told.at(-1), patience).toEqual({ online: true, trouble: null, paperNearEnd: false })
  })
})

/** As a till that died did. A port that was held is free in a moment. */
async function leaveBehind(line: LineName, bytes: Uint8Array): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const opened = await lines[line].opener(printer).open(systemScheduler, 10_000)
    if (opened.kind !== 'open') continue
    await new Promise<void>((resolve) => opened.line.write(bytes, () => resolve()))
    await new Promise((resolve) => setTimeout(resolve, 100))
    return void opened.line.close(0)
  }
}

describe('a device that tells nothing', () => {
  it.each(['fifo', 'device file', 'tcp'] as const)(
    '%s: is handed its jobs over, and is never called well',
    async (line) => {
      const more = line === 'fifo' ? {} : { status: 'none' as const }
      const printing = await start(line, 'pos-5890', {}, more)
      const mute = { online: true, trouble: null, paperNearEnd: false, mute: true }
      expect(await printing.status()).toEqual(mute)
      expect(await printing.print(jobOf('pos-5890', 'Нан'))).toEqual({ kind: 'handed-over' })
      expect(await printing.openDrawer()).toEqual({ kind: 'opened' })
      await expect.poll(() => printer.state().drawer, patience).toBe('open')
      printer.tearOff()
      expect((await slips(1)).flatMap(({ faults }) => faults)).toEqual([])
      expect(printer.log.entries().filter(({ what }) => what === 'status-asked')).toEqual([])
    },
  )

  it('and that nobody reads is not there', async () => {
    const printing = await start('fifo', 'pos-5890')
    await printing.status()
    printer.pullOut()
    expect(await printing.print(jobOf('pos-5890', 'Нан'))).toMatchObject({ kind: 'failed', trouble: 'unreachable' })
    expect(await printing.status()).toMatchObject({ online: false, trouble: 'unreachable' })
  })

  it('that takes nothing more is a failure, and what lies there is uncertain', async () => {
    const printing = await start('fifo', 'pos-5890', { receiveBufferBytes: 1000 })
    printer.setPaper('out')
    const job = Buffer.concat(Array.from({ length: 12 }, () => jobOf('pos-5890', 'Нан')))
    expect(await printing.print(job)).toMatchObject({ kind: 'failed', trouble: 'timed-out', paper: 'uncertain' })
  })
})

describe('a line that cannot be opened', () => {
  const openers: [string, (path: string) => PrinterLineOpener][] = [
    ['serial', serial],
    ['device file', deviceFileLineOpener],
  ]
  it.each(openers)('%s: says why', async (_name, openerOf) => {
    folder = mkdtempSync(join(tmpdir(), 'tolem-lines-'))
    writeFileSync(join(folder, 'file'), '')
    mkdirSync(join(folder, 'folder'))
    const refused = async (path: string) => openerOf(path).open(systemScheduler, 10_000)
    expect(await refused(join(folder, 'nothing'))).toEqual({
      kind: 'refused',
      trouble: 'unreachable',
      detail: 'ENOENT',
    })
    expect(await refused(join(folder, 'file'))).toMatchObject({ kind: 'refused', trouble: 'not-a-device' })
    expect(await refused(join(folder, 'folder'))).toMatchObject({ kind: 'refused', trouble: 'not-a-device' })
  })

  it('is no serial port that we have given up, though the system takes a moment to close it', async () => {
    await start('serial', 'epson-tm-t20iii')
    const opener = lines.serial.opener(printer)
    const first = await opener.open(systemScheduler, 2_000)
    if (first.kind !== 'open') throw new Error(first.detail)
    const close = SerialPort.prototype.close
    const slowly = vi.spyOn(SerialPort.prototype, 'close').mockImplementation(function (this: SerialPort, done) {
      setTimeout(() => close.call(this, done), 100)
    })
    first.line.discard()
    const again = await opener.open(systemScheduler, 2_000)
    slowly.mockRestore()
    expect(again.kind).toBe('open')
    if (again.kind === 'open') again.line.discard()
  })

  it('a device that is no serial port, and one that another program holds', async () => {
    expect(await serial('/dev/null').open(systemScheduler, 10_000)).toMatchObject({ trouble: 'not-a-device' })
    const printing = await start('serial', 'epson-tm-t20iii')
    expect(await printing.status()).toMatchObject({ online: true })
    expect(await serial(printer.device ?? '').open(systemScheduler, 10_000)).toMatchObject({ trouble: 'in-use' })
  })

  it('tells the words of the system apart', () => {
    expect(refusalInWords('Error: Permission denied, cannot open /dev/ttyUSB0')).toMatchObject({ trouble: 'no-access' })
    expect(refusalInWords('Opening COM3: Access denied')).toMatchObject({ trouble: 'in-use' })
    expect(refusalInWords('Error: Input/output error')).toMatchObject({ trouble: 'unreachable' })
    expect(refusalOf(Object.assign(new Error(''), { code: 'EACCES' }))).toMatchObject({ trouble: 'no-access' })
    expect(refusalOf(Object.assign(new Error(''), { code: 'EBUSY' }))).toMatchObject({ trouble: 'in-use' })
  })
})

describe('a slow serial cable', () => {
  it('is handed no more than it carries, so that the drawer opens in the middle of a receipt', async () => {
    const id = 'generic-58mm'
    const baudRate = 38_400
    const slow = (of: VirtualPrinter) => serialLineOpener({ path: of.device ?? '', baudRate, flowControl: 'none' })
    const printing = await start('serial', id)
    printing.dispose()
    const next = createPrinter({
      opener: slow(printer),
      profile: printerProfiles[id],
      scheduler: systemScheduler,
      timing: { pollIntervalMs: 0 },
    })
    port = next
    // The zeros before the first job.
    expect(await next.openDrawer()).toEqual({ kind: 'opened' })
    const job = jobOf(id, 'Нан')
    const beganMs = performance.now()
    let isPrinted = false
    const printed = next.print(job).finally(() => (isPrinted = true))
    expect(await next.openDrawer()).toEqual({ kind: 'opened' })
    expect(isPrinted).toBe(false)
    expect(await printed).toEqual({ kind: 'printed' })
    // A pseudo-terminal knows no baud rate: without our own pace all of it would be over at once.
    expect(performance.now() - beganMs).toBeGreaterThan((job.length * 10_000) / baudRate - 200)
    expect(printer.log.entries().filter(({ what }) => what === 'drawer-kicked')).toHaveLength(2)
    printer.tearOff()
    expect((await slips(1)).flatMap(({ faults }) => faults)).toEqual([])
  })
})

describe('a status question', () => {
  it('never stands inside a command, however often is asked and however slowly is printed', async () => {
    const id = 'generic-80mm'
    const printing = await start('serial', id, { receiveBufferBytes: 3000 }, { timing: { pollIntervalMs: 1 } })
    printer.setSpeed(60_000)
    const jobs = ['Нан', 'Сүт', 'Ет'].map((name) => jobOf(id, name))
    const results = await Promise.all([...jobs.map((job) => printing.print(job)), printing.status(), printing.status()])
    expect(results.slice(0, 3)).toEqual(jobs.map(() => ({ kind: 'printed' })))
    const found = await slips(3)
    expect(found.flatMap(({ faults }) => faults)).toEqual([])
    // The printer's own count: a question that became data would be missing in one job and surplus in the next.
    const zeros = found[0]?.byteCount ?? 0
    expect(zeros).toBeGreaterThan(jobs[0]?.length ?? 0)
    expect(found.slice(1).map(({ byteCount }) => byteCount)).toEqual(jobs.slice(1).map(({ length }) => length))
    expect(printer.log.entries().filter(({ what }) => what === 'status-asked').length).toBeGreaterThan(9)
  })

  it('that is asked for while a job is under way, or after one that broke off, is a defect and throws', async () => {
    const pending: (() => void)[] = []
    const written: Uint8Array[] = []
    const connection = new PrinterConnection(
      {
        answers: true,
        listen: () => undefined,
        write: (bytes, done) => {
          written.push(bytes)
          pending.push(() => done('taken'))
        },
        close: async () => undefined,
        discard: () => undefined,
      },
      'escpos',
      systemScheduler,
    )
    const job = connection.write(new Uint8Array(3000), 100)
    await expect(connection.askStatus(50)).rejects.toThrow('inside a job')
    expect(() => connection.askWhenDrained()).toThrow('inside a job')
    expect(await job).toEqual({ kind: 'stalled', written: 0 })
    await expect(connection.askStatus(50)).rejects.toThrow('inside a job')
    expect(written).toHaveLength(1)
  })
})
