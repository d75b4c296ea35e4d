/**
 * UPDATE of docs/design/22: what the issuer says to one card, once. A script is collected in blocks, judged as a whole
 * and applied in one atomic step, or it changes nothing.
 */
import { isSignedBy, newPrivateKey, publicKeyOf, sha256 } from './applet-curve.ts'
import {
  AMOUNT_MAX,
  COUNT_MAX,
  ROLE_DESK,
  SLOT_BYTES,
  hex,
  readCardCertificate,
  readIssuerCertificate,
  readSlot,
  tagged,
  uint16,
  uint32,
  uint64,
  unhex,
  writeSlot,
} from './applet-layout.ts'
import { Status, done, refused, signedBy, type AppletPresence, type Outcome } from './applet-presence.ts'
import { PIN_TRIES, type AppletState } from './applet-state.ts'

const SCRIPT_BYTES_MIN = 102
const SCRIPT_BYTES_MAX = 1024
const HEAD_BYTES = 38
const SIGNATURE_BYTES = 64
const BLOCK_NUMBER_MAX = 0xff
export const LAST_BLOCK = 0x80

/** Whether this block is the first, or the next of what was collected. Block 00 begins anew. */
export const isNextBlock = ({ script }: AppletPresence, number: number): boolean =>
  number === 0 || number === script?.nextBlock

export function update(presence: AppletPresence, block: Buffer, number: number, isLast: boolean): Outcome {
  const collected = Buffer.concat([number === 0 ? Buffer.alloc(0) : presence.script!.collected, block])
  presence.script = null
  if (block.length === 0 || collected.length > SCRIPT_BYTES_MAX) return refused(Status.wrongLength)
  if (isLast) return applyScript(presence, collected)
  // After block FF none is the next.
  presence.script = { collected, nextBlock: number < BLOCK_NUMBER_MAX ? number + 1 : -1 }
  return done()
}

interface Item {
  readonly type: number
  readonly value: Buffer
}

const ItemType = {
  loadSlot: 0x01,
  removeSlot: 0x02,
  unblockPin: 0x03,
  allowNewPin: 0x04,
  block: 0x05,
  unblock: 0x06,
  newKey: 0x07,
  certificate: 0x08,
  authorityKey: 0x09,
  issuerCertificate: 0x0a,
} as const

const ITEM_BYTES: ReadonlyMap<number, number> = new Map([
  [ItemType.loadSlot, SLOT_BYTES],
  [ItemType.removeSlot, 16],
  [ItemType.unblockPin, 0],
  [ItemType.allowNewPin, 8],
  [ItemType.block, 0],
  [ItemType.unblock, 0],
  [ItemType.newKey, 2],
  [ItemType.certificate, 187],
  [ItemType.authorityKey, 65],
  [ItemType.issuerCertificate, 185],
])

/** Null when they do not fill these bytes exactly, or a type or a length is unknown. */
function readItems(bytes: Buffer): Item[] | null {
  const items: Item[] = []
  let at = 0
  while (at < bytes.length) {
    const [type, length] = [bytes[at]!, bytes[at + 1]]
    const end = at + 2 + (length ?? 0)
    if (length === undefined || ITEM_BYTES.get(type) !== length || end > bytes.length) return null
    items.push({ type, value: bytes.subarray(at + 2, end) })
    at = end
  }
  return items
}

/** What the items make of the card, and what only the receipt or the channel hears of. */
interface Draft {
  state: AppletState
  removed: { readonly countLeft: number; readonly amountLeft: bigint } | null
  isNewKey: boolean
  mayNewPin: boolean
}

