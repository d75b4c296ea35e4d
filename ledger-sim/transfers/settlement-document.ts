/**
 * The non-cash leg of a conversion at the central bank as ISO 20022 says it: a financial institution credit transfer,
 * in the elements and order of pacs.009.001.08. Accounts and banks have names of the simulator, no BIC and no IBAN, and
 * the transfer's id is a UUIDv7, which a UETR cannot be; so it is like a pacs.009, and passes no bank's gateway.
 */
import { element, xmlDocument } from './xml.ts'

export interface NonCashLeg {
  /** The client's id of the conversion. */
  readonly transferId: string
  readonly bank: string
  readonly reserveAccount: string
  readonly centralBank: string
  readonly centralBankAccount: string
  /** `issue`: from the reserve to the central bank. `redemption`: back. */
  readonly direction: 'issue' | 'redemption'
  /** Tiyn. */
  readonly amount: bigint
  /** Milliseconds since 1970. */
  readonly at: number
}

const namespace = 'urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08'
/** All of Kazakhstan is UTC+5 since 1 March 2024, without summer time. */
const kazakhstanOffsetMs = 5 * 3_600_000

export function settlementDocument(leg: NonCashLeg): string {
  // An identifier of ISO 20022 has at most 35 characters.
  const id = leg.transferId.replaceAll('-', '')
  const isIssue = leg.direction === 'issue'
  const bank = { name: leg.bank, account: leg.reserveAccount }
  const centralBank = { name: leg.centralBank, account: leg.centralBankAccount }
  const [debtor, creditor] = isIssue ? [bank, centralBank] : [centralBank, bank]
  const amount = decimal(leg.amount)
  const day = new Date(leg.at + kazakhstanOffsetMs).toISOString().slice(0, 10)
  const inTenge = { Ccy: 'KZT' }
  return xmlDocument(
    element(
      'Document',
      [
        element('FICdtTrf', [
          element('GrpHdr', [
            element('MsgId', id),
            element('CreDtTm', new Date(leg.at).toISOString()),
            element('NbOfTxs', '1'),
            element('TtlIntrBkSttlmAmt', amount, inTenge),
            element('IntrBkSttlmDt', day),
            // On the books of the central bank: it is instructed by a bank that buys, and instructs where it pays.
            element('SttlmInf', [element('SttlmMtd', isIssue ? 'INDA' : 'INGA')]),
          ]),
          element('CdtTrfTxInf', [
            element('PmtId', [element('InstrId', id), element('EndToEndId', id)]),
            element('IntrBkSttlmAmt', amount, inTenge),
            element('IntrBkSttlmDt', day),
            element('InstgAgt', institution(debtor.name)),
            element('InstdAgt', institution(creditor.name)),
            element('Dbtr', institution(debtor.name)),
            element('DbtrAcct', account(debtor.account)),
            element('Cdtr', institution(creditor.name)),
            element('CdtrAcct', account(creditor.account)),
            element('RmtInf', [element('Ustrd', isIssue ? 'Issue of Digital Tenge' : 'Redemption of Digital Tenge')]),
          ]),
        ]),
      ],
      { xmlns: namespace },
    ),
  )
}

function institution(name: string) {
  return [element('FinInstnId', [element('Othr', [element('Id', name)])])]
}

function account(accountId: string) {
  return [element('Id', [element('Othr', [element('Id', accountId)])]), element('Ccy', 'KZT')]
}

/** Tenge with two digits, as ISO 20022 writes amounts. */
function decimal(amount: bigint): string {
  return `${amount / 100n}.${(amount % 100n).toString().padStart(2, '0')}`
}
