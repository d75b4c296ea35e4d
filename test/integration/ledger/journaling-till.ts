/** A till of the demonstration's ledger that keeps a real journal on the disk, and can be stopped and exported. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exportParts, type ExportOf } from '../../../src/sync/export/make-export.ts'
import { ClosedJournal } from '../../../src/sync/journal/closed-journal.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import type { SignedExportPart } from '../../../src/sync/protocol/terminal-export.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import type { ItemResult, JournalPosition, SyncItem } from '../../../src/sync/protocol/messages.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { p256PrivateJwk } from '../../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { storeEnrolment } from '../../../src/terminal/core/identity.ts'
import { journalFileIn } from '../../../src/terminal/core/stopped-till.ts'
import type { DemoLedger, TestCard, TestTill } from './demo-ledger.ts'

/** A sale that was accepted offline, with what its receipt says. */
export interface SoldOffline {
  readonly tenderId: string
  readonly receipt: string
}

export class JournalingTill {
  readonly till: TestTill
  readonly journal: Journal
  readonly #file: string
  readonly #demo: DemoLedger

  constructor(demo: DemoLedger, till: TestTill, folder: string) {
    this.#demo = demo
    this.till = till
    this.#file = journalFileIn(folder)
    this.journal = new Journal(this.#file, { now: () => demo.clock.now })
  }

  /** The files that say who it is, as its core keeps them, and the row about them. */
  keepsIdentity(): void {
    const { terminalId, key, encryption } = this.till
    const enrolment = {
      terminalId,
      merchantId: this.till.package?.merchant.merchantId ?? '',
      ledgerKey: this.#demo.ports.keys.signing.jwk,
      terminalKey: key.jwk,
      encryptionKey: encryption.jwk,
    }
    const signing = p256PrivateJwk(seededRandom(`p256/test/${terminalId}`))
    const stored = { signing, encryption: Buffer.alloc(32, 7).toString('base64url') }
    writeFileSync(join(dirname(this.#file), 'terminal-keys.json'), JSON.stringify(stored))
    storeEnrolment(dirname(this.#file), enrolment)
    this.journal.commit({ kind: 'enrolled', enrolment })
  }

  sells(card: TestCard): SoldOffline {
    const decided = this.till.decide({ card })
    const { terms, evidence, leaseId, decidedAt } = decided
    const { record } = evidence
    const { sale } = record.input
    const part = record.decision.verdict === 'approve' ? record.decision.parts[record.part] : undefined
    if (part === undefined) throw new Error('no part')
    const { tenderId } = terms
    this.journal.commit(
      { kind: 'sale_frozen', sale, total: saleTotal(sale) },
      {
        kind: 'tender_intent',
        terms,
        saleId: sale.saleId,
        mode: 'offline',
        card: card.pseudonym,
        leaseId,
        part,
        record,
      },
    )
    const [row] = this.journal.commit({ kind: 'approved_offline', tenderId, evidence, leaseId, decidedAt })
    if (row === undefined) throw new Error('no row')
    const { epoch, sequence } = row
    const receipt = makeReceiptPresentment(
      {
        terms,
        leaseId,
        decidedAt,
        cardProof: evidence.cardProof,
        terminalId: this.till.terminalId,
        position: { epoch, sequence },
      },
      this.till.key,
    )
    return { tenderId, receipt }
  }

  voids({ tenderId }: SoldOffline): void {
    this.journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' })
  }

  /** The goods of a sale that the ledger has paid come back whole. Returns the refund's id. */
  takesGoodsBack({ tenderId }: SoldOffline): string {
    const { saleId, part } = this.journal.intentOf(tenderId).row
    const refundId = this.till.id()
    const reason = 'goods_returned'
    const { amount, lines } = part
    this.journal.commit(
      { kind: 'goods_returned', returnId: this.till.id(), saleId, reason, cash: [] },
      { kind: 'refund_requested', refundId, tenderId, amount, lines, reason },
    )
    return refundId
  }

  /** Shows its head to the ledger and writes down the signature, as the sync engine does. */
  async showsHead(): Promise<JournalPosition> {
    const { head } = this.journal
    const answer = await this.till.call('/v1/terminal/heads', { head, unsynced: this.journal.queue().waiting })
    if (answer.kind !== 'countersigned') throw new Error('rollback?')
    this.journal.commit({ kind: 'head_countersigned', head, signature: answer.signature })
    return head
  }

  /** Hands over what waits by itself; the answers are not written down, as when they are lost on their way. */
  async handsOver(): Promise<readonly ItemResult[]> {
    return this.till.batch(...this.waiting())
  }

  waiting(): readonly SyncItem[] {
    return this.journal.waitingItems(500).flatMap((entry) => ('item' in entry ? [entry.item] : []))
  }

  /** An export that is made now, of the journal as it lies on the disk. */
  exported(limits?: ExportOf['limits']): readonly SignedExportPart[] {
    const journal = new ClosedJournal(this.#file)
    try {
      return [
        ...exportParts({
          journal,
          enrolment: {
            terminalId: this.till.terminalId,
            merchantId: this.till.package?.merchant.merchantId ?? '',
            ledgerKey: this.#demo.ports.keys.signing.jwk,
          },
          key: this.till.key,
          madeAt: this.#demo.clock.now,
          ...(limits && { limits }),
        }),
      ]
    } finally {
      journal.close()
    }
  }

  stops(): void {
    this.journal.close()
  }
}
