/** The three certificates and what is true of a card's chain (docs/design/22, "Keys and certificates"). */
import { concatBytes, equalBytes } from '../bytes.ts'
import { bytesField, layout, numberField, timeField, type Layout, type ValueOf } from './layout.ts'
import { cardIdLength, referenceLength, serialLength } from './names.ts'
import { keyIdLength, p256PublicKey, publicKeyLength, signatureLength, type P256PublicKey, type Sign } from './p256.ts'

export const cardKind = { voucher: 1, cbdc: 2 } as const
export type CardKind = (typeof cardKind)[keyof typeof cardKind]

export const terminalRole = { till: 1, desk: 2 } as const

const terminalFields = {
  authorityKeyId: bytesField(keyIdLength),
  serial: bytesField(serialLength),
  terminalRef: bytesField(referenceLength),
  merchantRef: bytesField(referenceLength),
  /** Bits of `terminalRole`. */
  role: numberField(1),
  notBefore: timeField,
  notAfter: timeField,
  publicKey: bytesField(publicKeyLength),
}
const issuerFields = {
  rootKeyId: bytesField(keyIdLength),
  serial: bytesField(serialLength),
  issuerRef: bytesField(referenceLength),
  kind: numberField(1),
  notBefore: timeField,
  notAfter: timeField,
  publicKey: bytesField(publicKeyLength),
}
const cardFields = {
  issuerSerial: bytesField(serialLength),
  serial: bytesField(serialLength),
  cardId: bytesField(cardIdLength),
  keyEpoch: numberField(2),
  kind: numberField(1),
  notBefore: timeField,
  notAfter: timeField,
  publicKey: bytesField(publicKeyLength),
}

export type TerminalCertificate = ValueOf<typeof terminalFields>
export type IssuerCertificate = ValueOf<typeof issuerFields>
export type CardCertificate = ValueOf<typeof cardFields>

const terminalLayout = layout('TLMTCE01', terminalFields)
const issuerLayout = layout('TLMICE01', issuerFields)
const cardLayout = layout('TLMCCE01', cardFields)

export const terminalCertificateLength = terminalLayout.length + signatureLength
export const issuerCertificateLength = issuerLayout.length + signatureLength
export const cardCertificateLength = cardLayout.length + signatureLength

/** Each with the signature of whose key `sign` is: the terminal authority's, the root's, the issuer's. */
export const makeTerminalCertificate = maker(terminalLayout)
export const makeIssuerCertificate = maker(issuerLayout)
export const makeCardCertificate = maker(cardLayout)

function maker<Value>(of: Layout<Value>): (value: Value, sign: Sign) => Uint8Array {
  return (value, sign) => {
    const content = of.encode(value)
    return concatBytes(content, sign(content))
  }
}

/** What a till knows of its own certificate. Null: malformed. Whether it is signed well, the card judges. */
export function readTerminalCertificate(bytes: Uint8Array): TerminalCertificate | null {
  return terminalLayout.decode(bytes.subarray(0, Math.max(0, bytes.length - signatureLength)))
}

/** In the order in which they are looked at; the first that is so is told. */
export type ChainFault =
  | 'issuer-certificate-malformed'
  | 'card-certificate-malformed'
  /** Signed by a root that is none of ours. */
  | 'root-unknown'
  | 'issuer-signature-wrong'
  /** The card's certificate names another issuer, or another kind of card. */
  | 'issuer-differs'
  | 'card-signature-wrong'
  /** A key that is no point of the curve: nobody of ours signed that. */
  | 'card-key-malformed'
  | 'issuer-not-valid-then'
  | 'card-not-valid-then'

export interface CardChain {
  readonly cardCertificate: Uint8Array
  readonly issuerCertificate: Uint8Array
}

export type CheckedChain =
  | {
      readonly kind: 'chain'
      readonly card: CardCertificate
      readonly issuer: IssuerCertificate
      readonly cardKey: P256PublicKey
      readonly issuerKey: P256PublicKey
    }
  | { readonly kind: 'refused'; readonly fault: ChainFault }

/**
 * Checks root → issuer → card with public keys alone.
 *
 * @param rootKeys public keys (64 bytes) that a terminal package names
 * @param at the moment at which both certificates have to be valid: of a tap, or of the record that is judged
 */
export function checkChain(chain: CardChain, rootKeys: readonly Uint8Array[], at: number): CheckedChain {
  const issuer = opened(issuerLayout, chain.issuerCertificate)
  if (issuer === null) return refused('issuer-certificate-malformed')
  const card = opened(cardLayout, chain.cardCertificate)
  if (card === null) return refused('card-certificate-malformed')
  const root = rootKeys.map(p256PublicKey).find((key) => key !== null && equalBytes(key.keyId, issuer.value.rootKeyId))
  if (root === undefined || root === null) return refused('root-unknown')
  if (!root.verify(issuer.content, issuer.signature)) return refused('issuer-signature-wrong')
  const issuerKey = p256PublicKey(issuer.value.publicKey)
  if (issuerKey === null) return refused('issuer-certificate-malformed')
  if (!equalBytes(card.value.issuerSerial, issuer.value.serial) || card.value.kind !== issuer.value.kind) {
    return refused('issuer-differs')
  }
  if (!issuerKey.verify(card.content, card.signature)) return refused('card-signature-wrong')
  const cardKey = p256PublicKey(card.value.publicKey)
  if (cardKey === null) return refused('card-key-malformed')
  if (!isValid(issuer.value, at)) return refused('issuer-not-valid-then')
  if (!isValid(card.value, at)) return refused('card-not-valid-then')
  return { kind: 'chain', card: card.value, issuer: issuer.value, cardKey, issuerKey }
}

function opened<Value>(of: Layout<Value>, bytes: Uint8Array) {
  if (bytes.length !== of.length + signatureLength) return null
  const content = bytes.slice(0, of.length)
  const value = of.decode(content)
  return value === null ? null : { value, content, signature: bytes.slice(of.length) }
}

function isValid({ notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number }, at: number) {
  return notBefore <= at && at <= notAfter
}

function refused(fault: ChainFault): CheckedChain {
  return { kind: 'refused', fault }
}
