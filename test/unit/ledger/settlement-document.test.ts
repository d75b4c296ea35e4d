/** Method: documents against text written by hand, and any text against a reader of a few lines. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settlementDocument } from '../../../ledger-sim/transfers/settlement-document.ts'
import { element, xmlDocument } from '../../../ledger-sim/transfers/xml.ts'

const leg = {
  transferId: '019aaf6e-1c00-7000-8000-000000000001',
  bank: 'dala-bank',
  reserveAccount: 'dala-bank.reserve',
  centralBank: 'central-bank',
  centralBankAccount: 'central-bank.non-cash',
  direction: 'issue',
  amount: 100_005n,
  // 20:30 UTC: in Kazakhstan it is the next day.
  at: Date.UTC(2026, 10, 25, 20, 30),
} as const

describe('a settlement document', () => {
  test('of an issue, whole', () => {
    expect(settlementDocument(leg)).toBe(
      [
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08">',
        '<FICdtTrf><GrpHdr><MsgId>019aaf6e1c0070008000000000000001</MsgId><CreDtTm>2026-11-25T20:30:00.000Z</CreDtTm>',
        '<NbOfTxs>1</NbOfTxs><TtlIntrBkSttlmAmt Ccy="KZT">1000.05</TtlIntrBkSttlmAmt>',
        '<IntrBkSttlmDt>2026-11-26</IntrBkSttlmDt><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr>',
        '<CdtTrfTxInf><PmtId><InstrId>019aaf6e1c0070008000000000000001</InstrId>',
        '<EndToEndId>019aaf6e1c0070008000000000000001</EndToEndId></PmtId>',
        '<IntrBkSttlmAmt Ccy="KZT">1000.05</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-26</IntrBkSttlmDt>',
        '<InstgAgt><FinInstnId><Othr><Id>dala-bank</Id></Othr></FinInstnId></InstgAgt>',
        '<InstdAgt><FinInstnId><Othr><Id>central-bank</Id></Othr></FinInstnId></InstdAgt>',
        '<Dbtr><FinInstnId><Othr><Id>dala-bank</Id></Othr></FinInstnId></Dbtr>',
        '<DbtrAcct><Id><Othr><Id>dala-bank.reserve</Id></Othr></Id><Ccy>KZT</Ccy></DbtrAcct>',
        '<Cdtr><FinInstnId><Othr><Id>central-bank</Id></Othr></FinInstnId></Cdtr>',
        '<CdtrAcct><Id><Othr><Id>central-bank.non-cash</Id></Othr></Id><Ccy>KZT</Ccy></CdtrAcct>',
        '<RmtInf><Ustrd>Issue of Digital Tenge</Ustrd></RmtInf></CdtTrfTxInf></FICdtTrf></Document>\n',
      ].join(''),
    )
  })

  test('of a redemption: the central bank pays, on its own books', () => {
    const document = settlementDocument({ ...leg, direction: 'redemption', amount: 7n })
    expect(document).toContain('<SttlmMtd>INGA</SttlmMtd>')
    expect(document).toContain('<Dbtr><FinInstnId><Othr><Id>central-bank</Id>')
    expect(document).toContain('<Cdtr><FinInstnId><Othr><Id>dala-bank</Id>')
    expect(document).toContain('>0.07<')
  })
})

/** Halves of characters and control characters among them. */
const anyText = fc.array(fc.oneof(fc.nat(0x40), fc.nat(0xffff))).map((units) => String.fromCharCode(...units))

test('any text comes back out of XML, but for what XML has no place for', () => {
  const read = (text: string) =>
    text
      .replaceAll(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&apos;', "'")
      .replaceAll('&amp;', '&')
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string()), (text) => {
      const written = xmlDocument(element('a', text, { b: text }))
      const [, attribute, content] = /<a b="([^"<]*)">([^<]*)<\/a>/.exec(written) ?? []
      const kept = [...text.toWellFormed()].map((one) =>
        /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(one) ? '\uFFFD' : one,
      )
      expect(read(content ?? '')).toBe(kept.join(''))
      expect(read(attribute ?? '')).toBe(kept.join(''))
    }),
  )
})
