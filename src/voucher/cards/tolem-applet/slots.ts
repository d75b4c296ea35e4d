/** What the card holds, as READ SLOTS says it (docs/design/22, "What the card holds" and "READ SLOTS"). */
import { periodAt, type AnyScheme } from '../../scheme.ts'
import { slotIdOf, type Slot } from '../../slot.ts'
import { tiyn, tiynMax, zeroTiyn } from '../../money.ts'
import { concatBytes, equalBytes, toHex } from '../bytes.ts'
import { refusal, type AppletFailure } from './failure.ts'
import { amountField, bytesField, layout, numberField, timeField, type ValueOf } from './layout.ts'
import { referenceLength, schemeRef, slotRef } from './names.ts'
import type { AppletPresence } from './presence.ts'
import { refusalOf } from './secure-channel.ts'
import { statusOk } from './status.ts'

const pseudonymLength = 16

export const slotFlag = { onlineOnly: 1, account: 2 } as const

const slotFields = {
  schemeRef: bytesField(referenceLength),
  slotRef: bytesField(referenceLength),
  /** The first moment. */
  validFrom: timeField,
  /** The first moment after. */
  validUntil: timeField,
  countLeft: numberField(2),
  /** Tiyn, as all amounts here. */
  amountLeft: amountField,
  maxPerSpend: amountField,
  /** A SPEND above this needs the PIN. */
  pinAbove: amountField,
  /** Bits of `slotFlag`. */
  flags: numberField(1),
  /** Its pseudonym in the scheme; zeros of an account. */
  beneficiary: bytesField(pseudonymLength),
}
export type AppletSlot = ValueOf<typeof slotFields>
export const slotLayout = layout('', slotFields)

const headFields = {
  atc: numberField(4),
  oldestAtc: numberField(4),
  headHash: bytesField(32),
  scriptCounter: numberField(4),
  state: numberField(1),
  pinTries: numberField(1),
  keyEpoch: numberField(2),
  lowestTime: timeField,
  matching: numberField(1),
}
const headLayout = layout('', headFields)

const statesByCode: Readonly<Record<number, CardContent['state']>> = { 1: 'active', 2: 'blocked' }
const noPinSet = 0xff
const slotsPerAnswer = 8
const schemesMost = 14

export interface CardContent {
  readonly kind: 'content'
  /** Number of SPENDs so far. */
  readonly atc: number
  /** Of the oldest record that RECOVER knows; 0: there is none. */
  readonly oldestAtc: number
  readonly headHash: Uint8Array
  readonly scriptCounter: number
  readonly state: 'active' | 'blocked'
  /** Null: no PIN is set. */
  readonly pinTriesLeft: number | null
  readonly keyEpoch: number
  /** The card takes no time before this one. */
  readonly lowestTime: number
  /** How many slots matched; more than `slots` where it is above 8. */
  readonly matching: number
  readonly slots: readonly AppletSlot[]
}

/**
 * The slots of these schemes that are valid at that time, at most 8, and where the card stands.
 *
 * @param schemeRefs at most 14; a till asks for the schemes that it serves, and sees no others
 */
export async function readSlots(
  presence: AppletPresence,
  time: number,
  schemeRefs: readonly Uint8Array[],
): Promise<CardContent | AppletFailure> {
  if (schemeRefs.length > schemesMost) throw new RangeError(`at most ${schemesMost} schemes, not ${schemeRefs.length}`)
  return read(presence, 0, 0, concatBytes(timeField.encode(time), ...schemeRefs))
}

/** For an issuing desk: every slot but the first `skipped`, whatever its scheme and time, 8 in one answer. */
export async function readAllSlots(presence: AppletPresence, skipped = 0): Promise<CardContent | AppletFailure> {
  return read(presence, 1, skipped, new Uint8Array(0))
}

async function read(presence: AppletPresence, p1: number, p2: number, plaintext: Uint8Array) {
  const answer = await presence.channel.ask({ step: 'read-slots', instruction: 0x30, p1, p2, plaintext })
  if (answer.kind === 'torn') return answer
  if (answer.status !== statusOk) return refusalOf('read-slots', answer.status)
  return parseCardContent(answer.data) ?? refusal('read-slots', 'CARD_ANSWER_MALFORMED', 'content')
}

/** Null: not what READ SLOTS answers. */
export function parseCardContent(data: Uint8Array): CardContent | null {
  const head = headLayout.decode(data.subarray(0, headLayout.length))
  if (head === null) return null
  const { pinTries, state: code, ...rest } = head
  const state = statesByCode[code]
  const count = Math.min(head.matching, slotsPerAnswer)
  if (state === undefined || data.length !== headLayout.length + count * slotLayout.length) return null
  const slots: AppletSlot[] = []
  for (let offset = headLayout.length; offset < data.length; offset += slotLayout.length) {
    const slot = slotLayout.decode(data.subarray(offset, offset + slotLayout.length))
    if (slot === null) return null
    slots.push(slot)
  }
  return { kind: 'content', ...rest, state, pinTriesLeft: pinTries === noPinSet ? null : pinTries, slots }
}

/** As the rule function takes it, and the scheme that it is of. */
export interface NamedSlot {
  readonly scheme: AnyScheme
  readonly slot: Slot
}

/**
 * Which allowance this is. A card is asked with references, which only who knows the names can read; the till knows its
 * schemes and their periods, and the card says the beneficiary (docs/design/22, "READ SLOTS"). What the slot allows is
 * what the card has left: it has counted down itself.
 *
 * @returns null for a slot of no scheme and period of these, or whose names do not give its reference: not ours to use
 */
export function nameSlot(of: AppletSlot, schemes: readonly AnyScheme[]): NamedSlot | null {
  const scheme = schemes.find(({ schemeId }) => equalBytes(schemeRef(schemeId), of.schemeRef))
  const period = scheme === undefined ? undefined : periodAt(scheme, of.validFrom)
  if (scheme === undefined || period === undefined || of.amountLeft > tiynMax) return null
  const beneficiary = toHex(of.beneficiary).toLowerCase()
  const slotId = slotIdOf(scheme.schemeId, beneficiary, period.periodId)
  if (!equalBytes(slotRef(slotId), of.slotRef)) return null
  const { schemeId } = scheme
  const { periodId } = period
  return {
    scheme,
    slot: {
      ...{ slotId, schemeId, beneficiary, periodId },
      countAllowed: of.countLeft,
      amountAllowed: tiyn(of.amountLeft),
      countSpent: 0,
      amountSpent: zeroTiyn,
      booked: [],
    },
  }
}
