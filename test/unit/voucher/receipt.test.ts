/**
 * Method: receipts go through the product's encoder and are read back by the ESC/POS reader of the driver tests, which
 * shares no code with it. The golden files in test/fixtures/receipts/ are what stands on the paper; read them.
 */
import { describe, expect, it } from 'vitest'
import type { PrintDocument } from '../../../src/drivers/printer/document.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import { kz1048Repertoire } from '../../../src/drivers/printer/kz1048.ts'
import { printerProfiles, type PrinterProfile } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { languages, type Language } from '../../../src/voucher/identifiers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { receiptTexts } from '../../../src/voucher/receipt-texts.ts'
import {
  formatLocalTime,
  formatPeriod,
  receiptDocument,
  voidSlip,
  type ReceiptDocument,
} from '../../../src/voucher/receipt.ts'
import { refundSlip } from '../../../src/voucher/refund-slip.ts'
import { shiftSlip } from '../../../src/voucher/shift-slip.ts'
import { shiftTexts } from '../../../src/voucher/shift-texts.ts'
import {
  byCardContent,
  receiptContent,
  refundContent,
  settledContent,
  sharedContent,
  shiftContent,
  voidContent,
} from '../../fixtures/receipt-content.ts'
import { readJob } from '../drivers/escpos-reader.ts'

const typeface = loadTypeface()
const papers: Readonly<Record<48 | 42 | 32, PrinterProfile>> = {
  48: printerProfiles['epson-tm-t20iii'],
  42: printerProfiles['epson-tm-t88v'],
  32: { ...printerProfiles['epson-tm-t20iii'], columns: 32, dots: 384 },
}
const widths = [48, 42, 32] as const

const slips: Readonly<Record<string, (language: Language) => ReceiptDocument>> = {
  pending: (language) => receiptDocument(receiptContent, language),
  'settled-copy': (language) => receiptDocument({ ...settledContent, copy: true }, language),
  shared: (language) => receiptDocument(sharedContent, language),
  'by-card': (language) => receiptDocument(byCardContent, language),
  void: (language) => voidSlip(voidContent, language),
  refund: (language) => refundSlip(refundContent, language),
  z: (language) => shiftSlip({ ...shiftContent, copy: true }, language),
  x: (language) => {
    const { figures } = shiftContent
    return shiftSlip(
      { ...shiftContent, figures: { ...figures, drawer: { ...figures.drawer, counted: null } } },
      language,
    )
  },
}
const cases = Object.keys(slips).flatMap((slip) =>
  languages.flatMap((language) => widths.map((width) => ({ slip, language, width }))),
)

const print = (document: PrintDocument, profile: PrinterProfile) => {
  const encoded = encodeDocument(document, profile, typeface)
  return { ...encoded, job: readJob(encoded.bytes) }
}
const wordsOf = (document: ReceiptDocument): string =>
  document.blocks
    .map((block) => (block.kind === 'row' ? `${block.left}\t${block.right}` : 'text' in block ? block.text : ''))
    .join('\n')

describe('a receipt on paper', () => {
  it.each(cases)('$slip in $language on $width columns is written in KZ-1048 as the golden file', async (one) => {
    const document = slips[one.slip]?.(one.language) ?? { blocks: [] }
    const { drawnLines, replaced, job } = print(document, papers[one.width])
    expect({ drawnLines, replaced, cuts: job.cuts }).toEqual({ drawnLines: 0, replaced: [], cuts: 1 })
    for (const line of job.lines) expect([...(line ?? '')].length).toBeLessThanOrEqual(one.width)
    expect(job.lines.join('\n')).not.toMatch(/[?\ufffd]/)
    const codes = job.qrPayloads.map((payload) => `[QR ${payload}]`)
    const text = `${[...job.lines.map((line) => line?.trimEnd()), ...codes].join('\n')}\n`
    await expect(text).toMatchFileSnapshot(`../../fixtures/receipts/${one.slip}-${one.language}-${one.width}.txt`)
  })

  it.each(languages)('every word of %s is in KZ-1048, none is empty, and none repeats another language', (language) => {
    for (const [name, text] of Object.entries(receiptTexts[language])) {
      expect([name, text.trim()]).not.toEqual([name, ''])
      for (const character of text)
        expect([name, character, kz1048Repertoire.has(character)]).toEqual([name, character, true])
    }
    const others = languages.filter((other) => other !== language)
    // Words that Kazakh and Russian share.
    const shared = ['terminal', 'card']
    for (const [name, text] of Object.entries(receiptTexts[language])) {
      if (shared.includes(name)) continue
      for (const other of others) expect(Object.entries(receiptTexts[other])).not.toContainEqual([name, text])
    }
  })
})

