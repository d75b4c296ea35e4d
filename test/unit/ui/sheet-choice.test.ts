/** The row of a list that has the keys: a sale or a payment, not a place that another one can come to lie under. */
import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../../src/terminal/contract/index.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { commandOf } from '../../../src/terminal/ui/till/sheets.tsx'
import { openList, rowIds, sheetStepped, type Sheet } from '../../../src/terminal/ui/input/screen-state.ts'

const [one] = quietTill.recent
const withSales = (...saleIds: readonly string[]): Snapshot => ({
  ...quietTill,
  recent: saleIds.map((saleId) => ({ ...(one as Snapshot['recent'][number]), saleId: saleId as never })),
})
const step = (sheet: Sheet | null, by: 1 | -1, snapshot: Snapshot): Sheet | null =>
  sheetStepped(sheet, by, rowIds(sheet?.kind, snapshot))

describe('the row that has the keys', () => {
  it('is the first of a list that opens, and none of an empty one', () => {
    expect(openList('recent', withSales('a', 'b'))).toEqual({ kind: 'recent', chosen: 'a' })
    expect(openList('recent', withSales())).toEqual({ kind: 'recent', chosen: null })
  })

  it('stays with its sale when another one appears above it', () => {
    const chosen = step(openList('recent', withSales('a', 'b')), 1, withSales('a', 'b'))
    expect(chosen).toEqual({ kind: 'recent', chosen: 'b' })
    expect(step(chosen, 1, withSales('new', 'a', 'b', 'c'))).toEqual({ kind: 'recent', chosen: 'c' })
    expect(step(chosen, -1, withSales('a', 'new', 'b'))).toEqual({ kind: 'recent', chosen: 'new' })
  })

  it('voids its own sale, and nothing at all once that has left the list', () => {
    const snapshot: Snapshot = { ...withSales('a', 'b'), actions: ['void_sale'] }
    const voidable = { ...snapshot, recent: snapshot.recent.map((sale) => ({ ...sale, voidable: true })) }
    expect(commandOf('void_sale', { kind: 'recent', chosen: 'b' }, voidable)).toEqual({
      command: 'void_sale',
      saleId: 'b',
    })
    expect(commandOf('void_sale', { kind: 'recent', chosen: 'gone' }, voidable)).toBeNull()
  })

  it('is the first again after its own has left the list, and goes over neither end', () => {
    const gone: Sheet = { kind: 'recent', chosen: 'gone' }
    expect(step(gone, 1, withSales('a', 'b'))).toEqual({ kind: 'recent', chosen: 'a' })
    const last: Sheet = { kind: 'recent', chosen: 'b' }
    expect(step(last, 1, withSales('a', 'b'))).toEqual(last)
    expect(step({ kind: 'recent', chosen: 'a' }, -1, withSales('a', 'b'))).toEqual({ kind: 'recent', chosen: 'a' })
  })
})
