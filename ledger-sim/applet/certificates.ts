/** The certificates of issuers, cards, tills and desks (docs/design/22, "Keys and certificates"). */
import { publicJwkSchema } from '../../src/sync/protocol/keys.ts'
import {
  cardKind,
  makeCardCertificate,
  makeIssuerCertificate,
  makeTerminalCertificate,
  terminalRole,
} from '../../src/voucher/cards/tolem-applet/certificates.ts'
import { unsignedField } from '../../src/voucher/cards/tolem-applet/layout.ts'
import { issuerRef, merchantRef, terminalRef } from '../../src/voucher/cards/tolem-applet/names.ts'
import type { AppletTrust } from '../../src/voucher/package.ts'
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'
import type { Terminal } from '../terminals/terminals.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Dated back: a till whose clock is a little slow is not refused by a card that was at another one a minute ago. */
export const datedBackMs = hourMs

/** Short, since a card cannot hear of a till that is revoked. */
const tillLifeMs = 7 * dayMs
const deskLifeMs = dayMs
const issuerLifeMs = 20 * 365 * dayMs
const cardLifeMs = 6 * 365 * dayMs

export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
export const fromBase64url = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'))
export const serialBytes = (serial: bigint): Uint8Array => unsignedField(8).encode(serial)

/** The agency's certificate as an issuer of voucher cards, made when it is first needed. */
export async function issuerCertificate(work: Work, agencyId: string): Promise<string> {
  const { connection, keys, now } = work
  const { root } = keys.applet
  const known = await connection
    .selectFrom('issuer_certificate')
    .select('certificate')
    .where('agency_id', '=', agencyId)
    .executeTakeFirst()
  if (known !== undefined) return known.certificate
  const serial = await nextSerial(work, 'issuer_certificate')
  const certificate = base64url(
    makeIssuerCertificate(
      {
        rootKeyId: root.publicKey.keyId,
        serial: serialBytes(serial),
        issuerRef: issuerRef(agencyId),
        kind: cardKind.voucher,
        notBefore: now - datedBackMs,
        notAfter: now + issuerLifeMs,
        publicKey: keys.applet.issuer(agencyId).publicKey.bytes,
      },
      root.sign,
    ),
  )
  await connection.insertInto('issuer_certificate').values({ agency_id: agencyId, serial, certificate }).execute()
  return certificate
}

export interface CardToCertify {
  readonly agencyId: string
  readonly cardId: Uint8Array
  readonly keyEpoch: number
  /** 64 bytes. */
  readonly publicKey: Uint8Array
}

export async function certifyCard(
  work: Work,
  { agencyId, cardId, keyEpoch, publicKey }: CardToCertify,
): Promise<{ readonly serial: bigint; readonly certificate: string }> {
  await issuerCertificate(work, agencyId)
  const issuer = await work.connection
    .selectFrom('issuer_certificate')
    .select('serial')
    .where('agency_id', '=', agencyId)
    .executeTakeFirstOrThrow()
  const serial = await nextSerial(work, 'applet_card')
  const certificate = makeCardCertificate(
    {
      issuerSerial: serialBytes(issuer.serial),
      serial: serialBytes(serial),
      cardId,
      keyEpoch,
      kind: cardKind.voucher,
      notBefore: work.now - datedBackMs,
      notAfter: work.now + cardLifeMs,
      publicKey,
    },
    work.keys.applet.issuer(agencyId).sign,
  )
  return { serial, certificate: base64url(certificate) }
}

/** Behind the highest one that there is: a serial that was given is never given again. */
async function nextSerial(
  { connection }: Work,
  table: 'issuer_certificate' | 'applet_card' | 'terminal_certificate',
): Promise<bigint> {
  const last = await connection.selectFrom(table).select('serial').orderBy('serial', 'desc').limit(1).executeTakeFirst()
  return (last?.serial ?? 0n) + 1n
}

interface Holder {
  readonly owner: string
  readonly merchant: string
  readonly role: 'till' | 'desk'
  /** 64 bytes, base64url. */
  readonly publicKey: string
}

