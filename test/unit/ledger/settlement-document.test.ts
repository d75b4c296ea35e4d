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

/**
 * What pacs.009.001.08 (ISO 20022 message definition report, "FinancialInstitutionCreditTransferV08") says of the
 * elements that we write: their order, how often each stands, and the form of its text. Elements that we never write
 * are left out; all of those that have to be there are here.
 */
interface Definition {
  readonly [name: string]: RegExp | Definition
}

const max35Text = /^[\s\S]{1,35}$/
const max34Text = /^[\s\S]{1,34}$/
const max140Text = /^[\s\S]{1,140}$/
const amountOfCurrency = /^(?=(?:\D*\d){1,18}\D*$)\d+(\.\d{1,5})?$/
const isoDate = /^\d{4}-\d{2}-\d{2}$/
const institution: Definition = { FinInstnId: { Othr: { Id: max35Text } } }
const cashAccount: Definition = { Id: { Othr: { Id: max34Text } }, Ccy: /^[A-Z]{3}$/ }
const definition: Definition = {
  Document: {
    FICdtTrf: {
      GrpHdr: {
        MsgId: max35Text,
        CreDtTm: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/,
        NbOfTxs: /^[0-9]{1,15}$/,
        TtlIntrBkSttlmAmt: amountOfCurrency,
        IntrBkSttlmDt: isoDate,
        SttlmInf: { SttlmMtd: /^(INDA|INGA)$/ },
      },
      CdtTrfTxInf: {
        PmtId: { InstrId: max35Text, EndToEndId: max35Text },
        IntrBkSttlmAmt: amountOfCurrency,
        IntrBkSttlmDt: isoDate,
        InstgAgt: institution,
        InstdAgt: institution,
        Dbtr: institution,
        DbtrAcct: cashAccount,
        Cdtr: institution,
        CdtrAcct: cashAccount,
        RmtInf: { Ustrd: max140Text },
      },
    },
  },
}

/** Reads what `definition` says and nothing else; gives what is left of the text. */
function readAs(elements: Definition, text: string): string {
  let rest = text
  for (const [name, content] of Object.entries(elements)) {
    const start = new RegExp(`^<${name}( Ccy="KZT"| xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08")?>`).exec(
      rest,
    )
    if (start === null) throw new Error(`<${name}> does not stand at ${rest.slice(0, 60)}`)
    rest = rest.slice(start[0].length)
    if (content instanceof RegExp) {
      const value = /^[^<&]*/.exec(rest)?.[0] ?? ''
      if (!content.test(value)) throw new Error(`<${name}> is ${value}`)
      rest = rest.slice(value.length)
    } else rest = readAs(content, rest)
    if (!rest.startsWith(`</${name}>`)) throw new Error(`more in <${name}>: ${rest.slice(0, 60)}`)
    rest = rest.slice(`</${name}>`.length)
  }
  return rest
}

test('each has the elements of the message’s definition, in its order and forms', () => {
  const bank = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,25}$/)
  const legs = fc.record({
    bank,
    centralBank: bank,
    transferId: fc.uuid({ version: 7 }),
    direction: fc.constantFrom('issue' as const, 'redemption' as const),
    amount: fc.bigInt({ min: 1n, max: 10n ** 17n }),
    at: fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2099, 11, 31) }),
  })
  fc.assert(
    fc.property(legs, (one) => {
      const reserveAccount = `${one.bank}.reserve`
      const document = settlementDocument({ ...one, reserveAccount, centralBankAccount: leg.centralBankAccount })
      const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
      expect(document.startsWith(head)).toBe(true)
      expect(readAs(definition, document.slice(head.length))).toBe('\n')
    }),
  )
})
