/**
 * docs/integrator.md says what the code knows: who may ask what, what each problem means, and more. Method: it is
 * compared with what is made of the code; its rows are also read by a reader of a few lines and compared with the
 * operations and problems themselves, so that a fault of the maker is seen too.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { givesBack } from '../../../ledger-sim/accounts/transfers.ts'
import { roles } from '../../../ledger-sim/http/operation.ts'
import { problemOf } from '../../../ledger-sim/http/problems.ts'
import { operations } from '../../../ledger-sim/operations.ts'
import { problemCodes } from '../../../src/sync/protocol/problems.ts'
import { integratorDocument } from '../../../tools/integrator-tables.ts'

const document = readFileSync(join(import.meta.dirname, '../../../docs/integrator.md'), 'utf8')

/** Of each role, its rows under their tags: `tag: GET /v1/… — summary`. */
function shownOf(who: string): readonly string[] {
  const [, table = ''] = document.split(`<summary>${who}: `)
  const lines = (table.split('</details>')[0] ?? '').split('\n').filter((line) => line.startsWith('| '))
  let tag = ''
  return lines.slice(1).flatMap((line) => {
    const [, newTag] = /^\| \*\*(.+)\*\* \|/.exec(line) ?? []
    if (newTag === undefined) return [`${tag}: ${line.slice(2, -2).replace(' | ', ' — ')}`]
    tag = newTag
    return []
  })
}

describe('docs/integrator.md', () => {
  it('is what the code says (after a change: npm run integrator-tables)', () => {
    expect(integratorDocument(document)).toBe(document)
  })

  it.each([...roles, 'anyone'] as const)('names every operation that %s may ask, and no other', (role) => {
    const allowed = operations.filter((one) =>
      role === 'anyone' || one.roles === 'anyone' ? role === one.roles : one.roles.includes(role),
    )
    expect(allowed.length).toBeGreaterThan(2)
    const shown = shownOf(role === 'anyone' ? 'without any key' : `<code>${role}</code>`)
    const all = allowed.map(({ tag, method, path, summary }) => `${tag}: \`${method} ${path}\` — ${summary}`)
    expect(shown.toSorted()).toEqual(all.toSorted())
  })

  it('has every problem in the order of precedence, with its status and what to do', () => {
    const [, section = ''] = document.split('\n## Problems\n')
    const rows = section.split('\n').filter((line) => line.startsWith('| `'))
    const cells = rows.map((row) => row.slice(2, -2).split(' | '))
    expect(cells.map(([code, status]) => [code, status])).toEqual(
      problemCodes.map((code) => [`\`${code}\``, String(problemOf(code).status)]),
    )
    const acts = /^(Retry with the same id|Change the request|Wait for `Retry-After`, then retry|Give up)\b/
    for (const [code, , means, toDo] of cells) {
      expect(means, code).toMatch(/^[A-Z].+\.$/)
      expect(toDo, code).toMatch(acts)
    }
    const waits = cells.filter(([, , , toDo]) => toDo?.startsWith('Wait')).map(([code]) => code)
    expect(waits).toEqual(['`dated_before_restart`', '`rate_limited`'])
  })

  it('says of every kind of transfer what happened', () => {
    const [, section = ''] = document.split('\n## Why money moved\n')
    const rows = [...(section.split('<!-- end -->')[0] ?? '').matchAll(/^\| `(.+?)` \| ([A-Z].{20,}\.) \|$/gm)]
    expect(rows.map(([, kind]) => kind).toSorted()).toEqual(Object.keys(givesBack).toSorted())
    expect(new Set(rows.map(([, , means]) => means)).size).toBe(rows.length)
  })

  it('without its marks is no document to write into', () => {
    expect(() => integratorDocument(document.replaceAll('<!-- end -->', ''))).toThrow('lost its marks')
    expect(() => integratorDocument(`${document}${document}`)).toThrow('lost its marks')
  })
})
