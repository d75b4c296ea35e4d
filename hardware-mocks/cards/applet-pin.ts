/**
 * VERIFY PIN and CHANGE PIN of docs/design/22. A try is taken, and kept, before the comparison: whoever cuts the power
 * on a wrong PIN has lost the try.
 */
import { hex } from './applet-layout.ts'
import { Status, done, refused, type AppletPresence, type Outcome } from './applet-presence.ts'
import { PIN_TRIES } from './applet-state.ts'

const BLOCK_BYTES = 8

/** 4 to 8 digits in ASCII, then FF. */
const isPinBlock = (block: Uint8Array): boolean => /^(3\d){4,8}(FF){0,4}$/.test(hex(block)) && block.length === 8

/** Null when the PIN is right: all tries are back already then, unless `next` says what to keep in the same step. */
function compare(presence: AppletPresence, block: Buffer, newPin: string | null): Outcome | null {
  const before = presence.state()
  if (before.pin === null) return refused(Status.noPin)
  if (before.pinTries === 0) return refused(Status.pinBlocked)
  const tried = { ...before, pinTries: before.pinTries - 1 }
  presence.commit(tried)
  if (hex(block) !== before.pin) {
    presence.isPinVerified = false
    return refused(Status.pinWrong | tried.pinTries)
  }
  presence.commit({ ...tried, pinTries: PIN_TRIES, pin: newPin ?? before.pin })
  return null
}

export function verifyPin(presence: AppletPresence, plaintext: Buffer): Outcome {
  if (!isPinBlock(plaintext)) return refused(Status.malformed)
  const refusal = compare(presence, plaintext, null)
  if (refusal !== null) return refusal
  presence.isPinVerified = true
  return done()
}

/** Old ‖ new. */
export function changePin(presence: AppletPresence, plaintext: Buffer): Outcome {
  const [old, wanted] = [plaintext.subarray(0, BLOCK_BYTES), plaintext.subarray(BLOCK_BYTES)]
  if (!isPinBlock(old) || !isPinBlock(wanted)) return refused(Status.malformed)
  const refusal = compare(presence, old, hex(wanted))
  if (refusal !== null) return refusal
  presence.isPinVerified = false
  return done()
}

/** By permission of a script of this channel, instead of the old PIN. */
export function setNewPin(presence: AppletPresence, plaintext: Buffer): Outcome {
  if (!isPinBlock(plaintext)) return refused(Status.malformed)
  if (!presence.mayNewPin) return refused(Status.notNow)
  presence.commit({ ...presence.state(), pin: hex(plaintext), pinTries: PIN_TRIES })
  presence.mayNewPin = false
  presence.isPinVerified = false
  return done()
}
