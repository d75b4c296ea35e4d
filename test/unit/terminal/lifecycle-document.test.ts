/** The lifecycle document says what the code does: its drawn parts, its states of a tender, its rows of the journal. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { freeStates, spentStates } from '../../../src/sync/journal/projection.ts'
import { journalRowSchema } from '../../../src/sync/journal/rows.ts'
import { tenderStateSchema } from '../../../src/terminal/contract/tender-state.ts'
import { lifecycleDocument } from '../../../src/terminal/payment/lifecycle-document.ts'
import { lifecycleFile, sectionUnder, tableUnder } from '../../fixtures/lifecycle-rows.ts'

const rowKinds = journalRowSchema.options.map((option) => option.shape.kind.value)
const namedIn = (text: string): string[] => [...text.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name as string)

describe('docs/design/01-payment-lifecycle.md', () => {
  it('has the table and the diagram of the machine (after a change: npm run lifecycle)', () => {
    const document = readFileSync(lifecycleFile, 'utf8')
    expect(lifecycleDocument(document)).toBe(document)
  })

  it('names exactly the states of a tender, and which of them count as spent', () => {
    const states = tableUnder('A tender in the journal').flatMap(([names = '', , spent = '']) =>
      namedIn(names).map((state) => [state, spent] as const),
    )
    const inCode = [
      ...spentStates.map((state) => [state, 'yes'] as const),
      ...freeStates.map((state) => [state, 'no'] as const),
    ]
    expect(states.toSorted()).toEqual(inCode.toSorted())
    expect(states.map(([state]) => state).toSorted()).toEqual(tenderStateSchema.options.toSorted())
  })

  it('says when each row about money or paper is committed, and names no row that does not exist', () => {
    const list = sectionUnder('What is committed when')
      .split('\n')
      .filter((line) => /^\d\. /.test(line))
      .join('\n')
    /** Those that name a tender, a sale or a print job: all others are about the till itself. */
    const aboutMoney = journalRowSchema.options
      .filter(({ shape }) => ['tenderId', 'saleId', 'sale', 'terms', 'jobId'].some((key) => key in shape))
      .map(({ shape }) => shape.kind.value)
    expect(new Set(namedIn(list))).toEqual(new Set([...aboutMoney, 'item_answered']))
  })

  it('speaks after a stop of rows and states that exist', () => {
    const known: readonly string[] = [...rowKinds, ...spentStates, ...freeStates]
    const named = tableUnder('After a stop at any instant').flatMap((cells) => namedIn(cells.join(' ')))
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })
})
