/**
 * Method: the real command in a process of its own, on codes and on pictures of whole receipts that the virtual printer
 * (which shares no code with the till) drew from the till's bytes.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawSlip } from '../../../hardware-mocks/printer/slip-picture.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { printerProfiles, type PrinterProfile } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { receiptDocument } from '../../../src/voucher/receipt.ts'
import { receiptContent, settledContent } from '../../fixtures/receipt-content.ts'
import { otherTerminalKey, presentmentOf, tenderTerms, terminalKey } from '../../fixtures/receipt-presentment.ts'
import { bench } from '../../unit/hardware-mocks-printer/bench.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const code = makeReceiptPresentment(presentmentOf(tenderTerms), terminalKey)
const secondCode = makeReceiptPresentment(presentmentOf(tenderTerms, { leaseId: null }), terminalKey)
const key = JSON.stringify(terminalKey.jwk)
let folder = ''

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tolem-receipt-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const command = (...parameters: string[]) =>
  new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: root, timeout: 60_000 }
    execFile(process.execPath, ['tools/verify-receipt.ts', ...parameters], options, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })

async function photograph(content: typeof receiptContent, profile: PrinterProfile): Promise<string> {
  const { bytes } = encodeDocument(receiptDocument(content, 'kk'), profile, loadTypeface())
  const table = bench({ widthDots: profile.dots })
  table.send(bytes)
  const [slip] = table.slips
  if (slip === undefined) throw new Error('the printer cut no slip')
  const path = join(folder, `${profile.id}-${content.tenders.length}.png`)
  writeFileSync(path, await drawSlip(slip))
  return path
}

const withProofs = (content: typeof receiptContent, ...proofs: string[]) => ({
  ...content,
  tenders: content.tenders.map((tender, index) =>
    tender.kind === 'voucher' ? { ...tender, proof: proofs[index] ?? null } : tender,
  ),
})

describe('verify-receipt', () => {
  it('says that a genuine code is valid and what it proves', async () => {
    const { exitCode, stdout } = await command(code, '--key', key)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^VALID\n/)
    for (const fact of [
      tenderTerms.tenderId,
      tenderTerms.payeeAccount,
      'school-lunch',
      '2026-11-23T07:05:00.000Z',
      'till-1',
    ]) {
      expect(stdout).toContain(fact)
    }
    expect(stdout.replace(/[\u00a0\u202f]/g, ' ')).toContain('1 150,00 ₸')
  })

  it('says why a code is not valid', async () => {
    const changed = await command(code.replace(/^TOLEM1\../, 'TOLEM1.A'), '--key', key)
    expect([changed.exitCode, changed.stdout.split('\n')[0]]).toEqual([1, 'NOT VALID (damaged)'])
    const file = join(folder, 'other.jwk.json')
    writeFileSync(file, JSON.stringify(otherTerminalKey.jwk))
    const foreign = await command(code, '--key', file)
    expect([foreign.exitCode, foreign.stdout.split('\n')[0]]).toEqual([1, 'NOT VALID (signature_wrong)'])
  })

  it.each(['epson-tm-t20iii', 'generic-80mm'] as const)('reads the picture of a receipt from %s', async (id) => {
    const picture = await photograph(withProofs(receiptContent, code), printerProfiles[id])
    const { exitCode, stdout } = await command('--png', picture, '--key', key)
    expect([exitCode, stdout.match(/^VALID$/gm)?.length]).toEqual([0, 1])
  })

  it('reads every code of a receipt, and one bad code makes the answer bad', async () => {
    const profile = printerProfiles['epson-tm-t20iii']
    const good = await command(
      '--png',
      await photograph(withProofs(settledContent, code, secondCode), profile),
      '--key',
      key,
    )
    expect([good.exitCode, good.stdout.match(/^VALID$/gm)?.length]).toEqual([0, 2])
    const foreign = makeReceiptPresentment(presentmentOf(tenderTerms), otherTerminalKey)
    const mixed = await command(
      '--png',
      await photograph(withProofs(settledContent, code, foreign), profile),
      '--key',
      key,
    )
    expect(mixed.exitCode).toBe(1)
    expect(mixed.stdout).toMatch(/^VALID$/m)
    expect(mixed.stdout).toMatch(/^NOT VALID \(signature_wrong\)$/m)
  })

  it('finds no code in a picture without one, and says how to ask when asked wrongly', async () => {
    const empty = join(folder, 'empty.png')
    const paper = new PNG({ width: 100, height: 100 })
    paper.data.fill(255)
    writeFileSync(empty, PNG.sync.write(paper))
    expect((await command('--png', empty, '--key', key)).exitCode).toBe(1)
    for (const wrong of [
      [],
      [code],
      [code, '--key', '{"kty":"EC"}'],
      [code, '--key', join(folder, 'none.json')],
      ['--png', 'none.png', '--key', key],
      ['--other'],
    ]) {
      const { exitCode, stderr } = await command(...wrong)
      expect([wrong, exitCode, stderr.includes('Use: npm run verify-receipt')]).toEqual([wrong, 2, true])
    }
  })
})
