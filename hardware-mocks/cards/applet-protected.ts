/** The commands inside the secure channel, docs/design/22 "Order of checks inside the channel", and their answers. */
import { ROLE_DESK, hex, readSlot, tagged, uint16, uint32, unhex } from './applet-layout.ts'
import { changePin, setNewPin, verifyPin } from './applet-pin.ts'
import { Status, done, refused, signedBy, type AppletPresence, type Outcome } from './applet-presence.ts'
import { LAST_BLOCK, isNextBlock, update } from './applet-script.ts'
import { maySpend, oldestAtc, readRecord, recover, spend } from './applet-spend.ts'

export const Instruction = {
  identify: 0x14,
  verifyPin: 0x20,
  changePin: 0x24,
  readSlots: 0x30,
  spend: 0x40,
  recover: 0x42,
  readRecord: 0x44,
  receive: 0x46,
  update: 0x50,
  getData: 0xca,
} as const

export interface ProtectedCommand {
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly plaintext: Buffer
}

/** One command: what it must look like, in the order in which the card looks, and what it then does. */
interface Rule {
  readonly isP1P2: (command: ProtectedCommand, presence: AppletPresence) => boolean
  readonly isLength: (length: number, command: ProtectedCommand) => boolean
  readonly isForBlocked: boolean
  readonly isTerminals: (presence: AppletPresence, command: ProtectedCommand) => boolean
  readonly run: (presence: AppletPresence, command: ProtectedCommand) => Outcome
}

const SLOTS_SHOWN_MAX = 8
const SCHEMES_MAX = 14
const NO_PIN = 0xff
const DESK_SEES_ALL = 0x01
const BY_PERMISSION = 0x01

const zeros = ({ p1, p2 }: ProtectedCommand): boolean => p1 === 0 && p2 === 0
const exactly =
  (bytes: number) =>
  (length: number): boolean =>
    length === bytes
const any = (): boolean => true
const isDesk = ({ terminal }: AppletPresence): boolean => (terminal.role & ROLE_DESK) !== 0

const rules: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [Instruction.identify, { isP1P2: zeros, isLength: exactly(0), isForBlocked: true, isTerminals: any, run: identify }],
  [
    Instruction.verifyPin,
    {
      isP1P2: zeros,
      isLength: exactly(8),
      isForBlocked: false,
      isTerminals: any,
      run: (presence, { plaintext }) => verifyPin(presence, plaintext),
    },
  ],
  [
    Instruction.changePin,
    {
      isP1P2: ({ p1, p2 }) => (p1 === 0 || p1 === BY_PERMISSION) && p2 === 0,
      isLength: (length, { p1 }) => length === (p1 === BY_PERMISSION ? 8 : 16),
      isForBlocked: false,
      isTerminals: any,
      run: (presence, { p1, plaintext }) => (p1 === BY_PERMISSION ? setNewPin : changePin)(presence, plaintext),
    },
  ],
  [
    Instruction.readSlots,
    {
      isP1P2: ({ p1, p2 }) => (p1 === 0 && p2 === 0) || p1 === DESK_SEES_ALL,
      isLength: (length, { p1 }) =>
        p1 === DESK_SEES_ALL ? length === 0 : length >= 8 && length <= 8 + 16 * SCHEMES_MAX && length % 16 === 8,
      isForBlocked: true,
      isTerminals: (presence, { p1 }) => p1 === 0 || isDesk(presence),
      run: readSlots,
    },
  ],
  [
    Instruction.spend,
    {
      isP1P2: zeros,
      isLength: exactly(130),
      isForBlocked: false,
      isTerminals: maySpend,
      run: (presence, { plaintext }) => spend(presence, plaintext),
    },
  ],
  [
    Instruction.recover,
    {
      isP1P2: zeros,
      isLength: exactly(32),
      isForBlocked: true,
      isTerminals: any,
      run: (presence, { plaintext }) => recover(presence, plaintext),
    },
  ],
  [
    Instruction.readRecord,
    {
      isP1P2: ({ p1 }) => p1 === 0,
      isLength: exactly(0),
      isForBlocked: true,
      isTerminals: any,
      run: (presence, { p2 }) => readRecord(presence, p2),
    },
  ],
  [
    Instruction.receive,
    { isP1P2: any, isLength: any, isForBlocked: true, isTerminals: any, run: () => refused(Status.reserved) },
  ],
  [
    Instruction.update,
    {
      isP1P2: ({ p1, p2 }, presence) => (p1 === 0 || p1 === LAST_BLOCK) && isNextBlock(presence, p2),
      isLength: (length) => length > 0,
      isForBlocked: true,
      isTerminals: any,
      run: (presence, { p1, p2, plaintext }) => update(presence, plaintext, p2, p1 === LAST_BLOCK),
    },
  ],
])

/** Everything but GET DATA, which looks at the last answer and at nothing else. */
export function obey(presence: AppletPresence, command: ProtectedCommand): Outcome {
  const outcome = judge(presence, command)
  const isCollecting = command.ins === Instruction.update && outcome.status === Status.done
  if (!isCollecting) presence.script = null
  return outcome
}

function judge(presence: AppletPresence, command: ProtectedCommand): Outcome {
  const rule = rules.get(command.ins)
  if (rule === undefined) return refused(Status.unknownInstruction)
  if (!rule.isP1P2(command, presence)) return refused(Status.wrongParameters)
  if (!rule.isLength(command.plaintext.length, command)) return refused(Status.wrongLength)
  if (!rule.isForBlocked && presence.state().state === 'blocked') return refused(Status.cardBlocked)
  if (!rule.isTerminals(presence, command)) return refused(Status.notThisTerminals)
  return rule.run(presence, command)
}

function identify(presence: AppletPresence): Outcome {
  const state = presence.state()
  const signature = signedBy(presence, state, Buffer.concat([tagged('TLMCAU01'), presence.transcriptHash]))
  return done(Buffer.concat([unhex(state.cardCertificate!), unhex(state.issuerCertificate!), signature]))
}

function readSlots(presence: AppletPresence, { p1, p2, plaintext }: ProtectedCommand): Outcome {
  const state = presence.state()
  const entries = state.slots.flatMap((entry) => (entry === null ? [] : [unhex(entry)]))
  const matching = p1 === DESK_SEES_ALL ? entries.slice(p2) : entries.filter((entry) => isSlotOf(entry, plaintext))
  const pinTries = state.pin === null ? NO_PIN : state.pinTries
  return done(
    Buffer.concat([
      uint32(state.atc),
      uint32(oldestAtc(state)),
      unhex(state.headHash),
      uint32(state.scriptCounter),
      Buffer.of(state.state === 'blocked' ? 0x02 : 0x01, pinTries),
      uint16(state.keyEpoch),
      unhex(state.lowestTime),
      Buffer.of(matching.length),
      ...matching.slice(0, SLOTS_SHOWN_MAX),
    ]),
  )
}

/** @param plaintext time (8) ‖ schemeRefs (16 each) */
function isSlotOf(entry: Buffer, plaintext: Buffer): boolean {
  const slot = readSlot(entry)!
  const time = plaintext.readBigUInt64BE(0)
  const schemes = Array.from({ length: (plaintext.length - 8) / 16 }, (_, index) =>
    hex(plaintext.subarray(8 + 16 * index, 24 + 16 * index)),
  )
  return schemes.includes(hex(slot.schemeRef)) && slot.validFrom <= time && time < slot.validUntil
}
