/**
 * An issuer, a till and a desk, and virtual applet cards on a virtual reader. The card's code (`hardware-mocks/`) and
 * the terminal's (`src/voucher/cards/tolem-applet/`) were written apart, from docs/design/22 alone, and share nothing.
 */
import { createECDH, createHash, createPrivateKey, sign as signBytes } from 'node:crypto'
import { blankApplet, type AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { fromHex } from '../../../src/voucher/cards/bytes.ts'
import {
  makeCardCertificate,
  makeIssuerCertificate,
  makeTerminalCertificate,
} from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import {
  issuerRef,
  merchantRef,
  schemeRef,
  slotRef,
  terminalRef,
} from '../../../src/voucher/cards/tolem-applet/names.ts'
import { p256PublicKey, type Sign } from '../../../src/voucher/cards/tolem-applet/p256.ts'
import { personaliseApplet, type AppletOrder } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import { setPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import { openPresence, type TerminalIdentity } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { makeScript, update, type ScriptItem } from '../../../src/voucher/cards/tolem-applet/script.ts'
import type { AppletSlot } from '../../../src/voucher/cards/tolem-applet/slots.ts'

export const day = 86_400_000
export const now = 1_764_313_200_000
export const pin = '4071'
export const scheme = schemeRef('school-lunch')

export interface TestKey {
  readonly publicKey: Uint8Array
  readonly keyId: Uint8Array
  readonly sign: Sign
}

const secretOf = (name: string): Buffer => createHash('sha256').update(`applet world, ${name}`).digest()

export function testKey(name: string): TestKey {
  const secret = secretOf(name)
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(secret)
  const publicKey = Uint8Array.from(curve.getPublicKey().subarray(1))
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256', d: text(secret) },
    ...{ x: text(publicKey.subarray(0, 32)), y: text(publicKey.subarray(32)) },
  }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return {
    publicKey,
    keyId: p256PublicKey(publicKey)!.keyId,
    sign: (bytes) => signBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  }
}

export const root = testKey('root')
export const authority = testKey('authority')
export const nextAuthority = testKey('next authority')
export const issuer = testKey('issuer')
/** For cards that the panel makes at once. */
export const issuerPrivateKey = secretOf('issuer')
export const trust = { rootKeys: [root.publicKey], trustedTime: now }

type Kind = 1 | 2

const issuerSerial = fromHex('0000000000000B01')
/** Kind 02 is a bank's, for CBDC cards. */
export function issuerCertificateOf(kind: Kind): Uint8Array {
  return makeIssuerCertificate(
    {
      rootKeyId: root.keyId,
      serial: issuerSerial,
      issuerRef: issuerRef(kind === 1 ? 'education-almaty' : 'bank-of-example'),
      kind,
      notBefore: now - 100 * day,
      notAfter: now + 1000 * day,
      publicKey: issuer.publicKey,
    },
    root.sign,
  )
}

export interface TestTerminal extends TerminalIdentity {
  readonly serial: Uint8Array
}

/** @param of differences from a till of canteen-12 with a certificate of seven days */
export function terminal(
  name: string,
  of: {
    readonly role?: number
    readonly merchant?: string
    readonly notBefore?: number
    readonly notAfter?: number
    readonly by?: TestKey
  } = {},
): TestTerminal {
  const key = testKey(`terminal ${name}`)
  const signer = of.by ?? authority
  const serial = key.keyId
  const certificate = makeTerminalCertificate(
    {
      authorityKeyId: signer.keyId,
      serial,
      terminalRef: terminalRef(name),
      merchantRef: merchantRef(of.merchant ?? 'canteen-12'),
      role: of.role ?? 1,
      notBefore: of.notBefore ?? now - day,
      notAfter: of.notAfter ?? now + 6 * day,
      publicKey: key.publicKey,
    },
    signer.sign,
  )
  return { certificate, sign: key.sign, serial }
}

export const till = terminal('till-0007')
export const desk = terminal('desk-0001', { role: 2 })

/** A slot of this month with 20 lunches of 1 150 ₸; above 1 000 ₸ the PIN is asked. */
export function slot(of: Partial<AppletSlot> & { readonly name?: string } = {}): AppletSlot {
  const { name = '2025-11', ...rest } = of
  return {
    schemeRef: scheme,
    slotRef: slotRef(`school-lunch/00112233445566778899aabbccddeeff/${name}`),
    validFrom: now - 27 * day,
    validUntil: now + 3 * day,
    countLeft: 20,
    amountLeft: 2_300_000n,
    maxPerSpend: 150_000n,
    pinAbove: 100_000n,
    flags: 0,
    beneficiary: fromHex('00112233445566778899AABBCCDDEEFF'),
    ...rest,
  }
}

export interface TestCard {
  readonly card: VirtualApplet
  readonly faulty: FaultyCard
  /** The card's own log: what it did, whoever was told. */
  readonly log: CardLogEntry[]
}

export function testCard(state: AppletState = blankApplet({ uid: null, cardKind: 1 }), seed = 'card'): TestCard {
  const log: CardLogEntry[] = []
  const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
  const card = VirtualApplet.fromState(state, { random: seededRandom(seed), memory })
  return { card, faulty: new FaultyCard(card, { random: seededRandom(`faults of ${seed}`) }), log }
}

export const debits = ({ log }: TestCard) => log.flatMap((entry) => (entry.kind === 'debit' ? [entry] : []))

export const cardId = fromHex('C0FFEE00112233445566778899AABBCC')

export function certificateFor(
  publicKey: Uint8Array,
  of: { readonly keyEpoch?: number; readonly serial?: string; readonly kind?: Kind } = {},
): Uint8Array {
  return makeCardCertificate(
    {
      issuerSerial,
      serial: fromHex(of.serial ?? '0000000000000C01'),
      cardId,
      keyEpoch: of.keyEpoch ?? 1,
      kind: of.kind ?? 1,
      notBefore: now - 30 * day,
      notAfter: now + 700 * day,
      publicKey,
    },
    issuer.sign,
  )
}

export function orderOf(kind: Kind): AppletOrder {
  return {
    cardId,
    issuerCertificate: issuerCertificateOf(kind),
    authorityKeys: [authority.publicKey, nextAuthority.publicKey],
    time: now - 2 * day,
    certify: async (publicKey) => certificateFor(publicKey, { kind }),
  }
}
export const order = orderOf(1)

export const terminalRandom = seededRandom('terminals')

export async function present(channel: CardChannel, as: TerminalIdentity, trustedTime = now) {
  return openPresence(channel, as, { ...trust, trustedTime }, terminalRandom)
}

export function script(counter: number, items: readonly ScriptItem[], of: { keyEpoch?: number; time?: number } = {}) {
  return makeScript({ cardId, keyEpoch: of.keyEpoch ?? 1, counter, time: of.time ?? now - day }, items, issuer.sign)
}

/** A card as the desk gives it to its holder: slots, a PIN. */
export async function issuedCard(slots: readonly AppletSlot[] = [slot()], kind: Kind = 1): Promise<TestCard> {
  const made = testCard(blankApplet({ uid: null, cardKind: kind }))
  made.faulty.enterField()
  const channel: CardChannel = {
    atr: made.card.atr,
    transmit: async (command) => made.faulty.exchange(command) as never,
  }
  const presence = await personaliseApplet(channel, orderOf(kind), desk, trust, terminalRandom)
  if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
  const items = slots.map((loaded) => ({ kind: 'load-slot', slot: loaded }) as const)
  const first = script(1, [...items, { kind: 'allow-new-pin', terminalSerial: desk.serial }])
  for (const done of [await update(presence, first), await setPin(presence, pin)]) {
    if (done.kind !== 'applied' && done.kind !== 'verified') throw new Error(JSON.stringify(done))
  }
  made.faulty.leaveField()
  made.log.length = 0
  return made
}

let oneIssued: AppletState | undefined

/** The same card each time, with one slot: issued once. */
export async function usualCard(): Promise<TestCard> {
  oneIssued ??= (await issuedCard()).card.state()
  return testCard(oneIssued)
}