const newestOf = statement((connection, { owner, publicKey }: { owner: string; publicKey: string }) =>
  connection
    .selectFrom('terminal_certificate')
    .selectAll()
    .where('owner', '=', owner)
    .where('public_key', '=', publicKey)
    .orderBy('not_after', 'desc')
    .limit(1),
)

/** One that has half of its life before it at least. */
async function certificateFor(work: Work, holder: Holder, lifeMs: number): Promise<string> {
  const { connection, keys, now } = work
  const { owner, merchant, role, publicKey } = holder
  const [known] = await newestOf(connection, { owner, publicKey })
  if (known !== undefined && Number(known.not_after) - now > lifeMs / 2) return known.certificate
  const { terminalAuthority } = keys.applet
  const serial = await nextSerial(work, 'terminal_certificate')
  const [notBefore, notAfter] = [now - datedBackMs, now + lifeMs]
  const certificate = base64url(
    makeTerminalCertificate(
      {
        authorityKeyId: terminalAuthority.publicKey.keyId,
        serial: serialBytes(serial),
        terminalRef: terminalRef(owner),
        merchantRef: merchantRef(merchant),
        role: terminalRole[role],
        notBefore,
        notAfter,
        publicKey: fromBase64url(publicKey),
      },
      terminalAuthority.sign,
    ),
  )
  await connection
    .insertInto('terminal_certificate')
    .values({ serial, owner, role, public_key: publicKey, not_before: notBefore, not_after: notAfter, certificate })
    .execute()
  return certificate
}

/**
 * What a till's package carries for such cards. For the key that the till signs with now, so that a change of keys
 * brings another certificate; none for a till that is not active.
 */
export async function appletTrustFor(work: Work, terminal: Terminal): Promise<AppletTrust> {
  const rootKeys = [base64url(work.keys.applet.root.publicKey.bytes)]
  const publicKey = terminal.status === 'active' ? await signingPointOf(work, terminal.terminalId) : undefined
  if (publicKey === undefined) return { rootKeys, terminalCertificate: null }
  const { terminalId: owner, merchantId: merchant } = terminal
  return {
    rootKeys,
    terminalCertificate: await certificateFor(work, { owner, merchant, role: 'till', publicKey }, tillLifeMs),
  }
}

/** Of an issuing desk of the agency, for a day. @param publicKey 64 bytes, base64url */
export function deskCertificate(work: Work, agencyId: string, publicKey: string): Promise<string> {
  return certificateFor(work, { owner: agencyId, merchant: agencyId, role: 'desk', publicKey }, deskLifeMs)
}

/** x ‖ y of the present signing key, base64url. */
async function signingPointOf({ connection }: Work, terminalId: string): Promise<string | undefined> {
  const row = await connection
    .selectFrom('terminal')
    .innerJoin('principal', 'principal.key_id', 'terminal.key_id')
    .select('principal.jwk')
    .where('terminal.terminal_id', '=', terminalId)
    .executeTakeFirst()
  const jwk = row === undefined ? undefined : publicJwkSchema.parse(JSON.parse(row.jwk))
  if (jwk?.crv !== 'P-256') return undefined
  return Buffer.concat([Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')]).toString('base64url')
}

/** Whether this was a certificate of this till at that moment. */
export async function wasCertifiedThen(
  { connection }: Work,
  { serial, terminalId, at }: { readonly serial: Uint8Array; readonly terminalId: string; readonly at: number },
): Promise<boolean> {
  const number = unsignedField(8).decode(serial) ?? 0n
  // Beyond what the database can count, and so none of ours.
  if (number > 0x7fff_ffff_ffff_ffffn) return false
  const row = await connection
    .selectFrom('terminal_certificate')
    .selectAll()
    .where('serial', '=', number)
    .executeTakeFirst()
  return row?.owner === terminalId && row.role === 'till' && row.not_before <= at && at <= row.not_after
}
