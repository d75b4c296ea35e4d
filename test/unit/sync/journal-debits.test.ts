/** The journal of payments that cards made by themselves (docs/design/25-policy-card.md): what waits for the ledger. */
import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withoutVoided } from '../../../src/sync/export/make-export.ts'
import { rowsOfWord } from '../../../src/sync/engine/ledgers-word.ts'
import { ClosedJournal } from '../../../src/sync/journal/closed-journal.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { evidenceOf, intentOf, itemOf, noon, saleFrozen, saleOf, Seeded } from './world.ts'

const seeded = new Seeded('debits in the journal')
const text = (length: number): string => Buffer.from(seeded.bytes(length)).toString('base64url')
const proof = (length: 284 | 348) => ({
  profile: 'tolem-applet' as const,
  record: text(length),
  cardCertificate: text(187),
  issuerCertificate: text(185),
})

function torn(file: string | Database.Database = new Database(':memory:')) {
  const journal = new Journal(file, { now: () => noon })
  const sale = saleOf(seeded)
  const intent = { ...intentOf(seeded, sale, 'offline'), leaseId: null, debit: proof(284) }
  const { tenderId } = intent.terms
  journal.commit(saleFrozen(sale), intent)
  journal.commit({ kind: 'tender_torn', tenderId, step: 'spend', mayBeDebited: true })
  const outcome = (kind: 'approved_by_card' | 'debit_advised', length: 284 | 348) =>
    journal.commit({ kind, tenderId, evidence: { ...evidenceOf(intent), cardProof: proof(length) }, decidedAt: noon })
  return {
    ...{ journal, tenderId },
    paid: () => outcome('approved_by_card', 348),
    advised: () => outcome('debit_advised', 284),
    voided: () => journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' }),
    answered: (itemId: string, state: Parameters<typeof itemOf>[1]) =>
      journal.commit({ kind: 'item_answered', item: itemOf(itemId, state), by: 'batch' }),
    /** Of each that waits its kind, and of a presentment how long its record is. */
    waiting: () =>
      journal.waitingItems(9).map((waiting) => {
        if (!('item' in waiting)) return waiting.fault
        const { item } = waiting
        if (item.kind !== 'presentment' || item.evidence.cardProof.profile !== 'tolem-applet') return item.kind
        return Buffer.from(item.evidence.cardProof.record, 'base64url').length
      }),
  }
}

describe('a debit', () => {
  it('goes up although its reversal is through already: the ledger owes the card what it counted down', () => {
    const { journal, tenderId, paid, voided, answered, waiting } = torn()
    paid()
    voided()
    expect(waiting()).toEqual([348, 'reversal'])
    answered(`reversal:${tenderId}`, 'reversed')
    expect(journal.tender(tenderId)?.state).toBe('reversed')
    expect(waiting()).toEqual([348])
    answered(tenderId, 'reversed')
    expect(waiting()).toEqual([])
  })

  it('takes the place of its advice, whatever becomes of the advice that was under way', () => {
    const { journal, tenderId, paid, advised, answered, waiting } = torn()
    advised()
    expect(waiting()).toEqual([284])
    paid()
    expect(waiting()).toEqual([348])
    answered(tenderId, 'awaiting_proof')
    expect(waiting()).toEqual([348])
    expect(journal.tender(tenderId)?.state).toBe('pending')
    answered(tenderId, 'settled')
    expect(waiting()).toEqual([])
    expect(journal.tender(tenderId)?.state).toBe('settled')
  })

  it('whose card did not come back counts as spent, and leaves the sale to others', () => {
    const { journal, tenderId, advised, answered, waiting } = torn()
    expect(journal.tender(tenderId)?.state).toBe('maybe_debited')
    advised()
    answered(tenderId, 'awaiting_proof')
    expect(waiting()).toEqual([])
    expect(journal.tender(tenderId)?.state).toBe('advised')
    expect(journal.spentOnSlot(journal.tender(tenderId)?.slotId ?? '')).toHaveLength(1)
  })

  it.each(['settled', 'awaiting_funds', 'not_paid'] as const)(
    'that was given up goes back to its card when the ledger says %s, though its sale is open: its holder is elsewhere',
    (state) => {
      const { journal, tenderId, advised } = torn()
      advised()
      expect(journal.openSales()).toHaveLength(1)
      const rows = rowsOfWord(journal, itemOf(tenderId, state), 'status_feed')
      expect(rows.map(({ kind }) => kind)).toEqual(['item_answered', 'reversal_requested'])
      journal.commit(...rows)
      expect(journal.tender(tenderId)?.state).toBe('reversing')
    },
  )

  it('is in an export beside its reversal, and what is torn or was given up is named as unresolved', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tolem-debits-'))
    const file = join(folder, 'journal.sqlite')
    try {
      const { journal, tenderId } = torn(file)
      journal.close()
      const open = new ClosedJournal(file)
      expect(open.unsynced()).toMatchObject({ items: [], open: [{ tenderId, state: 'torn' }] })
      open.close()
      const third = torn(join(folder, 'third.sqlite'))
      third.advised()
      third.answered(third.tenderId, 'awaiting_proof')
      third.journal.close()
      const given = new ClosedJournal(join(folder, 'third.sqlite'))
      expect(given.unsynced()).toMatchObject({ items: [], open: [{ tenderId: third.tenderId, state: 'torn' }] })
      given.close()
      const second = torn(join(folder, 'second.sqlite'))
      second.paid()
      second.voided()
      second.journal.close()
      const closed = new ClosedJournal(join(folder, 'second.sqlite'))
      expect(withoutVoided(closed.unsynced().items).map(({ kind }) => kind)).toEqual(['presentment', 'reversal'])
      closed.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