function applyScript(presence: AppletPresence, script: Buffer): Outcome {
  if (script.length < SCRIPT_BYTES_MIN) return refused(Status.wrongLength)
  const signed = script.subarray(0, -SIGNATURE_BYTES)
  const items = readItems(signed.subarray(HEAD_BYTES))
  if (!signed.subarray(0, 8).equals(tagged('TLMSCR01')) || items === null) return refused(Status.malformed)
  const before = presence.state()
  const counter = signed.readUInt32BE(26)
  const hash = hex(sha256(script))
  if (hex(signed.subarray(8, 24)) !== before.cardId) return refused(Status.scriptForAnotherCard)
  if (counter === before.scriptCounter && hash === before.lastScript?.hash)
    return done(unhex(before.lastScript.receipt))
  if (counter !== before.scriptCounter + 1) return refused(Status.scriptOutOfOrder)
  if (signed.readUInt16BE(24) !== before.keyEpoch) return refused(Status.scriptForAnotherEpoch)
  const issuer = readIssuerCertificate(unhex(before.issuerCertificate!), before.cardKind)!
  if (!isSignedBy(issuer.publicKey, signed, script.subarray(-SIGNATURE_BYTES)))
    return refused(Status.scriptSignatureWrong)

  const time = signed.readBigUInt64BE(30)
  const lowestTime = time > BigInt(`0x${before.lowestTime}`) ? hex(uint64(time)) : before.lowestTime
  const draft: Draft = {
    state: { ...before, scriptCounter: counter, lowestTime },
    removed: null,
    isNewKey: false,
    mayNewPin: false,
  }
  for (const item of items) {
    const refusal = applyItem(presence, draft, item)
    if (refusal !== null) return refused(refusal)
  }
  if (!hasFittingCertificates(draft.state)) return refused(Status.malformed)
  const receipt = receiptOf(presence, draft, hash)
  presence.commit(
    { ...draft.state, lastScript: { hash, receipt: hex(receipt) } },
    { kind: 'script', counter, receipt: hex(receipt) },
  )
  if (draft.mayNewPin) presence.mayNewPin = true
  return done(receipt)
}

/** Changes the draft; null, or the status that refuses the whole script. */
function applyItem(presence: AppletPresence, draft: Draft, { type, value }: Item): number | null {
  switch (type) {
    case ItemType.loadSlot:
      return loadSlot(draft, value)
    case ItemType.removeSlot:
      return removeSlot(draft, value)
    case ItemType.unblockPin:
      draft.state = { ...draft.state, pinTries: PIN_TRIES }
      return null
    case ItemType.allowNewPin: {
      const { role, serial } = presence.terminal
      if ((role & ROLE_DESK) === 0 || !serial.equals(value)) return Status.notThisTerminals
      draft.mayNewPin = true
      return null
    }
    case ItemType.block:
      draft.state = { ...draft.state, state: 'blocked' }
      return null
    case ItemType.unblock:
      draft.state = { ...draft.state, state: 'active' }
      return null
    case ItemType.newKey:
      if (value.readUInt16BE() !== draft.state.keyEpoch + 1) return Status.malformed
      draft.state = { ...draft.state, pendingKey: hex(newPrivateKey(presence.random)) }
      draft.isNewKey = true
      return null
    case ItemType.certificate:
      return renewCertificate(draft, value)
    case ItemType.authorityKey:
      return setAuthorityKey(draft, value)
    default:
      if (readIssuerCertificate(value, draft.state.cardKind) === null) return Status.malformed
      draft.state = { ...draft.state, issuerCertificate: hex(value) }
      return null
  }
}

const indexOfSlot = ({ slots }: AppletState, slotRef: Uint8Array): number =>
  slots.findIndex((entry) => entry?.slice(32, 64) === hex(slotRef))

