/**
 * Method: our document, encoder and TCP driver against the virtual printer of hardware-mocks, which shares no code
 * with them: what is judged is the paper.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { SlipRecord } from '../../../hardware-mocks/printer/slip-store.ts'
import { VirtualPrinter } from '../../../hardware-mocks/printer/virtual-printer.ts'
import type { VirtualPrinterOptions } from '../../../hardware-mocks/printer/virtual-printer.ts'
import type { PrintDocument } from '../../../src/drivers/printer/document.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import type { PrinterProfileId } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { createPrinter } from '../../../src/drivers/printer/printer.ts'
import { tcpLineOpener } from '../../../src/drivers/printer/tcp-line.ts'
import type { PrinterPort } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'

const typeface = loadTypeface()
const payload = 'https://tolem.invalid/r/0123456789'
const receipt: PrintDocument = {
  blocks: [
    { kind: 'copyMark', text: 'КӨШІРМЕ' },
    { kind: 'text', text: 'Мектеп асханасы №12', align: 'center', bold: true },
    { kind: 'rule' },
    { kind: 'row', left: 'Ыстық тамақ: әіңғүұқөһ ӘІҢҒҮҰҚӨҺ', right: '1\u00a0450,00 \u20b8' },
    { kind: 'text', text: 'Crème brûlée' },
    { kind: 'qr', payload },
    { kind: 'cut' },
  ],
}

let folder = ''
let printer: VirtualPrinter
let port: PrinterPort
const slips: SlipRecord[] = []

async function start(profile: PrinterProfileId, options: Partial<VirtualPrinterOptions> = {}) {
  folder = mkdtempSync(join(tmpdir(), 'tolem-printer-'))
  printer = new VirtualPrinter({ folder, now: () => performance.now(), ...options })
  slips.length = 0
  printer.onDidPrint((slip) => slips.push(slip))
  await printer.powerOn()
  port = createPrinter({
    opener: tcpLineOpener({ host: '127.0.0.1', port: printer.port }),
    profile: printerProfiles[profile],
    scheduler: systemScheduler,
    timing: { replyMaxMs: 20_000, stallMaxMs: 20_000, finishMaxMs: 20_000, finishPollMs: 20, pollIntervalMs: 0 },
  })
}

afterEach(async () => {
  port.dispose()
  await printer.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The picture of a slip is drawn after the slip is done. */
async function nextSlip(): Promise<SlipRecord> {
  await expect.poll(() => slips.length).toBe(1)
  return slips[0] as SlipRecord
}

describe('a receipt on the virtual printer', () => {
  it('with KZ-1048 is text in the right letters, with one drawn line and a native QR code', async () => {
    await start('epson-tm-t20iii')
    expect(await port.print(encodeDocument(receipt, printerProfiles['epson-tm-t20iii'], typeface).bytes)).toEqual({
      kind: 'printed',
    })
    const slip = await nextSlip()
    expect(slip.faults).toEqual([])
    expect(slip.ended).toBe('partial')
    expect(slip.text).toContain('КӨШІРМЕ')
    expect(slip.text).toMatch(/^Ыстық тамақ: әіңғүұқөһ ӘІҢҒҮҰҚӨҺ +1 450,00 тг$/mu)
    expect(slip.text).not.toContain('?')
    expect(slip.qrPayloads).toEqual([payload])
    expect(JSON.stringify(slip.elements).match(/"kind":"image"/gu)).toHaveLength(1)
  })

  it('whose slot 53 is another code page comes out as pictures only', async () => {
    await start('generic-58mm', { profile: 'budget', paperMillimetres: 58 })
    const { bytes } = encodeDocument(receipt, printerProfiles['generic-58mm'], typeface)
    expect(await port.print(bytes)).toEqual({ kind: 'printed' })
    printer.tearOff()
    const slip = await nextSlip()
    expect(slip.faults).toEqual([])
    const elements = slip.elements as { kind: string; text?: string }[]
    expect(elements.filter(({ kind }) => kind === 'image').length).toBeGreaterThan(1)
    expect(elements.some(({ text }) => (text ?? '').trim() !== '')).toBe(false)
  })

  it('whose paper ends halfway is reported as not printed, and the drawer still opens', async () => {
    await start('epson-tm-t20iii')
    printer.endPaperAfterLines(3)
    const { bytes } = encodeDocument(receipt, printerProfiles['epson-tm-t20iii'], typeface)
    expect(await port.print(bytes)).toMatchObject({ kind: 'failed', trouble: 'paper-out' })
    expect(await port.status()).toMatchObject({ online: false, trouble: 'paper-out' })
    expect(await port.openDrawer()).toEqual({ kind: 'opened' })
    await expect.poll(() => printer.state().drawer).toBe('open')
  })

  it('cut off after any number of bytes, is called printed or untouched only when it is', async () => {
    await start('epson-tm-t20iii')
    const { bytes } = encodeDocument(receipt, printerProfiles['epson-tm-t20iii'], typeface)
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    process.stdout.write(`cuts: seed ${seed}\n`)
    const questions = 9
    const ends = [1, questions, questions + 1, questions + bytes.length - 1, questions + bytes.length]
    const between = Array.from(
      { length: 60 },
      (_, turn) => 1 + ((seed + turn * 7919) % (questions + bytes.length + 20)),
    )
    const seen = new Set<string>()
    let counted = 0
    for (const cutAfter of [...ends, ...between]) {
      printer.cutConnectionAfter(cutAfter)
      const result = await port.print(bytes)
      printer.cutConnectionAfter(null)
      printer.tearOff()
      const onPaper = printer.slipNumbers().slice(counted)
      counted = printer.slipNumbers().length
      const whole = onPaper.some((number) => printer.slip(number)?.qrPayloads.includes(payload) === true)
      const paper = onPaper.length === 0 ? 'blank' : whole ? 'whole' : 'part'
      const said = result.kind === 'failed' ? result.paper : result.kind
      seen.add(`${said}, ${paper}`)
      expect(
        ['untouched, blank', 'uncertain, blank', 'uncertain, part', 'uncertain, whole', 'printed, whole'],
        `cut after ${cutAfter}`,
      ).toContain(`${said}, ${paper}`)
    }
    // That all of it may be there although the driver heard of a failure is why what follows is a copy.
    expect([...seen]).toEqual(expect.arrayContaining(['untouched, blank', 'uncertain, part', 'uncertain, whole']))
  })

  it('on a slow printer is printed when the paper says so, not when the bytes are gone', async () => {
    await start('epson-tm-t20iii')
    printer.setSpeed(4000)
    const { bytes } = encodeDocument(receipt, printerProfiles['epson-tm-t20iii'], typeface)
    expect(await port.print(bytes)).toEqual({ kind: 'printed' })
    expect(printer.state().bufferedBytes).toBe(0)
    expect((await nextSlip()).ended).toBe('partial')
  })
})
