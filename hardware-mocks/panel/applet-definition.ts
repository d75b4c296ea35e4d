/**
 * A card with a tolem-applet as `--cards FILE` and the panel define it: installed and blank, for an issuing desk to
 * personalise by its commands, or made at once as a desk leaves it, by whoever has the issuer's key.
 */
import { z } from 'zod'
import { newPrivateKey, publicKeyOf } from '../cards/applet-curve.ts'
import {
  AMOUNT_MAX,
  COUNT_MAX,
  ISSUER_CERTIFICATE_BYTES,
  readIssuerCertificate,
  referenceOf,
  type AppletKind,
  type AppletSlot,
} from '../cards/applet-layout.ts'
import { SLOT_ENTRIES, blankApplet, personalisedApplet, type AppletState } from '../cards/applet-state.ts'
import type { RandomSource } from '../cards/random.ts'
import { bytes, hexBytes, label, uid } from './card-words.ts'

const instant = z.iso.datetime({ offset: true }).transform((text) => BigInt(Date.parse(text)))
const tiyn = z
  .string()
  .regex(/^(0|[1-9]\d{0,16})$/, 'tiyn, a decimal whole number')
  .transform((text) => BigInt(text))
  .refine((amount) => amount <= AMOUNT_MAX, 'more than a card can hold')

function beneficiaryIn({ schemeId, slotId }: { readonly schemeId: string; readonly slotId: string }): string | null {
  if (!slotId.startsWith(`${schemeId}/`)) return null
  return /^([0-9a-fA-F]{32})\/[^/]+$/.exec(slotId.slice(schemeId.length + 1))?.[1] ?? null
}

const slotDefinition = z
  .strictObject({
    schemeId: z.string().min(1),
    /** `schemeId/beneficiary/periodId`: whose it is, the beneficiary in 32 hex digits. Of an account: its id. */
    slotId: z.string().min(1),
    validFrom: instant,
    /** First moment after. */
    validUntil: instant,
    count: z.int().min(0).max(COUNT_MAX).default(0),
    amount: tiyn.default(0n),
    /** Cap of one SPEND; the whole amount unless given. */
    maxPerSpend: tiyn.optional(),
    /** A SPEND above this needs the PIN; never unless given. */
    pinAbove: tiyn.default(AMOUNT_MAX),
    onlineOnly: z.boolean().default(false),
    /** Nothing is counted down; only on line. */
    account: z.boolean().default(false),
  })
  .refine(({ validFrom, validUntil }) => validFrom < validUntil, 'ends before it begins')
  .refine(({ account, onlineOnly }) => onlineOnly || !account, 'an account is only on line')
  .refine((defined) => defined.account || beneficiaryIn(defined) !== null, 'names no scheme/beneficiary/period')

export const appletDefinition = z
  .strictObject({
    label,
    kind: z.literal('tolem-applet'),
    /** The pseudonym under which tills know the card: a note of the issuing desk, not the card's. */
    card: z.string().optional(),
    /** Without it the card shows a random UID, another in each field. */
    uid: uid.optional(),
    profile: z.enum(['voucher', 'cbdc']).default('voucher'),
    /** Without it the card is as the applet was installed: state PERSONALISATION. */
    issued: z
      .strictObject({
        /** Made up unless given. */
        cardId: hexBytes(16).optional(),
        /** Serial of the card's certificate; made up unless given. */
        serial: hexBytes(8).optional(),
        validFrom: instant,
        validUntil: instant,
        activatedAt: instant,
        issuerCertificate: hexBytes(ISSUER_CERTIFICATE_BYTES),
        /** The issuer's private key. */
        issuerKey: hexBytes(32),
        /** Public keys of the terminal authority: the present one, and the next. */
        authorityKeys: z.tuple([hexBytes(64)], hexBytes(64)).refine((keys) => keys.length <= 2, 'two at most'),
        pin: z
          .string()
          .regex(/^\d{4,8}$/, '4 to 8 digits')
          .optional(),
        slots: z
          .array(slotDefinition)
          .max(SLOT_ENTRIES)
          .refine((slots) => new Set(slots.map(({ slotId }) => slotId)).size === slots.length, 'a slot is there once')
          .default([]),
      })
      .optional(),
  })
  .refine(hasIssuersKey, "the issuer's certificate is not one of this key, for cards of this profile")
export type AppletDefinition = z.infer<typeof appletDefinition>

const kindOf = (profile: 'voucher' | 'cbdc'): AppletKind => (profile === 'cbdc' ? 2 : 1)

function hasIssuersKey(defined: {
  readonly profile: 'voucher' | 'cbdc'
  readonly issued?: { readonly issuerCertificate: string; readonly issuerKey: string } | undefined
}): boolean {
  if (defined.issued === undefined) return true
  const certificate = readIssuerCertificate(
    Buffer.from(bytes(defined.issued.issuerCertificate)),
    kindOf(defined.profile),
  )
  try {
    return certificate?.publicKey.equals(publicKeyOf(bytes(defined.issued.issuerKey))) ?? false
  } catch {
    // The number is none of the group's.
    return false
  }
}

const slotOf = (defined: z.infer<typeof slotDefinition>): AppletSlot => ({
  schemeRef: referenceOf('scheme', defined.schemeId),
  slotRef: referenceOf('slot', defined.slotId),
  validFrom: defined.validFrom,
  validUntil: defined.validUntil,
  countLeft: defined.count,
  amountLeft: defined.amount,
  maxPerSpend: defined.maxPerSpend ?? defined.amount,
  pinAbove: defined.pinAbove,
  isOnlineOnly: defined.onlineOnly,
  isAccount: defined.account,
  beneficiary: defined.account ? new Uint8Array(16) : bytes(beneficiaryIn(defined)!),
})

/** The EEPROM of a new card. */
export function appletStateOf(definition: AppletDefinition, random: RandomSource): AppletState {
  const cardKind = kindOf(definition.profile)
  const cardUid = definition.uid?.toUpperCase() ?? null
  const { issued } = definition
  if (issued === undefined) return blankApplet({ uid: cardUid, cardKind })
  const [present, next] = issued.authorityKeys
  return personalisedApplet({
    uid: cardUid,
    cardKind,
    cardId: issued.cardId === undefined ? random(16) : bytes(issued.cardId),
    cardKey: newPrivateKey(random),
    cardSerial: issued.serial === undefined ? random(8) : bytes(issued.serial),
    notBefore: issued.validFrom,
    notAfter: issued.validUntil,
    issuerKey: bytes(issued.issuerKey),
    issuerCertificate: bytes(issued.issuerCertificate),
    authorityKeys: next === undefined ? [bytes(present)] : [bytes(present), bytes(next)],
    activatedAt: issued.activatedAt,
    pin: issued.pin ?? null,
    slots: issued.slots.map(slotOf),
  })
}
