/** The bench's words for profiles and applications: screen and bridge know them too, so nothing here needs Node. */
import { cbdcApplication, ntag424ApplicationName, voucherApplication } from '../application-names.ts'
import { asciiBytes } from '../bytes.ts'

export const benchProfiles = ['ntag424', 'tolem-applet', 'ntag21x', 'uid'] as const
export type BenchProfile = (typeof benchProfiles)[number]

/** Why a profile does not take a card. */
export const profileObstacles = [
  'other_chip',
  'no_application',
  'other_version',
  'random_uid',
  /** What it says when it comes may be another thing at each tap. */
  'type_b',
  'no_uid',
  /** It is taken by a profile that proves more, and never by this one (docs/design/24). */
  'proves_more',
  /** The application of an NTAG 424 DNA on another chip, or that chip without it: proves itself or does not pay. */
  'plays_ours',
  /** The reader hands no commands on to the card, so that it cannot say which tag it is. */
  'reader_hides_it',
  'unreadable',
] as const
export type ProfileObstacle = (typeof profileObstacles)[number]

/** The applications that are looked for, each by its name (AID). */
export const knownApplications = {
  /** NFC Forum type 4 tag, and the application of the NTAG 424 DNA. */
  ndef: ntag424ApplicationName,
  tolem_voucher: voucherApplication,
  tolem_cbdc: cbdcApplication,
  /** EMV Contactless Book B §3.3: the bank card's list of applications without contact. */
  ppse: asciiBytes('2PAY.SYS.DDF01'),
  /** EMV Book 1 §12: the same with contacts. */
  pse: asciiBytes('1PAY.SYS.DDF01'),
} as const satisfies Readonly<Record<string, Uint8Array>>
export type KnownApplication = keyof typeof knownApplications
