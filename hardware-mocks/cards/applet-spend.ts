/**
 * SPEND, RECOVER and READ RECORD of docs/design/22: check, sign, one atomic step, answer. The step is one `commit`:
 * slot, ATC, head hash and record are kept together or not at all.
 */
import { sha256 } from './applet-curve.ts'
import {
  AMOUNT_MAX,
  COUNT_MAX,
  ROLE_DESK,
  ROLE_TILL,
  UINT32_MAX,
  hex,
  readCardCertificate,
  readSlot,
  tagged,
  uint16,
  uint32,
  uint64,
  unhex,
  writeSlot,
  type AppletSlot,
} from './applet-layout.ts'
import { Status, done, refused, signedBy, type AppletPresence, type Outcome } from './applet-presence.ts'
import { RING_RECORDS, type AppletState } from './applet-state.ts'

const CURRENCY_TENGE = 0x0398
const MODE_OFFLINE = 0x00
const MODE_ONLINE = 0x01
const FLAG_PIN_VERIFIED = 0x01
const RECORDED = Buffer.of(0x01)
const NOT_DEBITED = Buffer.of(0x02)
const ACCOUNT_AMOUNT = 0xffff_ffff_ffff_ffffn

const tenderIn = (record: string): string => record.slice(2 * 70, 2 * 86)
const merchantIn = (record: string): string => record.slice(2 * 154, 2 * 170)
const numberIn = (record: string): number => unhex(record).readUInt32BE(34)

/** Of the oldest record in the ring; 0 when there is none. */
export function oldestAtc({ ring }: AppletState): number {
  const [oldest] = ring
  return oldest === undefined ? 0 : numberIn(oldest)
}

const serialOfCardCertificate = (state: AppletState): Buffer =>
  readCardCertificate(unhex(state.cardCertificate!), state.cardKind)!.serial

interface SpendCommand {
  readonly tenderId: Buffer
  readonly slotRef: Buffer
  readonly amount: bigint
  readonly challenge: Buffer
  readonly terminalTime: bigint
  readonly decisionHash: Buffer
  readonly termsHash: Buffer
  readonly mode: number
  readonly reserved: number
}

const readSpend = (plaintext: Buffer): SpendCommand => ({
  tenderId: plaintext.subarray(0, 16),
  slotRef: plaintext.subarray(16, 32),
  amount: plaintext.readBigUInt64BE(32),
  challenge: plaintext.subarray(40, 56),
  terminalTime: plaintext.readBigUInt64BE(56),
  decisionHash: plaintext.subarray(64, 96),
  termsHash: plaintext.subarray(96, 128),
  mode: plaintext.readUInt8(128),
  reserved: plaintext.readUInt8(129),
})

/** @param plaintext 130 bytes, of a till, at a card that is not blocked */
export function spend(presence: AppletPresence, plaintext: Buffer): Outcome {
  const command = readSpend(plaintext)
  const state = presence.state()
  const refusal = refusalBeforeSlot(presence, state, command)
  if (refusal !== null) return refused(refusal)
  const index = state.slots.findIndex((entry) => entry?.slice(32, 64) === hex(command.slotRef))
  const entry = state.slots[index]
  if (entry === undefined || entry === null) return refused(Status.noSuchSlot)
  const before = readSlot(unhex(entry))!
  const slotRefusal = refusalOfSlot(before, command) ?? refusalForPin(presence, state, before, command)
  if (slotRefusal !== null) return refused(slotRefusal)
  if (state.atc === UINT32_MAX) return refused(Status.counterUsedUp)

  const after = before.isAccount
    ? before
    : { ...before, countLeft: before.countLeft - 1, amountLeft: before.amountLeft - command.amount }
  const signed = bytesToSign(presence, state, command, after)
  const record = hex(Buffer.concat([signed, signedBy(presence, state, signed)]))
  const atc = state.atc + 1
  presence.commit(
    {
      ...state,
      atc,
      headHash: hex(sha256(signed)),
      slots: state.slots.with(index, hex(writeSlot(after))),
      ring: [...state.ring, record].slice(-RING_RECORDS),
    },
    debitEntry(record),
  )
  presence.isPinVerified = false
  return done(Buffer.concat([RECORDED, unhex(record)]))
}

/** What the card's log says of a record. */
export function debitEntry(record: string) {
  const amount = unhex(record).readBigUInt64BE(134)
  return {
    kind: 'debit',
    atc: numberIn(record),
    tenderId: tenderIn(record),
    amount: String(amount),
    record,
  } as const
}