describe('what a report says', () => {
  it.each(languages)('every word of %s is in KZ-1048 and none is empty', (language) => {
    const { states, ...words } = shiftTexts[language]
    for (const [name, text] of [...Object.entries(words), ...Object.entries(states)]) {
      expect([name, text.trim()]).not.toEqual([name, ''])
      for (const character of text)
        expect([name, character, kz1048Repertoire.has(character)]).toEqual([name, character, true])
    }
  })

  it('says what is short, what is over, and nothing of a count that nobody made', () => {
    const { figures } = shiftContent
    const said = (counted: bigint | null): string => {
      const drawer = { ...figures.drawer, counted: counted === null ? null : tiyn(counted) }
      return wordsOf(shiftSlip({ ...shiftContent, figures: { ...figures, drawer } }, 'en')).replace(
        /[\u00a0\u202f]/g,
        ' ',
      )
    }
    expect(said(534_500n)).toContain('SHORT\t5,00 ₸')
    expect(said(535_100n)).toContain('OVER\t1,00 ₸')
    expect(said(null)).not.toMatch(/SHORT|OVER|COUNTED|Z-REPORT/)
  })
})

describe('what a receipt says', () => {
  it('names credit where the ledger has not answered, and nowhere else', () => {
    for (const language of languages) {
      const { pending, paidPending, settled } = receiptTexts[language]
      const offline = wordsOf(receiptDocument(receiptContent, language))
      const online = wordsOf(receiptDocument(settledContent, language))
      expect([offline.includes(pending), offline.includes(paidPending), offline.includes(settled)]).toEqual([
        true,
        true,
        false,
      ])
      expect([online.includes(pending), online.includes(paidPending), online.includes(settled)]).toEqual([
        false,
        false,
        true,
      ])
    }
  })

  it('adds up: total, paid, left', () => {
    const rows = receiptDocument(settledContent, 'en').blocks.flatMap((block) =>
      block.kind === 'row' ? [`${block.left}: ${block.right}`.replace(/[\u00a0\u202f]/g, ' ')] : [],
    )
    expect(rows).toContain('TOTAL: 1 850,00 ₸')
    expect(rows).toContain('Paid: 1 650,00 ₸')
    expect(rows).toContain('LEFT TO PAY: 200,00 ₸')
    expect(wordsOf(receiptDocument(receiptContent, 'en'))).not.toContain('LEFT TO PAY')
  })

  describe('of each line', () => {
    type Voucher = Extract<(typeof receiptContent.tenders)[number], { kind: 'voucher' }>
    const paper = (document: ReceiptDocument) => wordsOf(document).replace(/[\u00a0\u202f]/g, ' ')
    const rows = (document: ReceiptDocument) => paper(document).match(/^ {2}– .*$/gm) ?? []
    const vouchers = (content: typeof receiptContent) =>
      content.tenders.filter((tender): tender is Voucher => tender.kind === 'voucher')
    const [lunch] = vouchers(receiptContent)
    const [discount, voucher] = vouchers(sharedContent)
    if (lunch === undefined || discount === undefined || voucher === undefined) throw new Error('the fixtures changed')
    const saleOf = (...lines: readonly number[]) => ({
      ...receiptContent.sale,
      lines: receiptContent.sale.lines.filter(({ line }) => lines.includes(line)),
    })
    const whole = [
      { line: 1, amount: tiyn(115_000) },
      { line: 2, amount: tiyn(70_000) },
    ]

    it('numbers the schemes beneath the line, in the order in which they pay, and names them at their sums', () => {
      const text = paper(receiptDocument(sharedContent, 'en'))
      expect(text).toContain(
        [
          'Bread\n  2 x 180,00 ₸\t360,00 ₸',
          '  – scheme 1\t108,00 ₸',
          'Milk, 1 l\t499,00 ₸',
          '  – scheme 1\t149,70 ₸',
          '  – scheme 2\t349,30 ₸',
          'Carrots, 1 kg\t650,00 ₸',
          '  – scheme 2\t650,00 ₸',
          'Sweet bun\t420,00 ₸\n\nTOTAL',
        ].join('\n'),
      )
      expect(text).toContain('1. Discount on socially important goods\t257,70 ₸')
      expect(text).toContain('2. Food voucher\t999,30 ₸')
    })

    it('adds up to what each scheme pays in all, each row on one line of the narrowest paper', () => {
      for (const [index, { amount }] of [discount, voucher].entries())
        for (const language of languages) {
          const ofScheme = rows(receiptDocument(sharedContent, language)).filter((row) =>
            row.includes(` ${index + 1}\t`),
          )
          const paid = ofScheme.map((row) => BigInt((row.split('\t')[1] ?? '').replace(/\D/g, '')))
          expect(paid.reduce((sum, one) => sum + one, 0n)).toBe(amount)
          const { job } = print(receiptDocument(sharedContent, language), papers[32])
          expect(job.lines.filter((line) => line?.startsWith('  – ')).map((line) => line?.trimEnd().length)).toEqual([
            32, 32, 32, 32,
          ])
        }
    })

    it('does not name a scheme that is alone', () => {
      expect(languages.map((language) => rows(receiptDocument(receiptContent, language)))).toEqual([
        ['  – бағдарлама\t1 150,00 ₸'],
        ['  – программа\t1 150,00 ₸'],
        ['  – scheme\t1 150,00 ₸'],
      ])
    })

    it('says nothing where the sums below say it: a single line, or one scheme that pays everything', () => {
      const single = {
        ...settledContent,
        sale: saleOf(1),
        tenders: [lunch, { kind: 'cash', amount: tiyn(1) } as const],
      }
      const all = { ...receiptContent, tenders: [{ ...lunch, amount: tiyn(185_000), lines: whole }] }
      expect([rows(receiptDocument(single, 'en')), rows(receiptDocument(all, 'en'))]).toEqual([[], []])
      const nearly = [whole[0], { line: 2, amount: tiyn(69_999) }].flatMap((one) => one ?? [])
      expect(rows(receiptDocument({ ...all, tenders: [{ ...lunch, lines: nearly }] }, 'en'))).toHaveLength(2)
      const cash = { ...receiptContent, tenders: [{ kind: 'cash', amount: tiyn(185_000) } as const] }
      expect(rows(receiptDocument(cash, 'en'))).toEqual([])
    })

    it('adds two cards of one scheme to one row', () => {
      const ofLine = (amount: number) => ({
        ...voucher,
        amount: tiyn(amount),
        lines: [{ line: 2, amount: tiyn(amount) }],
      })
      const document = receiptDocument({ ...receiptContent, tenders: [ofLine(30_000), ofLine(15_000)] }, 'ru')
      expect(rows(document)).toEqual(['  – программа\t450,00 ₸'])
    })

    it('says of goods that came back what goes to which scheme, and nothing of what the ledger refused', () => {
      expect(rows(refundSlip(refundContent, 'en'))).toEqual(['  – scheme 1\t1 150,00 ₸', '  – scheme 2\t200,00 ₸'])
      expect(paper(refundSlip(refundContent, 'en'))).toMatch(/^1\. School lunch\t[^]*^2\. Food voucher\t/m)
      const wallet = refundContent.refunds.map((refund) => ({ ...refund, cardLastFour: null }))
      expect(rows(refundSlip({ ...refundContent, refunds: wallet }, 'en'))).toEqual([])
    })
  })

  it('is marked as a copy only when it is one, and always as non-fiscal', () => {
    for (const language of languages) {
      const { copy, nonFiscal } = receiptTexts[language]
      const marks = (isCopy: boolean) =>
        receiptDocument({ ...receiptContent, copy: isCopy }, language).blocks.filter(
          (block) => block.kind === 'copyMark',
        )
      expect(marks(true)).toEqual([{ kind: 'copyMark', text: copy }])
      expect(marks(false)).toEqual([])
      expect(wordsOf(receiptDocument(receiptContent, language))).toContain(nonFiscal)
      expect(wordsOf(voidSlip(voidContent, language))).toContain(nonFiscal)
    }
  })

  it('carries each proof as a code of its own, and no code without a proof', () => {
    const codes = (content: typeof receiptContent) =>
      receiptDocument(content, 'en').blocks.flatMap((block) => (block.kind === 'qr' ? [block.payload] : []))
    expect(codes(receiptContent)).toEqual(['TOLEM1.proof.signature'])
    expect(codes(settledContent)).toEqual(['first', 'second'])
    const cash = { ...receiptContent, tenders: [{ kind: 'cash' as const, amount: tiyn(185_000n) }] }
    expect(codes(cash)).toEqual([])
    expect(wordsOf(receiptDocument(cash, 'en'))).not.toContain(receiptTexts.en.proof)
  })

  it('lists lines by their number and never shows more of a card than four characters', () => {
    const reversed = {
      ...receiptContent,
      sale: { ...receiptContent.sale, lines: receiptContent.sale.lines.toReversed() },
    }
    expect(receiptDocument(reversed, 'kk')).toEqual(receiptDocument(receiptContent, 'kk'))
    expect(wordsOf(receiptDocument(receiptContent, 'en'))).toContain('Card\t…c0de')
  })
})

describe('local time', () => {
  it.each([
    [Date.UTC(2026, 10, 23, 7, 5, 59, 999), 300, '23.11.2026 12:05'],
    [Date.UTC(2026, 11, 31, 19, 0), 300, '01.01.2027 00:00'],
    [Date.UTC(2026, 11, 31, 18, 59), 300, '31.12.2026 23:59'],
    [Date.UTC(2024, 1, 28, 18, 30), 360, '29.02.2024 00:30'],
    [0, -60, '31.12.1969 23:00'],
  ])('%i at %i minutes is %s', (at, offset, text) => {
    expect(formatLocalTime(at, offset)).toBe(text)
  })

  it('writes days and months as people do, and other periods by their id', () => {
    expect(['2026-11-23', '2026-11', '2026-11-23--2026-11-29', 'term-1', '2026-W48'].map(formatPeriod)).toEqual([
      '23.11.2026',
      '11.2026',
      '23.11.2026–29.11.2026',
      'term-1',
      '2026-W48',
    ])
  })
})