function loadSlot(draft: Draft, value: Buffer): number | null {
  const { slots, lowestTime } = draft.state
  const loaded = readSlot(value)
  if (loaded === null) return Status.malformed
  const present = indexOfSlot(draft.state, loaded.slotRef)
  if (present !== -1) {
    const old = readSlot(unhex(slots[present]!))!
    const countLeft = old.countLeft + loaded.countLeft
    const amountLeft = old.amountLeft + loaded.amountLeft
    const isSame = hex(old.schemeRef) === hex(loaded.schemeRef) && hex(old.beneficiary) === hex(loaded.beneficiary)
    if (!isSame || countLeft > COUNT_MAX || amountLeft > AMOUNT_MAX) return Status.malformed
    draft.state = { ...draft.state, slots: slots.with(present, hex(writeSlot({ ...loaded, countLeft, amountLeft }))) }
    return null
  }
  const empty = slots.indexOf(null)
  const isOver = (entry: string | null): boolean =>
    entry !== null && readSlot(unhex(entry))!.validUntil <= BigInt(`0x${lowestTime}`)
  const place = empty === -1 ? slots.findIndex(isOver) : empty
  if (place === -1) return Status.noRoom
  draft.state = { ...draft.state, slots: slots.with(place, hex(value)) }
  return null
}

function removeSlot(draft: Draft, slotRef: Buffer): number | null {
  if (draft.removed !== null) return Status.malformed
  const { slots } = draft.state
  const index = indexOfSlot(draft.state, slotRef)
  if (index === -1) return Status.noSuchSlot
  draft.removed = readSlot(unhex(slots[index]!))!
  draft.state = { ...draft.state, slots: slots.with(index, null) }
  return null
}

function renewCertificate(draft: Draft, value: Buffer): number | null {
  const { state } = draft
  const certificate = readCardCertificate(value, state.cardKind)
  const issuer = readIssuerCertificate(unhex(state.issuerCertificate!), state.cardKind)!
  if (certificate === null || hex(certificate.cardId) !== state.cardId) return Status.malformed
  if (!certificate.issuerSerial.equals(issuer.serial)) return Status.malformed
  const names = (key: string | null, epoch: number): boolean =>
    key !== null && certificate.publicKey.equals(publicKeyOf(unhex(key))) && certificate.keyEpoch === epoch
  const cardCertificate = hex(value)
  if (names(state.pendingKey, state.keyEpoch + 1)) {
    const keyEpoch = state.keyEpoch + 1
    draft.state = { ...state, cardCertificate, keyEpoch, activeKey: state.pendingKey, pendingKey: null }
    return null
  }
  if (!names(state.activeKey, state.keyEpoch)) return Status.malformed
  draft.state = { ...state, cardCertificate }
  return null
}

function setAuthorityKey(draft: Draft, value: Buffer): number | null {
  const [present, next] = draft.state.authorityKeys
  const key = storedAuthorityKey(value.subarray(1))
  const entry = value[0]!
  if (entry > 1) return Status.malformed
  const authorityKeys = entry === 0 ? ([key, next] as const) : ([present, key] as const)
  if (authorityKeys[0] === null && authorityKeys[1] === null) return Status.malformed
  draft.state = { ...draft.state, authorityKeys }
  return null
}

/** 64 zeros empty the entry. */
export const storedAuthorityKey = (publicKey: Buffer): string | null =>
  publicKey.every((byte) => byte === 0) ? null : hex(publicKey)

/** A new issuer certificate with another serial needs a card certificate that names it. */
function hasFittingCertificates({ cardCertificate, issuerCertificate, cardKind }: AppletState): boolean {
  const card = readCardCertificate(unhex(cardCertificate!), cardKind)!
  return card.issuerSerial.equals(readIssuerCertificate(unhex(issuerCertificate!), cardKind)!.serial)
}

function receiptOf(presence: AppletPresence, { state, removed, isNewKey }: Draft, scriptHash: string): Buffer {
  const unsigned = Buffer.concat([
    tagged('TLMUPD01'),
    unhex(state.cardId!),
    readCardCertificate(unhex(state.cardCertificate!), state.cardKind)!.serial,
    uint16(state.keyEpoch),
    uint32(state.scriptCounter),
    unhex(scriptHash),
    uint32(state.atc),
    unhex(state.headHash),
    uint16(removed?.countLeft ?? 0),
    uint64(removed?.amountLeft ?? 0n),
    isNewKey && state.pendingKey !== null ? publicKeyOf(unhex(state.pendingKey)) : Buffer.alloc(64),
  ])
  return Buffer.concat([unsigned, signedBy(presence, state, unsigned)])
}
