/**
 * Method: the self-test page of each profile goes through the virtual printer, which shares no code with the encoder.
 * What it took and what then lies on the paper is compared with golden files that a person has looked at:
 * `test/fixtures/self-test/PROFILE.txt` (each command) and `.png` (the paper). `TOLEM_SELF_TEST=record` writes them
 * anew.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'
import { describe, expect, it } from 'vitest'
import { CommandCutter } from '../../../hardware-mocks/printer/grammar.ts'
import { createStarCutter } from '../../../hardware-mocks/printer/star-grammar.ts'
import type { Command } from '../../../hardware-mocks/printer/grammar.ts'
import type { Slip } from '../../../hardware-mocks/printer/paper.ts'
import { drawSlip } from '../../../hardware-mocks/printer/slip-picture.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import type { PrinterProfile } from '../../../src/drivers/printer/profile.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { selfTestDocument } from '../../../src/drivers/printer/self-test.ts'
import { bench } from '../hardware-mocks-printer/bench.ts'

const typeface = loadTypeface()
const folder = new URL('../../fixtures/self-test/', import.meta.url)
const isRecording = process.env['TOLEM_SELF_TEST'] === 'record'
const kazakhPairs = 'Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ Іі'

/** jsqr is CommonJS with a `default` that its types and Node see differently. */
type ReadQr = (pixels: Uint8ClampedArray, width: number, height: number) => { binaryData: number[] } | null
const readQr = ((jsQR as { default?: unknown }).default ?? jsQR) as unknown as ReadQr

function printed(profile: PrinterProfile): { bytes: Uint8Array; slip: Slip; commands: readonly Command[] } {
  const { bytes } = encodeDocument(selfTestDocument(profile), profile, typeface)
  const { dots, language } = profile
  const table = bench({ widthDots: dots, language, profile: profile.kz1048Slot === null ? 'budget' : 'kazakh' })
  table.send(bytes)
  if (profile.cutter === 'none') table.engine.tearOff()
  expect(table.slips).toHaveLength(1)
  return {
    bytes,
    slip: table.slips[0] as Slip,
    commands: (language === 'escpos' ? new CommandCutter() : createStarCutter()).push(bytes),
  }
}

/** One line a command: letters as they are sent, pictures by their size and hash. */
function described(bytes: Uint8Array, commands: readonly Command[]): string {
  const lines = [`${bytes.length} bytes, sha256 ${sha256(bytes)}`]
  let text: number[] = []
  const endText = () => {
    if (text.length > 0) lines.push(`text ${Buffer.from(text).toString('hex')}`)
    text = []
  }
  for (const { name, bytes: own } of commands) {
    if (name === 'text') text.push(own[0] ?? 0)
    else {
      endText()
      lines.push(own.length > 40 ? `${name} ${own.length} bytes, ${sha256(own).slice(0, 16)}` : hexOf(name, own))
    }
  }
  endText()
  return `${lines.join('\n')}\n`
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const hexOf = (name: string, bytes: Uint8Array): string => `${name} ${Buffer.from(bytes).toString('hex')}`

/** The paper in black and white only: edges of letters, which another machine may smooth otherwise, are left out. */
async function paperOf(slip: Slip): Promise<PNG> {
  const png = PNG.sync.read(await drawSlip(slip))
  for (let at = 0; at < png.data.length; at += 4) png.data.fill((png.data[at] ?? 0) < 128 ? 0 : 255, at, at + 3)
  return png
}

function differingDots(one: PNG, other: PNG): number {
  expect([one.width, one.height]).toEqual([other.width, other.height])
  let count = 0
  for (let at = 0; at < one.data.length; at += 4) if (one.data[at] !== other.data[at]) count += 1
  return count
}

describe.each(Object.values(printerProfiles))('the self-test page of $id', (profile) => {
  it('is the golden one, in bytes and on paper', async () => {
    const { bytes, slip, commands } = printed(profile)
    const paper = await paperOf(slip)
    if (isRecording) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(new URL(`${profile.id}.txt`, folder), described(bytes, commands))
      writeFileSync(new URL(`${profile.id}.png`, folder), PNG.sync.write(paper, { colorType: 0 }))
    }
    expect(described(bytes, commands)).toBe(readFileSync(new URL(`${profile.id}.txt`, folder), 'utf8'))
    const golden = PNG.sync.read(readFileSync(new URL(`${profile.id}.png`, folder)))
    expect(differingDots(paper, golden)).toBeLessThan(golden.width)
  })

  it('prints without a fault, no wider than the paper, and its QR code is read', async () => {
    const { slip } = printed(profile)
    expect(slip.faults).toEqual([])
    const lines = slip.elements.flatMap((element) => (element.kind === 'line' ? [element.text] : []))
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(profile.columns)
    const png = PNG.sync.read(await drawSlip(slip))
    const found = readQr(new Uint8ClampedArray(png.data), png.width, png.height)
    expect(Buffer.from(found?.binaryData ?? []).toString('utf8')).toBe('TOLEM TEST 0123456789')
  })

  it('sends Kazakh as text where the printer is known to have it, and else as pictures only', () => {
    const { slip, commands } = printed(profile)
    const text = slip.elements.flatMap((element) => (element.kind === 'line' ? [element.text.trimEnd()] : []))
    const selected = commands.filter(({ name }) => name === 'ESC t').map(({ bytes }) => bytes[2])
    if (profile.kz1048Slot === null) {
      expect(text.join('')).toBe('')
      expect(selected).toEqual([])
    } else {
      expect(text.filter((line) => line === kazakhPairs)).toHaveLength(2)
      expect(new Set(selected)).toEqual(new Set([profile.kz1048Slot]))
    }
  })

  it('has no picture higher than the printer takes', () => {
    const { commands } = printed(profile)
    const heights = commands
      .filter(({ name }) => name === 'GS v 0' || name === 'ESC X')
      .map(({ name, bytes }) => (name === 'ESC X' ? 24 : (bytes[6] ?? 0) + (bytes[7] ?? 0) * 256))
    expect(heights.length).toBeGreaterThan(0)
    expect(Math.max(...heights)).toBeLessThanOrEqual(profile.rasterRowsMax)
  })
})
