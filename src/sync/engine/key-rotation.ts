/**
 * Changes the terminal's keys when they are old (docs/design/14-trust.md, "Change of keys"). Every step may be
 * repeated: the same change again is answered `exists`, whichever of the two keys asks.
 */
import type { Journal } from '../journal/journal.ts'
import { signTagged, thumbprintOf, type SigningKey } from '../protocol/keys.ts'
import type { KeyRing } from './key-ring.ts'
import type { AnswerOf, LedgerReply, RequestOf } from './ledger-client.ts'
import type { Randomness } from './ports.ts'
import { clockBehindMsMax, type TrustedTime } from './trusted-time.ts'

type RotationReply = LedgerReply<AnswerOf<'/v1/terminal/key-rotations'>>
type NotAnswered = Exclude<RotationReply, { kind: 'answer' }>

export interface KeyRotationParts {
  readonly keys: KeyRing
  readonly journal: Journal
  readonly terminalId: string
  readonly time: TrustedTime
  readonly randomness: Randomness
  /** How old the keys become. */
  readonly afterMs: number
  readonly ask: (body: RequestOf<'/v1/terminal/key-rotations'>, signer: SigningKey) => Promise<RotationReply>
}

/**
 * A ledger that takes no new keys now is asked again after this. Meanwhile the old ones serve, and every request that
 * named the declined ones runs out.
 */
const askAgainAfterMs = 3_600_000

/** With these it says that it will never take these keys, and has not bound them: a copy of the till used them. */
const neverTheseKeys: readonly string[] = ['rule_violated', 'exists_with_different_terms']

export class KeyRotation {
  readonly #parts: KeyRotationParts
  #declined: { readonly at: number; readonly forEver: boolean } | undefined

  constructor(parts: KeyRotationParts) {
    this.#parts = parts
  }

  /** False for a copy of the keys from before the last change: the ledger hears them for a day at most. */
  get areNewest(): boolean {
    const { keys, journal } = this.#parts
    const changedTo = journal.lastRow('key_rotated')?.row.terminalKey
    return changedTo === undefined || [keys.signing.keyId, keys.next?.signing.keyId].includes(changedTo)
  }

  /**
   * Goes on with a change that a stop or a lost answer left half-done. Before anything else of a round: the ledger may
   * no longer listen to the former key.
   *
   * @returns a reply when the ledger was not heard
   */
  async finish(): Promise<'done' | NotAnswered> {
    const { keys, terminalId, time, randomness, ask } = this.#parts
    if (keys.next === undefined) return 'done'
    const declined = this.#declined
    if (declined !== undefined && time.now() - declined.at < askAgainAfterMs) return 'done'
    const next = declined?.forEver === true ? keys.replaceNext((length) => randomness.bytes(length)) : keys.next
    this.#declined = undefined
    const { jwk: terminalKey } = next.signing
    const named = { formerKey: keys.signing.keyId, terminalKey, encryptionKey: next.encryption.jwk }
    const proof = signTagged(next.signing, 'tolem/key-rotation/1', { terminalId, ...named })
    const body = { ...named, proof }
    let reply = await ask(body, keys.signing)
    // The ledger took the new key and its answer was lost; since then the former one's time has run out.
    if (reply.kind === 'problem' && reply.code === 'key_unknown') reply = await ask(body, next.signing)
    if (reply.kind === 'answer' && reply.answer.keyId === next.signing.keyId) {
      this.#take(next.signing.keyId, thumbprintOf(next.encryption.jwk))
      return 'done'
    }
    const isHeard = reply.kind === 'answer' || (reply.kind === 'problem' && reply.code !== 'key_unknown')
    if (!isHeard && !(reply.kind === 'no_answer' && reply.signed)) return reply as NotAnswered
    this.#declined = { at: time.now(), forEver: reply.kind === 'problem' && neverTheseKeys.includes(reply.code) }
    return 'done'
  }

  /** Begins a change when the keys are old enough and nothing is under way that they sign. */
  async startIfDue(): Promise<'done' | NotAnswered> {
    const { keys, journal, randomness } = this.#parts
    if (keys.next !== undefined || !this.#areOld() || !isQuiet(journal)) return 'done'
    keys.prepareNext((length) => randomness.bytes(length))
    return this.finish()
  }

  #areOld(): boolean {
    const { journal, time, afterMs } = this.#parts
    const since = (journal.lastRow('key_rotated') ?? journal.lastRow('enrolled'))?.at
    if (since === undefined || !time.trusted) return false
    const ageMs = time.now() - since
    // From the future: the clock was wrong that day, and nobody knows how old they are.
    return ageMs >= afterMs || ageMs < -clockBehindMsMax
  }

  /** The row first: what follows of it in the store is done again after a stop, when the ledger answers `exists`. */
  #take(terminalKey: string, encryptionKey: string): void {
    const { keys, journal } = this.#parts
    if (journal.lastRow('key_rotated')?.row.terminalKey !== terminalKey)
      journal.commit({ kind: 'key_rotated', formerKey: keys.signing.keyId, terminalKey, encryptionKey })
    keys.takeNext()
  }
}

function isQuiet(journal: Journal): boolean {
  return journal.queue().waiting === 0 && journal.tendersInState('in_progress', 'unknown').length === 0
}
