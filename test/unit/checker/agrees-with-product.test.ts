/**
 * The checker shares no code with the product, so its own reading of the formats is held against what the product
 * writes: the code of a receipt, the slips of a printer with and without QR codes of its own, the ledger's columns.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slipRecord } from '../../../hardware-mocks/printer/slip-store.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { printerProfiles, type PrinterProfileId } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { lossCodes as lossCodesOfProduct } from '../../../src/sync/protocol/loss-codes.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { languages } from '../../../src/voucher/identifiers.ts'
import { receiptDocument, voidSlip, type ReceiptDocument } from '../../../src/voucher/receipt.ts'
import { neededColumns } from '../../checker/ledger-database.ts'
import { lossCodes } from '../../checker/ledger-tenders.ts'
import { readPaper, type PaperSlip } from '../../checker/paper.ts'
import { decodeReceiptCode, isGenuine } from '../../checker/receipt-code.ts'
import { refundSlip } from '../../../src/voucher/refund-slip.ts'
import { receiptContent, refundContent, voidContent } from '../../fixtures/receipt-content.ts'
import { otherTerminalKey, presentmentOf, tenderTerms, terminalKey } from '../../fixtures/receipt-presentment.ts'
import { bench } from '../hardware-mocks-printer/bench.ts'
import { MadeUpRun } from './made-up-run.ts'
import { sunOf } from '../../fixtures/sun-of.ts'

const root = resolve(import.meta.dirname, '../../..')
let folder = ''
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tolem-checker-agrees-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const presentment = presentmentOf(tenderTerms)
const code = makeReceiptPresentment(presentment, terminalKey)

test('the code of a receipt means the same to both', () => {
  const read = decodeReceiptCode(code)
  if (read === undefined) throw new Error('not read')
  expect(read.terms).toEqual({ ...tenderTerms, amount: tenderTerms.amount.toString() })
  expect(read).toMatchObject({
    termsHash: termsHashOf(tenderTerms),
    leaseId: presentment.leaseId,
    decidedAt: presentment.decidedAt,
    mac: sunOf(presentment.cardProof).m,
    terminalId: presentment.terminalId,
  })
  expect(isGenuine(read, [JSON.stringify(otherTerminalKey.jwk), JSON.stringify(terminalKey.jwk)])).toBe(true)
  expect(isGenuine(read, [JSON.stringify(otherTerminalKey.jwk)])).toBe(false)
})

test('the reasons why nobody pays are the same', () => {
  expect(lossCodes).toEqual(lossCodesOfProduct)
})

test('the ledger has every column that the checker reads', async () => {
  const path = join(folder, 'ledger.db')
  await (await openStore(path)).close()
  const database = new Database(path, { readonly: true })
  const missing = Object.entries(neededColumns).flatMap(([table, columns]) => {
    const present = (database.pragma(`table_info(${table})`) as { name: string }[]).map((column) => column.name)
    return columns.filter((column) => !present.includes(column)).map((column) => `${table}.${column}`)
  })
  database.close()
  expect(missing).toEqual([])
})

describe('slips', () => {
  const printed = (name: string, document: ReceiptDocument, profile: PrinterProfileId): PaperSlip | undefined => {
    const slips = join(folder, name)
    mkdirSync(slips)
    const printer = bench()
    printer.send(encodeDocument(document, printerProfiles[profile], loadTypeface()).bytes)
    const [slip] = printer.slips
    if (slip === undefined) throw new Error('nothing was printed')
    writeFileSync(join(slips, '0001.bin'), slip.bytes)
    writeFileSync(join(slips, '0001.json'), JSON.stringify(slipRecord(slip)))
    return readPaper(slips).slips[0]
  }
  const [voucher, ...others] = receiptContent.tenders
  if (voucher?.kind !== 'voucher') throw new Error('the fixture begins with a voucher')
  const content = { ...receiptContent, tenders: [{ ...voucher, proof: code }, ...others] }

  test.each(languages)('original, copy, cancellation and refund in %s', (language) => {
    expect(printed(`original-${language}`, receiptDocument(content, language), 'epson-tm-t20iii')).toMatchObject({
      mark: 'original',
      codes: [code],
      isVoid: false,
      till: receiptContent.terminalId,
      cash: 70_000n,
    })
    const copy = receiptDocument({ ...content, copy: true }, language)
    expect(printed(`copy-${language}`, copy, 'epson-tm-t20iii')).toMatchObject({ mark: 'copy', codes: [code] })
    const ids = voidContent.tenders.flatMap((tender) => (tender.kind === 'voucher' ? [tender.tenderId.slice(-8)] : []))
    expect(printed(`void-${language}`, voidSlip(voidContent, language), 'epson-tm-t20iii')).toMatchObject({
      isVoid: true,
      voids: ids,
      codes: [],
      cash: 70_000n,
    })
    expect(ids.length).toBeGreaterThan(0)
    expect(printed(`refund-${language}`, refundSlip(refundContent, language), 'epson-tm-t20iii')).toMatchObject({
      isVoid: false,
      isRefund: true,
      sale: refundContent.saleId.slice(-8),
      payments: [],
      codes: [],
      till: refundContent.terminalId,
      cash: refundContent.cash,
    })
  })

  test('a printer to which everything is a picture: the code is read off the paper, the words are not', () => {
    expect(printed('drawn', receiptDocument(content, 'kk'), 'generic-80mm')).toMatchObject({
      mark: 'unreadable',
      codes: [code],
    })
  })
})

describe('the command', () => {
  const check = (...parameters: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['test/checker/main.ts', ...parameters], {
      encoding: 'utf8',
      cwd: root,
    })
    return { status, stdout, stderr }
  }

  test('0 for a clean run, 1 for a fault, 2 when it cannot be said', () => {
    const run = new MadeUpRun()
    const sale = run.wholeSale(1)
    expect(check('--data', run.folder)).toMatchObject({ status: 0, stdout: expect.stringContaining('PASSED') })
    run.pay(sale)
    const failed = check('--data', run.folder, '--json')
    expect(failed.status).toBe(1)
    expect(JSON.parse(failed.stdout)).toMatchObject({ passed: false, settled: 1, balanced: true, lost: [] })
    run.database.exec('alter table lease drop column state')
    expect(check('--data', run.folder)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('"lease" has no column "state"'),
    })
    run.remove()
    expect(check('--json')).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage') })
  }, 60_000)
})