function refusalBeforeSlot(presence: AppletPresence, state: AppletState, command: SpendCommand): number | null {
  if (state.ring.some((record) => tenderIn(record) === hex(command.tenderId))) return Status.debitedAlready
  const isAmount = command.amount > 0n && command.amount <= AMOUNT_MAX
  const isMode = command.mode === MODE_OFFLINE || command.mode === MODE_ONLINE
  if (!isAmount || !isMode || command.reserved !== 0) return Status.malformed
  const { notBefore, notAfter } = presence.terminal
  const { terminalTime } = command
  const isPossible = terminalTime >= BigInt(`0x${state.lowestTime}`) && terminalTime >= notBefore
  return isPossible && terminalTime <= notAfter ? null : Status.impossibleTime
}

function refusalOfSlot(slot: AppletSlot, { terminalTime, mode, amount }: SpendCommand): number | null {
  if (terminalTime < slot.validFrom) return Status.slotNotYetValid
  if (terminalTime >= slot.validUntil) return Status.slotOver
  if (slot.isOnlineOnly && mode === MODE_OFFLINE) return Status.onlineOnly
  if (amount > slot.maxPerSpend) return Status.aboveCap
  if (slot.isAccount) return null
  if (slot.countLeft === 0) return Status.noUsesLeft
  return amount > slot.amountLeft ? Status.aboveAmountLeft : null
}

function refusalForPin(
  { isPinVerified }: AppletPresence,
  { pin, pinTries }: AppletState,
  { pinAbove }: AppletSlot,
  { amount }: SpendCommand,
): number | null {
  if (amount <= pinAbove || isPinVerified) return null
  if (pinTries === 0) return Status.pinBlocked
  return pin === null ? Status.noPin : Status.pinNeeded
}

/** The 284 bytes of a record. */
function bytesToSign(
  { terminal, isPinVerified }: AppletPresence,
  state: AppletState,
  command: SpendCommand,
  after: AppletSlot,
): Buffer {
  return Buffer.concat([
    tagged('TLMSPD01'),
    unhex(state.cardId!),
    serialOfCardCertificate(state),
    uint16(state.keyEpoch),
    uint32(state.atc + 1),
    unhex(state.headHash),
    command.tenderId,
    after.schemeRef,
    after.slotRef,
    uint64(after.validFrom),
    uint64(after.validUntil),
    uint64(command.amount),
    uint16(CURRENCY_TENGE),
    uint16(after.isAccount ? COUNT_MAX : after.countLeft),
    uint64(after.isAccount ? ACCOUNT_AMOUNT : after.amountLeft),
    terminal.merchantRef,
    terminal.terminalRef,
    terminal.serial,
    command.challenge,
    uint64(command.terminalTime),
    command.decisionHash,
    command.termsHash,
    Buffer.of(command.mode, isPinVerified ? FLAG_PIN_VERIFIED : 0),
  ])
}

/** A till sees the records of its own merchant, a desk all of them. */
const maySee = ({ terminal }: AppletPresence, record: string): boolean =>
  merchantIn(record) === hex(terminal.merchantRef) || (terminal.role & ROLE_DESK) !== 0

/** @param plaintext tender id (16) ‖ nonce (16) */
export function recover(presence: AppletPresence, plaintext: Buffer): Outcome {
  const state = presence.state()
  const tenderId = hex(plaintext.subarray(0, 16))
  const record = state.ring.find((one) => tenderIn(one) === tenderId)
  if (record !== undefined)
    return maySee(presence, record) ? done(Buffer.concat([RECORDED, unhex(record)])) : refused(Status.notThisTerminals)
  const statement = Buffer.concat([
    tagged('TLMNOD01'),
    unhex(state.cardId!),
    serialOfCardCertificate(state),
    uint16(state.keyEpoch),
    plaintext,
    uint32(state.atc),
    uint32(oldestAtc(state)),
    unhex(state.headHash),
    presence.terminal.serial,
  ])
  return done(Buffer.concat([NOT_DEBITED, statement, signedBy(presence, state, statement)]))
}

/** @param back 0 is the last record */
export function readRecord(presence: AppletPresence, back: number): Outcome {
  const record = presence.state().ring.at(-1 - back)
  if (record === undefined) return refused(Status.noSuchRecord)
  return maySee(presence, record) ? done(Buffer.concat([RECORDED, unhex(record)])) : refused(Status.notThisTerminals)
}

export const maySpend = ({ terminal }: AppletPresence): boolean => (terminal.role & ROLE_TILL) !== 0
