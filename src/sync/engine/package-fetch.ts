/**
 * Fetches the package. Of a long hotlist only what has changed comes over the line; the till makes the whole package of
 * it again and takes that one, by the ledger's signature over the whole, or none (docs/design/20-hotlist.md).
 */
import { applyDelta, isPackedHotlist, type Hotlist, type PackedHotlist } from '../../voucher/hotlist.ts'
import type { Journal } from '../journal/journal.ts'
import { hashOf } from '../protocol/canonical.ts'
import { verifyTagged, type VerifyingKey } from '../protocol/keys.ts'
import type { SignedPackage } from '../protocol/messages.ts'
import { isAcceptable } from './acceptable-package.ts'
import type { KeyRing } from './key-ring.ts'
import type { AnswerOf, LedgerReply, RequestOf } from './ledger-client.ts'

type PackageReply = LedgerReply<AnswerOf<'/v1/terminal/packages'>>
type NotAnswered = Exclude<PackageReply, { kind: 'answer' }>
type DeltaAnswer = Extract<AnswerOf<'/v1/terminal/packages'>, { kind: 'newer_by_delta' }>

export interface PackageFetchParts {
  readonly journal: Journal
  readonly keys: KeyRing
  readonly ledgerKey: VerifyingKey
  readonly terminalId: string
  readonly ask: (body: RequestOf<'/v1/terminal/packages'>) => Promise<PackageReply>
}

export class PackageFetch {
  readonly #parts: PackageFetchParts
  /** Of the active package: it is immutable, and may be a megabyte. */
  #held: { readonly ofPackage: number; readonly hotlist: PackedHotlist | undefined } | undefined

  constructor(parts: PackageFetchParts) {
    this.#parts = parts
  }

  /** Takes the newest package, whole or not at all. @returns a reply when the ledger was not heard */
  async fetch(): Promise<'done' | NotAnswered> {
    const { journal, keys } = this.#parts
    const haveVersion = journal.fact<{ version: number }>('active_package')?.version ?? 0
    const reply = await this.#askFor(haveVersion)
    // A package in a form of later versions is not taken; the head that follows still tells whether the ledger
    // is there.
    if (reply.kind === 'no_answer' && reply.malformed) return 'done'
    if (reply.kind !== 'answer') return reply
    if (reply.answer.kind !== 'current') {
      const signed = reply.answer.kind === 'newer' ? reply.answer.signed : undefined
      if (signed === undefined || !isAcceptable(this.#parts, signed, haveVersion)) return 'done'
      journal.activatePackage(signed.package, hashOf('tolem/package/1', signed.package))
      this.#hold(signed.package.version, signed.package.hotlist)
    }
    // The newest package is here, so nothing is sealed to a former key any more.
    keys.forgetFormer()
    return 'done'
  }

  /** Names the hotlist that is here; when what comes does not make what the ledger signed, asks for the whole. */
  async #askFor(haveVersion: number): Promise<PackageReply> {
    const { ask } = this.#parts
    const held = this.#heldHotlist(haveVersion)
    if (held === undefined) return ask({ haveVersion })
    const reply = await ask({ haveVersion, haveHotlist: held.version })
    if (reply.kind !== 'answer' || reply.answer.kind !== 'newer_by_delta') return reply
    const signed = this.#wholeOf(reply.answer, held)
    return signed === undefined ? ask({ haveVersion }) : { kind: 'answer', answer: { kind: 'newer', signed } }
  }

  #wholeOf({ signed }: DeltaAnswer, held: PackedHotlist): SignedPackage | undefined {
    const applied = applyDelta(held, signed.package.hotlist)
    if (applied.kind !== 'applied') return undefined
    const whole = { package: { ...signed.package, hotlist: applied.hotlist }, signature: signed.signature }
    return verifyTagged(this.#parts.ledgerKey, 'tolem/package/1', whole.package, whole.signature) ? whole : undefined
  }

  #heldHotlist(ofPackage: number): PackedHotlist | undefined {
    if (this.#held?.ofPackage !== ofPackage) this.#hold(ofPackage, this.#parts.journal.activePackage()?.package.hotlist)
    return this.#held?.hotlist
  }

  #hold(ofPackage: number, hotlist: Hotlist | undefined): void {
    this.#held = { ofPackage, hotlist: hotlist !== undefined && isPackedHotlist(hotlist) ? hotlist : undefined }
  }
}
